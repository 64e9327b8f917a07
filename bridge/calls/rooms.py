"""The two sides of a call find each other: who is let in, and what is handed from one browser to the other.

A room lives in no process: each tells the others what its sides say, by publish and subscribe, and hands on what concerns its own.
So the two may be connected to different processes. Who may be in is what the core says of the call, as the replica has it.
A window that is lost has `grace_s` to come back, since a page may be loaded again; then its call is over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
import structlog
from aiohttp import WSMsgType, web

from bridge.calls.frames import (
    AcceptCall,
    CallFrame,
    EndCall,
    Enter,
    Ice,
    IceServer,
    Inside,
    OfferedCall,
    Over,
    PageFrame,
    PeerHere,
    PeerSignal,
    RefuseCall,
    SideWord,
    Using,
    decoder,
    encode,
    word_decoder,
)
from bridge.calls.links import CallPass, CallSide, call_pass, new_name, read_pass
from bridge.calls.settings import CallsConfig
from bridge.calls.turn import turn_password
from bridge.channels.inbound.inlet import IngestBatcher
from bridge.channels.signals import SignalBoard
from bridge.contract.adapter import Busy, Signal
from bridge.contract.message import CallAnswer, CallKind, derive
from bridge.contract.token_bucket import Rate, TokenBucket
from bridge.files.store import FileStore
from bridge.log.follower import Entry
from bridge.log.replica import Replica
from routing.records import CallRecord, Conversation

log = structlog.get_logger("bridge.calls.rooms")

GRACE_S = 8.0
ANSWER_S = 5.0
FRAMES = Rate(40, 400)
SHOWS: dict[CallSide, frozenset[CallKind]] = {
    "patron": frozenset({"voice", "video", "patron-screen"}),
    "librarian": frozenset({"voice", "video", "librarian-screen"}),
}


@dataclass(frozen=True, kw_only=True)
class CallDesk:
    """One consortium's desk as calls need it. `max_media`: bytes of a file that a channel carries."""

    consortium: str
    config: CallsConfig
    secret: bytes
    replica: Replica
    gathering: IngestBatcher
    signs: SignalBoard
    blobs: FileStore
    max_media: Callable[[str], int]


@dataclass(eq=False)
class OpenWindow:
    """One open page of a call."""

    ws: web.WebSocketResponse
    who: CallPass
    id: str = field(default_factory=new_name)
    inside: bool = False
    n: int = 0

    async def tell(self, frame: CallFrame) -> None:
        """Say something to the page, unless it has gone."""
        with suppress(ConnectionError, RuntimeError):
            await self.ws.send_str(encode(frame).decode())


class _Left(Exception):
    """The window is to be closed; it was told why."""


class CallRooms:
    """The calls of one consortium, as this process serves them."""

    def __init__(self, desk: CallDesk, grace_s: float = GRACE_S) -> None:
        self.desk = desk
        self._grace_s = grace_s
        self._open: set[OpenWindow] = set()
        self._lost: dict[tuple[str, CallSide], asyncio.Task[None]] = {}
        self._used: dict[str, dict[CallKind, None]] = {}  # by call, in the order in which they began
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Hand on what sides say, until cancelled."""
        self.desk.replica.on_entries.append(self._look)
        try:
            async for signal in self.desk.signs.listen():
                if signal.kind == "call":
                    await self._hear(signal)
        finally:
            self.desk.replica.on_entries.remove(self._look)
            for task in tuple(self._tasks):
                task.cancel()

    def knows(self, token: str) -> CallPass | None:
        """Return what a pass says, None for one that is not of this consortium."""
        who = read_pass(self.desk.secret, token)
        return who if who is not None and who.consortium == self.desk.consortium else None

    def call_of(self, who: CallPass) -> tuple[Conversation, CallRecord] | None:
        """Return the call that a pass names, None when it is over."""
        it = self.desk.replica.state.conversations.get(who.conversation)
        if it is None or it.call is None or it.call.id != who.call or it.call.meeting:
            return None
        return it, it.call

    def may_be_inside(self, who: CallPass) -> bool:
        """Say whether this side of a call is let in now."""
        found = self.call_of(who)
        return found is not None and (
            who.side == "librarian" or (bool(who.session) and found[1].session == who.session)
        )

    # ---- a window ------------------------------------------------------------

    async def serve(self, ws: web.WebSocketResponse, who: CallPass) -> None:
        """Serve a window until either side goes."""
        window = OpenWindow(ws, who)
        self._open.add(window)
        try:
            await self._greet(window)
            bucket = TokenBucket(FRAMES, time.monotonic())
            async for message in ws:
                if message.type is not WSMsgType.TEXT or bucket.take(time.monotonic()):
                    break
                await self._take(window, decoder.decode(message.data))
        except _Left:
            pass
        except msgspec.DecodeError:
            log.info("call-frame-refused", side=who.side)
        except Busy:
            await window.tell(Over(reason="busy"))
        finally:
            self._open.discard(window)
            if window.inside:
                self._begin(self._gone(window))  # apart: the request may be cancelled, since its browser is gone
            with suppress(ConnectionError, RuntimeError):
                await ws.close()

    async def _greet(self, window: OpenWindow) -> None:
        if self.may_be_inside(window.who):
            await self._let_in(window)
            return
        found = self.call_of(window.who)
        if found is None or window.who.session:
            await self._leave(window, Over(reason="over"))
        elif found[1].accepted_at:
            await self._leave(window, Over(reason="used"))
        else:
            it, call = found
            roster = self.desk.replica.state.roster
            library = roster.library(it.library)
            await window.tell(
                OfferedCall(
                    library=library.name or library.id,
                    librarian=roster.shown(call.by),
                    language=it.language or library.language,
                    accent=library.accent,
                    kinds=call.kinds,
                    until=call.until,
                    now=time.time_ns() // 1_000_000,
                )
            )

    async def _leave(self, window: OpenWindow, why: Over) -> None:
        await window.tell(why)
        raise _Left

    async def _take(self, window: OpenWindow, frame: PageFrame) -> None:
        match frame:
            case AcceptCall() if not window.inside:
                await self._accept(window)
            case RefuseCall() if not window.inside and window.who.side == "patron":
                await self._answer(window.who, "refuse")
                await self._leave(window, Over(reason="over"))
            case PeerSignal() if window.inside:
                await self._publish(window, "signal", text=frame.text)
            case Using() if window.inside:
                kinds = tuple(kind for kind in frame.kinds if kind in SHOWS[window.who.side])
                await self._publish(window, "using", kinds=kinds)
            case Ice() if window.inside:
                await window.tell(Ice(servers=self._servers(window.who)))
            case EndCall() if window.inside:
                await self._end(window.who)
                await self._leave(window, Over(reason="over"))
            case Enter() | _:
                return

    async def _accept(self, window: OpenWindow) -> None:
        """Take the call; of two windows, the core lets one in."""
        session = new_name()
        await self._answer(window.who, "accept", session)
        window.who = msgspec.structs.replace(window.who, session=session)

        def answered() -> bool:
            found = self.call_of(window.who)
            return found is None or found[1].accepted_at > 0

        await self._until(answered)
        if not self.may_be_inside(window.who):
            await self._leave(window, Over(reason="used" if self.call_of(window.who) else "over"))
        await self._let_in(window)

    async def _until(self, true: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(ANSWER_S):
                while not true():
                    await self._news.wait()
        except TimeoutError as error:
            raise Busy("the core has not answered") from error

    async def _let_in(self, window: OpenWindow) -> None:
        who = window.who
        found = self.call_of(who)
        assert found is not None  # may_be_inside
        it, call = found
        for other in [one for one in self._open if one.inside and _same_side(one.who, who)]:
            other.inside = False
            await other.tell(Over(reason="elsewhere"))
            await other.ws.close()
        window.inside = True
        roster = self.desk.replica.state.roster
        library = roster.library(it.library)
        limit = self.desk.max_media(it.channel)
        await window.tell(
            Inside(
                token=call_pass(self.desk.secret, who),
                side=who.side,
                name=roster.shown(call.by) if who.side == "patron" else it.name,
                library=library.name or library.id,
                language=(it.language or library.language) if who.side == "patron" else "",
                accent=library.accent,
                kinds=call.kinds,
                servers=self._servers(who),
                relay_only=self.desk.config.relay_only,
                files=who.side == "patron" or limit > 0,
            )
        )
        await self._publish(window, "came")

    def _servers(self, who: CallPass) -> tuple[IceServer, ...]:
        name, password = turn_password(self.desk.config.secret, f"{who.call}{who.side[0]}")
        return (IceServer(urls=self.desk.config.turn, username=name, credential=password),)

    async def _gone(self, window: OpenWindow) -> None:
        """Tell the other side; end the call unless this one comes back."""
        window.inside = False
        found = self.call_of(window.who)
        if found is not None and found[1].accepted_at:
            self._lost[window.who.call, window.who.side] = self._begin(self._end_later(window.who))
        await self._publish(window, "gone")

    async def _end_later(self, who: CallPass) -> None:
        await asyncio.sleep(self._grace_s)
        self._lost.pop((who.call, who.side), None)
        with suppress(Busy):
            await self._end(who)

    # ---- between processes ------------------------------------------------------------

    async def _publish(
        self,
        window: OpenWindow,
        what: Literal["came", "gone", "signal", "using"],
        text: str = "",
        kinds: tuple[CallKind, ...] = (),
    ) -> None:
        window.n += 1
        await self._say(window.who, SideWord(what=what, window=window.id, text=text, kinds=kinds, n=window.n))

    async def _say(self, who: CallPass, word: SideWord) -> None:
        signal = Signal(
            kind="call", conversation=who.conversation, name=who.call, address=who.side, text=encode(word).decode()
        )
        await self.desk.signs.tell(signal)

    async def _hear(self, signal: Signal) -> None:
        try:
            word = word_decoder.decode(signal.text)
        except msgspec.DecodeError:
            log.warning("a word of a call could not be read", size=len(signal.text))
            return
        side: CallSide = "librarian" if signal.address == "librarian" else "patron"
        if word.what == "using" and any(one.who.call == signal.name for one in self._open):
            self._used.setdefault(signal.name, {}).update(dict.fromkeys(word.kinds))
        if word.what == "came" and (lost := self._lost.pop((signal.name, side), None)) is not None:
            lost.cancel()
        for window in [one for one in self._open if one.inside and one.who.call == signal.name]:
            if window.id != word.window and window.who.side == side and word.what == "came" and not word.answers:
                window.inside = False
                await window.tell(Over(reason="elsewhere"))
                await window.ws.close()
            elif window.who.side != side:
                await self._tell(window, word)

    async def _tell(self, window: OpenWindow, word: SideWord) -> None:
        if word.what == "signal":
            await window.tell(PeerSignal(text=word.text))
        elif word.what == "using":
            await window.tell(Using(kinds=word.kinds))
        else:
            if word.what == "came" and not word.answers:
                window.n += 1  # before the page hears of it: what it says then comes after
                await self._say(window.who, SideWord(what="came", window=window.id, answers=True, n=window.n))
            await window.tell(PeerHere(here=word.what == "came"))

    # ---- what the core is told, and tells ------------------------------------------------------------

    async def _answer(self, who: CallPass, what: Literal["accept", "refuse", "end"], session: str = "") -> None:
        ends = what == "end"
        given = CallAnswer(
            id=derive("call", who.call, what, session),
            answer=what,
            call=who.call,
            conversation=who.conversation,
            session=session,
            kinds=tuple(self._used.get(who.call, ())) if ends else (),
            by=self._by(who) if ends else "",
        )
        await self.desk.gathering.ingest([given])

    def _by(self, who: CallPass) -> str:
        found = self.call_of(who)
        return found[1].by if found is not None and who.side == "librarian" else ""

    async def _end(self, who: CallPass) -> None:
        found = self.call_of(who)
        if found is not None and found[1].accepted_at:
            await self._answer(who, "end")

    def _look(self, entries: Sequence[Entry]) -> None:
        """Close the windows of calls that are over."""
        news, self._news = self._news, asyncio.Event()
        news.set()
        for window in [one for one in self._open if not self._goes_on(one)]:
            window.inside = False
            self._used.pop(window.who.call, None)
            if (lost := self._lost.pop((window.who.call, window.who.side), None)) is not None:
                lost.cancel()
            self._begin(self._over(window))

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do something beside, and hold on to it until it is done."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _goes_on(self, window: OpenWindow) -> bool:
        return self.may_be_inside(window.who) if window.inside else self.call_of(window.who) is not None

    async def close(self) -> None:
        """Close all windows: they come back to the process that follows."""
        await asyncio.gather(*(one.ws.close(code=1012) for one in self._open), return_exceptions=True)

    async def _over(self, window: OpenWindow) -> None:
        await window.tell(Over(reason="over"))
        with suppress(ConnectionError, RuntimeError):
            await window.ws.close()


def _same_side(one: CallPass, other: CallPass) -> bool:
    return one.call == other.call and one.side == other.side
