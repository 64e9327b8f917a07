"""The mailboxes of docs/email.md: the first is started, at servers of this test. tests/house/test_docs.py checks the others."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.email.site import Site, words
from tests.email.test_kill import desk
from tests.email.test_mailbox import letter
from tests.journeys.test_dialogs import claim
from tests.peers.dovecot import Dovecot
from tests.peers.exim import Exim

PAGE = Path(__file__).parents[2] / "docs" / "email.md"


def blocks() -> list[str]:
    """Return the configurations on the page about email."""
    return re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


class Described(Site):
    """The channel as the page has it; only hosts, ports and the authority are this test's."""

    def channel(self) -> str:
        text = blocks()[0].replace("library.example", "localhost")
        text = text.replace('"imap.localhost"', '"localhost"').replace('"smtp.localhost"', '"localhost"')
        return (
            text
            + f'imap_port = {self.dovecot.imaps}\nsmtp_port = {self.exim.port}\nca_file = "{self.certificate.ca}"\n'
        )


async def test_the_plain_mailbox_works(tmp_path: Path) -> None:
    for peer in (Dovecot, Exim):
        if why := peer.missing():
            pytest.skip(why)
    site = Described(tmp_path)
    async with desk(site) as ana:
        await asyncio.to_thread(site.dovecot.deliver, "ask@localhost", letter("Does it work?"))
        talk = await claim(ana, "Does it work?")
        status, said = await ana.do(f"/conversations/{talk}/messages", {"text": "As described."})
        assert status == 200, said
        [mail] = await site.mails("pat", 1)
        assert words(mail) == "As described."
        assert "North Library, 12 Main Street" in mail.as_string()
        assert len(await site.mails("ask", 1, "Sent")) == 1
