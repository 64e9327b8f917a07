"""Writing first, copies, sending on, and giving: who may, to whom, and what it leaves as it was."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bridge.contract.message import Attachment, Begin, Deed, Forward, Give, Receipt, Say
from routing.events import CopyFailed, Forwarded, Refused, Said, answer
from routing.organisation import Librarian, Library
from routing.state import DAY
from tests.routing.play import IM, MAIL, SMS, WEB, Play, north

POST = replace(MAIL, answers=("mail",), cc=True)
TEXTS = replace(SMS, answers=("phone",))
JANE = "jane@example.org"


def desk(**changes: Any) -> Play:
    """North with Cora as its coordinator, South with Eve; Ana is there."""
    people = (*north().librarians, Librarian(id="cora", name="Cora", role="coordinator"))
    south = Library(id="south", revision=1, name="South", librarians=(Librarian(id="eve", name="Eve"),))
    given = {"librarians": people, "country": "DE", "writes_first": "staff"} | changes
    play = Play(north(**given), south, channels=(WEB, TEXTS, POST, IM))
    return play.script("> ana comes\n> ana serves north/ask")


def mail(address: str = JANE, **more: Any) -> Begin:
    """A mail that begins something."""
    return Begin(channel="mail", address=address, text="Your book is here.", **({"subject": "Your book"} | more))


def why(play: Play, by: str, deed: Deed) -> str:
    """Let somebody try, and return why it was refused ("" = it was done)."""
    found = answer(play.act(by, deed))
    return found.reason if isinstance(found, Refused) else ""


def said(play: Play) -> Said:
    """What was said last."""
    return [event for event in play.log[-1].events if isinstance(event, Said)][-1]


def test_who_writes_first_has_the_conversation_and_the_answer_joins_it() -> None:
    play = desk()
    play.act("ana", mail("Jane@Example.org", name="Jane Doe"))
    assert [type(event).__name__ for event in play.log[-1].events] == ["Opened", "Claimed", "Said"]
    it = play.of(f"{JANE}@mail")
    assert (it.owner, it.begun_by, it.turn, it.live, it.unanswered_since) == ("ana", "ana", "patron", False, 0)
    assert (said(play).delivery.to, said(play).delivery.title, said(play).delivery.reply) == (JANE, "Your book", "")
    play.write(f"{JANE}@mail", "Thank you", subject="Re: Your book", thread=it.id)
    assert play.of(f"{JANE}@mail").id == it.id
    assert play.of(f"{JANE}@mail").turn == "librarian"
    play.act("ana", Begin(channel="sms", address="0170 1234567", text="Hello"))
    assert said(play).delivery.to == "+491701234567"
    play.script("> +3d")
    assert play.of("+491701234567@sms").state == "active"


def test_a_second_conversation_with_an_open_address_is_begun_only_apart() -> None:
    play = desk()
    play.act("ana", mail())
    found = answer(play.act("ben", mail(subject="Another thing")))
    assert isinstance(found, Refused)
    assert (found.reason, found.conversation, found.holder) == ("already-open", play.id_of(f"{JANE}@mail"), "ana")
    assert why(play, "ben", mail(subject="Another thing", apart=True)) == ""
    play.act("ana", Begin(channel="sms", address="+491701234567", text="Hello"))
    assert why(play, "ben", Begin(channel="sms", address="+491701234567", text="Hi", apart=True)) == "already-open"


@pytest.mark.parametrize(
    ("by", "deed", "reason"),
    [
        ("eve", mail(), "may-not-begin"),
        ("ana", mail("jane"), "address-not-understood"),
        ("ana", mail("jane@example.org\r\nBcc: all@example.org"), "address-not-understood"),
        ("ana", mail("+491701234567"), "address-not-understood"),
        ("ana", mail(cc=("no address",)), "address-not-understood"),
        ("ana", mail(cc=tuple(f"p{n}@example.org" for n in range(21))), "too-many-copies"),
        ("ana", replace(mail(), text=" \u200b"), "empty"),
        ("ana", Begin(channel="web", address=JANE, text="Hello"), "cannot-begin"),
        ("ana", Begin(channel="none", address=JANE, text="Hello"), "cannot-begin"),
        ("ana", Begin(channel="sms", address="1234", text="Hello"), "address-not-understood"),
        ("ana", Begin(channel="sms", address="+491701234567", text="Hello", cc=(JANE,)), "no-copies"),
    ],
)
def test_hindrances_of_writing_first(by: str, deed: Begin, reason: str) -> None:
    play = desk()
    assert why(play, by, deed) == reason
    assert not play.state.conversations


@pytest.mark.parametrize(
    ("allowed", "librarian", "coordinator"),
    [("nobody", "may-not-begin", "may-not-begin"), ("coordinators", "may-not-begin", ""), ("staff", "", "")],
)
def test_each_library_says_which_role_writes_first(allowed: str, librarian: str, coordinator: str) -> None:
    play = desk(writes_first=allowed)
    assert why(play, "ana", mail()) == librarian
    assert why(play, "cora", mail("joe@example.org")) == coordinator


def test_a_blocked_address_gets_nothing_and_a_day_has_its_bound() -> None:
    play = desk(writes_first_per_day=3)
    play.script(f"> {JANE}@mail: Rubbish\n> ana claims {JANE}@mail\n> ana blocks {JANE}@mail\n> ana closes {JANE}@mail")
    assert why(play, "ana", mail()) == "blocked-address"
    assert why(play, "ana", mail("joe@example.org", bcc=(JANE,))) == "blocked-address"
    assert why(play, "ana", mail("joe@example.org", cc=("a@example.org",))) == ""
    assert why(play, "ana", mail("kim@example.org", cc=("b@example.org",))) == "too-many-begun"
    assert why(play, "ana", mail("kim@example.org")) == ""
    assert why(play, "ana", mail("lee@example.org")) == "too-many-begun"
    assert why(play, "ben", mail("lee@example.org")) == ""
    play.wait(DAY + 1)
    assert why(play, "ana", mail("max@example.org")) == ""


def test_a_reply_to_all_goes_to_those_on_the_mail_and_others_need_the_right() -> None:
    play = desk(writes_first="coordinators")
    play.write("pat@x.org@mail", "For all", others=("bob@x.org", "Kim@x.org"))
    it = play.id_of("pat@x.org@mail")
    play.act("ana", Say(conversation=it, text="To all", all_recipients=True, bcc=("bob@x.org",)))
    delivery = said(play).delivery
    assert (delivery.cc, delivery.bcc, delivery.all_recipients) == (("bob@x.org", "Kim@x.org"), (), False)
    assert why(play, "ana", Say(conversation=it, text="x", cc=("eve@x.org",))) == "may-not-begin"
    assert why(play, "cora", Say(conversation=it, text="x", cc=("eve@x.org",))) == "taken"
    play.write("bob@x.org@mail", "Me too", thread=it, marks=("other-sender",))
    assert play.state.conversations[it].address == "pat@x.org"
    play.give(Receipt(delivery=delivery.id, stage="sent"))
    step = play.give(Receipt(delivery=delivery.id, stage="failed", reason="no-such-address", copy="kim@x.org"))
    assert [(type(one), getattr(one, "address", "")) for one in step.events] == [(CopyFailed, "kim@x.org")]
    assert play.state.deliveries[delivery.id].stage == "sent"
    play.give(Receipt(delivery=delivery.id, stage="failed", copy="somebody@x.org"))
    assert play.state.deliveries[delivery.id].stage == "failed"


def test_what_is_sent_on_changes_nothing_of_the_conversation() -> None:
    play = desk().script("> pat: Hello\n> ana claims pat")
    it = play.of("pat")
    file = Attachment(digest="0" * 64, media_type="image/png", size=9, name="plan.png")
    deed = Forward(
        conversation=it.id, channel="mail", address="Expert@example.org", what="message", text="See: Hello", note="See:",
        attachments=(file,), subject="Fwd: Hello",
    )  # fmt: skip
    assert why(play, "eve", deed) == "no-access"
    assert why(play, "ana", replace(deed, channel="sms")) == "cannot-begin"
    assert why(play, "ana", replace(deed, address="expert")) == "address-not-understood"
    step = play.act("ana", deed)
    (sent,) = (event for event in step.events if isinstance(event, Forwarded))
    assert (sent.delivery.to, sent.delivery.event, sent.delivery.title) == (
        "expert@example.org",
        "forwarded",
        "Fwd: Hello",
    )
    assert play.of("pat") == it
    play.write("expert@example.org@mail", "It is so", thread=it.id, marks=("other-sender",))
    assert (play.of("pat").address, play.of("pat").channel) == ("pat", "web")
    assert why(desk(writes_first="nobody").script("> pat: Hello\n> ana claims pat"), "ana", deed) == "may-not-begin"


def test_staff_give_where_their_library_says_so_and_to_an_absent_one_by_their_own_word() -> None:
    play = desk().script("> pat: Hello")
    it = play.id_of("pat")
    assert why(play, "ana", Give(conversation=it, librarian="ben")) == "not-coordinator"
    play = desk(assigns="staff").script("> pat: Hello")
    it = play.id_of("pat")
    assert why(play, "eve", Give(conversation=it, librarian="ana")) == "not-coordinator"
    assert why(play, "ana", Give(conversation=it, librarian="ben")) == "absent"
    assert why(play, "ana", Give(conversation=it, librarian="ben", absent=True)) == ""
    assert play.owner("pat") == "ben"
    play.script("> +31s")
    assert play.of("pat").state == "waiting"
