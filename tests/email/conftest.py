"""A mailbox under the suite's ring: real servers, the real adapter, and the test in the place of the core."""

from __future__ import annotations

import asyncio
import email
import email.policy
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from adapters.email.adapter import EmailAdapter
from adapters.email.config import EmailConfig
from bridge.testing import Ring
from tests.email.site import MAILBOX, until
from tests.peers.certificate import Certificate
from tests.peers.dovecot import PASSWORD, SINGLE_FILES, Dovecot
from tests.peers.exim import Exim


class Mail:
    """The servers, a ring that is open, and the config that works."""

    def __init__(self, certificate: Certificate, dovecot: Dovecot, exim: Exim, ring: Ring) -> None:
        self.certificate = certificate
        self.dovecot = dovecot
        self.exim = exim
        self.ring = ring
        self.config = EmailConfig(
            address=MAILBOX,
            password=PASSWORD,
            imap_host="localhost",
            imap_port=dovecot.imaps,
            smtp_host="localhost",
            smtp_port=exim.port,
            smtp_security="starttls",
            ca=certificate.ca.read_text(),
            beat_s=1.0,
            patience_s=5.0,
        )

    async def start(self, **keys: Any) -> None:
        """Start the channel, with some keys changed, and wait until it works."""
        await self.ring.start(replace(self.config, **keys))
        await self.ring.until(lambda: any(each.up for each in self.ring.statuses()), "the channel up")

    async def comes(self, *mails: bytes, sender: str = "pat@localhost") -> None:
        """Have mails arrive."""
        await asyncio.to_thread(self.dovecot.deliver, MAILBOX, *mails, sender=sender)

    async def gets(self, user: str, count: int) -> list[EmailMessage]:
        """Return a person's mails once there are `count`."""
        await until(lambda: len(self.dovecot.mails(user)) >= count, f"{count} mails for {user}")
        raws = await asyncio.to_thread(self.dovecot.mails, user)
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in raws]


@pytest.fixture
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Certificate, Dovecot, Exim]]:
    """A Dovecot, which keeps mails where the parameter says, and an Exim, started."""
    for peer in (Dovecot, Exim):
        if why := peer.missing():
            pytest.skip(why)
    certificate = Certificate(tmp_path)
    dovecot = Dovecot(certificate, location=getattr(request, "param", SINGLE_FILES))
    with dovecot, Exim(dovecot.lmtp, {MAILBOX: PASSWORD}, certificate) as exim:
        yield certificate, dovecot, exim


@pytest_asyncio.fixture
async def mail(servers: tuple[Certificate, Dovecot, Exim], tmp_path: Path) -> AsyncIterator[Mail]:
    """Servers and an open ring; the channel is not started."""
    ring = Ring(EmailAdapter, tmp_path)
    await ring.open()
    try:
        yield Mail(*servers, ring)
    finally:
        await ring.close()
