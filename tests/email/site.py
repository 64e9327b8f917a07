"""A mail site: Dovecot for everybody's mailbox, Exim for everybody's mail, and a desk in a process of its own."""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar

from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.peers.certificate import Certificate
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.exim import Exim

MAILBOX = "ask@localhost"
PATIENCE = 60.0

T = TypeVar("T")


class Site:
    """Servers, started. `house` is the daemon with a channel "mail", not started."""

    def __init__(self, folder: Path, **keys: str) -> None:
        self.certificate = Certificate(folder)
        self.dovecot = Dovecot(self.certificate)
        self.exim = Exim(self.dovecot.lmtp, {MAILBOX: PASSWORD}, self.certificate)
        self.house = House(folder / "house", ("ana",))
        self.smtp_port = self.exim.port  # where the desk submits
        self.filed = "sent_folder" in keys
        self._keys = keys

    def __enter__(self) -> Site:
        self.dovecot.start()
        self.exim.start()
        self.house.furnish()
        (self.house.folder / "imap-password").write_text(PASSWORD)
        with (self.house.folder / "deskbridge.toml").open("a") as config:
            config.write(self.channel())
        return self

    def channel(self) -> str:
        """Return the channel as docs/email.md shows it, for servers of this test."""
        keys = {
            "address": MAILBOX,
            "imap_host": "localhost",
            "smtp_host": "localhost",
            "smtp_security": "starttls",
            "password_file": "imap-password",
            "ca_file": str(self.certificate.ca),
        }
        lines = [f'{name} = "{value}"' for name, value in (keys | self._keys).items()]
        ports = f"imap_port = {self.dovecot.imaps}\nsmtp_port = {self.smtp_port}\nbeat_s = 2\npatience_s = 5\n"
        return (
            '[[channel]]\nname = "mail"\nkind = "email"\nqueue = "north/reference"\n' + "\n".join(lines) + "\n" + ports
        )

    def __exit__(self, *error: Any) -> None:
        self.house.__exit__(None, None, None)
        self.exim.__exit__(None, None, None)
        self.dovecot.__exit__(None, None, None)

    async def librarian(self) -> Librarian:
        """Sign the librarian in, at the queue. The caller runs and closes her."""
        ana = Librarian(self.house.url, "ana")
        await ana.sign_in(self.house.codes["ana"])
        await ana.attend("north/reference")
        return ana

    async def mails(self, user: str, count: int, folder: str = "INBOX") -> list[EmailMessage]:
        """Return a user's mails once there are `count`."""
        raws = await until(lambda: _enough(self.dovecot.mails(user, folder), count), f"{count} mails for {user}")
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws]


def _enough(found: list[bytes], count: int) -> list[bytes]:
    return found if len(found) >= count else []


async def until(asked: Callable[[], T], what: str) -> T:
    """Ask in a thread again and again until the answer is true; return it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := await asyncio.to_thread(asked)):
        assert time.monotonic() < deadline, f"did not happen: {what}"
        await asyncio.sleep(0.1)
    return found


def words(mail: EmailMessage) -> str:
    """Return the plain text of a mail, above the signature."""
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n").split("\n-- \n")[0].strip()
