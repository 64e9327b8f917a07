"""One folder that is read for the desk: what is new is handed in, in order, once; only then it is marked.

The cursor of a folder is two fields, saved with the messages (so what is durable and how far we are never disagree):

    at:<folder>     "<UIDVALIDITY>:<UID>"            everything up to this UID has been handed in
    scan:<folder>   "<mode>:<UID>:<since, ms>"       how to choose among mails up to this UID, which were there before us

Mails above the scan's UID are all taken: UIDs only grow (RFC 9051 2.3.1.1), so an outage of any length is caught up. Below it the
mode decides: "unread", "all" or "new" when a folder is read for the first time; "again" when UIDVALIDITY changed and every UID
is another: then what came since we began and does not carry our keyword is handed in once more, and the inlet drops what it
has seen. Flags never decide about anything else, so nobody's reading hides a mail from the desk.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import structlog

from adapters.email.codec import MAX_MAIL
from adapters.email.config import EmailConfig
from adapters.email.imap import LinkLost, Mailbox
from adapters.email.intake import Arrival, Intake
from adapters.email.wire import Listed, Opened
from bridge.adapter import Inlet, TooLarge, Unavailable
from bridge.message import Message

BATCH = 40  # mails handed in side by side
BATCH_BYTES = 8 << 20
LISTED = 200  # mails listed at once
RETRIED = 200  # mails in quarantine that are tried again at a start
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

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

    def __init__(self, name: str, config: EmailConfig, box: Mailbox, inlet: Inlet, intake: Intake) -> None:
        self.name = name
        self._config = config
        self._box = box
        self._inlet = inlet
        self._intake = intake
        self._opened = Opened(0, 0, False)
        self._uid = 0
        self._scan = Scan("new", 0, 0)

    async def begin(self, cursor: Mapping[str, str]) -> None:
        """Open the folder and find the place. Raises Unavailable, Busy."""
        self._opened = opened = await self._box.select(self.name)
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
            for batch in _batches(await self._box.sizes(uids[start : start + LISTED])):
                await self._hand_in(await self._read(batch))
                self._uid = batch[-1].uid

    async def _read(self, batch: Sequence[Listed]) -> list[Arrival]:
        """Fetch and read mails; of one that is too large only the header is fetched."""
        whole = [one.uid for one in batch if one.size <= MAX_MAIL]
        raws = await self._box.bodies(whole) if whole else {}
        huge = [one.uid for one in batch if one.size > MAX_MAIL]
        heads = await self._box.bodies(huge, "HEADER") if huge else {}
        reading = [
            self._intake.read(one.uid, raws.get(one.uid) or heads[one.uid], one.arrived, whole=one.uid in raws)
            for one in batch
            if one.uid in raws or one.uid in heads
        ]
        return await _together(reading)

    # -- handing in

    async def _hand_in(self, arrivals: Sequence[Arrival]) -> None:
        """Make a batch durable, then mark it."""
        if not arrivals:
            return
        await _together([self._hand_in_one(arrival) for arrival in arrivals])
        await self._inlet.advance(self._cursor(arrivals[-1].uid))
        await self._mark(arrivals)

    async def _hand_in_one(self, arrival: Arrival) -> None:
        for failed in arrival.failed:
            await self._inlet.receipt(failed.delivery, "failed", reason=failed.reason, detail=failed.detail)
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
        except LinkLost:
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
        uids = (await self._box.search("KEYWORD", self._waits))[:RETRIED]
        for batch in _batches(await self._box.sizes(uids)) if uids else ():
            readable = [arrival for arrival in await self._read(batch) if not arrival.quarantined]
            for arrival in readable:
                await self._again(arrival)
            if readable:
                await self._box.flag([arrival.uid for arrival in readable], self._waits, off=True)

    async def _again(self, arrival: Arrival) -> None:
        for failed in arrival.failed:
            await self._inlet.receipt(failed.delivery, "failed", reason=failed.reason, detail=failed.detail)
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
