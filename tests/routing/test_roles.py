"""Roles, and librarians of several libraries: who serves, who edits, and what a change of either takes from whom."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from routing.access import active, administers, coordinates, listed
from routing.events import Noticed
from routing.organisation import Librarian, Library, Role
from routing.roster import Roster
from tests.routing.play import Play, cooperative, north

COMES = """
    > sue comes p1.s
    > sue serves north/ask
"""


def _role(library: Library, name: str, role: Role) -> Library:
    people = tuple(replace(one, role=role) if one.id == name else one for one in library.librarians)
    return replace(library, revision=library.revision + 1, librarians=people)


def _with_guest(*guests: str) -> tuple[Library, Library]:
    home, south = cooperative()
    return replace(home, revision=home.revision + 1, guests=guests), south


def test_a_role_is_read_as_earlier_releases_wrote_it() -> None:
    old = msgspec.json.decode(b'{"k":"Librarian","id":"ana","name":"Ana","coordinator":true}', type=Librarian)
    assert (old.role, old.edits) == ("coordinator", True)
    assert replace(old, role="librarian").edits is False
    assert b"coordinator" not in msgspec.json.encode(old).replace(b'"role":"coordinator"', b"")


@pytest.mark.parametrize(
    ("role", "own", "others", "answers"),
    [
        ("librarian", False, False, True),
        ("coordinator", True, False, True),
        ("administrator", True, True, True),
        ("counter", False, False, False),
    ],
)
def test_what_a_role_may(role: Role, own: bool, others: bool, answers: bool) -> None:
    home, south = cooperative()
    state = Play(_role(home, "ana", role), south).state
    assert (coordinates(state, "ana", "north"), coordinates(state, "ana", "south")) == (own, others)
    assert administers(state, "ana") is others
    assert (listed(state, "ana"), active(state, "ana")) == (True, answers)
    assert ("ana" in state.roster.service("north/ask").level) is answers


def test_who_becomes_a_counter_gives_up_what_they_hold_and_claims_nothing() -> None:
    play = Play(north()).script("> ana comes p1.a\n> ana serves north/ask\n> pat: Hi\n> ana claims pat\n")
    play.give(_role(north(), "ana", "counter"))
    assert (play.of("pat").state, play.of("pat").owner) == ("waiting", "")
    play.script(
        """
        > ana claims pat
        < refused
        > ana says pat: Hello
        < refused
        > ana serves north/ask
        < refused
        """
    )


def test_a_guest_serves_a_library_as_its_own_do() -> None:
    play = Play(*_with_guest("sue")).script(COMES)
    play.script("> pat: Hi\n> sue claims pat\n")
    [greeting] = [event for event in play.drop() if isinstance(event, Noticed)]
    assert "South" not in greeting.delivery.text, "they help as this library's own"
    assert play.state.roster.works["sue"] == ("south", "north")
    assert not coordinates(play.state, "sue", "north")


def test_who_is_no_guest_any_more_gives_back_what_is_that_librarys() -> None:
    home, south = _with_guest("sue")
    play = Play(home, south).script(COMES).script("> pat: Hi\n> sue claims pat\n")
    play.script("> ana comes p1.a\n> ana serves north/ask\n")
    play.give(replace(home, revision=home.revision + 1, guests=()))
    assert (play.of("pat").state, play.of("pat").owner) == ("waiting", "")
    assert play.state.staff["sue"].queues == ("north/ask",), "they serve it by a tier still"
    play.script("> ana claims pat\n")
    assert play.owner("pat") == "ana"


def test_a_library_without_own_people_is_served_by_its_guests() -> None:
    home, south = cooperative()
    alone = replace(home, librarians=(), guests=("sue", "nobody"), queues=(replace(home.queues[0], tiers=()),))
    roster = Roster({"north": alone, "south": south})
    assert roster.service("north/ask").members == ("sue",)


def test_a_library_that_was_removed_is_in_no_list_and_what_comes_for_it_is_seen_by_coordinators() -> None:
    home, south = cooperative()
    south = _role(south, "sue", "coordinator")
    play = Play(home, south)
    play.give(replace(home, revision=home.revision + 1, removed=True))
    assert list(play.state.roster.libraries) == ["south"]
    play.script("> pat: Hi\n> sue comes p1.s\n> sue claims pat\n")
    assert play.owner("pat") == "sue"
