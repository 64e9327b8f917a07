"""The patron uses a mail program. It writes, the inbox shows it, the answer is threaded there. A reply with a quote comes in
as its new words alone."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio

from tests.email import terminal
from tests.email.site import MAILBOX, Site, words
from tests.journeys.librarian import Librarian
from tests.journeys.test_dialogs import claim
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.exim import Exim

MUTTRC = """
set from = "Pat Patron <pat@localhost>"
set use_from = yes
set envelope_from = yes
set hostname = "localhost"
set smtp_url = "smtp://127.0.0.1:{smtp}/"
set ssl_force_tls = no
set ssl_starttls = no
set imap_user = "pat"
set imap_pass = "{password}"
set folder = "imap://127.0.0.1:{imap}/"
set spoolfile = "imap://127.0.0.1:{imap}/INBOX"
set header_cache = ""
set record = ""
set copy = no
set fast_reply = yes
set autoedit = yes
set include = yes
set reply_to = yes
set editor = "{editor}"
set sort = threads
set quit = yes
set abort_unmodified = no
set confirmappend = no
set mail_check = 1
set sleep_time = 0
set timeout = 5
"""
EDITOR = """#!{python}
import sys
path = sys.argv[1]
said = open(path, encoding="utf-8").read()
header, blank, body = said.partition("\\n\\n") if said.startswith("From:") else ("", "", said)
open(path, "w", encoding="utf-8").write(header + blank + {text!r} + "\\n\\n" + body)
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Servers, and a desk that is not started."""
    for peer in (Dovecot, Exim):
        if why := peer.missing():
            pytest.skip(why)
    with Site(tmp_path, signature="North Library, 12 Main Street") as found:
        yield found


@pytest_asyncio.fixture
async def ana(site: Site) -> AsyncIterator[Librarian]:
    """A librarian at a running desk."""
    await site.house.start()
    ana = await site.librarian()
    online = asyncio.create_task(ana.run())
    await ana.connected.wait()
    yield ana
    online.cancel()
    with suppress(asyncio.CancelledError):
        await online
    await ana.close()


def program(name: str) -> str:
    """Return where a program is; the test is skipped where there is none."""
    return shutil.which(name) or pytest.skip(f"{name} is not installed (tests/install-peers)")


async def answer(ana: Librarian, talk: str, text: str) -> None:
    """Have the librarian answer."""
    status, said = await ana.do(f"/conversations/{talk}/messages", {"text": text})
    assert status == 200, said


@pytest.mark.parametrize("name", ["mutt", "neomutt"])
async def test_a_patron_with_mutt_goes_full_circle(site: Site, ana: Librarian, tmp_path: Path, name: str) -> None:
    mutt = program(name)
    editor, rc = tmp_path / "editor", tmp_path / "muttrc"
    rc.write_text(MUTTRC.format(smtp=site.exim.port, imap=site.dovecot.imap, password=PASSWORD, editor=editor))
    writes = [mutt, "-F", str(rc), "-s", "Renewing a book", "--", MAILBOX]
    await asyncio.to_thread(
        subprocess.run, writes, input="May I renew “Die Verwandlung”?\n".encode(), check=True, timeout=60,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(tmp_path)}, capture_output=True,
    )  # fmt: skip
    talk = await claim(ana, "May I renew “Die Verwandlung”?")
    row = ana.rows[talk]
    assert (row["patron"], row["subject"]) == ("Pat Patron", "Renewing a book")
    await answer(ana, talk, "Yes, twice.\n\nIs that enough?")
    [mail] = await site.mails("pat", 1)
    assert words(mail) == "Yes, twice.\n\nIs that enough?"
    assert mail["Subject"] == "Re: Renewing a book"
    assert mail["In-Reply-To"] in mail["References"]
    assert "North Library, 12 Main Street" in mail.as_string()

    editor.write_text(EDITOR.format(python=sys.executable, text="Three times would be better."))
    editor.chmod(0o755)
    keys = "<last-entry><display-message><reply><send-message><exit><quit>"
    await asyncio.to_thread(terminal.run, [mutt, "-F", str(rc), "-e", f'push "{keys}"'], tmp_path, {})
    await ana.until(lambda: len(ana.said(talk)) == 2)
    assert ana.said(talk) == ["May I renew “Die Verwandlung”?", "Three times would be better."]
    await answer(ana, talk, "Three it is.")
    first, second = await site.mails("pat", 2)
    assert first["Message-ID"] in second["References"]
    assert second["Subject"] == "Re: Renewing a book"


async def test_swaks_and_s_nail_are_served_in_conversations_of_their_own(
    site: Site, ana: Librarian, tmp_path: Path
) -> None:
    swaks, nail = program("swaks"), program("s-nail")
    swaks_says = [
        swaks, "--server", f"127.0.0.1:{site.exim.port}", "--from", "sam@localhost", "--to", MAILBOX,
        "--header", "Subject: Opening hours", "--body", "When do you open?", "--attach", f"@{__file__}",
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(tmp_path)}
    await asyncio.to_thread(
        subprocess.run, swaks_says, check=True, timeout=60, env=environment, capture_output=True, cwd=tmp_path
    )
    nail_says = [
        nail, "-:/", "-S", "v15-compat", "-S", f"mta=smtp://127.0.0.1:{site.exim.port}",
        "-S", "smtp-auth=none", "-S", "from=nell@localhost", "-s", "Parking", MAILBOX,
    ]  # fmt: skip
    await asyncio.to_thread(
        subprocess.run, nail_says, input=b"Is there parking?\n", check=True, timeout=60, env=environment,
        capture_output=True, cwd=tmp_path,
    )  # fmt: skip
    for opening, user, said in (
        ("When do you open?", "sam", "At nine."),
        ("Is there parking?", "nell", "Behind the house."),
    ):
        talk = await claim(ana, opening)
        await answer(ana, talk, said)
        [mail] = await site.mails(user, 1)
        assert words(mail) == said
