"""The transcript by mail: what the mail is, and all the way round, from a patron's chat to a mailbox and nowhere else."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from bridge.contract.message import Delivery, Message, derive
from bridge.testing.timeline import conversation
from tests.email.conftest import Mail
from tests.email.site import MAILBOX, Site, until, words
from tests.email.test_mailbox import letter, texts
from tests.journeys.librarian import Librarian
from tests.journeys.patron import Patron
from tests.journeys.test_dialogs import claim
from tests.peers.dovecot import Dovecot
from tests.peers.exim import Exim

HIDDEN = "hidden@library.localhost"


# ---- the mail -----------------------------------------------------------------------------------------------------------


async def transcript(mail: Mail, question: Message, to: str = "eve@localhost", **fields: Any) -> Delivery:
    """Have the transcript of a patron's talk mailed."""
    ring = mail.ring
    plain = Delivery(
        id=derive("transcript", str(len(ring.deliveries))),
        channel=ring.channel,
        conversation=conversation(question.sender),
        to=to,
        kind="notice",
        at=int(time.time() * 1000),
        text="As you asked.",
        event="transcript",
        about=f"{ring.channel}|{question.sender}",
        subject="Your conversation with Central",
        language="en",
        automatic=True,
    )
    delivery = replace(plain, **fields)
    await ring.put([delivery])
    return delivery


async def asked(mail: Mail) -> Message:
    await mail.comes(letter("Where are the maps?"))
    return await mail.ring.message("Where are the maps?")


def one_plain(mail: EmailMessage) -> str:
    """Return the text of a mail that has nothing else."""
    assert mail.get_content_type() == "text/plain"
    return words(mail)


async def test_it_is_a_machines_mail_in_plain_text_with_nothing_that_leads_back(mail: Mail) -> None:
    await mail.start(signature="North Library, 12 Main Street")
    delivery = await transcript(mail, await asked(mail))
    assert (await mail.ring.reached(delivery)).stage == "sent"
    assert mail.ring.receipts(delivery)[0].network_id == ""
    [got] = await mail.gets("eve", 1)
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Subject"] == "Your conversation with Central"
    assert got["Content-Language"] == "en"
    assert [got["In-Reply-To"], got["References"]] == [None, None]
    assert [each.addr_spec for each in (*got["From"].addresses, *got["Reply-To"].addresses)] == [MAILBOX, MAILBOX]
    assert one_plain(got).startswith("As you asked.\n\nWhere are the maps?")
    assert "ref-" not in str(got)
    assert "North Library, 12 Main Street" in str(got)


async def test_an_answer_to_it_is_a_question_of_its_own(mail: Mail) -> None:
    """Anybody may get it, and their program may quote and name anything."""
    await mail.start()
    question = await asked(mail)
    await mail.ring.reached(await transcript(mail, question))
    [got] = await mail.gets("eve", 1)
    quoted = "\r\n".join(f"> {line}" for line in got.as_string().splitlines())
    reply = (
        f"From: Eve <eve@localhost>\r\nTo: {got['Reply-To']}\r\nSubject: Re: {got['Subject']}\r\n"
        f"In-Reply-To: {got['Message-ID']}\r\nReferences: {got['Message-ID']}\r\nMessage-ID: <1@eve.localhost>\r\n\r\n"
        f"Not mine\r\n\r\nOn Monday the library wrote:\r\n{quoted}\r\n"
    )
    await mail.comes(reply.encode(), sender="eve@localhost")
    came = await mail.ring.until(
        lambda: next((m for m in mail.ring.messages() if m.sender == "eve@localhost"), None), "it"
    )
    assert came is not None
    assert came.thread == ""
    assert "other-sender" not in came.marks


async def test_what_comes_back_marks_it_failed_and_is_shown_to_nobody(mail: Mail) -> None:
    """A bounce, a refusal at the door, and an automatic answer: no word of theirs comes in, and none names the address."""
    await mail.start()
    question = await asked(mail)
    bounced = await transcript(mail, question, to="gone@localhost")
    assert (await mail.ring.reached(bounced, "failed")).reason == "no-such-address"
    refused = await transcript(mail, question, to="unknown@localhost")
    failed = await mail.ring.reached(refused, "failed")
    assert (failed.reason, failed.detail) == ("no-such-address", "")
    assert not any("gone" in each.detail or "unknown" in each.detail for each in mail.ring.receipts(bounced))
    await mail.ring.reached(await transcript(mail, question), "sent")
    [got] = await mail.gets("eve", 1)
    away = f"In-Reply-To: {got['Message-ID']}"
    await mail.comes(
        letter("I am away", "Auto-Submitted: auto-replied", away, sender="eve@localhost"), letter("after it")
    )
    await mail.ring.message("after it")
    assert texts(mail) == ["Where are the maps?", "after it"]


async def test_no_copy_of_it_is_filed(mail: Mail) -> None:
    await mail.start(sent_folder="Sent")
    question = await asked(mail)
    await mail.ring.reached(await transcript(mail, question))
    await mail.ring.reached(await mail.ring.answer(question, "An answer, which is"))
    await until(lambda: mail.dovecot.mails("ask", "Sent"), "the answer's copy")
    [copy] = await asyncio.to_thread(mail.dovecot.mails, "ask", "Sent")
    assert b"An answer, which is" in copy


async def test_one_address_gets_a_few_a_day(mail: Mail) -> None:
    """Anybody may name it: a patron cannot have the library write to somebody for ever."""
    await mail.start(automatic_per_day=2)
    question = await asked(mail)
    for _ in range(2):
        await mail.ring.reached(await transcript(mail, question), "sent")
    assert (await mail.ring.reached(await transcript(mail, question), "failed")).reason == "automatic"


async def test_of_what_is_not_kept_nothing_is_mailed(mail: Mail) -> None:
    await mail.start()
    question = await asked(mail)
    delivery = await transcript(mail, question, about="elsewhere|nobody")
    assert (await mail.ring.reached(delivery, "failed")).reason == "nothing-left"


# ---- all the way round ----------------------------------------------------------------------------------------------------


class Mailing(Site):
    """A desk whose library answers by mail those who left an address."""

    def __enter__(self) -> Site:
        super().__enter__()
        plan = self.house.folder / "desk.toml"
        more = 'name = "North Library"\ncontact_channel = "mail"\ntimezone = "Europe/Vienna"'
        plan.write_text(plan.read_text().replace('name = "North Library"', more, 1))
        self.house.run("desk", "load", str(plan))
        return self


@asynccontextmanager
async def online(*people: Librarian | Patron) -> AsyncIterator[None]:
    """Have them stay connected."""
    running = [asyncio.create_task(one.run()) for one in people]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def served(ana: Librarian, pat: Patron) -> str:
    """Have the patron ask, and the librarian answer and note; return the conversation."""
    await pat.say("Where are the maps of the harbour?")
    talk = await claim(ana, "Where are the maps of the harbour?")
    for path, body in (("messages", {"text": "On the second floor."}), ("notes", {"text": "Seems to be a sailor"})):
        status, _ = await ana.do(f"/conversations/{talk}/{path}", body)
        assert status == 200
    await pat.until(lambda: pat.answers() == ["On the second floor."])
    return talk


def told(ana: Librarian, talk: str) -> list[str]:
    return [line["event"] for line in ana.lines[talk].values() if line["event"].startswith("transcript")]


@pytest.mark.timeout(240)
async def test_from_a_chat_to_a_mailbox_and_nowhere_else(tmp_path: Path) -> None:
    for peer in (Dovecot, Exim):
        if why := peer.missing():
            pytest.skip(why)
    with Mailing(tmp_path) as site:
        await site.house.start()
        ana = await site.librarian()
        async with aiohttp.ClientSession() as web, online(ana, pat := Patron(web, site.house.url)):
            await ana.connected.wait()
            talk = await served(ana, pat)
            for _ in range(2):
                await pat.want_transcript("the-transcript", HIDDEN)
            await pat.until(lambda: "the-transcript" in pat.acked)
            [got] = await site.mails("hidden", 1)
            await ana.until(lambda: told(ana, talk) == ["transcript-mailed"])
            text = one_plain(got)
            for shown in (
                "North Library",
                "Times: Europe/Vienna",
                "You:\nWhere are the maps of the harbour?",
                "Ana:\nOn the second floor.",
            ):
                assert shown in text
            assert "sailor" not in text
            answer = (
                f"From: {HIDDEN}\r\nTo: {MAILBOX}\r\nSubject: Re: {got['Subject']}\r\n"
                f"In-Reply-To: {got['Message-ID']}\r\n\r\nWho is this?\r\n"
            )
            await pat.want_transcript("the-wrong-one", "unknown@library.localhost")
            await pat.until(lambda: any(line.get("event") == "transcript-failed" for line in pat.lines.values()))
            await ana.until(lambda: told(ana, talk)[1:] == ["transcript-mailed", "transcript-failed"])
            seen = [await ana.get(f"/conversations/{talk}"), await ana.get("/search?q=hidden"), ana.rows, ana.lines]
            assert not [each for each in seen if "hidden" in json.dumps(each) or "unknown@" in json.dumps(each)]
            await asyncio.to_thread(site.dovecot.deliver, MAILBOX, answer.encode(), sender=HIDDEN)
            assert await claim(ana, "Who is this?") != talk
        await ana.close()
        assert "hidden" not in site.house.log.replace("hidden_", "")
        site.house.stop()
