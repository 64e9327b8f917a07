"""The outlet: lanes, retries, doubt, limits, and what a crash leaves behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bridge.channels.outbound.drain import Drain, fanout
from bridge.channels.outbound.fit import in_parts, unfit
from bridge.contract.adapter import Capabilities, FilesAway, Rejected, Retry, Rewound, Sent, Uncertain
from bridge.contract.message import Attachment
from bridge.redis.address import server_at
from bridge.redis.connection import RedisConnection
from bridge.redis.store import Fenced, Store
from tests.bridge.harbour import CHANNEL, Harbour, Pen, delivery, harbour, writing


@pytest_asyncio.fixture
async def port(tmp_path: Path) -> AsyncIterator[Harbour]:
    async with harbour(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def draining(port: Harbour, pen: Pen, *, stop_s: float = 5.0) -> AsyncIterator[Drain]:
    """Run a drain over a pen; its session stands."""
    drain = Drain(port.store, CHANNEL, pen, await port.lease(), stop_s=stop_s)
    drain.open()
    task = asyncio.create_task(drain.run())
    try:
        yield drain
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_the_order_of_a_conversation_is_the_log_s(port: Harbour) -> None:
    pen = writing()
    async with draining(port, pen):
        for number in range(0, 30, 3):
            await port.put(*(delivery(n) for n in range(number, number + 3)))
        await pen.has(30)
        await port.settled(30)
    assert [each.text for each in pen.sent] == [f"text {n}" for n in range(30)]
    assert await port.store.pending(CHANNEL) == []
    assert await port.store.attempts(CHANNEL) == {}


async def test_one_slow_conversation_holds_up_no_other(port: Harbour) -> None:
    pen = writing()
    pen.hold["slow"] = asyncio.Event()
    async with draining(port, pen):
        await port.put(delivery(1, "slow"), delivery(2, "slow"), *(delivery(n, f"c{n}") for n in range(3, 53)))
        assert len(await port.settled(50)) == 50
        assert [each.conversation for each in pen.sent].count("slow") == 1
        pen.hold["slow"].set()
        await port.settled(52)


async def test_retry_holds_its_lane_and_no_other(port: Harbour) -> None:
    pen = writing()
    pen.answers = [Retry("busy", 0.2)]
    async with draining(port, pen):
        await port.put(delivery(1), delivery(2))
        await pen.has(1)
        await port.put(delivery(3, "other"))
        await port.settled(3)
    order = [each.text for each in pen.sent if each.conversation == "c1"]
    assert order == ["text 1", "text 1", "text 2"]
    assert {each.stage for each in await port.receipts()} == {"sent"}


async def test_rejected_is_final_and_says_why(port: Harbour) -> None:
    pen = writing()
    pen.answers = [Rejected("unknown-address", "550 no such user")]
    async with draining(port, pen):
        await port.put(delivery(1), delivery(2))
        first, second = await port.settled(2)
    assert (first.stage, first.reason, first.detail) == ("failed", "unknown-address", "550 no such user")
    assert second.stage == "sent"
    assert len(pen.sent) == 2


@pytest.mark.parametrize(
    "refusal", [Rejected("mailbox-full", "550 Bo\udcee\x00te pleine"), Rejected("\udcee"), Uncertain("\udcee")]
)
async def test_a_refusal_in_bytes_of_no_known_encoding_is_told_like_any_other(
    port: Harbour, refusal: Rejected | Uncertain
) -> None:
    pen = writing()
    pen.answers = [Sent("\udcee"), refusal]
    async with draining(port, pen):
        await port.put(*(delivery(n, f"c{n}") for n in (1, 2, 3)))
        receipts = {each.delivery: each for each in await port.settled(3)}
    first, refused, third = (receipts[delivery(n).id] for n in (1, 2, 3))
    assert (first.stage, first.network_id, third.stage) == ("sent", "\ufffd", "sent")
    assert refused.stage == ("failed" if isinstance(refusal, Rejected) else "uncertain")
    assert refused.detail in ("", "550 Bo\ufffd\ufffdte pleine")
    assert len(pen.sent) == 3


async def test_uncertain_is_never_sent_again_silently(port: Harbour) -> None:
    pen = writing()
    pen.answers = [Uncertain("timeout")]
    async with draining(port, pen):
        await port.put(delivery(1), delivery(2))
        first, second = await port.settled(2)
    assert (first.stage, first.reason) == ("uncertain", "timeout")
    assert second.stage == "sent"
    assert [each.text for each in pen.sent] == ["text 1", "text 2"]


async def test_a_submission_that_takes_too_long_is_given_up_and_its_lane_goes_on(
    port: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.channels.outbound.lane.SEND_S", 0.1)
    monkeypatch.setattr("bridge.channels.outbound.drain.LOOK_S", 0.05)
    pen = writing()
    pen.hold["c1"] = asyncio.Event()
    async with draining(port, pen):
        await port.put(delivery(1), delivery(2, "other"))
        first, second = sorted(await port.settled(2), key=lambda receipt: receipt.stage)
        assert (first.stage, second.stage, second.reason) == ("sent", "uncertain", "timeout")
        pen.hold["c1"].set()
        await port.put(delivery(3))
        assert [each.stage for each in await port.settled(3)].count("sent") == 2


async def test_uncertain_is_sent_again_under_its_id_where_duplicates_are_dropped(port: Harbour) -> None:
    pen = writing(idempotent=True)
    pen.answers = [Uncertain("timeout")]
    async with draining(port, pen):
        await port.put(delivery(1))
        (receipt,) = await port.settled(1)
    assert receipt.stage == "sent"
    assert [each.id for each in pen.sent] == [delivery(1).id] * 2


@pytest.mark.parametrize(
    ("found", "submissions", "stage"), [([True], 1, "sent"), ([False], 2, "sent"), ([None, True], 1, "sent")]
)
async def test_uncertain_is_asked_about_where_that_can_be(
    port: Harbour, found: list[bool | None], submissions: int, stage: str
) -> None:
    pen = writing(lookup=True)
    pen.answers, pen.found = [Uncertain("timeout")], [*found]
    async with draining(port, pen):
        await port.put(delivery(1))
        (receipt,) = await port.settled(1)
    assert receipt.stage == stage
    assert len(pen.sent) == submissions


async def test_when_nobody_can_say_the_doubt_is_shown(port: Harbour) -> None:
    pen = writing(lookup=True)
    pen.answers = [Uncertain("timeout")]
    async with draining(port, pen):
        await port.put(delivery(1, expires_at=int(time.time() * 1000) + 4000))
        (receipt,) = await port.settled(1)
    assert receipt.stage == "uncertain"
    assert len(pen.sent) == 1


async def test_while_files_cannot_be_had_nothing_was_sent_and_it_is_tried_again(port: Harbour) -> None:
    pen = writing()
    pen.answers = [FilesAway("the bucket is away")]
    async with draining(port, pen):
        await port.put(delivery(1))
        (receipt,) = await port.settled(1)
    assert (receipt.stage, len(pen.sent)) == ("sent", 2)


@pytest.mark.parametrize("error", [RuntimeError("a bug"), asyncio.CancelledError("its connection closed")], ids=repr)
async def test_an_exception_that_escapes_send_is_doubt(port: Harbour, error: BaseException) -> None:
    pen = writing()
    pen.answers = [error]
    async with draining(port, pen):
        await port.put(delivery(1), delivery(2))
        first, second = await port.settled(2)
    assert (first.stage, second.stage) == ("uncertain", "sent")


@pytest.mark.parametrize("error", [RuntimeError("a bug"), asyncio.CancelledError("its connection closed")], ids=repr)
async def test_an_exception_that_escapes_lookup_tells_nothing(port: Harbour, error: BaseException) -> None:
    pen = writing(lookup=True)
    pen.answers, pen.found = [Uncertain("timeout")], [error, True]
    async with draining(port, pen):
        await port.put(delivery(1), delivery(2))
        first, second = await port.settled(2)
    assert (first.stage, second.stage, len(pen.asked), len(pen.sent)) == ("sent", "sent", 2, 2)


def wrong(kind: Callable[..., Any], *fields: Any) -> Any:
    """Return an outcome with fields of other types, as an adapter without type checks has them."""
    return kind(*fields)


@pytest.mark.parametrize("can", [{}, {"lookup": True}], ids=repr)
@pytest.mark.parametrize(
    "answer", [None, True, "queued", wrong(Sent, 17), wrong(Sent, "17", "queued"), wrong(Retry, "no", "1")], ids=repr
)
async def test_an_answer_that_is_no_outcome_is_doubt_and_not_sent_again(
    port: Harbour, answer: Any, can: dict[str, bool]
) -> None:
    pen = writing(**can)
    pen.answers, pen.found = [answer], [True]
    async with draining(port, pen):
        await port.put(delivery(1), delivery(2))
        first, second = await port.settled(2)
    assert (first.stage, second.stage) == ("sent" if can else "uncertain", "sent")
    assert [each.text for each in pen.sent] == ["text 1", "text 2"]


async def test_an_answer_that_is_no_outcome_is_not_tried_again_at_once(port: Harbour) -> None:
    pen = writing(idempotent=True)
    nothing: Any = None
    pen.answers = [nothing] * 1000
    async with draining(port, pen):
        await port.put(delivery(1, expires_at=int(time.time() * 1000) + 400))
        (receipt,) = await port.settled(1)
    assert (receipt.stage, receipt.reason) == ("uncertain", "internal")
    assert len(pen.sent) < 20


async def test_what_nobody_could_send_in_time_fails_visibly(port: Harbour) -> None:
    pen = writing()
    async with draining(port, pen) as drain:
        drain.close()
        await port.put(delivery(1, expires_at=int(time.time() * 1000) + 300), delivery(2))
        (receipt,) = await port.settled(1)
        assert (receipt.stage, receipt.reason) == ("failed", "expired")
        assert pen.sent == []
        drain.open()
        await port.settled(2)
    assert [each.text for each in pen.sent] == ["text 2"]


async def test_retry_ends_at_the_deadline_with_its_reason(port: Harbour) -> None:
    pen = writing()
    pen.answers = [Retry("over-quota", 0.05)] * 1000
    async with draining(port, pen):
        await port.put(delivery(1, expires_at=int(time.time() * 1000) + 400))
        (receipt,) = await port.settled(1)
    assert (receipt.stage, receipt.reason, receipt.detail) == ("failed", "expired", "over-quota")


async def test_what_is_tried_later_takes_no_room_from_what_can_go(
    port: Harbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.channels.outbound.drain.PREFETCH", 10)
    pen = writing()
    pen.answers = [Retry("quiet-hours", 600.0)] * 20
    async with draining(port, pen, stop_s=0.2) as drain:
        await port.put(*(delivery(n, f"c{n}") for n in range(20)))
        await pen.has(20)
        await port.put(*(delivery(n, "c0") for n in range(20, 40)))
        await port.put(delivery(40, "other"))
        (receipt,) = await port.settled(1)
        assert drain.resting == len(drain._on_its_way) == 40
    assert receipt.delivery == delivery(40).id
    assert drain.resting == 0


async def test_what_is_to_be_tried_at_once_is_not_tried_without_a_pause(port: Harbour) -> None:
    pen = writing(idempotent=True)
    pen.answers = [Retry("busy", 0)] * 1000
    async with draining(port, pen):
        await port.put(delivery(1, expires_at=int(time.time() * 1000) + 1000))
        (receipt,) = await port.settled(1)
    assert receipt.stage != "sent", "a thousand tries in a second"
    assert pen.answers


async def killed_in_mid_air(port: Harbour, pen: Pen, **fields: Any) -> None:
    """Leave a submission begun and not settled, as a killed daemon does."""
    pen.hold["c1"] = asyncio.Event()
    async with draining(port, pen, stop_s=0.0):
        await port.put(delivery(1, **fields), delivery(2, **fields))
        await pen.has(1)
    pen.hold.clear()
    assert len(await port.store.pending(CHANNEL)) == 2


async def test_after_a_crash_an_attempt_is_doubt_and_no_attempt_is_sent(port: Harbour) -> None:
    pen = writing()
    await killed_in_mid_air(port, pen)
    async with draining(port, pen):
        first, second = await port.settled(2)
    assert (first.stage, first.reason) == ("uncertain", "interrupted")
    assert second.stage == "sent"
    assert [each.text for each in pen.sent] == ["text 1", "text 2"]


async def test_after_a_crash_an_idempotent_one_is_sent_again(port: Harbour) -> None:
    pen = writing(idempotent=True)
    await killed_in_mid_air(port, pen)
    async with draining(port, pen):
        receipts = await port.settled(2)
    assert [each.stage for each in receipts] == ["sent", "sent"]
    assert [each.text for each in pen.sent] == ["text 1", "text 1", "text 2"]


async def test_after_a_crash_an_idempotent_one_that_cannot_be_sent_again_in_time_is_doubt(port: Harbour) -> None:
    pen = writing(idempotent=True)
    await killed_in_mid_air(port, pen, expires_at=int(time.time() * 1000) + 2000)
    async with draining(port, pen) as drain:
        drain.close()
        async with asyncio.timeout(30):
            while len(drain._on_its_way) < 2:
                await asyncio.sleep(0.01)
        await port.put(delivery(3, "c3", expires_at=int(time.time() * 1000) + 200))
        receipts = {each.delivery: each for each in await port.settled(3)}
    stages = [(receipts[delivery(n).id].stage, receipts[delivery(n).id].reason) for n in (1, 2, 3)]
    assert stages == [("uncertain", "expired"), ("uncertain", "expired"), ("failed", "expired")]


async def test_of_an_idempotent_text_in_parts_all_may_have_been_begun(port: Harbour) -> None:
    pen = writing(idempotent=True, max_text=12)
    pen.hold["c1"] = asyncio.Event()
    async with draining(port, pen, stop_s=0.0):
        await port.put(delivery(1, text="alpha beta gamma delta", expires_at=int(time.time() * 1000) + 3_000))
        await pen.has(1)
    pen.hold.clear()
    pen.answers = [Sent(), *[Retry("busy", 0.05)] * 1000]
    async with draining(port, pen):
        (receipt,) = await port.settled(1)
    assert (receipt.stage, receipt.reason) == ("uncertain", "busy")


@pytest.mark.parametrize(("found", "texts"), [(True, ["text 1", "text 2"]), (False, ["text 1", "text 1", "text 2"])])
async def test_after_a_crash_the_network_is_asked(port: Harbour, found: bool, texts: list[str]) -> None:
    pen = writing(lookup=True)
    await killed_in_mid_air(port, pen)
    pen.found = [found]
    async with draining(port, pen):
        receipts = await port.settled(2)
    assert [each.stage for each in receipts] == ["sent", "sent"]
    assert [each.text for each in pen.sent] == texts
    assert pen.asked == [delivery(1).id]


async def test_after_a_crash_a_retried_one_is_not_in_doubt(port: Harbour) -> None:
    pen = writing()
    pen.answers = [Retry("later", 600.0)]
    async with draining(port, pen, stop_s=0.2):
        await port.put(delivery(1))
        await pen.has(1)
        async with asyncio.timeout(30):
            while (await port.store.attempts(CHANNEL)).get(delivery(1).id) != 0:
                await asyncio.sleep(0.01)
    async with draining(port, pen):
        (receipt,) = await port.settled(1)
    assert receipt.stage == "sent"
    assert len(pen.sent) == 2


async def test_a_text_in_parts_is_settled_after_the_last_and_resumed_in_the_middle(port: Harbour) -> None:
    pen = writing(max_text=12, lookup=True)
    text = "alpha beta gamma delta epsilon zeta"
    pen.answers = [Sent(), Retry("later", 600.0)]
    async with draining(port, pen, stop_s=0.2):
        await port.put(delivery(1, text=text))
        await pen.has(2)
        async with asyncio.timeout(30):
            while (await port.store.attempts(CHANNEL)).get(delivery(1).id) != 2:
                await asyncio.sleep(0.01)
        assert await port.receipts() == []
    async with draining(port, pen):
        (receipt,) = await port.settled(1)
    assert receipt.delivery == delivery(1).id
    first, second, *rest = [each.text for each in pen.sent]
    assert rest[0] == second
    assert " ".join([first, *rest]) == text
    assert [each.id.split(".", 1)[1] for each in pen.sent] == ["1.3", "2.3", "2.3", "3.3"]


async def test_a_stop_between_two_parts_loses_and_doubles_none(port: Harbour) -> None:
    text = "alpha beta gamma delta epsilon zeta"
    pen = writing(max_text=12)
    pen.hold["c1"] = asyncio.Event()
    drain = Drain(port.store, CHANNEL, pen, await port.lease(), stop_s=30)
    drain.open()
    task = asyncio.create_task(drain.run())
    await port.put(delivery(1, text=text))
    await pen.has(1)
    task.cancel()
    async with asyncio.timeout(30):
        while not drain.stopping:
            await asyncio.sleep(0)
    pen.hold.pop("c1").set()
    await asyncio.wait([task])
    assert await port.store.attempts(CHANNEL) == {delivery(1).id: 2}
    async with draining(port, pen):
        (receipt,) = await port.settled(1)
    assert receipt.stage == "sent"
    assert " ".join(each.text for each in pen.sent) == text


class Slow(Store):
    """A real store whose `attempt` waits where it is told to."""

    writing: asyncio.Event
    gate: asyncio.Event

    async def attempt(self, channel: str, token: str, delivery: str, part: int) -> None:
        await super().attempt(channel, token, delivery, part)
        self.writing.set()
        await self.gate.wait()


async def test_a_stop_between_an_attempt_and_its_submission_lets_it_be_submitted(port: Harbour) -> None:
    store = Slow(port.store.url, port.store.keys.consortium)
    store.writing, store.gate = asyncio.Event(), asyncio.Event()
    pen = writing()
    drain = Drain(store, CHANNEL, pen, await port.lease(), stop_s=30)
    drain.open()
    task = asyncio.create_task(drain.run())
    await port.put(delivery(1))
    await store.writing.wait()
    task.cancel()
    async with asyncio.timeout(30):
        while not drain.stopping:
            await asyncio.sleep(0)
    store.gate.set()
    await asyncio.wait([task])
    await store.close()
    assert [each.stage for each in await port.receipts()] == ["sent"]
    assert len(pen.sent) == 1


async def test_a_stop_lets_what_is_in_flight_end(port: Harbour) -> None:
    pen = writing()
    pen.hold["c1"] = asyncio.Event()
    drain = Drain(port.store, CHANNEL, pen, await port.lease())
    drain.open()
    task = asyncio.create_task(drain.run())
    await port.put(delivery(1), delivery(2))
    await pen.has(1)
    task.cancel()
    asyncio.get_running_loop().call_later(0.1, pen.hold["c1"].set)
    await asyncio.wait([task])
    assert task.cancelled()
    assert [each.stage for each in await port.receipts()] == ["sent"]
    assert len(await port.store.pending(CHANNEL)) == 1


async def test_a_drain_whose_lease_was_taken_ends_and_submits_nothing(port: Harbour) -> None:
    pen = writing()
    drain = Drain(port.store, CHANNEL, pen, await port.lease("old"))
    drain.open()
    await port.lease("new")
    await port.put(delivery(1))
    with pytest.raises(Fenced):
        await drain.run()
    assert pen.sent == []


class Unsettling(Store):
    """A real store whose `settle` has a bug."""

    async def settle(self, channel: str, ends: Sequence[tuple[str, str, bytes]]) -> list[bool]:
        raise ZeroDivisionError("a bug")


async def test_a_drain_that_fails_does_not_wait_as_one_that_is_stopped(port: Harbour) -> None:
    store = Unsettling(port.store.url, port.store.keys.consortium)
    drain = Drain(store, CHANNEL, writing(), await port.lease(), stop_s=3600)
    drain.open()
    await port.put(delivery(1))
    running = asyncio.create_task(drain.run())
    ended, _ = await asyncio.wait([running], timeout=20)
    running.cancel()
    with pytest.raises(ZeroDivisionError):
        await running
    await store.close()
    assert ended


async def test_a_server_that_dies_and_comes_back_loses_and_doubles_nothing(port: Harbour) -> None:
    pen = writing(idempotent=True)
    async with draining(port, pen):
        await port.put(*(delivery(n, f"c{n}") for n in range(5)))
        await port.settled(5)
        os.kill(port.server.pid, signal.SIGKILL)
        pen.hold["c7"] = asyncio.Event()
        async with asyncio.timeout(60):
            while True:
                try:
                    await port.put(delivery(7, "c7"), delivery(8, "c7"))
                    break
                except Exception as error:
                    if "Stale" in type(error).__name__:
                        break
                    port.seq -= 1
                    await asyncio.sleep(0.05)
        await pen.has(6)
        pen.hold["c7"].set()
        await port.settled(7, within=60)
    assert [each.text for each in pen.sent if each.conversation == "c7"] == ["text 7", "text 8"]


async def test_the_rate_is_kept(port: Harbour) -> None:
    pen = writing(rate=20.0)
    began = time.monotonic()
    async with draining(port, pen):
        await port.put(*(delivery(n, f"c{n}") for n in range(30)))
        await port.settled(30)
    assert time.monotonic() - began >= 0.45


async def test_what_waits_for_its_turn_was_not_attempted(port: Harbour) -> None:
    pen = writing(rate=1.0)
    async with draining(port, pen):
        await port.put(*(delivery(n, f"c{n}") for n in range(8)))
        await pen.has(1)
        await port.settled(1)
    again = writing()
    async with draining(port, again):
        receipts = await port.settled(8)
    assert {each.stage for each in receipts} == {"sent"}
    assert len(pen.sent) + len(again.sent) == 8


async def test_what_gets_no_turn_before_its_deadline_fails_and_is_not_sent(port: Harbour) -> None:
    pen = writing(rate=1.0)
    soon = int(time.time() * 1000) + 500
    async with draining(port, pen):
        await port.put(delivery(1, "c1"), delivery(2, "c2", expires_at=soon), delivery(3, "c3"))
        receipts = {each.delivery: each for each in await port.settled(3)}
    late = receipts[delivery(2).id]
    assert (late.stage, late.reason, late.detail) == ("failed", "expired", "rate")
    assert [each.conversation for each in pen.sent] == ["c1", "c3"]


FILE = Attachment(digest="0" * 64, media_type="image/png", size=1000, name="plan.png")


def test_what_does_not_fit() -> None:
    one = delivery(1, text="see", attachments=(FILE,))
    assert unfit(one, Capabilities(max_media=1000)) is None
    assert unfit(one, Capabilities(max_media=999)) == Rejected("attachment-too-large")
    assert unfit(one, Capabilities()) == Rejected("no-attachments")


def test_kinds_that_are_not_declared() -> None:
    for kind in ("mark", "offer", "line"):
        verdict = unfit(delivery(1, kind=kind), Capabilities())
        assert isinstance(verdict, Rejected)
        assert verdict.reason == "undeclared"
    assert unfit(delivery(1, kind="line"), Capabilities(staff=True)) is None


def test_files_go_with_the_last_part() -> None:
    parts = in_parts(delivery(1, text="one two three", attachments=(FILE,)), 5)
    assert [part.attachments for part in parts] == [(), (), (FILE,)]
    short = delivery(1)
    assert in_parts(short, 0) == in_parts(short, 10) == [short]


async def test_fan_out_readers_each_see_everything_from_their_place(port: Harbour) -> None:
    deliveries = fanout(port.store, CHANNEL)
    await port.put(delivery(1), delivery(2))
    first = deliveries("0-0")
    entries = [await anext(first) for _ in range(2)]
    assert [each.text for _, each in entries] == ["text 1", "text 2"]
    later = deliveries(entries[0][0])
    assert (await anext(later))[1].text == "text 2"
    now = asyncio.ensure_future(anext(deliveries("")))
    number = 3
    while not now.done():
        await port.put(delivery(number))
        await asyncio.wait([now], timeout=0.2)
        number += 1
    assert now.result()[1].text not in ("text 1", "text 2")
    await first.aclose()  # type: ignore[attr-defined]  # an async generator is one
    await later.aclose()  # type: ignore[attr-defined]  # the same


async def test_a_fan_out_reader_is_told_that_the_log_was_rewound(port: Harbour) -> None:
    await port.put(delivery(1))
    await port.put(delivery(2))
    reading = fanout(port.store, CHANNEL)("0-0")
    place = [(await anext(reading))[0] for _ in range(2)][-1]
    waiting = asyncio.ensure_future(anext(reading))
    keys = port.store.keys
    link = await RedisConnection.connect(server_at(port.store.url), patience=5, within=5)
    await link.call("DEL", keys.log, keys.head, keys.out(CHANNEL), keys.left(CHANNEL))
    port.seq = 0
    await port.put(delivery(3))
    await link.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    link.close()
    with pytest.raises(Rewound):
        await asyncio.wait_for(waiting, 30)
    with pytest.raises(Rewound):
        await anext(fanout(port.store, CHANNEL)(place))
    again = fanout(port.store, CHANNEL)("0-0")
    assert (await anext(again))[1].text == "text 3"
    await again.aclose()  # type: ignore[attr-defined]  # an async generator is one
