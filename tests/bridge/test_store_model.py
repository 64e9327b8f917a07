"""The store against a model of it: for all calls in all orders, both return the same and hold the same."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bridge.redis.store import Fenced, Stale, Store
from tests.peers.redis import RedisServer

TTL = 3_600_000
KEYS = st.sampled_from(["", "a", "b", "c", "d", "e"])
CHANNELS = st.sampled_from(["sms", "web"])
TOKENS = st.sampled_from(["one", "two"])
NUMBERS = itertools.count()


class RingMachine(RuleBasedStateMachine):
    """The model: lists and dictionaries. `url` is set by the test."""

    url: ClassVar[str]

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.store = self.run(Store.open(self.url, f"model{next(NUMBERS)}"))
        self.inputs: list[bytes] = []
        self.seen: set[str] = set()
        self.log: list[bytes] = []
        self.out: dict[str, dict[str, bytes]] = {"sms": {}, "web": {}}
        self.ended: dict[str, list[str]] = {"sms": [], "web": []}
        self.attempted: dict[str, dict[str, int]] = {"sms": {}, "web": {}}
        self.holder = ""
        self.number = 0

    def run(self, call: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(call)

    def fresh(self) -> bytes:
        self.number += 1
        return b"%d" % self.number

    def take_in(self, source: str, payload: bytes) -> bool:
        if source and source in self.seen:
            return False
        self.seen.add(source)
        self.inputs.append(payload)
        return True

    @rule(sources=st.lists(KEYS, max_size=8))
    def ingest(self, sources: list[str]) -> None:
        batch = [(source, self.fresh()) for source in sources]
        assert self.run(self.store.ingest(batch)) == [self.take_in(*one) for one in batch]

    @rule(token=TOKENS, force=st.booleans())
    def take(self, token: str, force: bool) -> None:
        wins = force or self.holder in ("", token)
        assert self.run(self.store.take(token, TTL, force=force)) == wins
        self.holder = token if wins else self.holder

    @rule(token=TOKENS)
    def release(self, token: str) -> None:
        self.run(self.store.release(token))
        self.holder = "" if self.holder == token else self.holder

    @rule(token=TOKENS, ahead=st.sampled_from([1, 1, 1, 1, 0, 2]), channels=st.lists(CHANNELS, max_size=70))
    def commit(self, token: str, ahead: int, channels: list[str]) -> None:
        seq, steps = len(self.log) + ahead, self.fresh()
        deliveries = [(channel, self.fresh()) for channel in channels]
        call = self.store.commit(token, "e", seq, "0-0", steps, deliveries)
        if token != self.holder or ahead != 1:
            with pytest.raises(Fenced if token != self.holder else Stale):
                self.run(call)
            return
        self.run(call)
        self.log.append(steps)
        counts = {"sms": itertools.count(), "web": itertools.count()}
        for channel, payload in deliveries:
            self.out[channel][f"{seq}-{next(counts[channel])}"] = payload

    @precondition(lambda self: any(self.out.values()) or any(self.ended.values()))
    @rule(channel=CHANNELS, data=st.data())
    def settle(self, channel: str, data: st.DataObject) -> None:
        known = list(self.out[channel]) + self.ended[channel]
        if not known:
            return
        chosen = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=len(known)))
        rows = [(entry, f"d{entry}", self.fresh()) for entry in chosen]
        verdict = []
        for entry, delivery, receipt in rows:
            verdict.append(entry in self.out[channel])
            if self.out[channel].pop(entry, None) is not None:
                self.ended[channel].append(entry)
                self.attempted[channel].pop(delivery, None)
                self.inputs.append(receipt)
        assert self.run(self.store.settle(channel, rows)) == verdict

    @precondition(lambda self: any(self.out.values()))
    @rule(channel=CHANNELS, part=st.integers(0, 3), data=st.data())
    def attempt(self, channel: str, part: int, data: st.DataObject) -> None:
        if not self.out[channel]:
            return
        delivery = "d" + data.draw(st.sampled_from(list(self.out[channel])))
        self.run(self.store.take("drain", TTL, channel=channel))
        self.run(self.store.attempt(channel, "drain", delivery, part))
        self.attempted[channel][delivery] = part

    @invariant()
    def both_hold_the_same(self) -> None:
        if not hasattr(self, "store"):
            return
        entries = self.run(self.store.read_inputs("0-0", count=10_000))
        assert [payload for entry in entries for payload in entry.payloads] == self.inputs
        assert [entry.steps for entry in self.run(self.store.read_log(0, count=10_000))] == self.log
        assert self.run(self.store.head()).seq == len(self.log)
        for channel, expected in self.out.items():
            pending = self.run(self.store.pending(channel))
            assert {entry.id: entry.payload for entry in pending} == expected
            assert [entry.id for entry in pending] == sorted(expected, key=lambda id: tuple(map(int, id.split("-"))))
            assert self.run(self.store.attempts(channel)) == self.attempted[channel]

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.run(self.store.close())
            self.runner.close()


def test_the_store_is_its_model(redis_server: RedisServer, long: bool) -> None:
    machine = type("Machine", (RingMachine,), {"url": redis_server.url})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=200 if long else 25,
            stateful_step_count=60 if long else 30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
