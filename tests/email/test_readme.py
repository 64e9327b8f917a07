"""The mailboxes of the README: the first is started, at servers of this test; the others are read and found right."""

from __future__ import annotations

import asyncio
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bridge.app.cli import check
from tests.email.site import Site, words
from tests.email.test_kill import desk
from tests.email.test_mailbox import letter
from tests.journeys.test_dialogs import claim
from tests.peers.dovecot import Dovecot
from tests.peers.exim import Exim

README = Path(__file__).parents[2] / "README.md"


def blocks() -> list[str]:
    """Return the configurations in the section on email."""
    section = README.read_text().partition("### Email\n")[2].partition("\n## ")[0]
    return re.findall(r"```toml\n(.*?)```", section, re.DOTALL)


class Described(Site):
    """The channel as the README has it; only hosts, ports and the authority are this test's."""

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


def test_gmail_and_microsoft_are_configured_as_described(tmp_path: Path) -> None:
    text = blocks()[1]
    for name in re.findall(r'_file = "([^"]+)"', text):
        (tmp_path / name).write_text("a secret")
    (tmp_path / "deskbridge.toml").write_text(f'[deskbridge]\ndata = "{tmp_path}"\n{text}')
    found: dict[str, Any] = tomllib.loads(text)
    assert [channel["name"] for channel in found["channel"]] == ["gmail", "outlook"]
    assert check(config=tmp_path / "deskbridge.toml") == 0
