"""Mails that open nothing by themselves: handed in with the reason, joined where they prove a thread, taken in by staff."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.email.conftest import Mail
from tests.email.site import MAILBOX, Site, words
from tests.email.test_mailbox import letter, texts
from tests.journeys.librarian import Librarian
from tests.peers.dovecot import Dovecot
from tests.peers.exim import Exim

NEWSLETTER = ("List-Id: <news.example.org>", "List-Unsubscribe: <https://example.org/u>")
FORM = ("Reply-To: Jane <jane@localhost>", "Auto-Submitted: auto-generated", "Precedence: bulk")


def report(delivery: str, *, proven: bool) -> bytes:
    """Return a report about a mail with this id: by its form, or in words alone."""
    head = [
        "From: Mail Delivery System <MAILER-DAEMON@mx.localhost>",
        f"To: {MAILBOX}",
        "Subject: Undelivered Mail Returned to Sender",
    ]
    said = "The following address failed:\r\n\r\n<pat@localhost>: 550 5.1.1 User unknown\r\n"
    copy = f"Message-ID: {delivery}\r\nSubject: your question\r\n"
    if not proven:
        return "\r\n".join([*head, "", said, "--- Below this line is a copy of the message.", "", copy]).encode()
    parts = (
        f"--b\r\nContent-Type: text/plain\r\n\r\n{said}\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.localhost\r\n\r\nFinal-Recipient: rfc822; pat@localhost\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{copy}\r\n--b--\r\n"
    )
    return "\r\n".join(
        [*head, 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"', "", parts]
    ).encode()


async def test_what_opens_nothing_is_handed_in_once_with_the_reason(mail: Mail) -> None:
    await mail.start()
    news = letter("our newsletter", *NEWSLETTER)
    await mail.comes(
        news,
        letter("I am away", "Auto-Submitted: auto-replied"),
        letter("to ourselves", sender=f"Ask <{MAILBOX}>"),
        report("<somebody.elses@mx.example>", proven=True),
        news,
        letter("by a form", *FORM, sender="no-reply@forms.localhost"),
    )
    form = await mail.ring.message("by a form")
    assert (form.aside, form.sender, "answered-by-hand" in form.marks) == ("", "jane@localhost", True)
    found = [(message.text.split("\n")[0], message.aside) for message in mail.ring.messages()]
    assert found == [
        ("our newsletter", "list"),
        ("I am away", "automatic"),
        ("to ourselves", "own"),
        ("The following address failed:", "report"),
        ("by a form", ""),
    ]


async def test_a_reply_that_sounds_like_a_report_is_a_message_and_no_receipt(mail: Mail) -> None:
    await mail.start()
    await mail.comes(letter("please answer", sender="Piet <pat@localhost>"))
    delivery = await mail.ring.answer(await mail.ring.message("please answer"), "By post, please")
    sent = await mail.ring.reached(delivery, "sent")
    ours = f"In-Reply-To: <{sent.network_id}>"
    await mail.comes(letter("Undeliverable, returned to sender", ours, sender="Piet <pat@mailer-gateway.localhost>"))
    said = await mail.ring.message("Undeliverable, returned to sender")
    assert (said.aside, said.thread, "automatic" in said.marks) == ("", delivery.conversation, False)
    assert {receipt.stage for receipt in mail.ring.receipts(delivery)} == {"sent"}


@pytest.mark.parametrize("proven", [True, False])
async def test_only_a_proven_report_is_a_receipt_any_other_is_shown(mail: Mail, proven: bool) -> None:
    await mail.start()
    await mail.comes(letter("please answer"))
    delivery = await mail.ring.answer(await mail.ring.message("please answer"), "here you are")
    [answer] = await mail.gets("pat", 1)
    await mail.comes(report(answer["Message-ID"], proven=proven))
    if proven:
        assert (await mail.ring.reached(delivery, "failed")).reason == "no-such-address"
        assert texts(mail) == ["please answer"]
        return
    await mail.ring.until(lambda: len(mail.ring.messages()) == 2, "the report")
    shown = mail.ring.messages()[-1]
    assert (shown.thread, shown.aside) == (delivery.conversation, "")
    assert {"automatic", "other-sender"} <= set(shown.marks)
    assert {receipt.stage for receipt in mail.ring.receipts(delivery)} == {"sent"}


async def test_a_librarian_takes_a_mail_in_and_answers_it_after_a_restart(tmp_path: Path) -> None:
    for peer in (Dovecot, Exim):
        if why := peer.missing():
            pytest.skip(why)
    with Site(tmp_path) as site:
        await site.house.start()
        ana = await site.librarian()
        await asyncio.to_thread(
            site.dovecot.deliver, MAILBOX, letter("our newsletter", *NEWSLETTER), sender="pat@localhost"
        )
        talk = await listed(ana)
        await asyncio.to_thread(site.house.stop)
        await site.house.start()
        assert await listed(ana) == talk
        status, acted = await ana.do(f"/conversations/{talk}/reopen", {})
        assert (status, acted["row"]["owner"], acted["row"]["aside"]) == (200, "ana", "")
        assert (await ana.do(f"/conversations/{talk}/messages", {"text": "Please send no more"}))[0] == 200
        [answer] = await site.mails("pat", 1)
        assert words(answer) == "Please send no more"
        await ana.close()


async def listed(ana: Librarian) -> str:
    """Return the one conversation in the list of what is set aside, once it is there."""
    async with asyncio.timeout(60):
        while not (rows := (await ana.get("/conversations?view=aside"))["rows"]):
            await asyncio.sleep(0.1)
    [row] = rows
    assert (row["aside"], row["subject"]) == ("list", "our newsletter")
    return str(row["id"])
