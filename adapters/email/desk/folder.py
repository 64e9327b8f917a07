"""One folder that is read for the desk: what is new is handed in, in order, once; only then it is marked.

The cursor of a folder is two fields, saved with the messages (so what is durable and how far we are never disagree):

    at:<folder>     "<UIDVALIDITY>:<UID>"            everything up to this UID has been handed in
    scan:<folder>   "<mode>:<UID>:<since, ms>"       how to choose among mails up to this UID, which were there before us

Mails above the scan's UID are all taken. UIDs only grow (RFC 9051 2.3.1.1), so an outage of any length is caught up. Below it the
mode decides: "unread", "all" or "new" when a folder is read for the first time; "again" when UIDVALIDITY changed and every UID
is another. Then mails that came since we began and do not carry our keyword are handed in once more. The inlet drops what it
has seen. Flags never decide about anything else, so nobody's reading hides a mail from the desk.

No mail holds up those behind it. Where the server refuses a batch, says nothing to it or closes the connection, the batch is halved
until the mail is found; that one is tried a few times and then passed over visibly, as a message in quarantine. It stays in the
mailbox and is tried again at each start. Where mail after mail is refused, the server is away and the session ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog

from adapters.email.codec import MAX_MAIL
from adapters.email.config import EmailConfig
from adapters.email.desk.intake import Arrival, FailedDelivery, Intake
from adapters.email.desk.suspects import Suspects
from adapters.email.desk.twins import MailIdentity, Twins
from adapters.email.network.imap import CommandRefused, ImapLinkLost, Mailbox
from adapters.email.network.wire import Listed, OpenedFolder, sequence_set
from bridge.contract.adapter import Inlet, Throttled, TooLarge, Unavailable
from bridge.contract.message import Message

BATCH = 40  # mails handed in side by side
BATCH_BYTES = 8 << 20
LISTED = 200  # mails listed at once
RETRIED = 200  # mails in quarantine that are tried again at a start
TRIES = 3  # of a mail that the server does not give out
PASSED = 5  # mails passed over one after the other; then the server is at fault
AROUND, PROBES = 50, 6  # where and how many other mails are asked for before one is to blame
BUGS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Reopen = Callable[[Mailbox], Awaitable[Mailbox]]  # a fresh connection in the place of one

log = structlog.get_logger("adapters.email")


class Scan(msgspec.Struct, frozen=True):
    """How mails are chosen that were there before us; see the module."""

    mode: str
    bound: int
    since: int

    def criteria(self, keyword: str, keywords: bool) -> tuple[str, ...]:
        """Return what an old mail must meet."""
        match self.mode:
            case "unread":
                return ("UNSEEN",)
            case "all":
                return ("ALL",)
            case "again":
                day = datetime.fromtimestamp(self.since / 1000, UTC) - timedelta(days=1)
                since = ("SINCE", f"{day.day}-{MONTHS[day.month - 1]}-{day.year}")
                return (*since, "UNKEYWORD", keyword) if keywords else since
            case _:
                return ()


class Folder:
    """A folder, read over a connection of its own."""

    def __init__(
        self,
        name: str,
        config: EmailConfig,
        box: Mailbox,
        inlet: Inlet,
        intake: Intake,
        *,
        twins: Twins,
        suspects: Suspects,
        reopen: Reopen,
    ) -> None:
        self.name = name
        self._twins = twins
        self._reopen = reopen
        self._suspects = suspects
        self._passed = 0
        self._config = config
        self._box = box
        self._inlet = inlet
        self._intake = intake
        self._opened = OpenedFolder(0, 0, False)
        self._uid = 0
        self._scan = Scan("new", 0, 0)

    async def begin(self, cursor: Mapping[str, str]) -> None:
        """Open the folder and find the place. Raises Unavailable, Busy."""
        self._opened = opened = await self._box.select(self.name)
        self._suspects.of(opened.validity)
        validity, self._uid = _position(cursor.get(f"at:{self.name}", ""))
        self._scan = _scan(cursor.get(f"scan:{self.name}", ""))
        if validity == opened.validity:
            return
        first = not validity
        bound = opened.next - 1 if opened.next else max(await self._box.search("ALL"), default=0)
        since = int(time.time() * 1000) if first else self._scan.since
        self._uid, self._scan = 0, Scan(self._config.first if first else "again", bound, since)
        log.info("a folder is read from its beginning", folder=self.name, mode=self._scan.mode)
        await self._inlet.advance(self._cursor(0) | {f"scan:{self.name}": f"{self._scan.mode}:{bound}:{since}"})

    async def run(self) -> None:
        """Hand in what is there and what comes, until the connection ends. Raises Unavailable, Busy."""
        await self._retry()
        while True:
            await self._catch_up()
            await self._box.wait(self._config.beat_s)

    def _cursor(self, uid: int) -> dict[str, str]:
        return {f"at:{self.name}": f"{self._opened.validity}:{uid}"}

    # -- choosing

    async def _catch_up(self) -> None:
        if self._uid < self._scan.bound:
            criteria = self._scan.criteria(self._config.keyword, self._opened.keywords)
            old = await self._box.search("UID", f"{self._uid + 1}:{self._scan.bound}", *criteria) if criteria else []
            await self._take([uid for uid in old if uid <= self._scan.bound])
            self._uid = self._scan.bound
            await self._inlet.advance(self._cursor(self._uid))
        found = await self._box.search("UID", f"{self._uid + 1}:*")
        await self._take([uid for uid in found if uid > self._uid])

    async def _take(self, uids: Sequence[int]) -> None:
        for start in range(0, len(uids), LISTED):
            for batch in _batches(await self._listed(uids[start : start + LISTED])):
                await self._take_batch(batch)

    async def _take_batch(self, batch: Sequence[Listed]) -> None:
        """Hand in a batch; where the server does not give out one of its mails, halve it until that one is found."""
        parts = self._suspects.parts(batch)
        if len(parts) == 1:
            try:
                arrivals = await self._read(batch)
            except (CommandRefused, ImapLinkLost) as error:
                self._suspects.failed(batch)
                if len(batch) == 1:
                    await self._stubborn(batch[0], error)
                    return
                await self._go_on(error)
                parts = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
            else:
                self._suspects.passed(batch)
                await self._hand_in(arrivals)
                self._uid = batch[-1].uid
                return
        for part in parts:
            await self._take_batch(part)

    async def _listed(self, uids: Sequence[int]) -> list[Listed]:
        """Return how the server lists mails; one that it cannot list, and has, is listed with size 0."""
        try:
            found = await self._box.sizes(uids)
        except (CommandRefused, ImapLinkLost) as error:
            await self._go_on(error)
            if len(uids) == 1:
                return [Listed(uids[0], 0, 0)]
            middle = len(uids) // 2
            return [*await self._listed(uids[:middle]), *await self._listed(uids[middle:])]
        missing = sorted(set(uids) - {one.uid for one in found})
        there = await self._box.search("UID", sequence_set(missing)) if missing else []
        return sorted([*found, *(Listed(uid, 0, 0) for uid in there if uid in missing)], key=lambda one: one.uid)

    async def _read(self, batch: Sequence[Listed]) -> list[Arrival]:
        """Fetch and read mails. Raises CommandRefused, ImapLinkLost."""
        raws = await self._fetch(batch)
        gone = await self._expunged([one.uid for one in batch if one.uid not in raws])
        self._passed = 0 if any(raws.values()) else self._passed
        arrivals: list[Arrival] = await _together([self._arrival(one, raws) for one in batch if one.uid not in gone])
        return arrivals

    async def _fetch(self, batch: Sequence[Listed]) -> dict[int, bytes]:
        """Return mails by UID; of one that is too large only the header is fetched."""
        whole = [one.uid for one in batch if one.size <= MAX_MAIL]
        huge = [one.uid for one in batch if one.size > MAX_MAIL]
        raws = await self._box.bodies(whole) if whole else {}
        return raws | (await self._box.bodies(huge, "HEADER") if huge else {})

    async def _arrival(self, one: Listed, raws: Mapping[int, bytes]) -> Arrival:
        raw = raws.get(one.uid, b"")
        if not raw:
            return self._unfetched(one, "it is empty" if not one.size else "the server gives nothing")
        try:
            return await self._intake.read(one.uid, raw, one.arrived, whole=one.size <= MAX_MAIL)
        except BUGS as error:  # a bug of ours must not hold up the mails behind it
            log.error("a mail could not be read", folder=self.name, uid=one.uid, error=type(error).__name__)
            return await self._intake.unreadable(one.uid, raw, one.arrived, type(error).__name__)

    async def _stubborn(self, one: Listed, error: CommandRefused | ImapLinkLost) -> None:
        """Try one mail again, a few times in all; then pass over it, even where the server lets us in no more for now."""
        if isinstance(error, CommandRefused) and not await self._serves_others(one.uid):
            raise Throttled(f"the server gives out no mail of folder {self.name!r} now: {error}")
        if self._suspects.refused(one.uid) < TRIES:
            await self._go_on(error)
            await self._take_batch([one])
            return
        self._passed += 1
        if self._passed > PASSED:
            raise Unavailable(f"the server gives out no mail of folder {self.name!r}: {error}")
        arrival = self._unfetched(one, str(error))
        await self._keep([arrival])
        self._suspects.passed([one])
        self._suspects.retried.add(one.uid)
        self._uid = one.uid
        await self._go_on(error)
        await self._mark([arrival])

    async def _serves_others(self, uid: int) -> bool:
        """Whether the server gives out mails around this one; where there are none, it is not to blame."""
        around = await self._box.search("UID", f"{max(1, uid - AROUND)}:{uid + AROUND}")
        others = [other for other in around if other != uid and not self._suspects.tries[other]]
        for other in sorted(others, key=lambda each: abs(each - uid))[:PROBES]:
            with suppress(CommandRefused):
                if (await self._box.bodies([other], "HEADER")).get(other):
                    return True
        return not others

    def _unfetched(self, one: Listed, why: str) -> Arrival:
        log.error("a mail was passed over", folder=self.name, uid=one.uid, why=why)
        place = f"{self.name}\x1f{self._opened.validity}\x1f{one.uid}"
        return self._intake.unfetched(one.uid, place, one.arrived, why[:200])

    async def _expunged(self, uids: Sequence[int]) -> set[int]:
        """Return which mails are gone from the folder."""
        return set(uids) - set(await self._box.search("UID", sequence_set(uids))) if uids else set()

    async def _go_on(self, error: Unavailable) -> None:
        """Connect again where the connection is lost. Raises Unavailable when that cannot be, or the folder is another."""
        if not isinstance(error, ImapLinkLost):
            return
        self._box = await self._reopen(self._box)
        if (await self._box.select(self.name)).validity != self._opened.validity:
            raise error

    # -- handing in

    async def _hand_in(self, arrivals: Sequence[Arrival]) -> None:
        """Make a batch durable, then mark it."""
        if arrivals:
            await self._keep(arrivals)
            await self._mark(arrivals)

    async def _keep(self, arrivals: Sequence[Arrival]) -> None:
        await _together([self._hand_in_one(arrival) for arrival in await self._counted(arrivals)])
        await self._inlet.advance(self._cursor(arrivals[-1].uid))

    async def _counted(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Return mails with the ids by which they count. Raises Busy."""
        counting = [one for one in arrivals if one.message and one.message.source and not one.quarantined]
        mails = [
            MailIdentity(one.message.sender, one.message.source, one.words)
            for one in counting
            if one.message is not None
        ]
        sources = dict(zip(map(id, counting), await self._twins.sources(mails), strict=True))

        def named(one: Arrival) -> Arrival:
            if one.message is None or id(one) not in sources:
                return one
            message = msgspec.structs.replace(one.message, source=sources[id(one)])
            return msgspec.structs.replace(one, message=message)

        return [named(one) for one in arrivals]

    async def _hand_in_one(self, arrival: Arrival) -> None:
        for failed in arrival.failed:
            await self._tell(failed)
        if arrival.message is None:
            log.info("a mail was not handed in", folder=self.name, uid=arrival.uid, why=arrival.verdict)
            return
        await self._receive(arrival.uid, arrival.message)

    async def _receive(self, uid: int, message: Message) -> None:
        try:
            await self._inlet.receive(message, self._cursor(uid))
        except (TooLarge, ValueError) as error:
            log.error("a mail cannot be taken in", folder=self.name, uid=uid, error=type(error).__name__)
            await self._inlet.receive(_stripped(message, type(error).__name__), self._cursor(uid))

    async def _mark(self, arrivals: Sequence[Arrival]) -> None:
        """Mark what is durable; a mailbox that takes no marks is served all the same."""
        uids = [arrival.uid for arrival in arrivals]
        waiting = [arrival.uid for arrival in arrivals if arrival.quarantined]
        try:
            if self._opened.keywords:
                await self._box.flag(uids, self._config.keyword)
                if waiting:
                    await self._box.flag(waiting, self._waits)
            if self._config.mark_seen:
                await self._box.flag(uids, r"\Seen")
            if self._config.move_to:
                await self._box.move([uid for uid in uids if uid not in waiting], self._config.move_to)
        except ImapLinkLost:
            raise
        except Unavailable as error:
            log.warning("mails could not be marked", folder=self.name, why=str(error))

    # -- quarantine

    @property
    def _waits(self) -> str:
        return f"{self._config.keyword}Quarantine"

    async def _retry(self) -> None:
        """Try again what could not be read: after an upgrade it may be readable, and then comes in as itself."""
        if not self._opened.keywords:
            return
        waiting = await self._box.search("KEYWORD", self._waits)
        uids = [uid for uid in waiting if uid not in self._suspects.retried][:RETRIED]
        self._suspects.retried.update(
            uids
        )  # once a process: a mail that ends the session must not end the next one too
        for batch in _batches(await self._listed(uids)) if uids else ():
            readable = [arrival for arrival in await self._read_again(batch) if not arrival.quarantined]
            for arrival in await self._counted(readable):
                await self._again(arrival)
            if readable:
                await self._box.flag([arrival.uid for arrival in readable], self._waits, off=True)

    async def _read_again(self, batch: Sequence[Listed]) -> list[Arrival]:
        """Read what waits; a mail that the server still does not give out is left waiting."""
        try:
            return await self._read(batch)
        except (CommandRefused, ImapLinkLost) as error:
            await self._go_on(error)
            middle = len(batch) // 2
            return [*await self._read_again(batch[:middle]), *await self._read_again(batch[middle:])] if middle else []

    async def _tell(self, failed: FailedDelivery) -> None:
        await self._inlet.receipt(
            failed.delivery, "failed", reason=failed.reason, detail=failed.detail, copy=failed.copy
        )

    async def _again(self, arrival: Arrival) -> None:
        for failed in arrival.failed:
            await self._tell(failed)
        if arrival.message is not None:
            with suppress(TooLarge, ValueError):
                await self._inlet.receive(arrival.message)


async def _together(doing: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """Run coroutines that begin in this order; the first failure ends all and is raised."""
    tasks = [asyncio.create_task(each) for each in doing]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION) if tasks else None
        return [task.result() for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


def _batches(listed: Sequence[Listed]) -> list[list[Listed]]:
    """Cut a list where it becomes too many or too large; a huge mail is alone."""
    found: list[list[Listed]] = []
    size = 0
    for one in listed:
        if not found or len(found[-1]) >= BATCH or size + one.size > BATCH_BYTES:
            found.append([])
            size = 0
        found[-1].append(one)
        size += one.size
    return found


def _stripped(message: Message, why: str) -> Message:
    """Return what the desk can take of a mail that it cannot take as it is."""
    text = f"This mail could not be taken in ({why}). It is kept as it came."
    return msgspec.structs.replace(
        message,
        source=f"quarantine.{message.original[:40]}",
        sender=f"unreadable-{message.original[:12]}@deskbridge.invalid",
        text=text,
        html="",
        attachments=(),
        reply="",
        name="",
        subject=message.subject[:200],
        thread="",
        marks=("quarantined",),
    )


def _position(text: str) -> tuple[int, int]:
    validity, _, uid = text.partition(":")
    return (int(validity), int(uid)) if validity.isdigit() and uid.isdigit() else (0, 0)


def _scan(text: str) -> Scan:
    mode, _, rest = text.partition(":")
    bound, _, since = rest.partition(":")
    return Scan(mode, int(bound), int(since)) if bound.isdigit() and since.isdigit() else Scan("new", 0, 0)
