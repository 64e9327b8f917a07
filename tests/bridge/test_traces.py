"""Traces: which messages are in the sample, what belongs together, and a collector that is away."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import structlog

from bridge.app.cli import unconnected
from bridge.app.config import parse
from bridge.app.connection_check import tried
from bridge.app.daemon import opened
from bridge.contract.adapter import Misconfigured
from bridge.contract.message import Delivery, Message, derive
from bridge.log.follower import Entry
from bridge.log.traces import MessageTraces
from bridge.runtime import tracing
from bridge.runtime.tracing import TracingConfig, trace_of
from routing.events import Received, Said, Step
from tests.journeys.house import free_port
from tests.peers.collector import Collector


def asked(id: str) -> Step:
    """Return the step of a message in the one conversation."""
    message = Message(id=id, channel="text", sender="+43", source=id, text="words")
    return Step(cause=id, at=1, events=(Received(conversation="talk", message=message),))


def said(id: str) -> Step:
    """Return the step of an answer in it."""
    return Step(cause=id, at=2, events=(Said(conversation="talk", by="ana", delivery=letter(id)),))


def letter(id: str) -> Delivery:
    """Return the delivery of an answer."""
    return Delivery(id=f"{id}-delivery", channel="text", conversation="talk", to="+43", kind="text", at=2, text="words")


def entry(*steps: Step) -> Entry:
    """Return a log entry."""
    return Entry("epoch", 1, list(steps))


def test_the_sample_is_the_share_that_was_asked_for() -> None:
    messages = [derive("message", str(n)) for n in range(10_000)]
    assert 50 < sum(trace_of(each, 0.01) > 0 for each in messages) < 200
    assert all(trace_of(each, 1) for each in messages)


async def test_what_was_sent_before_the_log_was_read_finds_its_trace() -> None:
    """A drain reads its stream and the log side by side."""
    collector = Collector(free_port())
    await collector.open()
    traces = MessageTraces(TracingConfig(endpoint=collector.url, sample=1), "p1")
    traces.sent(letter("before"), "sent")
    traces.followed([entry(asked("m1"), said("before"), said("after"))], told=False)
    traces.sent(letter("after"), "sent")
    traces.sent(letter("of another conversation"), "sent")
    await traces.close()
    assert [span.name for span in collector.spans] == ["send", "send"]
    assert {span.trace for span in collector.spans} == {f"{trace_of('m1', 1):032x}"}
    await collector.close()


async def test_an_answer_belongs_to_the_newest_message_whether_that_is_traced_or_not() -> None:
    collector = Collector(free_port())
    await collector.open()
    inside = next(each for each in map(str, range(1000)) if trace_of(each, 0.5))
    outside = next(each for each in map(str, range(1000)) if not trace_of(each, 0.5))
    traces = MessageTraces(TracingConfig(endpoint=collector.url, sample=0.5), "p1")
    traces.committed([asked(inside), said("first"), asked(outside), said("second")])
    await traces.close()
    assert [span.about["deskbridge.outcome"] for span in collector.spans] == ["received", "said"]
    await collector.close()


async def test_a_collector_that_is_away_is_told_once_and_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "EXPORT_S", 0.2)
    collector = Collector(free_port())
    with structlog.testing.capture_logs() as logs:
        traces = MessageTraces(TracingConfig(endpoint=collector.url, sample=1), "p1")
        for n in range(10_000):
            traces.received(derive(str(n)), "sms", 0, 0)
        await traces.close()
    assert [line["event"] for line in logs] == ["traces are dropped: the collector is away"]


async def test_without_the_extra_the_daemon_does_not_start_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    document = {"deskbridge": {"data": "data"}, "tracing": {"endpoint": "http://127.0.0.1:4318"}}
    with pytest.raises(Misconfigured, match=r"tracing.endpoint: .*install deskbridge\[tracing\]"):
        async with opened(parse(document, tmp_path / "deskbridge.toml")):
            pass


async def test_check_says_whether_the_collector_takes_traces(tmp_path: Path) -> None:
    collector = Collector(free_port())

    async def wrong(path: str = "") -> list[str]:
        document = {"deskbridge": {"data": "data"}, "tracing": {"endpoint": collector.url + path}}
        found = await tried(parse(document, tmp_path / "deskbridge.toml"), unconnected(""))
        return [line for line in found.wrong if line.startswith("tracing")]

    assert await wrong() == ["tracing.endpoint: no answer"]
    await collector.open()
    assert await wrong() == []
    assert await wrong("/elsewhere") == ["tracing.endpoint: it takes no traces by HTTP there"]
    await collector.close()
