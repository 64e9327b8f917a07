"""Correcting a code opens the follow-up that it asks for, and closes the one that it takes back."""

from __future__ import annotations

import pytest

from tests.routing.play import Play

ENDED = """
    > ana comes
    > ana serves north/ask
    > pat: Where is it?
    > ana claims pat
    > ana says pat: Upstairs.
"""
TO = "to=pat@example.org"


def _ended(code: str, more: str = "") -> Play:
    return Play().script(ENDED + f"    > ana closes pat as={code} {more}")


def test_a_code_that_asks_for_a_follow_up_opens_one() -> None:
    play = _ended("answered")
    play.script("> ben recodes pat as=follow_up_library\n< refused reason=follow-up-needs-address")
    play.script("> ben recodes pat as=follow_up_library to=nonsense\n< refused reason=address-not-understood")
    play.script(f"> ben recodes pat as=follow_up_library {TO}\n< recoded before=answered; follow-up-opened owner=")
    (one,) = play.state.follow_ups.values()
    assert (one.state, one.plan.address, one.library) == ("new", "pat@example.org", "north")
    assert one.plan.deadline > play.now
    assert play.of("pat").follow_up == one.id


def test_a_follow_up_by_me_is_mine_and_changes_hands_with_the_code() -> None:
    play = _ended("practice").script(f"> ben recodes pat as=follow_up_me {TO}\n< recoded; follow-up-opened owner=ben")
    play.script("> ana recodes pat as=follow_up_me\n< recoded")
    play.script("> ana recodes pat as=follow_up_library\n< recoded; follow-up-changed state=new owner=")
    assert len(play.state.follow_ups) == 1


@pytest.mark.parametrize("code", ["answered", "practice", "unreached"])
def test_a_code_that_asks_for_none_closes_it(code: str) -> None:
    play = _ended("follow_up_library", TO)
    play.script(
        f"> ana recodes pat as={code}\n< recoded before=follow_up_library; follow-up-changed state=closed by=ana"
    )
    assert not play.state.follow_ups
    assert play.of("pat").follow_up == ""


def test_what_was_finished_stays_so_when_other_codes_are_corrected() -> None:
    play = _ended("follow_up_library", TO).script("> ana sets pat closed")
    assert not play.state.follow_ups
    play.script("> ana recodes pat as=follow_up_library read=3\n< recoded")
    play.script("> ana recodes pat as=follow_up_me\n< recoded")
    assert not play.state.follow_ups
