"""A conversation need not be answered now: who may say so, what stops meanwhile, and what brings it back."""

from __future__ import annotations

import pytest

from routing import core, wire
from routing.organisation import Librarian
from routing.state import State
from tests.routing.play import Play, north, tables

CHATTING = """
    > ana comes p1.a
    > ben comes p1.b
    > ana serves north/ask
    > pat: Hi
    > ana claims pat
    > ana says pat: Hello
    > pat: Just a moment
"""
MAILED = "> ana comes p1.a\n> ana serves north/ask\n> pat@mail: Thanks!"


def chatting() -> Play:
    return Play(north()).script(CHATTING)


def mailed() -> Play:
    return Play(north()).script(MAILED)


def test_a_message_that_needs_no_answer_is_the_librarians_who_said_so() -> None:
    play = mailed()
    play.script("> ana snoozes pat@mail no-answer\n< claimed by=ana; snoozed by=ana why=no-answer")
    it = play.of("pat@mail")
    assert (it.owner, it.turn, it.deferral is not None) == ("ana", "patron", True)
    asked = it.unanswered_since
    play.script("> ana wakes pat@mail\n< woken by=ana\n> ana wakes pat@mail\n< done")
    it = play.of("pat@mail")
    assert (it.turn, it.unanswered_since, it.back_at) == ("librarian", asked, 0), "as late as it was"


def test_until_a_time_nobody_is_reminded_asked_or_closed_and_it_comes_back_by_itself() -> None:
    play = chatting()
    play.script("> ana snoozes pat later until=+1h\n< snoozed why=later")
    play.script("> +59min\n< nothing\n> +1min\n< woken by=")
    it = play.of("pat")
    assert it.deferral is None
    assert it.back_at == play.now
    play.script("> +150s\n< reminded what=remind")
    play.script("> ana says pat: Here I am\n< said")
    assert play.of("pat").back_at == 0


def test_without_a_time_it_is_the_patrons_turn_in_a_chat() -> None:
    chatting().script(
        """
        > ana snoozes pat patron
        < snoozed
        > +4min
        < reminded what=still-there; noticed event=still-there; patron-gone guessed=True
        > +1min
        < reminded what=patron-gone; noticed; closed code=answered
        """
    )


@pytest.mark.parametrize(
    "line",
    [
        "> pat: Back",
        "> ana says pat: And this",
        "> ana releases pat",
        "> ana closes pat answered",
    ],
)
def test_what_happens_in_it_ends_the_snooze(line: str) -> None:
    play = chatting()
    play.script("> ana snoozes pat later until=+2h")
    play.script(line)
    it = play.of("pat")
    assert (it.deferral, it.back_at) == (None, 0)


def test_a_patrons_word_starts_the_silence_afresh() -> None:
    play = chatting()
    play.script("> ana snoozes pat later until=+2h\n> +1h\n> pat: Back")
    play.drop()
    play.script("> +149s\n< nothing\n> +1s\n< reminded what=remind")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ben snoozes pat patron", "not-yours"),
        ("ben wakes pat", "not-yours"),
        ("ana snoozes pat later", "time-passed"),
        ("ana snoozes pat later until=+5h", "too-far-off"),
        ("ana snoozes pat@mail later until=+93d", "too-far-off"),
        ("dora snoozes pat@mail no-answer", "no-access"),
        ("ana snoozes sam no-answer", "unclaimed"),
    ],
)
def test_who_may_not_and_when_not(line: str, why: str) -> None:
    south = north(id="south", queues=(), contact_channel="", librarians=(Librarian(id="dora", name="Dora"),))
    play = Play(north(), south).script(CHATTING)
    play.script("> pat@mail: A\n> sam: Hello\n> ana snoozes pat patron")
    play.drop()
    play.script(f"> {line}\n< refused reason={why}")


def test_a_snoozed_desk_opens_again_from_its_log_and_from_its_tables() -> None:
    play = chatting()
    play.script("> ana snoozes pat later until=+1h")
    again = State.fresh()
    for step in play.log:
        (read,) = wire.decode_steps(wire.encode_steps([step]))
        core.apply(again, read)
    assert tables(again) == tables(play.state)
    assert core.next_deadline(State.of(play.state.tables())) == play.of("pat").due
