"""The supervisor: health is the exception; leases; replay after up; and nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from bridge.channels.inbound.inlet import IngestBatcher
from bridge.channels.session_end import weightiest
from bridge.channels.supervisor import ConfiguredChannel, Deliveries, Supervisor
from bridge.contract.adapter import (
    BadCredentials,
    Busy,
    Capabilities,
    Inlet,
    MessageIntake,
    Misconfigured,
    Outcome,
    Ports,
    Sent,
    Throttled,
    Unavailable,
)
from bridge.contract.message import ChannelStatus, Delivery
from bridge.files.blobs import FileBlobs
from bridge.runtime.backoff import Backoff
from tests.bridge.harbour import CHANNEL, Harbour, delivery, harbour, message

Session = Callable[["Actor"], Coroutine[Any, Any, None]]


class Nothing(msgspec.Struct):
    """No configuration."""


class Actor:
    """An adapter whose sessions are scripted: each run plays the next one, the last again and again."""

    name: ClassVar[str] = "actor"
    Config: ClassVar[type[Nothing]] = Nothing
    capabilities: ClassVar[Capabilities] = Capabilities()

    def __init__(self, config: Any, ports: Ports) -> None:
        self.script: list[Session] = config
        self.inlet: Inlet = ports.inlet
        self.runs = 0
        self.sent: list[Delivery] = []
        if config is None:
            raise ValueError("no script")

    async def run(self) -> None:
        """Play the next session."""
        session = self.script[min(self.runs, len(self.script) - 1)]
        self.runs += 1
        await session(self)

    async def send(self, delivery: Delivery) -> Outcome:
        """Write down."""
        self.sent.append(delivery)
        return Sent()


class Replayer(Actor):
    """An actor that replays."""

    capabilities = Capabilities(replay=True)
    cursor: Mapping[str, str] | None = None

    async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
        """Hand in what was missed."""
        self.cursor = cursor
        await missed.receive(message("missed", "1"), {"box": "1"})


class Everywhere(Actor):
    """An actor that every process runs; one drains."""

    capabilities = Capabilities(exclusive=False)


async def stand(actor: Actor) -> None:
    await actor.inlet.up()
    await asyncio.Event().wait()


def failing(error: Exception, *, stands: bool = True) -> Session:
    async def session(actor: Actor) -> None:
        if stands:
            await actor.inlet.up()
        raise error

    return session


@pytest_asyncio.fixture
async def port(tmp_path: Path) -> AsyncIterator[Harbour]:
    async with harbour(tmp_path) as opened:
        yield opened


def supervisor(port: Harbour, script: Any, kind: type[Actor] = Actor, *, sole: bool = True) -> Supervisor:
    def ports(channel: ConfiguredChannel, inlet: Inlet, deliveries: Deliveries | None) -> Ports:
        async def nothing(*_: Any) -> Any:
            return []

        return Ports(
            channel=channel.name,
            inlet=inlet,
            history=nothing,
            desk=nothing,  # type: ignore[arg-type]  # no actor asks
            find=nothing,
            signals=None,  # type: ignore[arg-type]  # no actor asks
            blobs=FileBlobs(Path()),
            routes=None,
            memory=None,  # type: ignore[arg-type]  # no actor asks
            deliveries=deliveries,
        )

    channel = ConfiguredChannel(name=CHANNEL, kind=kind.name, queue="central/desk", adapter=kind, config=script)
    return Supervisor(
        port.store,
        IngestBatcher(port.store),
        [channel],
        ports,
        sole=sole,
        stop_s=0.2,
        backoff=lambda: Backoff(first=0.01, most=0.05),
    )


@asynccontextmanager
async def running(kept: Supervisor) -> AsyncIterator[Actor]:
    task = asyncio.create_task(kept.run())
    try:
        actor = kept.runners[CHANNEL].adapter
        assert isinstance(actor, Actor)
        yield actor
    finally:
        task.cancel()
        await asyncio.wait([task])


async def statuses(port: Harbour) -> list[tuple[bool, str]]:
    return [(each.up, each.reason) for each in await port.inputs() if isinstance(each, ChannelStatus)]


async def said(port: Harbour, *wanted: tuple[bool, str]) -> list[tuple[bool, str]]:
    """Return what was said of the channel once the last words are `wanted`."""
    async with asyncio.timeout(30):
        while (words := await statuses(port))[-len(wanted) :] != list(wanted):
            await asyncio.sleep(0.01)
    return words


async def test_unavailable_is_tried_again(port: Harbour) -> None:
    kept = supervisor(port, [failing(Unavailable("away")), failing(Unavailable("away"), stands=False), stand])
    async with running(kept) as actor:
        await said(port, (False, "unavailable"), (True, ""))
        assert actor.runs == 3
        async with asyncio.timeout(10):  # the core is told first
            while kept.runners[CHANNEL].health.state != "up":
                await asyncio.sleep(0.01)
    assert (await statuses(port))[-1] == (False, "stopped")


@pytest.mark.parametrize(
    ("error", "reason"), [(BadCredentials("no"), "bad-credentials"), (Misconfigured("no"), "misconfigured")]
)
async def test_what_a_person_must_change_blocks(port: Harbour, error: Exception, reason: str) -> None:
    kept = supervisor(port, [failing(error, stands=False), stand])
    async with running(kept) as actor:
        await said(port, (False, reason))
        assert kept.runners[CHANNEL].health.state == "blocked"
        assert actor.runs == 1


async def test_a_server_that_lets_us_in_only_later_is_asked_slowly_and_it_is_said(port: Harbour) -> None:
    kept = supervisor(port, [failing(Throttled("later"), stands=False), stand])
    async with running(kept) as actor:
        await said(port, (False, "throttled"))
        assert kept.runners[CHANNEL].health.state == "down"
        assert actor.runs == 1  # the next session would be there at once, but for the minute


async def test_a_bug_is_counted_logged_and_started_again(port: Harbour) -> None:
    kept = supervisor(port, [failing(ZeroDivisionError("a bug")), stand])
    with capture_logs() as lines:
        async with running(kept):
            await said(port, (False, "internal"), (True, ""))
            assert kept.runners[CHANNEL].health.bugs == 1
    assert any(isinstance(line.get("exc_info"), ZeroDivisionError) for line in lines)


async def test_a_session_that_returns_is_started_again(port: Harbour) -> None:
    async def brief(actor: Actor) -> None:
        await actor.inlet.up()

    async with running(supervisor(port, [brief, stand])):
        await said(port, (False, "ended"), (True, ""))


async def test_a_configuration_that_cannot_be_constructed_refuses_to_start(port: Harbour) -> None:
    with pytest.raises(Misconfigured, match="ValueError"):
        supervisor(port, None)


async def test_replay_gets_the_cursor_and_goes_first(port: Harbour) -> None:
    async def live(actor: Actor) -> None:
        await actor.inlet.up()
        await actor.inlet.receive(message("live", "2"), {"box": "2"})
        await asyncio.Event().wait()

    await IngestBatcher(port.store).add([], channel=CHANNEL)
    await port.store.ingest([], {CHANNEL: {"box": "0"}})
    kept = supervisor(port, [live], Replayer)
    async with running(kept) as actor:
        async with asyncio.timeout(30):
            while len(await port.messages()) < 2:
                await asyncio.sleep(0.01)
        assert isinstance(actor, Replayer)
        assert actor.cursor == {"box": "0"}
    assert [each.text for each in await port.messages()] == ["missed", "live"]
    assert await port.store.cursor(CHANNEL) == {"box": "2"}


async def test_a_replay_that_fails_ends_the_session(port: Harbour) -> None:
    class Failing(Replayer):
        async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
            if self.runs == 1:
                raise Unavailable("the list cannot be read")

    async with running(supervisor(port, [stand], Failing)):
        await said(port, (False, "unavailable"), (True, ""))


async def test_a_replay_that_ends_in_a_cancellation_of_its_own_is_a_bug(port: Harbour) -> None:
    class Stray(Replayer):
        async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
            if self.runs == 1:
                raise asyncio.CancelledError("its connection closed")

    async with running(supervisor(port, [stand], Stray)):
        await said(port, (False, "internal"), (True, ""))


async def test_a_session_that_returns_ends_every_replay_of_its_own(port: Harbour) -> None:
    class Endless(Replayer):
        async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
            await asyncio.Event().wait()

    async def twice(actor: Actor) -> None:
        await actor.inlet.up()
        await actor.inlet.up()

    async with running(supervisor(port, [twice, stand], Endless)):
        await said(port, (False, "ended"), (True, ""))


async def test_what_came_live_while_the_replay_broke_off_does_not_move_the_cursor(port: Harbour) -> None:
    class Holed(Replayer):
        held = asyncio.Event()

        async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
            if self.runs == 1:
                await self.held.wait()
                raise Unavailable("the archive does not answer")
            await super().replay(cursor, missed)

    async def live(actor: Actor) -> None:
        await actor.inlet.up()
        receiving = asyncio.create_task(actor.inlet.receive(message("live", "3"), {"box": "3"}))
        await asyncio.sleep(0)
        Holed.held.set()
        await receiving
        await asyncio.Event().wait()

    async with running(supervisor(port, [live], Holed)) as actor:
        async with asyncio.timeout(30):
            while len(await port.messages()) < 2:
                await asyncio.sleep(0.01)
        assert isinstance(actor, Holed)
        assert actor.cursor == {}
        assert (False, "unavailable") in await statuses(port)
    assert [each.text for each in await port.messages()] == ["missed", "live"]
    assert await port.store.cursor(CHANNEL) == {"box": "3"}


async def test_nothing_is_sent_before_the_session_stands(port: Harbour) -> None:
    go = asyncio.Event()

    async def later(actor: Actor) -> None:
        await go.wait()
        await stand(actor)

    async with running(supervisor(port, [later])) as actor:
        await port.put(delivery(1))
        await said(port, (False, "starting"))
        assert actor.sent == []
        go.set()
        await port.settled(1)
        assert len(actor.sent) == 1


async def test_one_process_holds_an_exclusive_channel(port: Harbour) -> None:
    first, second = supervisor(port, [stand], sole=False), supervisor(port, [stand], sole=False)
    async with running(first) as here:
        await said(port, (True, ""))
        async with running(second) as there:
            async with asyncio.timeout(30):
                while second.runners[CHANNEL].health.state != "standby":
                    await asyncio.sleep(0.01)
            assert (here.runs, there.runs) == (1, 0)
            await port.put(delivery(1))
            await port.settled(1)
            assert (len(here.sent), len(there.sent)) == (1, 0)
            await port.store.take("thief", 1, channel=CHANNEL, force=True)
            async with asyncio.timeout(60):
                while not there.runs:
                    await asyncio.sleep(0.05)


async def standing_by(one: Supervisor) -> None:
    """Wait until another process is seen to hold the channel."""
    async with asyncio.timeout(30):
        while one.runners[CHANNEL].health.state != "standby":
            await asyncio.sleep(0.01)


async def test_a_process_that_stands_by_says_nothing_of_the_channel(port: Harbour) -> None:
    async with running(supervisor(port, [stand], sole=False)):
        words = await said(port, (True, ""))
        other = supervisor(port, [stand], sole=False)
        async with running(other):
            await standing_by(other)
        assert await statuses(port) == words


async def test_who_has_lost_a_channel_says_nothing_of_it(port: Harbour) -> None:
    kept = supervisor(port, [stand], sole=False)
    async with running(kept):
        words = await said(port, (True, ""))
        await port.store.take("another process", 600_000, channel=CHANNEL, force=True)
        await standing_by(kept)
    assert await statuses(port) == words


async def test_who_stops_says_so_before_another_can_hold_the_channel(port: Harbour) -> None:
    kept = supervisor(port, [stand], sole=False)
    free: list[bool] = []
    async with running(kept):
        await said(port, (True, ""))
        say = kept.runners[CHANNEL].inlet.say

        async def slowly(*, up: bool, reason: str = "") -> None:
            free.append(await port.store.take("another process", 600_000, channel=CHANNEL))
            await say(up=up, reason=reason)

        kept.runners[CHANNEL].inlet.say = slowly  # type: ignore[method-assign]  # to look at the lease as it is then
    assert free == [False]
    assert (await statuses(port))[-1] == (False, "stopped")
    assert await port.store.take("another process", 600_000, channel=CHANNEL)


async def test_a_session_that_breaks_off_while_it_says_that_it_stands_is_shown_as_down(port: Harbour) -> None:
    async def breaks_off(actor: Actor) -> None:
        up = asyncio.create_task(actor.inlet.up())
        await asyncio.sleep(0)  # the word is on its way
        up.cancel()
        raise Unavailable("away")

    away = failing(Unavailable("away"), stands=False)
    async with running(supervisor(port, [away, breaks_off, lambda actor: asyncio.Event().wait()])):
        words = await said(port, (True, ""), (False, "unavailable"))
    assert words[:2] == [(False, "starting"), (False, "unavailable")]


async def test_where_every_process_has_a_session_one_drains(port: Harbour) -> None:
    first, second = (supervisor(port, [stand], Everywhere, sole=False) for _ in range(2))
    async with running(first) as here, running(second) as there:
        async with asyncio.timeout(30):
            while not (here.runs and there.runs):
                await asyncio.sleep(0.01)
        await port.put(*(delivery(n, f"c{n}") for n in range(20)))
        await port.settled(20)
        assert len(here.sent) + len(there.sent) == 20
        assert not (here.sent and there.sent)


async def test_a_stop_leaves_no_task(port: Harbour) -> None:
    before = asyncio.all_tasks()
    async with running(supervisor(port, [stand], Replayer)):
        await said(port, (True, ""))
    assert asyncio.all_tasks() <= before


async def test_a_session_that_fails_while_it_is_stopped_is_not_started_again(port: Harbour) -> None:
    async def stubborn(actor: Actor) -> None:
        await actor.inlet.up()
        try:
            await asyncio.Event().wait()
        finally:
            raise Unavailable("lost just now")

    task = asyncio.create_task(supervisor(port, [stubborn]).run())
    await said(port, (True, ""))
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=20)
    assert done


def test_of_several_errors_the_weightiest_counts() -> None:
    bug = ValueError("a bug")
    inner = ExceptionGroup("inner", [Unavailable("away"), BadCredentials("no")])
    assert isinstance(weightiest(ExceptionGroup("outer", [Busy(), inner])), BadCredentials)
    assert weightiest(ExceptionGroup("outer", [inner, bug])) is bug
