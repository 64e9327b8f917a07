"""Follow-ups that are kept: whose they are, what opens and closes them, where the answer goes, and what is promised."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.contract.message import ChannelStatus
from routing import wording
from routing.events import FollowUpChanged, Noticed, deliveries
from routing.organisation import Librarian, Library
from routing.reach import address_kind, carrier_to, offered_kinds, promised, reaches, tidied
from routing.records import FollowUpRecord
from tests.routing.play import IM, MAIL, SMS, WEB, Play, cooperative, north

TO = "to=pat@example.org"
BUDDY = ChannelStatus(channel="buddy", kind="xmpp", queue="north/ask", up=True, live=True, answers=("im",))
CHANNELS = (WEB, SMS, MAIL, IM, BUDDY)


def only(play: Play) -> FollowUpRecord:
    """Return the one follow-up that is not closed."""
    (one,) = play.state.follow_ups.values()
    return one


def told(play: Play) -> list[str]:
    return [event.delivery.text for step in play.log for event in step.events if type(event) is Noticed]


# ---- whose it is --------------------------------------------------------------------------------------------------------------

BACKUP = """
    > sue comes
    > sue serves north/ask
    > pat: Where is it?
    > +41s
    > sue claims pat
"""


def backed_up(coordinator: str = "ben") -> Play:
    """Return a desk where Sue of South answers a patron of North, whose coordinator is Ben."""
    ours, theirs = cooperative()
    people = tuple(replace(one, coordinator=one.id == coordinator) for one in ours.librarians)
    return Play(replace(ours, librarians=people), theirs).script(BACKUP)


def test_a_follow_up_by_me_of_a_non_local_is_pending_at_home() -> None:
    play = backed_up().script(f"> sue closes pat as=follow_up_me {TO}\n< noticed; closed; follow-up-opened owner=sue")
    one = only(play)
    assert (one.state, one.owner, one.library) == ("pending", "sue", "north")


def test_a_follow_up_by_me_of_a_local_is_open() -> None:
    play = Play().script(f"> ana comes\n> pat: Hi\n> ana claims pat\n> ana closes pat as=follow_up_me {TO}")
    assert (only(play).state, only(play).owner) == ("open", "ana")


def test_a_follow_up_by_the_library_is_new_and_unassigned_at_home() -> None:
    play = backed_up().script(f"> sue closes pat as=follow_up_library {TO}")
    one = only(play)
    assert (one.state, one.owner, one.library) == ("new", "", "north")


def test_a_home_coordinator_takes_a_pending_follow_up_over_and_others_wait_until_it_is_overdue() -> None:
    play = backed_up().script(f"> sue closes pat as=follow_up_me {TO} deadline=+1d")
    play.script(
        """
        > ana sets pat open owner=ana
        < refused reason=follow-up-elsewhere holder=sue
        > ben sets pat open owner=ben
        < follow-up-changed state=open owner=ben by=ben
        > ben sets pat open owner=sue
        < follow-up-changed state=pending owner=sue
        > +25h
        < reminded what=follow-up-due
        > ana sets pat open owner=ana
        < follow-up-changed state=open owner=ana
        """
    )


def test_where_nobody_coordinates_anybody_at_home_takes_it_over() -> None:
    play = backed_up(coordinator="").script(f"> sue closes pat as=follow_up_me {TO}")
    play.script("> ana sets pat open owner=ana\n< follow-up-changed owner=ana")


def test_a_follow_up_is_nobody_else_s_business() -> None:
    play = backed_up().script(f"> sue closes pat as=follow_up_library {TO}\n> sue sets pat closed")
    assert only(play).state == "new"
    play.drop()
    play.script("> tom sets pat closed\n< refused reason=no-access")


def test_who_is_given_a_follow_up_may_answer_it() -> None:
    play = backed_up().script(f"> sue closes pat as=follow_up_library {TO}\n> ben sets pat open owner=tom")
    play.drop()
    play.script("> tom reopens pat\n< reopened; claimed by=tom")
    play.script("> tom says pat: Upstairs\n> tom closes pat as=answered")
    assert not play.state.follow_ups


def test_states_say_what_is_so() -> None:
    play = Play().script(f"> ana comes\n> pat: Hi\n> ana claims pat\n> ana closes pat as=follow_up_me {TO}")
    play.drop()
    play.script(
        """
        > ana sets pat open
        < follow-up-changed state=new owner=
        > ana sets pat new owner=ben
        < follow-up-changed state=open owner=ben
        > ana sets pat open owner=ben address=nonsense
        < refused reason=address-not-understood
        """
    )


# ---- what opens it ------------------------------------------------------------------------------------------------------------

LEFT = "> pat contact=jane@example.org: Where is it?\n> pat leaves\n"


@pytest.mark.parametrize("desk", ["", "> ana comes\n> ana serves north/ask\n"])
def test_an_unanswered_chat_that_left_an_address_becomes_a_follow_up(desk: str) -> None:
    play = Play().script(desk + LEFT + "> +3min")
    one = only(play)
    assert (one.state, one.owner, one.library) == ("new", "", "north")
    assert (one.plan.address, one.plan.question) == ("jane@example.org", "Where is it?")
    assert one.plan.deadline == one.opened_at + play.state.roster.library("north").timers.follow_up_s * 1000
    assert play.of("pat").state == "waiting", "it keeps its place in the line"


def test_who_leaves_an_address_in_place_of_words_has_asked_before() -> None:
    play = Play().script("> pat: Where is it?")
    play.write("pat", "jane@example.org", contact="jane@example.org", later=True)
    assert only(play).plan.question == "Where is it?"


def test_and_it_ends_when_it_is_answered_there() -> None:
    play = Play().script(LEFT + "> +3min\n> ana comes\n> ana serves north/ask\n> ana claims pat")
    play.drop()
    play.script("> ana says pat: Upstairs\n< said channel=mail to=jane@example.org")
    play.script("> ana closes pat as=answered\n< closed; follow-up-changed state=closed outcome=answered")


def test_who_comes_back_at_once_opens_none() -> None:
    play = Play().script(LEFT + "> +1min\n> pat returns\n> +1h")
    assert not play.state.follow_ups


def test_who_comes_back_later_and_is_answered_in_the_chat_has_none_left() -> None:
    play = Play().script(LEFT + "> +3min\n> ana comes\n> ana serves north/ask\n> pat: Me again\n> ana claims pat")
    play.script("> ana says pat: Upstairs\n> receipt pat read\n> +6min")
    assert (play.of("pat").code, len(play.state.follow_ups)) == ("answered", 0)


def test_a_chat_that_nobody_answered_ends_as_a_follow_up_by_default() -> None:
    play = Play().script("> ana comes\n> pat contact=jane@example.org: Hi\n> ana claims pat")
    play.drop()
    play.script("> ana closes pat\n< noticed event=follow-up; closed code=follow_up_library; follow-up-opened owner=")


# ---- what a corrected code does -----------------------------------------------------------------------------------------------


def test_a_corrected_code_closes_truthfully_what_was_answered() -> None:
    play = Play().script(f"> ana comes\n> pat: Hi\n> ana claims pat\n> ana closes pat as=follow_up_me {TO}")
    play.script(
        "> +1h\n> ana reopens pat\n> ana says pat via=mail|pat@example.org: Upstairs\n> ana closes pat as=practice"
    )
    play.drop()
    play.script("> ana recodes pat as=unreached\n< recoded; follow-up-changed state=closed outcome=answered")


@pytest.mark.parametrize(("code", "outcome"), [("answered", "taken-back"), ("unreached", "unreached")])
def test_a_corrected_code_takes_back_what_nobody_answered(code: str, outcome: str) -> None:
    play = Play().script(f"> ana comes\n> pat: Hi\n> ana claims pat\n> ana closes pat as=follow_up_me {TO}")
    play.drop()
    play.script(f"> ana recodes pat as={code}\n< recoded; follow-up-changed state=closed outcome={outcome} by=ana")


def test_a_non_local_corrects_to_a_follow_up_that_is_pending_at_home() -> None:
    play = backed_up().script("> sue says pat: Hm\n> sue closes pat")
    play.script(f"> sue recodes pat as=follow_up_me {TO}")
    assert only(play).state == "pending"
    play.script("> sue recodes pat as=follow_up_library")
    assert (only(play).state, only(play).owner) == ("new", "")


# ---- where the answer goes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "channel", "to"),
    [
        ("jane@example.org", "mail", "jane@example.org"),
        ("+1 (415) 555-0100", "sms", "+14155550100"),
        ("xmpp:Jane@Example.org", "buddy", "jane@example.org"),
    ],
)
@pytest.mark.parametrize("named", ["mail", "sms"])
def test_a_follow_up_goes_where_its_address_says(address: str, channel: str, to: str, named: str) -> None:
    play = Play(north(contact_channel=named), channels=CHANNELS).script(
        "> ana comes\n> pat contact=old@example.org: Hi"
    )
    play.script("> ana claims pat\n> pat leaves")
    play.act("ana", play.closing("pat", "follow_up_library", address))
    play.script("> +1h\n> ana reopens pat\n> ana says pat: Upstairs")
    (sent,) = deliveries(play.log[-1])
    assert (sent.channel, sent.to) == (channel, to)


def test_the_reply_joins_the_same_conversation() -> None:
    play = Play().script(
        "> ana comes\n> pat: Hi\n> ana claims pat\n> pat leaves\n> ana closes pat as=follow_up_me " + TO
    )
    play.script("> +1h\n> ana reopens pat\n> ana says pat: Upstairs\n> ana closes pat as=answered")
    it = play.of("pat")
    play.write("pat@example.org@mail", "Thank you", thread=it.id)
    assert play.state.conversations[it.id].state != "closed"
    assert play.state.conversations[it.id].last_text == "Thank you"


def test_a_buddy_is_answered_where_they_wrote() -> None:
    play = Play(channels=CHANNELS).script(
        "> ana comes\n> eva@example.org@buddy: Hi\n> ana claims eva@example.org@buddy"
    )
    play.drop()
    play.script(
        "> ana closes eva@example.org@buddy as=follow_up_me\n< noticed event=follow-up; closed; follow-up-opened"
    )
    assert only(play).plan.address == "xmpp:eva@example.org"


def test_numbers_are_read_with_the_library_s_country() -> None:
    play = Play(north(country="DE")).script("> ana comes")
    assert tidied(play.state, "north", "0171 234 5678") == "+491712345678"
    assert tidied(play.state, "north", "+49 (0)171 2345678") == "+491712345678"
    play.write("pat", "Please text me", contact="0171 234 5678", later=True)
    assert told(play)[-1].endswith("send the answer to +491712345678.")
    nowhere = Play()
    nowhere.write("pat", "Please text me", contact="0171 234 5678", later=True)
    assert "send the answer" not in told(nowhere)[-1]


# ---- what is promised ---------------------------------------------------------------------------------------------------------

SITUATIONS: dict[str, str] = {
    "form": "> pat later=1 contact={to}: Hi",
    "form again": "> pat later=1: Hi\n> pat later=1 contact={to}: Here",
    "written while waiting": "> pat: Hi\n> pat: {to}",
    "closed": "> pat contact={to}: Hi\n> pat leaves\n> +1d",
    "busy": "> ana comes\n> ana serves north/ask live=1\n> mel: Hi\n> ana claims mel\n> pat contact={to}: Hi\n> +10min",
    "follow-up": "> ana comes\n> pat: Hi\n> ana claims pat\n> ana closes pat as=follow_up_library to={to}",
    "follow-up by me": "> ana comes\n> pat: Hi\n> ana claims pat\n> ana closes pat as=follow_up_me to={to}",
    "silent": "> ana comes\n> pat contact={to}: Hi\n> ana claims pat\n> ana says pat: So?\n> pat leaves\n> +10min",
    "silent by default": "> ana comes\n> pat: Hi\n> ana claims pat\n> ana says pat: So?\n> +10min",
    "lost librarian": "> ana comes\n> pat contact={to}: Hi\n> ana claims pat\n> ana goes\n> +10min",
}
PROMISES = ("{to}", "will follow up", "email", "mobile number", "answer there", "answer will go", "send the answer")


@pytest.mark.parametrize("default_code", ["answered", "follow_up_library", "follow_up_me"])
@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("to", ["jane@example.org", "+14155550100", "0171 2345678", "xmpp:jane@example.org"])
def test_no_notice_promises_an_address_that_no_channel_carries(to: str, situation: str, default_code: str) -> None:
    for channels in ((WEB,), (WEB, IM), (WEB, replace(SMS, queue="south/ask"))):
        play = Play(north(contact_channel="", default_code=default_code), channels=channels)
        assert offered_kinds(play.state, "north") == ""
        _played(play, situation, to)
        for words in told(play):
            found = [promise for promise in PROMISES if promise.format(to=to).casefold() in words.casefold()]
            assert not found, (situation, words)


@pytest.mark.parametrize("situation", ["form", "written while waiting", "follow-up", "follow-up by me", "silent"])
def test_and_says_where_the_answer_goes_where_one_does(situation: str) -> None:
    play = Play()
    _played(play, situation, "jane@example.org")
    assert any("jane@example.org" in words for words in told(play)), situation


def _played(play: Play, situation: str, to: str) -> None:
    """Play a situation; words with spaces are no options of the script, so they are written without."""
    play.script(SITUATIONS[situation].format(to=to.replace(" ", "-")))


OLD = (
    (ChannelStatus(channel="x", kind="email", queue="north/ask", up=True), "mail"),
    (ChannelStatus(channel="x", kind="post", queue="north/ask", up=True, threads=True), "mail"),
    (ChannelStatus(channel="x", kind="sms", queue="north/ask", up=True), "phone"),
    (ChannelStatus(channel="x", kind="webchat", queue="north/ask", up=True, live=True), ""),
    (ChannelStatus(channel="x", kind="email", queue="north/ask", up=True, threads=True, answers=()), ""),
    (ChannelStatus(channel="x", kind="pigeon", queue="north/ask", up=True, live=True, answers=("phone",)), "phone"),
)


@pytest.mark.parametrize(("status", "kind"), OLD)
def test_a_channel_carries_what_it_declares_and_an_old_entry_what_it_did(status: ChannelStatus, kind: str) -> None:
    play = Play(north(contact_channel="x"), channels=(status,))
    for contact in ("jane@example.org", "+14155550100", "xmpp:jane@example.org"):
        wanted = "x" if address_kind(contact) == kind else ""
        assert carrier_to(play.state, "north", contact) == wanted
        assert promised(play.state, "north", contact) == bool(wanted)


def test_who_writes_from_an_address_is_reached_there_whatever_the_channels() -> None:
    play = Play(north(contact_channel=""), channels=(WEB, SMS)).script("> 4915112345@sms: Hi")
    assert reaches(play.state, play.of("4915112345@sms"), "4915112345")


def events(play: Play) -> list[Any]:
    return [event for step in play.log for event in step.events if type(event) is FollowUpChanged]


def test_a_librarian_who_leaves_gives_their_follow_ups_back() -> None:
    play = backed_up().script(f"> sue closes pat as=follow_up_me {TO}")
    play.give(Library(id="south", revision=2, name="South", librarians=(Librarian(id="tom", name="Tom"),)))
    assert (only(play).state, only(play).owner, events(play)[-1].by) == ("new", "", "")


def test_every_notice_that_names_an_address_or_a_way_to_it_is_asked_of_the_channels_first() -> None:
    """The whole catalogue: what promises mail or texts is said by a rule that looks at the channels first (named here)."""
    guarded = {
        "follow-up": "closing: `reaches`",
        "closed-silent-follow-up": "closing.default_code: `promised`",
        "form-kept": "conversation: `promised`",
        "address-kept": "conversation: `promised`",
        "transcript": "transcripts: it goes by the mail channel itself",
        "transcript-failed": "transcripts: one was asked for",
        "offer-mail": "reach.offered_kinds",
        "offer-phone": "reach.offered_kinds",
        "offer-mail-phone": "reach.offered_kinds",
        "form-kept-misread": "it promises nothing: the address is asked for again",
    }
    notices = {key.removeprefix("notice."): text for key, text in wording.ENGLISH.items() if key.startswith("notice.")}
    wanted = re.compile(r"\{address\}|e-?mail|\baddress|mobile|text\b|answer there", re.IGNORECASE)
    assert {key for key, text in notices.items() if wanted.search(text)} == set(guarded)
