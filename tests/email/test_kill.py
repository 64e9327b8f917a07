"""Kill -9 at every step of sending: the recipient has the answer exactly once, or not at all and the librarian sees that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.email.site import MAILBOX, Site, until
from tests.journeys.librarian import Librarian
from tests.journeys.test_dialogs import claim
from tests.peers.dovecot import PASSWORD, Dovecot
from tests.peers.exim import Exim
from tests.peers.smtp_faults import STEPS, Faults

QUESTION = (
    b"From: Pat <pat@localhost>\r\nTo: ask@localhost\r\nSubject: A book\r\nMessage-ID: <%d@pat.localhost>\r\n\r\n"
    b"Is book %d there?\r\n"
)


def stage(ana: Librarian, talk: str, text: str) -> str:
    """Return what the inbox shows beside an answer."""
    lines = ana.lines.get(talk, {}).values()
    return next((line["stage"] for line in lines if line["text"] == text and line["who"] == "librarian"), "")


def copies(dovecot: Dovecot, text: str) -> int:
    """Return how many mails with an answer the patron has."""
    return sum(text.encode() in raw for raw in dovecot.mails("pat"))


@pytest.fixture(scope="module", autouse=True)
def _peers() -> None:
    for peer in (Dovecot, Exim):
        if why := peer.missing():
            pytest.skip(why)


async def settled(ana: Librarian, talk: str, text: str) -> str:
    """Return what the inbox shows beside an answer once its fate is known."""
    await ana.until(lambda: stage(ana, talk, text) not in ("", "sending"), 120)
    return stage(ana, talk, text)


async def arrives(site: Site, text: str) -> None:
    """Wait until the patron has an answer."""
    await until(lambda: copies(site.dovecot, text), f"{text!r} arrives")


@asynccontextmanager
async def desk(site: Site) -> AsyncIterator[Librarian]:
    """Start the servers and the desk; a librarian is there."""
    with site:
        await site.house.start()
        ana = await site.librarian()
        online = asyncio.create_task(ana.run())
        try:
            await ana.connected.wait()
            yield ana
        finally:
            online.cancel()
            with suppress(asyncio.CancelledError):
                await online
            await ana.close()


async def asked(site: Site, ana: Librarian, number: int) -> str:
    """Have the patron ask, and the librarian take it; return the conversation."""
    await asyncio.to_thread(site.dovecot.deliver, MAILBOX, QUESTION % (number, number))
    return await claim(ana, f"Is book {number} there?")


@pytest.mark.parametrize(("sent_folder", "steps"), [("", (*STEPS, "accepted")), ("Sent", ("stored", "accepted"))])
@pytest.mark.timeout(400)
async def test_a_daemon_that_is_killed_while_it_sends_doubles_nothing(
    tmp_path: Path, sent_folder: str, steps: Sequence[str], long: bool
) -> None:
    """At every step of the dialogue in the long form; else where the server has nothing yet, and where it has all."""
    steps = steps if long else steps[1::2]
    site = Site(tmp_path, **({"sent_folder": sent_folder} if sent_folder else {}))
    with Faults(site.dovecot.lmtp, site.certificate, MAILBOX, PASSWORD) as faults:
        site.smtp_port = faults.port
        async with desk(site) as ana:
            for number, step in enumerate(steps):
                text = f"the answer at {step}"
                talk = await asked(site, ana, number)
                await _killed_at(site, faults, ana, talk, step, text)
                await site.house.start()
                shown = await settled(ana, talk, text)
                await answer(ana, talk, f"after {step}")
                await arrives(site, f"after {step}")
                had = copies(site.dovecot, text)
                assert had == (0 if step in ("mail", "rcpt") else 1)
                assert shown in (("sent", "uncertain") if had else ("uncertain", "failed"))
                assert shown == "sent" or not (sent_folder and step == "accepted")


async def answer(ana: Librarian, talk: str, text: str) -> None:
    """Have the librarian answer."""
    status, said = await ana.do(f"/conversations/{talk}/messages", {"text": text})
    assert status == 200, said


async def _killed_at(site: Site, faults: Faults, ana: Librarian, talk: str, step: str, text: str) -> None:
    """Answer, and kill the daemon at a step; the server goes on as a server does."""
    if step != "accepted":
        faults.hold(step)
    taken = faults.taken
    await answer(ana, talk, text)
    if step != "accepted":
        await faults.reached()
    else:
        await until(lambda: faults.taken > taken, "the mail is taken")
        if site.filed:
            await until(
                lambda: any(text.encode() in raw for raw in site.dovecot.mails("ask", "Sent")), "a copy is filed"
            )
    site.house.kill()
    faults.release()
    if step in ("data", "stored"):
        await arrives(site, text)


SAID = (
    ({"rcpt": "550 5.1.1 no such user"}, "failed"),
    ({"data": "554 5.7.1 looks like spam"}, "failed"),
    ({"mail": "451 4.3.0 try later"}, "sent"),
    ({"rcpt": "450 4.2.0 greylisted"}, "sent"),
    ({"data": "452 4.3.1 no room"}, "sent"),
    ({"rcpt": "421 4.3.2 closing"}, "sent"),
)


@pytest.mark.timeout(300)
async def test_what_the_server_says_is_what_the_librarian_sees(tmp_path: Path) -> None:
    site = Site(tmp_path)
    with Faults(site.dovecot.lmtp, site.certificate, MAILBOX, PASSWORD) as faults:
        site.smtp_port = faults.port
        async with desk(site) as ana:
            talk = await asked(site, ana, 0)
            for number, (said, shown) in enumerate(SAID):
                faults.answers.update(said)
                await answer(ana, talk, f"answer {number}")
                assert await settled(ana, talk, f"answer {number}") == shown
                assert copies(site.dovecot, f"answer {number}") == (1 if shown == "sent" else 0)
