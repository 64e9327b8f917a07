"""Who decides about a conversation: its owner and the staff of its library; a guest of a partner tier has to claim it first."""

from __future__ import annotations

import pytest

from tests.routing.play import Play, cooperative, tag_of

WAITS = """
    > sue comes
    > sue serves north/ask
    > pat: Hello
"""
DEEDS = {
    "identifies pat name=Mallory contact=mallory@example.org": "identified",
    "blocks pat": "blocked",
    "closes pat as=answered": "closed",
}
REFUSED = "< refused reason=no-access"


def _guest() -> Play:
    """Sue of South sees a patron of North wait at her tier."""
    play = Play(*cooperative()).script(WAITS)
    (it,) = play.state.conversations.values()
    assert it.state == "waiting"
    return play


@pytest.mark.parametrize("deed", DEEDS)
def test_a_guest_who_did_not_claim_decides_nothing(deed: str) -> None:
    play = _guest()
    before = next(iter(play.state.conversations.values()))
    play.script(f"> sue {deed}\n{REFUSED}")
    after = next(iter(play.state.conversations.values()))
    assert (after.name, after.contact, after.state, dict(play.state.barred)) == (before.name, "", "waiting", {})


@pytest.mark.parametrize("deed", DEEDS)
def test_staff_of_the_library_decide_without_claiming(deed: str) -> None:
    play = _guest()
    play.script(f"> ana comes\n> ana {deed}")
    assert DEEDS[deed] in [tag_of(event) for event in play.log[-1].events]


@pytest.mark.parametrize("deed", DEEDS)
def test_a_guest_decides_once_they_have_claimed(deed: str) -> None:
    play = _guest().script("> sue claims pat")
    play.script(f"> sue {deed}")
    assert DEEDS[deed] in [tag_of(event) for event in play.log[-1].events]


def test_a_guest_who_joined_its_owner_answers_only() -> None:
    play = _guest().script("> ana comes\n> ana claims pat\n> ana transfers pat to sue\n> sue joins pat")
    play.script(f"> sue identifies pat name=Mallory\n{REFUSED}")
    play.script(f"> sue blocks pat\n{REFUSED}")


def test_another_guest_neither_corrects_nor_opens_again_what_one_of_them_ended() -> None:
    play = _guest().script("> sue claims pat\n> sue closes pat as=answered\n> tom comes\n> tom serves north/ask")
    play.script(f"> tom recodes pat as=practice\n{REFUSED}")
    play.script(f"> tom reopens pat\n{REFUSED}")
    play.script("> sue recodes pat as=practice\n< recoded")
    play.script("> ana recodes pat as=answered\n< recoded")


def test_a_guest_lifts_no_block_of_another_library() -> None:
    play = _guest().script("> ana comes\n> ana claims pat\n> ana blocks pat")
    place = next(iter(play.state.barred)).replace("|", " ")
    play.script(f"> tom unblocks {place}\n{REFUSED}")
    assert play.state.barred
    play.script(f"> ana unblocks {place}\n< unblocked conversation=pat")
