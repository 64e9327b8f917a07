"""Patrons have their transcript mailed: who may, how often, where to, and that the address leads nowhere afterwards."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from bridge.contract.message import ChannelStatus, Delivery, Receipt, TranscriptWish, transcript_id
from routing import core, desk_view, wire
from routing.events import TranscriptMailed, deliveries
from routing.records import Conversation
from routing.transcripts import MAILINGS, PATIENCE_MS
from tests.routing.play import MAIL, WEB, Play, north, tables

ANSWERED = """
> ana comes
> ana serves north/ask
> pat: Where are the maps?
> ana claims pat
> ana says pat: Over there.
"""
HIDDEN = "hidden@example.org"


def answered(**changes: object) -> Play:
    """A chat in which Ana answered."""
    play = Play(north(**changes)).script(ANSWERED)
    play.drop()
    return play


def sent(play: Play) -> Delivery:
    """Return the delivery of the one transcript that was mailed since the last look."""
    [event] = play.drop()
    assert isinstance(event, TranscriptMailed)
    return event.delivery


def test_it_goes_by_the_channel_for_answers_to_the_address_alone() -> None:
    play = answered()
    before = play.of("pat")
    play.mail("pat", HIDDEN)
    delivery = sent(play)
    assert (delivery.channel, delivery.to, delivery.kind, delivery.event) == ("mail", HIDDEN, "notice", "transcript")
    assert (delivery.reply, delivery.author, delivery.automatic, delivery.about) == ("", "", True, "web|pat")
    assert (delivery.subject, delivery.expires_at) == ("Your conversation with North Library", play.now + PATIENCE_MS)
    assert "North Library" in delivery.text
    assert [one for step in play.log[-1:] for one in deliveries(step)] == [delivery]
    assert replace(play.of("pat"), mailed=()) == before


def test_the_address_stands_in_no_table_and_nothing_from_there_joins() -> None:
    """Not even an answer, or a word of the librarian's after the patron has left: they are not known to be there."""
    play = answered()
    play.script(f"> pat mails {HIDDEN}")
    assert HIDDEN not in repr(tables(play.state))
    play.script("> pat leaves\n> +40min\n> ana says pat: Are you there?")
    assert HIDDEN not in repr(play.drop())
    talk = play.id_of("pat")
    play.script(f"> {HIDDEN}@mail subject=Re:_Your_conversation: Thanks\n< opened; received; queued; offered")
    assert play.id_of(f"{HIDDEN}@mail") != talk
    assert play.of("pat").contact == ""
    assert play.of("pat").routes == ()


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("> rex: I am somebody else", id="no conversation"),
        pytest.param("> pat: Where are the maps?", id="waiting"),
        pytest.param("> ana comes\n> ana serves north/ask\n> pat: Hm\n> ana closes pat as=answered", id="unanswered"),
        pytest.param(ANSWERED + "> ana blocks pat", id="blocked"),
        pytest.param(ANSWERED + "> ana closes pat as=answered\n> +25h", id="after the window"),
        pytest.param(ANSWERED + f"> pat mails {HIDDEN}\n" * MAILINGS, id="often enough"),
    ],
)
def test_what_may_not_be_mailed_is_not(before: str) -> None:
    play = Play().script(before)
    play.script(f"> pat mails {HIDDEN}\n< nothing")
    assert not desk_view.view(play.state, "web", play.now, "pat").mailable


def test_nobody_has_anothers_mailed() -> None:
    play = answered()
    play.script(f"> rex mails {HIDDEN}\n< nothing")
    play.script(f"> pat@sms mails {HIDDEN}\n< nothing")


def test_after_the_end_it_is_mailed_too() -> None:
    play = answered().script("> ana closes pat as=answered\n> +23h")
    assert desk_view.view(play.state, "web", play.now, "pat").mailable
    play.script(f"> pat mails {HIDDEN}\n< transcript-mailed conversation=pat to={HIDDEN}")


@pytest.mark.parametrize("channels", [(WEB,), (WEB, replace(MAIL, transcripts=False))], ids=["none", "one that cannot"])
def test_without_a_channel_that_carries_transcripts_none_is_offered(channels: tuple[ChannelStatus, ...]) -> None:
    play = Play(channels=channels).script(ANSWERED)
    shown = desk_view.view(play.state, "web", play.now, "pat")
    assert (shown.mails, shown.mailable) == (False, False)
    play.script(f"> pat mails {HIDDEN}\n< nothing")


def test_a_library_that_names_no_channel_offers_none() -> None:
    play = answered(contact_channel="")
    assert not desk_view.view(play.state, "web", play.now).mails
    play.script(f"> pat mails {HIDDEN}\n< nothing")


def test_the_desk_tells_that_it_can_be_done_and_who_may() -> None:
    play = answered()
    for address, may in (("", False), ("rex", False), ("pat", True)):
        shown = desk_view.view(play.state, "web", play.now, address)
        assert (shown.mails, shown.mailable) == (True, may)


def test_a_failure_is_told_once_where_it_was_asked_for() -> None:
    """And of a failure that was heard of before the mailing itself nothing more is told than of any other."""
    play = answered()
    play.mail("pat", HIDDEN)
    failed = Receipt(delivery=sent(play).id, stage="failed", reason="no-such-address")
    play.give(replace(failed, stage="sent", reason=""))
    assert [type(event).__name__ for event in play.drop()] == ["Progressed"]
    play.give(failed)
    progressed, told = play.drop()
    assert HIDDEN not in repr((progressed, told))
    [delivery] = deliveries(play.log[-1])
    assert (delivery.channel, delivery.to, delivery.event) == ("web", "pat", "transcript-failed")
    play.give(failed)
    assert play.drop() == []


def test_receipts_that_come_together_are_heard_too() -> None:
    play = answered()
    ids = []
    for _ in range(2):
        play.mail("pat", HIDDEN)
        ids.append(sent(play).id)
    failed = tuple(Receipt(delivery=one, stage="failed") for one in ids)
    step = core.step(play.state, failed, "together", play.now)
    assert [one.event for one in deliveries(step)] == ["transcript-failed"] * 2


def test_a_failure_of_an_answer_is_told_to_nobody_as_a_transcripts() -> None:
    play = answered()
    play.give(Receipt(delivery=play.last_delivery("pat"), stage="failed"))
    assert [type(event).__name__ for event in play.drop()] == ["Progressed"]


def test_what_is_erased_is_not_told_of_any_more() -> None:
    library = north(librarians=(replace(north().librarians[0], coordinator=True),))
    play = Play(library).script(ANSWERED)
    play.script(f"> pat mails {HIDDEN}")
    delivery = sent(play)
    play.script("> ana closes pat as=answered\n> ana forgets pat")
    play.drop()
    play.give(Receipt(delivery=delivery.id, stage="failed", reason="forgotten"))
    assert all(not deliveries(step) for step in play.log[-1:])
    assert HIDDEN not in repr(tables(play.state))


def test_handed_in_again_it_is_known_by_its_cause() -> None:
    request = TranscriptWish(
        id=transcript_id("web", "pat", "t1"), channel="web", sender="pat", source="t1", address=HIDDEN
    )
    assert wire.source_key(request) == wire.cause(request, "1-0", 4) == request.id
    assert transcript_id("web", "rex", "t1") != request.id


def test_what_was_written_before_there_were_transcripts_opens() -> None:
    talk = {"id": "c", "library": "north", "queue": "north/ask", "channel": "web", "address": "w", "live": True}
    record = msgspec.msgpack.decode(msgspec.msgpack.encode(talk | {"opened_at": 1}), type=Conversation)
    status = {"k": "channel", "channel": "mail", "kind": "email", "queue": "", "up": True}
    channel = msgspec.msgpack.decode(msgspec.msgpack.encode(status), type=ChannelStatus)
    assert (record.mailed, channel.transcripts) == ((), False)
