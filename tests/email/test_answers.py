"""What goes out and what comes back: threads, strangers, machines, bounces; each through a real Exim."""

from __future__ import annotations

import time

from bridge.message import Delivery, derive
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
    assert texts(mail) == ["a question"]
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
    assert texts(mail) == ["first", "second"]
