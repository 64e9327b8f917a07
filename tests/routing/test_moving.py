"""A librarian who moves to another library takes nothing with them: talks and follow-ups go back, what they had is not seen."""

from __future__ import annotations

from msgspec.structs import replace

from bridge.inbox.views.access import may_see_archived, sees
from routing.access import visible
from routing.organisation import Librarian, Library
from tests.inbox.talks import talk
from tests.routing.play import Play, north

SOUTH = Library(id="south", revision=1, name="South Library")
TWO = ("ana", "ben")


def _move(play: Play, name: str, *, at_once: bool = False) -> None:
    """Take a librarian off north's list and put them on south's; `at_once`: south is heard of first, as after one load."""
    left = north(revision=2, librarians=tuple(Librarian(id=one, name=one.title()) for one in TWO if one != name))
    there = replace(SOUTH, revision=2, librarians=(Librarian(id=name, name=name.title(), since=play.now + 1),))
    for library in (there, left) if at_once else (left, there):
        play.give(library)
    play.script("> +1s")


def _desk() -> Play:
    return Play(north(librarians=tuple(Librarian(id=one, name=one.title()) for one in TWO)), SOUTH)


def test_what_they_had_last_is_not_seen_after_a_move() -> None:
    play = _desk().script(
        "> ana comes\n> ana serves north/ask\n> pat: Hello\n> ana claims pat\n> ana closes pat as=answered"
    )
    (it,) = play.state.conversations.values()
    assert visible(play.state, "ana", it)
    _move(play, "ana")
    assert not visible(play.state, "ana", it)
    assert not sees(play.state, "ana", it)


def test_what_they_have_goes_back_to_the_line_in_whatever_order_the_libraries_change() -> None:
    for at_once in (False, True):
        play = _desk().script("> ana comes\n> ana serves north/ask\n> pat: Hello\n> ana claims pat")
        _move(play, "ana", at_once=at_once)
        (it,) = play.state.conversations.values()
        assert (it.state, it.owner) == ("waiting", "")
        assert not visible(play.state, "ana", it)


def test_their_follow_ups_are_their_librarys_again() -> None:
    play = _desk().script(
        "> ana comes\n> ana serves north/ask\n> pat: Hello\n> ana claims pat\n> ana closes pat as=follow_up_me to=pat@example.org"
    )
    (one,) = play.state.follow_ups.values()
    assert one.owner == "ana"
    _move(play, "ana")
    (one,) = play.state.follow_ups.values()
    assert (one.owner, one.state) == ("", "new")


def test_what_only_the_archive_holds_stays_with_the_old_library_and_new_work_is_theirs() -> None:
    play = _desk()
    _move(play, "ana")
    moved = play.state.roster.librarians["ana"].since
    for name, when in (("owner", "closed_at"), ("closed_by", "closed_at"), ("answered_by", "first_answer_at")):
        assert not may_see_archived(play.state, "ana", talk(library="north", **{name: "ana", when: moved - 1}))
        assert may_see_archived(play.state, "ana", talk(library="north", **{name: "ana", when: moved}))
