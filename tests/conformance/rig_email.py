"""Email as a network: a real Dovecot and a real Exim, each behind a wire that can be hurt.

Patrons' mail is put into the library's mailbox over LMTP, as a mail server does; they read theirs with imaplib and the standard
parser. Exim queues, and delivers in order whenever a patron looks, because its daemon would deliver side by side.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from adapters.email.adapter import EmailAdapter
from adapters.email.config import EmailConfig
from bridge.contract.adapter import ChannelDesk
from bridge.testing.proxy import Proxy
from bridge.testing.rig import Heard, NetworkPatron, Rig, SentFile
from tests.peers.certificate import Certificate
from tests.peers.dovecot import PASSWORD, Dovecot, fetched
from tests.peers.exim import Exim

MAILBOX = "ask@localhost"
LOOK_S = 0.1


class MailPatron(NetworkPatron):
    """A person with a mailbox."""

    def __init__(self, rig: EmailRig, name: str) -> None:
        self.address = f"{name}@localhost"
        self._rig = rig
        self._name = name
        self._numbers = count(1)
        self._sent: dict[str, bytes] = {}

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        source = f"{sha256(text.encode()).hexdigest()[:12]}.{next(self._numbers)}@{self._name}.localhost"
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"] = f"{self._name.title()} <{self.address}>", MAILBOX
        mail["Subject"], mail["Message-ID"], mail["Date"] = "A question", f"<{source}>", formatdate(usegmt=True)
        mail.set_content(text)
        for file in files:
            mail.add_attachment(file.data, maintype="application", subtype="octet-stream", filename=file.name)
        self._sent[source] = mail.as_bytes()
        await self.repeat(source)
        return source

    async def repeat(self, source: str) -> None:
        await asyncio.to_thread(self._rig.dovecot.deliver, MAILBOX, self._sent[source], sender=self.address)

    async def acknowledged(self, source: str) -> bool:
        return await asyncio.to_thread(self._marked, source)

    def _marked(self, source: str) -> bool:
        with self._rig.dovecot.opened("ask") as client:
            every = client.uid("search", "HEADER", "Message-ID", f"<{source}>")[1][0].split()
            marked = client.uid("search", "KEYWORD", "Deskbridge", "HEADER", "Message-ID", f"<{source}>")[1][0].split()
        return bool(every) and every == marked

    async def hear(self) -> Heard:
        while True:
            raw = await asyncio.to_thread(self._next)
            if raw is not None:
                return _heard(raw)
            await asyncio.sleep(LOOK_S)

    def _next(self) -> bytes | None:
        self._rig.exim.flush()
        with self._rig.dovecot.opened(self._name) as client:
            seen = self._rig.shown.get(self._name, 0)
            found = client.uid("search", "UID", f"{seen + 1}:*")[1][0].split()
            new = [int(uid) for uid in found if int(uid) > seen]
            if not new:
                return None
            self._rig.shown[self._name] = new[0]
            return fetched(client, str(new[0]))[0]

    async def sees_desk(self, desk: ChannelDesk) -> None:
        """Mail shows no presence."""

    async def close(self) -> None:
        """There is no connection to close."""


class EmailRig(Rig):
    """A mailbox at Dovecot and submission through Exim."""

    adapter = EmailAdapter
    keeps = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        for peer in (Dovecot, Exim):
            if why := peer.missing():
                pytest.skip(why)
        self.certificate = Certificate(folder)
        self.dovecot = Dovecot(self.certificate)
        self.exim = Exim(self.dovecot.lmtp, {MAILBOX: PASSWORD}, self.certificate, queued=True)
        self.reading = Proxy("127.0.0.1", self.dovecot.imaps)
        self.sending = Proxy("127.0.0.1", self.exim.port)
        self.shown: dict[str, int] = {}  # the UID of the last mail that each patron has looked at
        self.secrets = (PASSWORD,)

    @property
    def wires(self) -> tuple[Proxy, Proxy]:
        """Both ways between the adapter and its peers."""
        return self.reading, self.sending

    async def start(self) -> None:
        await asyncio.to_thread(self.dovecot.start)
        await asyncio.to_thread(self.exim.start)
        for wire in self.wires:
            await wire.open()

    async def stop(self) -> None:
        for wire in self.wires:
            await wire.close()
        await asyncio.to_thread(self.exim.__exit__, None, None, None)
        await asyncio.to_thread(self.dovecot.__exit__, None, None, None)

    def config(self) -> EmailConfig:
        return self._config(PASSWORD)

    def refused(self) -> EmailConfig:
        return self._config("not the password")

    def misconfigured(self) -> EmailConfig:
        return EmailConfig(address="ask", password=PASSWORD, imap_host="localhost", smtp_host="localhost")

    def _config(self, password: str) -> EmailConfig:
        return EmailConfig(
            address=MAILBOX,
            password=password,
            imap_host="127.0.0.1",
            imap_port=self.reading.port,
            smtp_host="127.0.0.1",
            smtp_port=self.sending.port,
            smtp_security="starttls",
            ca=self.certificate.ca.read_text(),
            sent_folder="Sent",
            beat_s=0.7,
            patience_s=3.0,
        )

    async def patron(self, name: str) -> MailPatron:
        return MailPatron(self, name)

    async def hostile(self) -> Sequence[bytes]:
        mails = list(hostile_mails())
        await asyncio.to_thread(self.dovecot.deliver, MAILBOX, *mails, sender="mallory@localhost")
        return mails

    async def cut(self) -> None:
        for wire in self.wires:
            await wire.cut()

    async def freeze(self) -> None:
        for wire in self.wires:
            wire.freeze()

    async def deafen(self) -> None:
        for wire in self.wires:
            wire.lose("up")

    async def mute(self) -> None:
        for wire in self.wires:
            wire.lose("down")

    async def slow(self, seconds: float) -> None:
        for wire in self.wires:
            wire.slow(seconds)

    async def heal(self) -> None:
        for wire in self.wires:
            await wire.heal()


def hostile_mails() -> Sequence[bytes]:
    """Return what no mail program writes and every mailbox gets."""
    head = b"From: Mallory <mallory@localhost>\r\nTo: ask@localhost\r\nSubject: x\r\n"
    deep = b"".join(b'--b%d\r\nContent-Type: multipart/mixed; boundary="b%d"\r\n\r\n' % (n, n + 1) for n in range(300))
    return (
        b"",
        b"\r\n",
        b"no header at all\r\n",
        head + b"Message-ID: <\x00\xff>\r\n\r\nNUL in the id\r\n",
        b"From: \xff\xfe\xfd\r\n\r\nno ascii\r\n",
        b"From: nobody\r\nSubject: no address\r\n\r\ntext\r\n",
        b"From: <>\r\nSubject: empty\r\n\r\ntext\r\n",
        head + b'Content-Type: text/plain; charset="no-such-charset"\r\n\r\n\xe4\xf6\xfc\r\n',
        head
        + b"Content-Type: text/html\r\n\r\n<script>alert(1)</script><img src=x onerror=alert(1)>"
        + b"<div>" * 5000,
        head + b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + deep,
        head + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=" * 5000,
        head + b"References: " + b"<a@b> " * 3000 + b"\r\n\r\nmany ids\r\n",
        head + b"In-Reply-To: <db.c" + b"a" * 80 + b"@localhost>\r\n\r\na forged id\r\n",
        head + b"X: " + b"y" * 200_000 + b"\r\n\r\na long line\r\n",
        head + b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n\x78\x9f\x3e\x22" + b"\xff" * 500,
        head + b"Auto-Submitted: auto-replied\r\n\r\nI am away\r\n",
        head + b"\r\n" + "\u202egnp.exe \u2028 \ufeff".encode() + b"\r\n",
    )


def _heard(raw: bytes) -> Heard:
    """Return what a mail program shows: the plain text above the signature, and the files."""
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content().replace("\r\n", "\n").split("\n-- \n")[0]
    files = tuple(SentFile(part.get_filename() or "", part.get_content()) for part in mail.iter_attachments())
    return Heard(text.rstrip("\n"), files, str(mail["Message-ID"]))
