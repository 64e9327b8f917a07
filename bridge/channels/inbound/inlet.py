"""An adapter's door in: check, gather, make durable, then say yes.

Group commit: all adapters of one store share one `ingest` in flight, and the next batch gathers meanwhile. So a thousand patrons
cost a few calls. What a failed call carried is answered Busy, to exactly those whose it was;
they come again, and the seen-window drops what had been written all the same.

A message dated outside the seen-window (7 days) may have been seen and forgotten: the archive is asked for its id first.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import structlog

from bridge.channels.inbound.cursors import CursorLedger
from bridge.channels.inbound.replay_gate import ReplayGate
from bridge.channels.inbound.validate import clean, fit, fit_rating, fit_wish
from bridge.contract.adapter import Busy, Capabilities, MessageIntake, TooLarge, Undeclared
from bridge.contract.message import (
    Action,
    CallAnswer,
    ChannelStatus,
    Message,
    PatronSign,
    Presence,
    Rating,
    Recall,
    Receipt,
    Stage,
    TranscriptWish,
    derive,
    key_of,
)
from bridge.redis.store import StoreError
from bridge.runtime.metrics import CountFamily
from routing.wire import encode, source_key

if TYPE_CHECKING:
    from bridge.log.traces import MessageTraces
    from bridge.redis.store import Store
    from routing.events import Input

MAX_INPUT = 512 * 1024  # bytes of one input as it is written
SEEN_S = 6 * 86_400  # the window is 7 days; a day's margin for clocks that disagree
MAX_BATCH = 256
MAX_COPY = 320  # characters of the address of a further recipient
MAX_NAME = 100  # characters of the name of a person at a partner's desk

MESSAGES = CountFamily(
    "deskbridge_messages", "Patrons' messages by channel and what became of them", ["channel", "outcome"]
)

log = structlog.get_logger("bridge.channels.inbound.inlet")


class _Share(msgspec.Struct, frozen=True, gc=False):
    """What one caller adds to a batch; `id` is the message that is made durable with it."""

    items: list[tuple[str, bytes]]
    answer: asyncio.Future[Sequence[bool]]
    channel: str
    id: str
    cursor: Mapping[str, str] | None
    ledger: CursorLedger | None


class IngestBatcher:
    """The one way into a store's `in` stream: everybody's inputs, in the order they were added, in as few calls as possible."""

    def __init__(self, store: Store, *, most: int = MAX_BATCH) -> None:
        self._store = store
        self._most = most
        self.traces: MessageTraces | None = None  # where messages are traced
        self._waiting: deque[_Share] = deque()
        self._pouring: asyncio.Task[None] | None = None

    async def ingest(self, inputs: Sequence[Input]) -> Sequence[bool]:
        """Return once all `inputs` are durable: True where new, False where seen before. Raises Busy."""
        return await self.add([(source_key(each), encode(each)) for each in inputs])

    async def ingest_action(self, action: Action) -> bool:
        """Hand in a librarian's action: True when new, False when its key was used before. Raises Busy."""
        began = time.time_ns()
        new = (await self.add([(key_of(action.id), encode(action))]))[0]
        if self.traces is not None and new:
            self.traces.answered(action, began)
        return new

    def add(
        self,
        items: list[tuple[str, bytes]],
        *,
        channel: str = "",
        id: str = "",
        cursor: Mapping[str, str] | None = None,
        ledger: CursorLedger | None = None,
    ) -> asyncio.Future[Sequence[bool]]:
        """Take a place in the next batch now; the future answers when it is durable, or with Busy."""
        answer: asyncio.Future[Sequence[bool]] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Share(items, answer, channel, id, cursor, ledger))
        if self._pouring is None:
            self._pouring = asyncio.create_task(self._pour(), name="inlet")
        return answer

    async def close(self) -> None:
        """Wait for what is in flight; what comes later starts again."""
        if self._pouring is not None:
            await asyncio.wait([self._pouring])

    async def _pour(self) -> None:
        try:
            while self._waiting:
                await self._batch(self._take())
        finally:
            self._pouring = None
            for share in self._waiting:
                share.answer.cancel()
            self._waiting.clear()

    def _take(self) -> list[_Share]:
        batch = [self._waiting.popleft()]
        size = len(batch[0].items)
        while self._waiting and size + len(self._waiting[0].items) <= self._most:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].items)
        return batch

    async def _batch(self, batch: list[_Share]) -> None:
        items = [item for share in batch for item in share.items]
        ledgers = _cursors(batch)
        cursors = {channel: saved for channel, _, saved in ledgers.values() if saved}
        try:
            new = await self._store.ingest(items, cursors) if items or cursors else []
        except StoreError as error:
            _refuse(batch, error)
        except asyncio.CancelledError:
            for share in batch:
                share.answer.cancel()
            raise
        except Exception as error:
            log.exception("ingest failed", inputs=len(items))
            _refuse(batch, error)
        else:
            for ledger, (_, ids, saved) in ledgers.items():
                ledger.durable(ids, saved)
            _answer(batch, new)


def _cursors(batch: Sequence[_Share]) -> dict[CursorLedger, tuple[str, set[str], dict[str, str]]]:
    """Return for each ledger of a batch: its channel, the messages in the batch, and the cursor fields that may be saved."""
    found: dict[CursorLedger, tuple[str, set[str]]] = {}
    for share in batch:
        if (ledger := share.ledger) is not None:
            known = found.setdefault(ledger, (share.channel, set()))
            if share.id:
                known[1].add(share.id)
            if share.cursor:
                ledger.held.update(share.cursor)
    return {ledger: (channel, ids, ledger.saving(ids)) for ledger, (channel, ids) in found.items()}


def _answer(batch: Sequence[_Share], new: Sequence[bool]) -> None:
    at = 0
    for share in batch:
        end = at + len(share.items)
        if not share.answer.done():
            share.answer.set_result(_ONE[new[at]] if end == at + 1 else new[at:end])
        at = end


_ONE = ((False,), (True,))


def _refuse(batch: Sequence[_Share], error: Exception) -> None:
    for share in batch:
        if not share.answer.done():
            busy = Busy(f"nothing can be taken in now ({type(error).__name__})")
            busy.__cause__ = error
            share.answer.set_exception(busy)


class StoreInlet:
    """`bridge.contract.adapter.Inlet` of one channel, over an IngestBatcher.

    `find` asks the archive for a message id and answers a conversation id or "". `on_up` is called when a session is connected.
    """

    def __init__(
        self,
        gathering: IngestBatcher,
        status: ChannelStatus,
        capabilities: Capabilities,
        *,
        read_cursor: Callable[[str], Awaitable[dict[str, str]]],
        find: Callable[[Sequence[str]], Awaitable[str]] | None = None,
        on_up: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.channel = status.channel
        self.on_up = on_up
        self.said: tuple[bool, str] | None = None  # what the core knows of the channel from us; None = nobody can tell
        self._gathering = gathering
        self._status = status
        self._capabilities = capabilities
        self._read_cursor = read_cursor
        self._find = find
        self._now = now
        self._ledger = CursorLedger()
        self._counted = {outcome: MESSAGES.labels(self.channel, outcome) for outcome in ("new", "duplicate", "busy")}
        self._order = asyncio.Lock()
        self._entering = 0  # callers that hold the lock or wait for it
        self._gate = ReplayGate()
        self.missed: MessageIntake = _ReplayIntake(self)  # what the adapter's replay hands its messages to

    # -- what the adapter calls

    async def receive(self, message: Message, cursor: Mapping[str, str] | None = None) -> bool:
        """See `bridge.contract.adapter.Inlet`."""
        return await self.take_in(message, cursor, replayed=False)

    async def take_in(self, message: Message, cursor: Mapping[str, str] | None, *, replayed: bool) -> bool:
        """Return once `message` is durable: True when it is new. A live one waits while a replay runs."""
        began = time.time_ns()
        message = fit(message, self.channel)
        payload = encode(message)
        if len(payload) > MAX_INPUT:
            raise TooLarge(MAX_INPUT)
        if self._gate.closed and not replayed:
            await self._gate.turn()
        try:
            if (doubtful := self._doubtful(message, replayed)) or self._entering:
                answer = await self._enter(message, payload, cursor, doubtful=doubtful)
            else:
                answer = self._place(message, payload, cursor, self._ledger)
            placed = time.time_ns()
            new = any(await answer)
        except Busy:
            self._counted["busy"].value += 1
            raise
        self._counted["new" if new else "duplicate"].value += 1
        if self._gathering.traces is not None and new:
            self._gathering.traces.received(message.id, self._status.kind, began, placed)
        return new

    async def advance(self, cursor: Mapping[str, str]) -> None:
        """See `bridge.contract.adapter.Inlet`. A live one is held like a live message: it too speaks for everything before it."""
        await self.move(cursor, replayed=False)

    async def move(self, cursor: Mapping[str, str], *, replayed: bool) -> None:
        """Return once cursor fields are saved. A live call waits while a replay runs."""
        if self._gate.closed and not replayed:
            await self._gate.turn()
        async with self._order:
            answer = self._gathering.add([], channel=self.channel, cursor=cursor, ledger=self._ledger)
        await answer

    async def receipt(
        self,
        delivery: str,
        stage: Stage,
        *,
        reason: str = "",
        detail: str = "",
        network_id: str = "",
        copy: str = "",
    ) -> None:
        """See `bridge.contract.adapter.Inlet`. Of a text sent in parts, the last part speaks for all, and any one can fail it."""
        self._may_report(stage)
        if copy and not (self._capabilities.cc and stage == "failed"):
            raise Undeclared(f"{self.channel}: reports on a copy, which it does not carry or which did not fail")
        whole, _, part = delivery.partition(".")
        number, _, parts = part.partition(".")
        if part and number != parts and stage != "failed":
            return
        receipt = Receipt(
            delivery=whole,
            stage=stage,
            reason=reason,
            detail=clean(detail)[:500],
            network_id=clean(network_id),
            partial=bool(part) and stage == "failed",
            copy=clean(copy)[:MAX_COPY],
        )
        await self._gathering.ingest([receipt])

    async def act(self, action: Action) -> None:
        """See `bridge.contract.adapter.Inlet`."""
        self._may_staff()
        name = clean(action.name)[:MAX_NAME] if self._capabilities.partners else ""
        action, began = msgspec.structs.replace(action, via=self.channel, name=name), time.time_ns()
        (new,) = await self._gathering.ingest([action])
        if self._gathering.traces is not None and new:
            self._gathering.traces.answered(action, began)

    async def presence(self, presence: Presence) -> None:
        """See `bridge.contract.adapter.Inlet`."""
        self._may_staff()
        await self._gathering.ingest([presence])

    async def sign(self, sender: str, *, here: bool, ended: bool = False) -> None:
        """See `bridge.contract.adapter.Inlet`."""
        await self._gathering.ingest([PatronSign(channel=self.channel, sender=sender, here=here, ended=ended)])

    async def rate(self, rating: Rating) -> bool:
        """See `bridge.contract.adapter.Inlet`."""
        if not self._capabilities.ratings:
            raise Undeclared(f"{self.channel}: hands in a rating but does not declare ratings")
        return (await self._gathering.ingest([fit_rating(rating, self.channel)]))[0]

    async def mail_transcript(self, request: TranscriptWish) -> bool:
        """See `bridge.contract.adapter.Inlet`."""
        if not self._capabilities.takeaway:
            raise Undeclared(f"{self.channel}: hands in a request for a transcript but does not declare takeaway")
        return (await self._gathering.ingest([fit_wish(request, self.channel)]))[0]

    async def refuse_call(self, sender: str, offer: str) -> None:
        """See `bridge.contract.adapter.Inlet`."""
        if not self._capabilities.calls:
            raise Undeclared(f"{self.channel}: refuses a call but does not declare calls")
        id = derive("refusal", self.channel, sender, offer)
        refusal = CallAnswer(id=id, answer="refuse", line=offer[:100], channel=self.channel, sender=sender)
        await self._gathering.ingest([refusal])

    async def recall(self, recall: Recall) -> None:
        """See `bridge.contract.adapter.Inlet`."""
        if not self._capabilities.partners:
            raise Undeclared(f"{self.channel}: recalls a conversation but does not declare partners")
        await self._gathering.ingest([msgspec.structs.replace(recall, channel=self.channel)])

    async def up(self) -> None:
        """See `bridge.contract.adapter.Inlet`. Where there is a replay, live messages are held until `release`."""
        if self._capabilities.replay:
            self._gate.close()
        await self.say(up=True)
        self.on_up()

    async def cursor(self) -> dict[str, str]:
        """See `bridge.contract.adapter.Inlet`. Raises Busy when the store is away."""
        try:
            return await self._read_cursor(self.channel)
        except StoreError as error:
            raise Busy(f"the cursor cannot be read now ({type(error).__name__})") from error

    # -- what the supervisor calls

    async def say(self, *, up: bool, reason: str = "") -> None:
        """Tell the core whether the channel works. Raises Busy; whether a word that broke off was heard, nobody knows."""
        self.said = None
        await self._gathering.ingest([msgspec.structs.replace(self._status, up=up, reason=reason)])
        self.said = (up, reason)

    def hold(self) -> None:
        """Sessions begin here. Where there is a replay, live messages wait for what came while no session was connected."""
        if self._capabilities.replay:
            self._gate.close()

    def release(self) -> None:
        """Let live messages in, in the order they came: the replay has handed in all that was missed."""
        self._gate.let_in()

    def refuse(self) -> None:
        """Answer live messages Busy until the session has ended: the replay broke off, and what was missed is still owed."""
        self._gate.refuse()

    def ended(self) -> None:
        """Forget what this session owed: the next one asks its network again from the cursor that was saved. Who still waits
        for the replay is answered Busy; where it did not come to its end, so is who comes before the next one."""
        self._ledger = CursorLedger()
        self._gate.leave()

    # -- inside

    async def _enter(
        self, message: Message, payload: bytes, cursor: Mapping[str, str] | None, *, doubtful: bool
    ) -> asyncio.Future[Sequence[bool]]:
        """Take the message's place in the next batch; who asks the archive keeps later ones waiting, so none overtakes."""
        ledger = self._ledger
        self._entering += 1
        try:
            async with self._order:
                ledger.open(message.id)
                if doubtful and await self._known(message):
                    return self._gathering.add([], channel=self.channel, id=message.id, cursor=cursor, ledger=ledger)
                return self._place(message, payload, cursor, ledger)
        finally:
            self._entering -= 1

    def _place(
        self, message: Message, payload: bytes, cursor: Mapping[str, str] | None, ledger: CursorLedger
    ) -> asyncio.Future[Sequence[bool]]:
        ledger.open(message.id)
        items = [(message.id, payload)]
        return self._gathering.add(items, channel=self.channel, id=message.id, cursor=cursor, ledger=ledger)

    def _doubtful(self, message: Message, replayed: bool) -> bool:
        """Whether a message may be too old for the seen-window to know it."""
        if self._find is None:
            return False
        if message.sent_at:
            return message.sent_at < (self._now() - SEEN_S) * 1000
        return replayed

    async def _known(self, message: Message) -> bool:
        """Whether the archive has a message that is too old for the seen-window to know."""
        assert self._find is not None
        try:
            return bool(await self._find([message.id]))
        except Exception as error:
            raise Busy("the archive cannot be asked now") from error

    def _may_report(self, stage: Stage) -> None:
        order = ("none", "sent", "delivered", "read", "failed")
        declared = self._capabilities.receipts
        if stage == "uncertain" or (stage != "failed" and order.index(stage) > order.index(declared)):
            raise Undeclared(f"{self.channel}: reports {stage!r} but declares receipts={declared!r}")

    def _may_staff(self) -> None:
        if not self._capabilities.staff:
            raise Undeclared(f"{self.channel}: acts for librarians but does not declare staff")


class _ReplayIntake:
    """The way in for what a replay finds: it does not wait for the replay."""

    def __init__(self, inlet: StoreInlet) -> None:
        self._inlet = inlet

    async def receive(self, message: Message, cursor: Mapping[str, str] | None = None) -> bool:
        """See `bridge.contract.adapter.MessageIntake`."""
        return await self._inlet.take_in(message, cursor, replayed=True)

    async def advance(self, cursor: Mapping[str, str]) -> None:
        """See `bridge.contract.adapter.MessageIntake`."""
        await self._inlet.move(cursor, replayed=True)
