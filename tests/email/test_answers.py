"""What goes out and what comes back: threads, strangers, machines, bounces; each through a real Exim."""

from __future__ import annotations

import asyncio
import time

from bridge.contract.message import Delivery, derive
from bridge.testing.timeline import conversation
from tests.email.conftest import Mail
from tests.email.site import MAILBOX, words
from tests.email.test_mailbox import letter, texts


async def test_a_bounce_marks_its_answer_failed_with_the_reason(mail: Mail) -> None:
    await mail.start()
    await mail.comes(letter("please answer", sender="Gone <gone@localhost>"))
    delivery = await mail.ring.answer(await mail.ring.message("please answer"), "here you are")
    await mail.ring.reached(delivery, "sent")
    failed = await mail.ring.reached(delivery, "failed")
    assert failed.reason == "no-such-address"
    assert failed.detail.startswith("hard bounce")
    assert "gone@" not in failed.detail
    assert texts(mail) == ["please answer"]


async def test_a_refused_address_fails_at_once(mail: Mail) -> None:
    await mail.start()
    await mail.comes(letter("please answer", sender="unknown@localhost"))
    delivery = await mail.ring.answer(await mail.ring.message("please answer"), "here you are")
    assert (await mail.ring.reached(delivery)).stage == "failed"


async def test_machines_are_not_answered_and_open_nothing(mail: Mail) -> None:
    await mail.start()
    await mail.comes(
        letter("I am away", "Auto-Submitted: auto-replied"),
        letter("our newsletter", "List-Id: <news.example.org>", "Precedence: bulk"),
        letter("a question"),
    )
    message = await mail.ring.message("a question")
    assert [each.text for each in mail.ring.messages() if not each.aside] == ["a question"]
    delivery = await mail.ring.answer(message, "an answer")
    await mail.ring.reached(delivery, "sent")
    [answer] = await mail.gets("pat", 1)
    away = letter("back on Monday", "Auto-Submitted: auto-replied", f"In-Reply-To: {answer['Message-ID']}")
    await mail.comes(away)
    shown = await mail.ring.message("back on Monday")
    assert shown.thread == delivery.conversation or shown.thread == conversation(message.sender)
    assert "automatic" in shown.marks
    notice = await mail.ring.answer(shown, "We are closed", kind="notice", automatic=True)
    assert (await mail.ring.reached(notice, "failed")).reason == "automatic"


async def test_automatic_mail_goes_by_the_return_path(mail: Mail) -> None:
    """RFC 3834 4: to the Return-Path, to nobody where it is empty; what a librarian writes goes to the patron."""
    await mail.start()
    await mail.comes(letter("by another way"), sender="envelope@localhost")
    message = await mail.ring.message("by another way")
    notice = await mail.ring.answer(message, "We are closed", kind="notice", automatic=True)
    await mail.ring.reached(notice, "sent")
    [closed] = await mail.gets("envelope", 1)
    assert (closed["To"], closed["Auto-Submitted"]) == ("envelope@localhost", "auto-replied")
    await mail.ring.answer(message, "an answer")
    assert [words(each) for each in await mail.gets("pat", 1)] == ["an answer"]
    reply = f"From: pat@localhost\r\nTo: {closed['Reply-To'].addresses[0].addr_spec}\r\nSubject: x\r\n\r\nThank you\r\n"
    await mail.comes(reply.encode(), sender="")
    thanks = await mail.ring.message("Thank you")
    assert "other-sender" not in thanks.marks
    to_nobody = await mail.ring.answer(thanks, "We are closed", kind="notice", automatic=True)
    assert (await mail.ring.reached(to_nobody, "failed")).reason == "automatic"


async def test_a_sender_whom_dmarc_disowns_gets_nothing_automatic(mail: Mail) -> None:
    await mail.start(trusted_server="mx.localhost")
    await mail.comes(letter("pay me", "Authentication-Results: mx.localhost; dmarc=fail header.from=localhost"))
    message = await mail.ring.message("pay me")
    notice = await mail.ring.answer(message, "We are closed", kind="notice", automatic=True)
    assert (await mail.ring.reached(notice, "failed")).reason == "automatic"
    await mail.ring.reached(await mail.ring.answer(message, "a librarian's answer"), "sent")


async def test_a_copy_that_is_refused_shows_and_keeps_nothing_from_the_others(mail: Mail) -> None:
    await mail.start()
    await mail.comes(letter("for all", "Cc: unknown@localhost, Bob <bob@localhost>, jane,doe@localhost"))
    answer = await mail.ring.answer(await mail.ring.message("for all"), "to all of you", all_recipients=True)
    assert (await mail.ring.reached(answer, "sent")).reason == "copy-refused"
    await mail.gets("pat", 1)
    await mail.gets("bob", 1)


async def test_letters_beyond_ascii_in_an_address_go_where_the_server_takes_them(mail: Mail) -> None:
    await mail.start()
    await mail.comes(
        letter("für uns beide", "Cc: =?utf-8?q?J=C3=BCrgen?= <jürgen@localhost>", sender="Pat <pat@localhost>")
    )
    message = await mail.ring.until(lambda: next(iter(mail.ring.messages()), None), "the mail")
    assert message is not None
    both = await mail.ring.answer(message, "to both of you", all_recipients=True)
    assert (await mail.ring.reached(both, "sent")).reason in (
        "",
        "copy-refused",
    )  # what its mailbox says is the server's to say
    assert [words(each) for each in await mail.gets("pat", 1)] == ["to both of you"]
    await asyncio.to_thread(mail.exim.without_smtputf8)
    again = await mail.ring.answer(message, "to one of you", all_recipients=True)
    assert (await mail.ring.reached(again, "sent")).reason == "copy-refused"
    alone = Delivery(
        id=derive("alone"), channel=mail.ring.channel, conversation=derive("a chat"), to="jürgen@localhost", kind="text",
        at=int(time.time() * 1000), text="for you",
    )  # fmt: skip
    await mail.ring.put([alone])
    assert (await mail.ring.reached(alone, "failed")).reason == "letters"


async def test_automatic_mails_to_one_address_end_after_a_few_a_day(mail: Mail) -> None:
    await mail.start(automatic_per_day=2)
    await mail.comes(letter("a question"))
    message = await mail.ring.message("a question")
    for _ in range(2):
        notice = await mail.ring.answer(message, "We are closed", kind="notice", automatic=True)
        await mail.ring.reached(notice, "sent")
    await mail.ring.stop()
    await mail.start(automatic_per_day=2)
    third = await mail.ring.answer(message, "We are closed", kind="notice", automatic=True)
    assert (await mail.ring.reached(third, "failed")).reason == "automatic"
    answer = await mail.ring.answer(message, "a librarian's answer")
    await mail.ring.reached(answer, "sent")
    mails = await mail.gets("pat", 3)
    assert [each["Auto-Submitted"] for each in mails] == ["auto-replied", "auto-replied", None]


async def test_everybody_gets_the_answer_only_when_the_librarian_says_so(mail: Mail) -> None:
    await mail.start()
    await mail.comes(letter("for us both", "Cc: Bob <bob@localhost>"))
    message = await mail.ring.message("for us both")
    assert "also to bob@localhost" in message.marks
    await mail.ring.answer(message, "to you alone")
    await mail.ring.answer(message, "to both of you", all_recipients=True)
    await mail.gets("pat", 2)
    mails = await mail.gets("bob", 1)
    assert [words(each) for each in mails] == ["to both of you"]
    assert mails[0]["Cc"] == "Bob <bob@localhost>"


async def test_an_address_that_never_wrote_gets_a_new_mail_and_its_reply_finds_the_conversation(mail: Mail) -> None:
    await mail.start()
    follow_up = Delivery(
        id=derive("follow-up"), channel=mail.ring.channel, conversation=derive("a chat"), to="eve@localhost", kind="text",
        at=int(time.time() * 1000), text="What you asked in the chat", author="Ada", subject="Your chat with us",
    )  # fmt: skip
    await mail.ring.put([follow_up])
    assert (await mail.ring.reached(follow_up)).stage == "sent"
    [got] = await mail.gets("eve", 1)
    assert words(got) == "What you asked in the chat"
    assert got["In-Reply-To"] is None
    reply = (
        f"From: eve@localhost\r\nTo: {got['Reply-To'].addresses[0].addr_spec}\r\nSubject: other\r\n\r\nThank you\r\n"
    )
    await mail.comes(reply.encode(), sender="eve@localhost")
    assert (await mail.ring.message("Thank you")).thread == follow_up.conversation
    stranger = reply.replace("From: eve@", "From: mallory@").replace("Thank you", "I am Eve, too")
    await mail.comes(stranger.encode(), sender="mallory@localhost")
    flagged = await mail.ring.message("I am Eve, too")
    assert flagged.thread == follow_up.conversation
    assert "other-sender" in flagged.marks


async def test_the_subject_alone_joins_nothing_and_our_own_mail_is_not_a_patrons(mail: Mail) -> None:
    await mail.start()
    await mail.comes(letter("first"))
    await mail.ring.message("first")
    await mail.comes(
        letter("ours", sender=MAILBOX), letter("second").replace(b"Subject: second", b"Subject: Re: first")
    )
    assert (await mail.ring.message("second")).thread == ""
    assert [(each.text, each.aside) for each in mail.ring.messages()] == [
        ("first", ""),
        ("ours", "own"),
        ("second", ""),
    ]


async def test_who_gets_copies_sees_no_hidden_one_and_who_answers_is_not_the_patron(mail: Mail) -> None:
    """A mail that begins something, with Cc and Bcc: what each recipient sees, and what comes back from them."""
    await mail.start()
    first = Delivery(
        id=derive("begun"), channel=mail.ring.channel, conversation=derive("begun talk"), to="pat@localhost", kind="text",
        at=int(time.time() * 1000), text="Your book is here", author="Ada", subject="Your book", title="Your book",
        cc=("bob@localhost", "gone@localhost", MAILBOX, "ask+x@localhost"), bcc=("cem@localhost", "unknown@localhost"),
    )  # fmt: skip
    await mail.ring.put([first])
    assert (await mail.ring.reached(first, "sent")).reason == "copy-refused"
    failed = await mail.ring.until(lambda: _copies(mail, first), "both copies that failed")
    assert failed == {"gone@localhost": "no-such-address", "unknown@localhost": "no-such-address"}
    assert [each.stage for each in mail.ring.receipts(first) if not each.copy] == ["sent"]
    mails = [(await mail.gets(user, 1))[0] for user in ("pat", "bob", "cem")]
    for got in mails:
        assert (got["To"], got["Cc"], got["Subject"]) == ("pat@localhost", "bob@localhost, gone@localhost", "Your book")
        assert got["Bcc"] is None
    assert not any(b"cem@" in got.as_bytes() or b"unknown@" in got.as_bytes() for got in mails[:2])
    to_us = mails[0]["Reply-To"].addresses[0].addr_spec
    reply = (
        f"From: bob@localhost\r\nTo: {to_us}\r\nCc: pat@localhost, Kim <kim@localhost>\r\nSubject: x\r\n\r\nMe, too\r\n"
    )
    await mail.comes(reply.encode(), sender="bob@localhost")
    from_bob = await mail.ring.message("Me, too")
    assert (from_bob.thread, from_bob.others) == (first.conversation, ("pat@localhost", "kim@localhost"))
    assert "other-sender" in from_bob.marks
    (own,) = await mail.ring.begins("ask+y@localhost", "to ourselves")
    assert (await mail.ring.reached(own, "failed")).reason == "own-address"


def _copies(mail: Mail, delivery: Delivery) -> dict[str, str]:
    """Return the copies that failed and why, once there are two."""
    found = {each.copy: each.reason for each in mail.ring.receipts(delivery) if each.copy}
    return found if len(found) == 2 else {}


async def test_what_is_sent_on_comes_back_as_somebody_elses(mail: Mail) -> None:
    await mail.start()
    sent_on = Delivery(
        id=derive("sent on"), channel=mail.ring.channel, conversation=derive("a question"), to="eve@localhost", kind="text",
        at=int(time.time() * 1000), text="Do you know this?", event="forwarded", title="Fwd: A question",
    )  # fmt: skip
    await mail.ring.put([sent_on])
    [got] = await mail.gets("eve", 1)
    assert (got["Subject"], got["In-Reply-To"]) == ("Fwd: A question", None)
    to_us = got["Reply-To"].addresses[0].addr_spec
    await mail.comes(f"From: eve@localhost\r\nTo: {to_us}\r\n\r\nI do\r\n".encode(), sender="eve@localhost")
    back = await mail.ring.message("I do")
    assert back.thread == sent_on.conversation
    assert "other-sender" in back.marks
