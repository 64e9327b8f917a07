"""(h) Mail: how long from the server's acceptance to the inbox, and a mailbox that filled while the daemon was down.

A real Exim takes each mail and a real Dovecot stores it; Dovecot tells IDLE of new mail half a second later, which is its own
and in the figure. For the catch-up, mails wait in the mailbox before the daemon starts, and Dovecot is killed and started again
midway: the figure counts only when every mail came in, once, in order.
"""

from __future__ import annotations

import asyncio
import smtplib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import uvloop

from bridge.config import Channel
from bridge.follower import Position
from routing.events import Received
from tests.load.figures import QUICK, Sheet, most, say
from tests.load.house import Site, quiet, site, until
from tests.peers.certificate import Certificate
from tests.peers.daemon import Daemon
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.exim import Exim

MAILBOX = "ask@localhost"
T = TypeVar("T", bound=Daemon)
WAITING = 1_000 if QUICK else 10_000
SENDERS = 500
TIMED = 20 if QUICK else 60
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


def channel(dovecot: Dovecot, exim: Exim, certificate: Certificate) -> Channel:
    """Return the channel of the mailbox."""
    settings = {
        "address": MAILBOX, "password": PASSWORD, "imap_host": "127.0.0.1", "imap_port": dovecot.imaps,
        "smtp_host": "127.0.0.1", "smtp_port": exim.port, "smtp_security": "starttls", "ca": certificate.ca.read_text(),
        "beat_s": 5.0, "patience_s": 10.0,
    }  # fmt: skip
    return Channel(name="mail", kind="email", queue="north/ask", settings=settings)


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
            caught = await email_catch_up(Path(folder) / "catch-up")
    except Missing as why:
        say(str(why))
        return
    put_down(sheet, seconds, caught)


def put_down(sheet: Sheet, seconds: Sequence[float], caught: CatchUp) -> None:
    """Turn what was found into figures."""
    sheet.add("email_acceptance_to_inbox_s", seconds, "s", most(1), "half of it is Dovecot's own notice")
    sheet.add("email_catch_up_per_s", [caught.rate], "1/s", None, f"{caught.mails} mails, IMAP killed midway")


def main() -> None:
    """Measure in a process of its own."""
    quiet()
    sheet = Sheet()
    uvloop.run(measure(sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
