"""Practice is practice from birth: it stays among those who practise, counts nowhere, and nothing of it leaves."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.contract.message import ChannelStatus, Consult, Deed, Forward, Give, Merge, OfferCall, Transfer
from routing.access import eligible, follows_up, visible
from routing.desk_view import queue_desk
from routing.events import Noticed, Offered, Refused, Relayed, Said
from routing.organisation import Librarian
from routing.practice_queue import practice_queue, trainees
from tests.routing.play import IM, MAIL, SMS, WEB, Play, assigning, north

PRACTICE = ChannelStatus(channel="pr", kind="practice-web", queue="", up=True, live=True, practice=True)
PRACTICE_MAIL = ChannelStatus(channel="pm", kind="practice-mail", queue="", up=True, threads=True, practice=True)
QUEUE = practice_queue("north", ["ana", "ben"])


def practised(*libraries: Any) -> Play:
    """A desk at which ana practises with ben behind her; cem is open for patrons, dora coordinates."""
    people = (*(Librarian(id=name, name=name.title()) for name in ("ana", "ben", "cem")),)
    library = north(librarians=(*people, Librarian(id="dora", name="Dora", role="coordinator")))
    play = Play(*(libraries or (library,)), channels=(WEB, SMS, MAIL, IM, PRACTICE, PRACTICE_MAIL))
    play.script("> ana comes\n> ben comes\n> cem comes\n> cem serves north/ask\n> dora comes")
    return play


def begun(play: Play, who: str = "s1@pr", **more: Any) -> Play:
    play.now += 1
    play.write(who, "Are you open on Sunday?", queue=QUEUE, **more)
    return play


def test_only_those_who_practise_are_asked_one_after_the_other() -> None:
    play = begun(practised())
    it = play.of("s1@pr")
    assert it.practice
    assert [event.to for event in play.drop() if isinstance(event, Offered)] == [("ana",)]
    assert not eligible(play.state, "ben", it)
    play.wait(41_000)
    assert [event.to for event in play.drop() if isinstance(event, Offered)] == [("ben",)]
    it = play.of("s1@pr")
    assert [one for one in ("ana", "ben", "cem", "dora") if eligible(play.state, one, it)] == ["ana", "ben"]
    assert [one for one in ("ana", "ben", "cem", "dora") if visible(play.state, one, it)] == ["ana", "ben", "dora"]
    play.script("> cem claims s1@pr\n< refused reason=no-access")
    play.script("> dora claims s1@pr\n< refused reason=no-access")


def test_the_ring_is_the_real_one() -> None:
    begun(practised()).script(
        """
        > ana claims s1@pr
        < claimed how=claim by=ana; noticed event=greeting
        > ana says s1@pr: Yes, from ten.
        < said by=ana
        > ana closes s1@pr as=answered
        < noticed event=goodbye; closed code=answered
        """
    )


def test_a_trainee_is_not_available_and_practice_is_no_load_no_turn_and_no_wait() -> None:
    play = practised(assigning("longest_idle"))
    before = play.state.staff["ana"]
    begun(play).script("> +5s\n> ana claims s1@pr\n> ana says s1@pr: Hello.\n> ana closes s1@pr")
    assert play.state.load_of("ana", True) == 0
    assert play.state.staff["ana"].idle_since == before.idle_since
    assert QUEUE not in play.state.paces
    play.script("> cem serves nothing")
    assert queue_desk(play.state, "north/ask", play.now).state == "away"
    begun(play, "s2@pr")
    assert queue_desk(play.state, "north/ask", play.now).state == "away"


def test_a_full_desk_has_room_for_practice_and_practice_leaves_room_for_patrons() -> None:
    people = tuple(Librarian(id=name, name=name.title(), live=1) for name in ("ana", "ben", "cem"))
    play = practised(north(librarians=people))
    play.script("> ana serves north/ask live=1\n> pat: Hi\n> ana claims pat")
    begun(play).script("> ana claims s1@pr\n< claimed how=claim by=ana; noticed event=greeting")
    play.script("> ana closes pat\n> kim: Hi")
    assert any(isinstance(event, Offered) and "ana" in event.to for event in play.drop())


@pytest.mark.parametrize(
    "deed",
    [
        lambda it, real: Transfer(conversation=it, queue="north/ask"),
        lambda it, real: Transfer(conversation=it, librarian="cem"),
        lambda it, real: Give(conversation=it, librarian="cem"),
        lambda it, real: Merge(conversation=it, other=real),
        lambda it, real: Merge(conversation=real, other=it),
        lambda it, real: Consult(conversation=it, librarian="cem"),
        lambda it, real: Forward(conversation=it, channel="mail", address="a@example.org", text="x", what="message"),
        lambda it, real: OfferCall(conversation=it, call="c", kinds=("voice",), link=""),
    ],
)
def test_practice_and_real_questions_do_not_mix(deed: Any) -> None:
    play = practised()
    play.script("> pat: Hi")
    begun(play).script("> ana claims s1@pr\n> ana claims pat")
    made: Deed = deed(play.id_of("s1@pr"), play.id_of("pat"))
    step = play.act("dora" if isinstance(made, Give) else "ana", made)
    assert [event.reason for event in step.events if isinstance(event, Refused)] == ["practice"]


def test_no_real_question_goes_into_practice() -> None:
    play = practised()
    play.script("> pat: Hi\n> ana claims pat")
    play.script("> ana transfers pat to " + QUEUE + "\n< refused reason=unknown-target")
    play.write("lee", "Hi", queue=QUEUE)
    assert play.of("lee").queue == "north/ask"
    assert not play.of("lee").practice


def test_a_colleague_who_practises_too_takes_over() -> None:
    play = begun(practised())
    play.script("> ana claims s1@pr\n> ana transfers s1@pr to ben\n> ben accepts s1@pr")
    assert play.owner("s1@pr") == "ben"


def test_nothing_leaves_whatever_address_was_left() -> None:
    messenger = Librarian(id="ana", name="Ana", address="im|ana@im.example")
    play = practised(north(librarians=(messenger, Librarian(id="cem", name="Cem"))))
    play.script("> ana comes p1.im|ana@im.example/x")
    begun(play, contact="pat@example.org")
    play.script(
        """
        > ana claims s1@pr
        > s1@pr leaves
        > ana says s1@pr: Here it is.
        > ana closes s1@pr as=follow_up_me
        > ana reopens s1@pr
        > ana says s1@pr: And here.
        """
    )
    play.mail("s1@pr", "me@example.org")
    out = [event.delivery for step in play.log for event in step.events if isinstance(event, Said | Noticed | Relayed)]
    assert {delivery.channel for delivery in out} == {"pr"}
    assert len(out) >= 3


def test_a_follow_up_is_of_those_who_practise_and_all_is_forgotten_after_a_week() -> None:
    play = begun(practised(), "s1@pm", contact="pat@example.org")
    play.script("> ana claims s1@pm\n> ana says s1@pm: We'll look.\n> ana closes s1@pm as=follow_up_library")
    (one,) = play.state.follow_ups.values()
    assert [name for name in ("ana", "ben", "cem", "dora") if follows_up(play.state, name, one)] == [
        "ana",
        "ben",
        "dora",
    ]
    begun(play, "s2@pm")
    play.wait(7 * 86_400_000 + 1000)
    assert not play.state.follow_ups
    assert play.of("s2@pm").state == "closed"
    play.wait(7 * 86_400_000)
    assert not play.state.conversations


def test_who_leaves_the_library_practises_no_more() -> None:
    play = begun(practised())
    assert trainees(QUEUE) == ("ana", "ben")
    play.give(north(revision=2, librarians=(Librarian(id="ben", name="Ben"), Librarian(id="cem", name="Cem"))))
    play.wait(1000)
    it = play.of("s1@pr")
    assert [name for name in ("ana", "ben", "cem") if eligible(play.state, name, it)] == ["ben"]
