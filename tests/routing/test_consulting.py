"""A librarian asks colleagues about an open conversation: who may ask, who may read it then, and until when."""

from __future__ import annotations

import msgspec
import pytest

from routing.access import may_join
from routing.access import visible as sees
from routing.consulting import MOST
from routing.events import Event, Noticed, Relayed, deliveries
from routing.organisation import Librarian, Library, Queue, Team, Tier
from tests.routing.play import Play, north

TALKING = """
    > ana comes p1.a
    > ana serves north/ask
    > cem comes p1.c
    > dora comes p1.d
    > pat name=Pat: Hi
    > ana claims pat
"""


def south() -> Library:
    """A library with nobody in north's tiers."""
    queues = tuple(Queue(id=f"south/q{n}", name=f"Q{n}", tiers=(Tier(teams=("south/desk",)),)) for n in range(MOST + 1))
    return Library(
        id="south",
        revision=1,
        name="South Library",
        queues=queues,
        teams=(Team(id="south/desk", name="Desk", members=("dora",)),),
        librarians=(Librarian(id="dora", name="Dora"), Librarian(id="eve", name="Eve")),
    )


def talking() -> Play:
    return Play(north(), south()).script(TALKING)


def test_who_is_asked_reads_it_until_that_is_taken_back() -> None:
    play = talking()
    assert not sees(play.state, "dora", play.of("pat"))
    play.script("> ana consults pat dora\n< consulted by=ana librarian=dora")
    assert sees(play.state, "dora", play.of("pat"))
    assert not may_join(play.state, "dora", play.of("pat")), "to read it is not to join it"
    play.script("> ana consults pat dora\n< done by=ana\n> ana uninvites pat dora\n< consult-ended librarian=dora")
    assert not sees(play.state, "dora", play.of("pat"))
    play.script("> ana uninvites pat dora\n< done by=ana")


@pytest.mark.parametrize("whom", ["south/q1", "south"])
def test_a_queues_staff_or_a_library_may_be_asked(whom: str) -> None:
    play = talking()
    assert not sees(play.state, "dora", play.of("pat"))
    play.script(f"> ana consults pat {whom}\n< consulted by=ana")
    assert sees(play.state, "dora", play.of("pat"))
    assert play.state.consulted


def test_the_end_of_the_conversation_ends_it() -> None:
    play = talking().script("> ana consults pat dora\n> pat: thanks\n> ana says pat: Bye\n> ana closes pat")
    assert not play.of("pat").consults
    assert not sees(play.state, "dora", play.of("pat"))
    assert not play.state.consulted
    play.script("> ana reopens pat")
    assert not sees(play.state, "dora", play.of("pat")), "opened again, nobody is asked"


def test_it_stays_through_a_transfer_and_back_in_the_queue() -> None:
    play = talking().script("> ana consults pat dora\n> ana releases pat")
    assert play.of("pat").state == "waiting"
    assert sees(play.state, "dora", play.of("pat"))


def test_the_patron_hears_nothing_of_it() -> None:
    play = talking()
    play.drop()
    play.script("> ana consults pat dora join=1\n> ana uninvites pat dora")
    told: list[Event] = [event for event in play.drop() if isinstance(event, Noticed | Relayed)]
    assert not told


def test_who_is_asked_to_join_does_and_greets_as_from_another_library() -> None:
    play = talking().script("> ana consults pat dora join=1")
    assert may_join(play.state, "dora", play.of("pat"))
    play.script(
        "> dora joins pat\n< joined by=dora; noticed event=joined text=Dora_from_South_Library_has_joined_us_and_can_answer_too."
    )
    play.script("> ana uninvites pat dora\n< consult-ended")
    assert play.of("pat").companions == ("dora",), "who joined stays"


def test_only_those_in_it_and_its_library_ask_others() -> None:
    play = talking().script("> ana consults pat dora")
    play.script("> dora consults pat south\n< refused reason=no-access by=dora")
    play.script("> dora uninvites pat south\n< refused reason=no-access by=dora")
    play.script("> dora uninvites pat dora\n< consult-ended by=dora")


def test_whom_one_cannot_ask() -> None:
    play = talking()
    play.script("> ana consults pat nobody\n< refused reason=unknown-colleague")
    play.script("> ana consults pat no/where\n< refused reason=unknown-colleague")
    play.script("> ana consults pat ana\n< refused reason=yourself")


def test_one_conversation_has_so_many_questions_and_no_more() -> None:
    play = talking().script("\n".join(f"> ana consults pat south/q{n}" for n in range(MOST)))
    play.script(f"> ana consults pat south/q{MOST}\n< refused reason=too-many-consulted")
    play.script("> ana consults pat south/q0 join=1\n< consulted join=True")
    assert len(play.of("pat").consults) == MOST


def test_a_colleagues_own_messenger_tells_that_they_are_asked_with_nothing_of_the_patrons() -> None:
    """They answer from there with a note, which the asker reads; anything else they write there reaches nobody."""
    asked = Librarian(id="dora", name="Dora", address="im|dora@example.org")
    play = Play(north(), msgspec.structs.replace(south(), librarians=(asked,))).script(
        TALKING.replace("> dora comes p1.d", "> dora comes p1.im|dora@example.org/phone")
    )
    play.script("> ana consults pat dora\n< consulted by=ana; relayed librarian=dora channel=im kind=line")
    (line,) = deliveries(play.log[-1])
    assert (line.to, line.text.split(".")[0]) == ("dora@example.org", "Ana asks you about a conversation")
    assert not [word for word in ("Pat", "Hi", "pat") if word in line.text]
    play.script("> dora notes pat by=im: on shelf 12\n< noted by=dora text=on_shelf_12")
    play.script("> dora says pat by=im: on shelf 12\n< refused by=dora reason=taken; relayed librarian=dora")
    play.script("> ana uninvites pat dora\n< consult-ended librarian=dora; relayed librarian=dora")
    play.script("> dora notes pat by=im: once more\n< refused by=dora reason=no-access; relayed librarian=dora")
