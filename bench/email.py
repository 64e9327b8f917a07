"""(h) Mail: how long from the server's acceptance to the inbox, a mailbox that filled while the daemon was down, and what
mails that take the parser seconds cost everybody else.

A real Exim takes each mail and a real Dovecot stores it; Dovecot tells IDLE of new mail half a second later, which is its own
and in the figure. For the catch-up, mails wait in the mailbox before the daemon starts, and Dovecot is killed and started again
midway: the figure counts only when every mail came in, once, in order.
"""

from __future__ import annotations

import asyncio
import smtplib
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import TypeVar

import msgspec
import uvloop

from bench.figures import QUICK, Sheet, most, say
from bench.house import LOOP, Site, quiet, site, until
from bridge.app.config import ChannelConfig
from bridge.log.follower import Position
from routing.events import Received
from tests.peers.certificate import Certificate
from tests.peers.daemon import Daemon
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.exim import Exim

MAILBOX = "ask@localhost"
T = TypeVar("T", bound=Daemon)
WAITING = 1_000 if QUICK else 10_000
SENDERS = 500
TIMED = 20 if QUICK else 60
SLOW = 10
TURNS = 1 if QUICK else 3
SLOW_LINES = 4_000
TALKS = 50
CALM_S = 5.0 if QUICK else 15.0
MAIL = (
    "From: Patron {sender} <patron{sender}@localhost>\r\nTo: {mailbox}\r\nSubject: Question {number}\r\n"
    "Message-ID: <bench.{number}@localhost>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n\r\nQuestion {number}: how do I renew a book that somebody asked for?\r\n\r\n"
    "On Mon, 16 Nov 2026 at 10:15, Ask us <{mailbox}> wrote:\r\n> You can renew it twice.\r\n"
)


class Missing(Exception):
    """A server is not here; the text says which."""


class CatchUp(msgspec.Struct, frozen=True):
    """What `email_catch_up` found: mails a second, from the daemon's start to the last one in the log."""

    mails: int
    seconds: float

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.mails / self.seconds


def mail(number: int) -> bytes:
    """Return the mail of that number."""
    return MAIL.format(number=number, sender=number % SENDERS, mailbox=MAILBOX).encode()


def channel(dovecot: Dovecot, exim: Exim, certificate: Certificate) -> ChannelConfig:
    """Return the channel of the mailbox."""
    settings = {
        "address": MAILBOX, "password": PASSWORD, "imap_host": "127.0.0.1", "imap_port": dovecot.imaps,
        "smtp_host": "127.0.0.1", "smtp_port": exim.port, "smtp_security": "starttls", "ca": certificate.ca.read_text(),
        "beat_s": 5.0, "patience_s": 10.0,
    }  # fmt: skip
    return ChannelConfig(name="mail", kind="email", queue="north/ask", settings=settings)


class Arrivals:
    """The patrons' messages in a house's log, in its order."""

    def __init__(self, found: Site) -> None:
        self.subjects: list[str] = []
        self._follower = found.desk.follower
        self._task = asyncio.create_task(self._follow(self._follower.last))

    async def _follow(self, position: Position) -> None:
        while True:
            for entry in await self._follower.since(position):
                position = entry.position
                events = [event for step in entry.steps for event in step.events]
                self.subjects += [event.message.subject for event in events if isinstance(event, Received)]

    async def of(self, number: int) -> None:
        """Wait until the mail of that number is in."""
        await until(lambda: f"Question {number}" in self.subjects, 60)

    async def close(self) -> None:
        """Stop looking."""
        self._task.cancel()
        await asyncio.wait([self._task])


async def email_catch_up(folder: Path, count: int = WAITING) -> CatchUp:
    """Fill a mailbox while the daemon is down, start it, kill IMAP midway; return how fast all came in.

    Raises AssertionError when a mail is missing, came twice or out of order; Missing without the servers.
    """
    certificate = Certificate(folder)
    with _peer(Dovecot(certificate)) as dovecot, _peer(Exim(dovecot.lmtp, {MAILBOX: PASSWORD}, certificate)) as exim:
        mailbox = channel(dovecot, exim, certificate)
        async with site(folder / "house", channels=(mailbox,)):
            pass  # the mailbox is known from now on
        mails = [mail(number) for number in range(count)]
        say(f"filling a mailbox with {count} mails")
        await asyncio.to_thread(dovecot.deliver, MAILBOX, *mails)
        began = time.perf_counter()
        async with site(folder / "house", channels=(mailbox,)) as found:
            arrivals = Arrivals(found)
            await until(lambda: len(arrivals.subjects) >= count // 2, 600)
            await asyncio.to_thread(dovecot.stop, kill=True)
            await asyncio.to_thread(dovecot.start)
            await until(lambda: len(arrivals.subjects) >= count, 600)
            seconds = time.perf_counter() - began
            await asyncio.to_thread(dovecot.deliver, MAILBOX, mail(count))
            await until(lambda: len(arrivals.subjects) > count, 60)
            await arrivals.close()
    assert arrivals.subjects == [f"Question {number}" for number in range(count + 1)]
    return CatchUp(count, seconds)


async def email_latency(folder: Path, count: int = TIMED) -> list[float]:
    """Return the seconds from Exim's acceptance to the log, mail by mail."""
    certificate = Certificate(folder)
    found: list[float] = []
    with _peer(Dovecot(certificate)) as dovecot, _peer(Exim(dovecot.lmtp, {MAILBOX: PASSWORD}, certificate)) as exim:
        async with site(folder / "house", channels=(channel(dovecot, exim, certificate),)) as running:
            arrivals = Arrivals(running)
            for number in range(count):
                accepted = await asyncio.to_thread(_accepted, exim.port, mail(number))
                await arrivals.of(number)
                found.append(time.perf_counter() - accepted)
            await arrivals.close()
    return found


def slow_mail(number: int) -> bytes:
    """Return a mail that takes the parser seconds: a page of elements without end."""
    head = mail(number).partition(b"\r\n\r\n")[0].replace(b"text/plain", b"text/html")
    return head + b"\r\n\r\n" + b"\r\n".join([b"<b><i><u>" * 50] * SLOW_LINES)


class Chat:
    """Chat messages at an even rate; how long each takes from the adapter's hand to the log."""

    def __init__(self, found: Site) -> None:
        self._site = found
        self._begun: dict[str, float] = {}
        self._spent: list[float] = []
        self._follower = found.desk.follower
        self._task = asyncio.create_task(self._follow(self._follower.last))

    async def _follow(self, position: Position) -> None:
        while True:
            for entry in await self._follower.since(position):
                position = entry.position
                for event in (event for step in entry.steps for event in step.events if isinstance(event, Received)):
                    if began := self._begun.pop(event.message.id, 0.0):
                        self._spent.append(time.perf_counter() - began)

    async def p99(self, goes_on: Callable[[float], bool]) -> float:
        """Return the slowest hundredth of what is said while `goes_on(seconds)`, 50 messages a second."""
        self._spent.clear()
        began = time.perf_counter()
        inlet = self._site.inlet("loop")
        async with asyncio.TaskGroup() as group:
            while goes_on(time.perf_counter() - began):
                message = self._site.message(self._site.talks[len(self._spent) % TALKS].sender, "loop")
                self._begun[message.id] = time.perf_counter()
                group.create_task(inlet.receive(message))
                await asyncio.sleep(0.02)
        await until(lambda: not self._begun, 30)
        return statistics.quantiles(self._spent, n=100)[-1]

    async def close(self) -> None:
        """Stop looking."""
        self._task.cancel()
        await asyncio.wait([self._task])


async def beside_slow_mail(folder: Path) -> tuple[float, float]:
    """Return the p99 of chat (s) while no mail comes, and while mails are parsed that take seconds each."""
    certificate = Certificate(folder)
    with _peer(Dovecot(certificate)) as dovecot, _peer(Exim(dovecot.lmtp, {MAILBOX: PASSWORD}, certificate)) as exim:
        channels = (channel(dovecot, exim, certificate), LOOP)
        async with site(folder / "house", channels=channels) as running:
            await running.open_talks(TALKS, "loop")
            arrivals, chat = Arrivals(running), Chat(running)
            calm = await chat.p99(lambda seconds: seconds < CALM_S)
            await asyncio.to_thread(dovecot.deliver, MAILBOX, *(slow_mail(number) for number in range(SLOW)))

            def parsing(seconds: float) -> bool:
                return sum(subject.startswith("Question") for subject in arrivals.subjects) < SLOW and seconds < 120

            busy = await chat.p99(parsing)
            await chat.close()
            await arrivals.close()
    assert sum(subject.startswith("Question") for subject in arrivals.subjects) == SLOW
    return calm, busy


def _accepted(port: int, raw: bytes) -> float:
    """Submit a mail; return when the server had taken it."""
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.sendmail("patron@localhost", [MAILBOX], raw)
        return time.perf_counter()


def _peer(peer: T) -> T:
    if why := peer.missing():
        raise Missing(why)
    return peer


async def measure(sheet: Sheet) -> None:
    """Measure and put down."""
    try:
        with tempfile.TemporaryDirectory(prefix="deskbridge-bench-", dir="/tmp") as folder:
            for name in ("latency", "catch-up"):
                (Path(folder) / name).mkdir()
            seconds = await email_latency(Path(folder) / "latency")
            slowed = [await beside_slow_mail(Path(mkdtemp(dir=folder))) for _ in range(TURNS)]
            caught = await email_catch_up(Path(folder) / "catch-up")
    except Missing as why:
        say(str(why))
        return
    put_down(sheet, seconds, slowed, caught)


def put_down(sheet: Sheet, seconds: Sequence[float], slowed: Sequence[tuple[float, float]], caught: CatchUp) -> None:
    """Turn what was found into figures."""
    sheet.add("email_acceptance_to_inbox_s", seconds, "s", most(1), "half of it is Dovecot's own notice")
    sheet.add("chat_p99_calm_ms", [calm * 1000 for calm, _ in slowed], "ms", None, "50 messages a second")
    sheet.add("chat_p99_beside_slow_mail_ms", [busy * 1000 for _, busy in slowed], "ms", None, f"{SLOW} slow mails")
    sheet.add("chat_p99_slow_mail_ratio", [busy / calm for calm, busy in slowed], "x", most(2), "same run")
    sheet.add("email_catch_up_per_s", [caught.rate], "1/s", None, f"{caught.mails} mails, IMAP killed midway")


def main() -> None:
    """Measure in a process of its own."""
    quiet()
    sheet = Sheet()
    uvloop.run(measure(sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
