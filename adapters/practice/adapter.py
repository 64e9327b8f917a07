"""Practice by web, text, mail and messenger: four classes for the manners, one session for all patrons of a channel.

Nothing is connected to. What a session is lies in the channel's memory (`bridge.training.session`): the interface writes that one
begins, and the orders of whoever plays or ends it; this adapter alone writes how far the patron is. A line is handed in under
its number, so a stop between handing it in and writing that down sends nothing twice.

The manners
- web: the patron types, reads, and closes the page.
- text: lines without typing; a patron who has enough writes STOP, and what is sent to them afterwards is refused.
- mail: a subject, and what is answered is quoted below.
- im: typing, and receipts of what was delivered and read.

The script's clock is the wall's, times `speed`: tests and demonstrations let hours pass in seconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection
from contextlib import suppress
from typing import ClassVar

import msgspec

from adapters.practice import codec
from bridge.contract.adapter import (
    Busy,
    Capabilities,
    Misconfigured,
    Outcome,
    Ports,
    Rejected,
    Sent,
    Signal,
    Unavailable,
)
from bridge.contract.held_rows import HeldRows
from bridge.contract.message import Delivery
from bridge.training import scripted_patron as script
from bridge.training.scripted_patron import Goes, PatronAct, Says, ScriptedPatron, Types
from bridge.training.session import KINDS, ORDERS, PROGRESS, SESSIONS, PracticeOrder, PracticeProgress, PracticeSession

LOOK_S = 2.0  # how often new orders are looked for where no sign tells of them
MAX_TEXT = 10_000
REMEMBERED = 20  # orders of one session
DAY_MS = 86_400_000


class PracticeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`speed`: how many seconds pass for the patron in one."""

    speed: float = 1.0


class PracticeWeb:
    """A patron in a chat on a page."""

    name: ClassVar[str] = "practice-web"
    Config: ClassVar[type[PracticeConfig]] = PracticeConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=MAX_TEXT,
        receipts="read",
        idempotent=True,
        live=True,
        typing=True,
        forget=True,
        label="Practice: web chat",
        private=True,
        remembers=KINDS,
        practice=True,
    )

    def __init__(self, config: PracticeConfig, ports: Ports) -> None:
        """Keep config and ports. Raises Misconfigured."""
        if not 0 < config.speed <= 10_000:
            raise Misconfigured("speed must be more than 0, and 10000 at most")
        self._speed = config.speed
        self._ports = ports
        self._progress: HeldRows[PracticeProgress] = HeldRows(ports.memory, PROGRESS, PracticeProgress)
        self._sessions: dict[str, PracticeSession] = {}  # by address
        self._by_id: dict[str, PracticeSession] = {}
        self._orders: set[str] = set()  # carried out, and not dropped yet
        self._changed = asyncio.Event()
        self._turn = asyncio.Lock()

    # -- the session of the channel

    async def run(self) -> None:
        """Play until cancelled."""
        try:
            await self._load()
            await self._ports.inlet.up()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._play())
                if self.capabilities.typing:
                    group.create_task(self._wake_at_signs())
        except* Busy as error:
            raise Unavailable(f"the desk takes nothing in now: {error.exceptions[0]}") from None

    async def _load(self) -> None:
        await self._progress.load()
        for row in await self._ports.memory.rows(SESSIONS):
            with suppress(msgspec.DecodeError):
                self._know(msgspec.json.decode(row.value, type=PracticeSession))

    def _know(self, session: PracticeSession) -> None:
        self._sessions[session.address] = session
        self._by_id[session.id] = session

    async def _wake_at_signs(self) -> None:
        async for _ in self._ports.signals.listen(self._ports.channel):
            self._changed.set()

    async def _play(self) -> None:
        while True:
            self._changed.clear()
            async with self._turn:
                await self._carry_out()
                due = [(await self._go_on(session)) for session in list(self._sessions.values())]
                if self._progress.changed:
                    await self._progress.save()
                await self._drop_orders()
            soonest = min((at for at in due if at is not None), default=None)
            rest = LOOK_S if soonest is None else min(LOOK_S, max(0.0, (soonest - self._now()) / 1000 / self._speed))
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._changed.wait()

    def _now(self) -> int:
        return int(time.time() * 1000 * self._speed)

    # -- orders

    async def _carry_out(self) -> None:
        for row in await self._ports.memory.rows(ORDERS):
            if row.key not in self._orders:
                with suppress(msgspec.DecodeError):
                    await self._obey(row.key, msgspec.json.decode(row.value, type=PracticeOrder))
                self._orders.add(row.key)

    async def _drop_orders(self) -> None:
        if self._orders:
            await self._ports.memory.drop(ORDERS, list(self._orders))
            self._orders.clear()

    async def _obey(self, key: str, order: PracticeOrder) -> None:
        session = self._by_id.get(order.session) or await self._begin(order)
        progress = self._progress.get(session.id) if session is not None else None
        if session is None or progress is None or progress.over or key in progress.orders:
            return
        progress = msgspec.structs.replace(progress, orders=(*progress.orders[-REMEMBERED:], key))
        self._progress.put(session.id, progress)
        match order.kind:
            case "begin":
                pass
            case "line":
                await self._say(session, progress, order.text)
            case "leave":
                await self._leave(session, progress)
            case "play":
                now = msgspec.structs.replace(progress.patron, planned=())
                self._progress.put(session.id, msgspec.structs.replace(progress, player=order.by, patron=now))
            case "end":
                self._progress.put(session.id, msgspec.structs.replace(progress, over=True))
                if self.capabilities.live and progress.sent:
                    await self._ports.inlet.sign(session.address, here=False)

    async def _begin(self, order: PracticeOrder) -> PracticeSession | None:
        found = await self._ports.memory.rows(SESSIONS, [order.session])
        if not found:
            return None
        session = msgspec.json.decode(found[0].value, type=PracticeSession)
        self._know(session)
        if self._progress.get(session.id) is None:
            patron = script.begin(session.scenario, session.seed, self._now())
            if session.player:
                patron = msgspec.structs.replace(patron, planned=())
            self._progress.put(session.id, PracticeProgress(patron=patron, player=session.player))
        return session

    # -- the patron

    async def _go_on(self, session: PracticeSession) -> int | None:
        """Let the patron do what is due; return when something is due next, None when nothing is."""
        progress = self._progress.get(session.id)
        if progress is None or progress.over:
            self._put_away(session)
            return None
        patron, acts = script.due(progress.patron, self._now())
        if acts:
            self._progress.put(session.id, msgspec.structs.replace(progress, patron=patron))
            for act in acts:
                await self._do(session, act)
        return script.next_at(patron)

    def _put_away(self, session: PracticeSession) -> None:
        """Hold a session no more that has been over for a day: a late answer to it is taken all the same."""
        if session.at < time.time() * 1000 - DAY_MS:
            self._sessions.pop(session.address, None)
            self._by_id.pop(session.id, None)

    async def _do(self, session: PracticeSession, act: PatronAct) -> None:
        progress = self._progress.get(session.id)
        if progress is None:
            return
        match act:
            case Types():
                if self.capabilities.typing and progress.sent:
                    await self._ports.signals.tell(Signal(kind="typing", address=session.address))
            case Says():
                await self._say(session, progress, act.text)
            case Goes() if not act.content and session.manners == "text":
                await self._say(session, progress, codec.STOP)
                await self._leave(session, self._progress.get(session.id) or progress)
            case Goes():
                await self._leave(session, progress)

    async def _say(self, session: PracticeSession, progress: PracticeProgress, text: str) -> None:
        await self._ports.inlet.receive(codec.message(session, progress, text))
        stopped = session.manners == "text" and text.strip().upper() == codec.STOP
        now = msgspec.structs.replace(progress, sent=progress.sent + 1, stopped=progress.stopped or stopped)
        self._progress.put(session.id, now)

    async def _leave(self, session: PracticeSession, progress: PracticeProgress) -> None:
        if self.capabilities.live and progress.sent:
            await self._ports.inlet.sign(session.address, here=False)
        self._progress.put(session.id, msgspec.structs.replace(progress, over=not self.capabilities.threads))

    # -- sending

    async def send(self, delivery: Delivery) -> Outcome:
        """Let the patron hear a line. What isn't a librarian's line changes nothing for a scripted patron."""
        session = self._sessions.get(delivery.to)
        progress = self._progress.get(session.id) if session is not None else None
        if session is None or progress is None:
            return Sent(network_id=delivery.id)  # of a session that is long over
        if progress.stopped and delivery.kind != "mark":
            return Rejected("opted-out")
        if delivery.kind == "text":
            async with self._turn:
                self._hear(session, self._progress.get(session.id) or progress, delivery.text)
            self._changed.set()
            await self._confirm(delivery)
        return Sent(network_id=delivery.id)

    def _hear(self, session: PracticeSession, progress: PracticeProgress, text: str) -> None:
        patron = progress.patron
        if not progress.player and not progress.over:
            patron = script.heard(session.scenario, patron, text, self._now())
        else:
            patron = _as_heard(patron)
        self._progress.put(session.id, msgspec.structs.replace(progress, patron=patron, reply_to=text))

    async def _confirm(self, delivery: Delivery) -> None:
        if self.capabilities.receipts == "read":
            with suppress(Busy):  # a receipt may be missing: the answer was heard
                await self._ports.inlet.receipt(delivery.id, "read")

    async def forget(self, addresses: Collection[str]) -> None:
        """Delete what is kept about these patrons. Raises Busy."""
        async for session in self._of(addresses):
            self._sessions.pop(session.address, None)
            self._by_id.pop(session.id, None)
            await self._progress.forget([session.id])
            await self._ports.memory.drop(SESSIONS, [session.id])

    async def _of(self, addresses: Collection[str]) -> AsyncIterator[PracticeSession]:
        for row in await self._ports.memory.rows(SESSIONS):
            session = msgspec.json.decode(row.value, type=PracticeSession)
            if session.address in addresses:
                yield session


def _as_heard(patron: ScriptedPatron) -> ScriptedPatron:
    return msgspec.structs.replace(patron, lines=patron.lines + 1)


class PracticeText(PracticeWeb):
    """A patron who sends texts."""

    name: ClassVar[str] = "practice-text"
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=1_600,
        receipts="delivered",
        idempotent=True,
        segments=True,
        forget=True,
        label="Practice: texts",
        icon="phone",
        remembers=KINDS,
        practice=True,
    )

    async def _confirm(self, delivery: Delivery) -> None:
        with suppress(Busy):
            await self._ports.inlet.receipt(delivery.id, "delivered")


class PracticeMail(PracticeWeb):
    """A patron who sends mail."""

    name: ClassVar[str] = "practice-mail"
    capabilities: ClassVar[Capabilities] = Capabilities(
        receipts="sent",
        idempotent=True,
        threads=True,
        forget=True,
        label="Practice: mail",
        icon="mail",
        remembers=KINDS,
        practice=True,
    )


class PracticeMessenger(PracticeWeb):
    """A patron at an instant messenger."""

    name: ClassVar[str] = "practice-im"
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=MAX_TEXT,
        receipts="read",
        idempotent=True,
        live=True,
        marks=True,
        typing=True,
        forget=True,
        label="Practice: messenger",
        icon="messenger",
        remembers=KINDS,
        practice=True,
    )
