"""The inlet: once, in order, durable, and cursors only behind what is durable."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from bridge.channels.inbound.inlet import IngestBatcher, StoreInlet
from bridge.channels.inbound.validate import MAX_TEXT, clean
from bridge.contract.adapter import Busy, Capabilities, TooLarge, Undeclared
from bridge.contract.message import (
    MAX_COMMENT,
    Action,
    ChannelStatus,
    Claim,
    Message,
    Presence,
    Rating,
    TranscriptWish,
    rating_id,
    transcript_id,
)
from bridge.redis.store import Full, Store, StoreError
from tests.bridge.harbour import CHANNEL, Harbour, harbour, message

STATUS = ChannelStatus(channel=CHANNEL, kind="pen", queue="central/desk", up=False)
ALL = Capabilities(receipts="read", staff=True, replay=True)


@pytest_asyncio.fixture
async def port(tmp_path: Path) -> AsyncIterator[Harbour]:
    async with harbour(tmp_path) as opened:
        yield opened


def inlet(store: Store, can: Capabilities = ALL, **options: Any) -> StoreInlet:
    return StoreInlet(IngestBatcher(store), STATUS, can, read_cursor=store.cursor, **options)


async def until_held(door: StoreInlet, count: int) -> None:
    """Return once so many wait for the replay."""
    async with asyncio.timeout(30):
        while len(door._gate._waiting) < count:
            await asyncio.sleep(0)


class Gate(Store):
    """A real store that counts its calls, waits where it is told to, and fails the calls that are listed."""

    calls: int
    failures: list[StoreError | None]
    gate: asyncio.Event

    @classmethod
    def over(cls, store: Store) -> Gate:
        made = cls(store.url, store.keys.consortium, patience=5.0)
        made.calls, made.failures, made.gate = 0, [], asyncio.Event()
        made.gate.set()
        return made

    async def ingest(
        self, inputs: Sequence[tuple[str, bytes]], cursors: Mapping[str, Mapping[str, str]] | None = None
    ) -> list[bool]:
        self.calls += 1
        failure = self.failures.pop(0) if self.failures else None
        await self.gate.wait()
        if failure is not None:
            raise failure
        return await super().ingest(inputs, cursors)


async def test_new_then_duplicate(port: Harbour) -> None:
    door = inlet(port.store)
    assert await door.receive(message("hello", "1")) is True
    assert await door.receive(message("hello", "1")) is False
    assert [each.text for each in await port.messages()] == ["hello"]


async def test_an_empty_id_is_derived_and_a_wrong_one_refused(port: Harbour) -> None:
    door = inlet(port.store)
    right = message("hello", "1")
    await door.receive(replace(right, id=""))
    assert (await port.messages())[0].id == right.id
    with pytest.raises(ValueError, match="id"):
        await door.receive(replace(right, id="another"))
    with pytest.raises(ValueError, match="channel"):
        await door.receive(replace(right, channel="elsewhere"))
    with pytest.raises(ValueError, match="sender"):
        await door.receive(replace(right, sender="", id=""))


def rating(source: str, sender: str = "ada@loop", **fields: Any) -> Rating:
    """Return a rating with the right id."""
    id = rating_id(CHANNEL, sender, source)
    given: dict[str, Any] = {"id": id, "channel": CHANNEL, "sender": sender, "source": source, "score": 3}
    return Rating(**(given | fields))


async def test_a_rating_comes_in_once_and_fit_to_be_kept(port: Harbour) -> None:
    door = inlet(port.store, Capabilities(ratings=True))
    given = rating("1", id="", comment=" half a \ud800 pair, \x00 and space ")
    assert [await door.rate(given), await door.rate(given), await door.rate(rating("1", "bob@loop"))] == [
        True,
        False,
        True,
    ]
    kept = [each for each in await port.inputs() if isinstance(each, Rating)]
    assert [(each.id, each.sender) for each in kept] == [(rating("1", by).id, by) for by in ("ada@loop", "bob@loop")]
    assert kept[0].comment == "half a \ufffd pair, \ufffd and space"


def wish(source: str, sender: str = "ada@loop", **fields: Any) -> TranscriptWish:
    """Return a wish for the transcript with the right id."""
    id = transcript_id(CHANNEL, sender, source)
    given = {"id": id, "channel": CHANNEL, "sender": sender, "source": source, "address": "ada@home.example"}
    return TranscriptWish(**(given | fields))


async def test_a_wish_for_the_transcript_comes_in_once_and_only_for_one_plain_address(port: Harbour) -> None:
    door = inlet(port.store, Capabilities(takeaway=True))
    given = [wish("1", id=""), wish("1"), wish("1", "bob@loop")]
    assert [await door.mail_transcript(one) for one in given] == [True, False, True]
    for wrong, why in (
        (wish("2", address="ada@home.example, bob@home.example"), "one plain mail address"),
        (wish("2", address="ada@home.example\r\nBcc: bob@home.example"), "one plain mail address"),
        (wish("2", id="another"), "id"),
        (wish("2", channel="elsewhere"), "channel"),
        (wish("", id=""), "source"),
        (wish("2\x00", id=""), "NUL"),
    ):
        with pytest.raises(ValueError, match=why) as told:
            await door.mail_transcript(wrong)
        assert "home.example" not in str(told.value)
    with pytest.raises(Undeclared):
        await inlet(port.store).mail_transcript(wish("2"))
    kept = [each for each in await port.inputs() if isinstance(each, TranscriptWish)]
    assert [(each.id, each.sender) for each in kept] == [(wish("1", by).id, by) for by in ("ada@loop", "bob@loop")]


async def test_a_rating_that_can_never_be_taken_in_is_refused(port: Harbour) -> None:
    door = inlet(port.store, Capabilities(ratings=True))
    for wrong, why in (
        (rating("1", score=0), "1 to 3"),
        (rating("1", score=4), "1 to 3"),
        (rating("1", id="another"), "id"),
        (rating("1", channel="elsewhere"), "channel"),
        (rating("", id=""), "source"),
        (rating("1\x00", id=""), "NUL"),
        (rating("1", comment="x" * (MAX_COMMENT + 1)), "larger"),
    ):
        with pytest.raises(ValueError, match=why):
            await door.rate(wrong)
    with pytest.raises(Undeclared):
        await inlet(port.store).rate(rating("1"))
    assert await port.inputs() == []


async def test_two_senders_with_one_source_id_are_two_messages(port: Harbour) -> None:
    door = inlet(port.store)
    assert await door.receive(message("mine", "1", sender="ada"))
    assert await door.receive(message("also mine", "1", sender="mallory"))
    assert len(await port.messages()) == 2


async def test_a_thousand_at_once_take_few_calls_and_keep_their_order(port: Harbour) -> None:
    store = Gate.over(port.store)
    gathering = IngestBatcher(store)
    doors = [
        StoreInlet(
            gathering,
            ChannelStatus(channel=name, kind="pen", queue="central/desk", up=False),
            ALL,
            read_cursor=store.cursor,
        )
        for name in "ab"
    ]

    def one(door: StoreInlet, number: int) -> Message:
        return Message(id="", channel=door.channel, sender="ada", source=str(number), text=str(number))

    new = await asyncio.gather(*(door.receive(one(door, number)) for number in range(500) for door in doors))
    assert all(new)
    assert store.calls < 20
    for door in doors:
        came = [each.text for each in await port.messages() if each.channel == door.channel]
        assert came == [str(number) for number in range(500)]
    await store.close()


async def test_a_failed_call_is_busy_for_those_concerned_alone(port: Harbour) -> None:
    store = Gate.over(port.store)
    store.gate.clear()
    store.failures = [Full("full")]
    door = inlet(store)
    first = asyncio.create_task(door.receive(message("refused", "1")))
    while store.calls < 1:
        await asyncio.sleep(0)
    second = asyncio.create_task(door.receive(message("taken", "2")))
    await asyncio.sleep(0)
    store.gate.set()
    with pytest.raises(Busy):
        await first
    assert await second
    assert [each.text for each in await port.messages()] == ["taken"]
    await store.close()


async def test_an_unforeseen_error_is_busy_and_the_next_call_works(port: Harbour) -> None:
    store = Gate.over(port.store)
    store.failures = [ValueError("a bug")]  # type: ignore[list-item]  # that is the point
    door = inlet(store)
    with pytest.raises(Busy):
        await door.receive(message("first", "1"))
    assert await door.receive(message("second", "2"))
    await store.close()


async def test_a_cursor_waits_for_every_earlier_message(port: Harbour) -> None:
    store = Gate.over(port.store)
    store.failures = [Full("full")]
    door = inlet(store)
    with pytest.raises(Busy):
        await door.receive(message("one", "1"), {"box": "1"})
    assert await door.receive(message("two", "2"), {"box": "2"})
    assert await door.cursor() == {}
    assert await door.receive(message("one", "1"), {"box": "1"})
    assert await door.cursor() != {}
    await door.advance({"box": "3"})
    assert await door.cursor() == {"box": "3"}
    await store.close()


async def test_a_duplicate_moves_the_cursor_too(port: Harbour) -> None:
    door = inlet(port.store)
    await door.receive(message("one", "1"), {"box": "1"})
    assert not await door.receive(message("one", "1"), {"box": "7"})
    assert await door.cursor() == {"box": "7"}


async def test_a_new_session_owes_nothing(port: Harbour) -> None:
    store = Gate.over(port.store)
    store.failures = [Full("full")]
    door = inlet(store)
    with pytest.raises(Busy):
        await door.receive(message("one", "1"), {"box": "1"})
    door.ended()
    await door.receive(message("two", "2"), {"box": "2"})
    assert await door.cursor() == {"box": "2"}
    await store.close()


async def test_an_old_message_is_asked_for_in_the_archive_and_keeps_its_place(port: Harbour) -> None:
    asked: list[Sequence[str]] = []
    answer = asyncio.Event()

    async def find(ids: Sequence[str]) -> str:
        asked.append(ids)
        await answer.wait()
        return "a-conversation" if message("seen", "1").id in ids else ""

    door = inlet(port.store, find=find)
    long_ago = int((time.time() - 30 * 86_400) * 1000)
    seen = asyncio.create_task(door.receive(message("seen", "1", sent_at=long_ago), {"box": "1"}))
    unseen = asyncio.create_task(door.receive(message("unseen", "2", sent_at=long_ago), {"box": "2"}))
    fresh = asyncio.create_task(door.receive(message("fresh", "3", sent_at=int(time.time() * 1000)), {"box": "3"}))
    while not asked:
        await asyncio.sleep(0)
    assert await port.messages() == []
    answer.set()
    assert [await seen, await unseen, await fresh] == [False, True, True]
    assert [each.text for each in await port.messages()] == ["unseen", "fresh"]
    assert len(asked) == 2
    assert await door.cursor() == {"box": "3"}


async def test_live_messages_wait_for_the_replay(port: Harbour) -> None:
    door = inlet(port.store)
    await door.up()
    live = asyncio.create_task(door.receive(message("live", "9")))
    await door.missed.receive(message("missed 1", "1"))
    await asyncio.gather(door.missed.receive(message("missed 2", "2")), door.missed.receive(message("missed 3", "3")))
    assert not live.done()
    door.release()
    assert await live
    assert [each.text for each in await port.messages()] == ["missed 1", "missed 2", "missed 3", "live"]


async def test_what_comes_before_the_first_session_stands_waits_for_the_replay_too(port: Harbour) -> None:
    """A webhook is served as soon as the daemon is, and what was missed while it was down is older."""
    door = inlet(port.store)
    door.hold()
    live = asyncio.create_task(door.receive(message("live", "9"), {"box": "9"}))
    await until_held(door, 1)
    await door.up()
    await door.missed.receive(message("missed", "1"), {"box": "1"})
    door.release()
    assert await live
    assert [each.text for each in await port.messages()] == ["missed", "live"]


async def test_what_comes_before_a_first_session_that_never_stands_is_not_taken_in(port: Harbour) -> None:
    door = inlet(port.store)
    door.hold()
    live = asyncio.create_task(door.receive(message("live", "9"), {"box": "9"}))
    await until_held(door, 1)
    door.ended()
    with pytest.raises(Busy):
        await live
    assert await port.messages() == []


async def test_who_comes_as_the_replay_ends_waits_behind_those_who_waited(port: Harbour) -> None:
    door = inlet(port.store)
    await door.up()
    waiting = [asyncio.create_task(door.receive(message(str(n), str(n)))) for n in (1, 2, 3)]
    await until_held(door, 3)
    ready = asyncio.create_task(door.receive(message("4", "4")))
    door.release()
    await asyncio.gather(*waiting, ready, door.receive(message("5", "5")))
    assert [each.text for each in await port.messages()] == ["1", "2", "3", "4", "5"]
    assert await door.receive(message("6", "6"))


async def test_one_who_gives_up_waiting_holds_up_nobody(port: Harbour) -> None:
    door = inlet(port.store)
    await door.up()
    first, second, third = (asyncio.create_task(door.receive(message(str(n), str(n)))) for n in (1, 2, 3))
    await until_held(door, 3)
    door.release()
    first.cancel()
    second.cancel()
    assert await third
    assert [each.text for each in await port.messages()] == ["3"]
    assert await door.receive(message("4", "4"))


@pytest.mark.parametrize("breaking", ["refuse", "ended"])
async def test_what_waits_for_a_replay_that_breaks_off_is_not_taken_in(port: Harbour, breaking: str) -> None:
    door = inlet(port.store)
    await door.up()
    live = asyncio.create_task(door.receive(message("live", "9"), {"box": "9"}))
    moving = asyncio.create_task(door.advance({"box": "10"}))
    await until_held(door, 2)
    getattr(door, breaking)()
    with pytest.raises(Busy):
        await live
    with pytest.raises(Busy):
        await moving
    assert await port.messages() == []
    assert await door.cursor() == {}


@pytest.mark.parametrize("before", ["refuse", "ended"])
async def test_after_a_replay_broke_off_nobody_goes_in_before_another_has_run(port: Harbour, before: str) -> None:
    """Not between two sessions either: a webhook comes then, too, and its cursor would go past what was missed."""
    door = inlet(port.store)
    await door.up()
    getattr(door, before)()
    for _ in range(2):
        with pytest.raises(Busy):
            await door.receive(message("live", "9"), {"box": "9"})
        door.ended()
    await door.up()
    assert await door.missed.receive(message("missed", "1"), {"box": "1"})
    door.release()
    assert await door.receive(message("live", "9"), {"box": "9"})
    assert [each.text for each in await port.messages()] == ["missed", "live"]


async def test_between_two_sessions_whose_replays_were_whole_live_messages_go_in(port: Harbour) -> None:
    door = inlet(port.store)
    await door.up()
    door.release()
    door.ended()
    assert await door.receive(message("live", "9"), {"box": "9"})


async def test_a_live_cursor_waits_for_the_replay_and_the_replay_s_own_does_not(port: Harbour) -> None:
    door = inlet(port.store)
    await door.up()
    live = asyncio.create_task(door.advance({"box": "9"}))
    await until_held(door, 1)
    await door.missed.advance({"box": "1"})
    assert await door.cursor() == {"box": "1"}
    door.release()
    await live
    assert await door.cursor() == {"box": "9"}


async def test_nothing_is_said_yes_to_while_the_store_stands_still(port: Harbour) -> None:
    door = inlet(port.store)
    os.kill(port.server.pid, signal.SIGSTOP)
    try:
        waiting = asyncio.create_task(door.receive(message("patience", "1")))
        done, _ = await asyncio.wait([waiting], timeout=1.0)
        assert not done
    finally:
        os.kill(port.server.pid, signal.SIGCONT)
    assert await waiting


async def test_limits_and_characters_that_nothing_can_keep(port: Harbour) -> None:
    door = inlet(port.store)
    with pytest.raises(TooLarge):
        await door.receive(message("x" * (MAX_TEXT + 1), "1"))
    with pytest.raises(TooLarge):
        await door.receive(message("ok", "2", subject="s" * 600_000))
    with pytest.raises(ValueError, match="NUL"):
        await door.receive(message("ok", "a\x00b"))
    await door.receive(message("nul \x00 half \ud83d end", "3", name="\udc00", sent_at=1 << 62))
    kept = (await port.messages())[-1]
    assert kept.text == "nul \ufffd half \ufffd end"
    assert kept.name == "\ufffd"
    assert kept.sent_at == 0


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [("plain", "plain"), ("\ud83d\ude00", "\U0001f600"), ("é\x00", "é\ufffd"), ("\udfff", "\ufffd")],
)
def test_cleaning(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


async def test_receipts_of_parts_speak_for_the_whole(port: Harbour) -> None:
    door = inlet(port.store)
    await door.receipt("d.1.3", "delivered")
    assert await port.receipts() == []
    await door.receipt("d.2.3", "failed", reason="unknown-address")
    await door.receipt("e.3.3", "delivered")
    await door.receipt("e.3.3", "delivered")
    assert [(each.delivery, each.stage, each.partial) for each in await port.receipts()] == [
        ("d", "failed", True),
        ("e", "delivered", False),
    ]


REFUSED: list[tuple[Capabilities, Callable[[StoreInlet], Any]]] = [
    (Capabilities(), lambda door: door.receipt("d", "sent")),
    (Capabilities(receipts="sent"), lambda door: door.receipt("d", "delivered")),
    (Capabilities(receipts="read"), lambda door: door.receipt("d", "uncertain")),
    (Capabilities(), lambda door: door.act(Action(id="a", by="lee", deed=Claim(conversation="c")))),
    (Capabilities(), lambda door: door.presence(Presence(process="p", connection="c", librarian="lee", up=True))),
]


@pytest.mark.parametrize(("can", "use"), REFUSED)
async def test_what_is_not_declared_is_refused(
    port: Harbour, can: Capabilities, use: Callable[[StoreInlet], Any]
) -> None:
    with pytest.raises(Undeclared):
        await use(inlet(port.store, can))
    assert await port.inputs() == []


async def test_a_cancelled_caller_harms_nobody(port: Harbour) -> None:
    store = Gate.over(port.store)
    store.gate.clear()
    door = inlet(store)
    gone = asyncio.create_task(door.receive(message("gone", "1")))
    stays = asyncio.create_task(door.receive(message("stays", "2")))
    while store.calls < 1:
        await asyncio.sleep(0)
    gone.cancel()
    store.gate.set()
    assert await stays
    assert gone.cancelled() or await asyncio.wait([gone])
    await store.close()
