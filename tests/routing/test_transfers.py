"""A transfer is an offer: accepted, refused, run out, taken back; never lost, and the patron is told."""

from __future__ import annotations

import pytest

from routing.organisation import Librarian
from tests.routing.play import Play, describe, north

TALKING = """
    > ana comes p1.a
    > ana serves north/ask
    > ben comes p1.b
    > ben serves north/ask north/law
    > cem comes p1.c
    > pat: Hi
    > ana claims pat
"""


def talking() -> Play:
    return Play().script(TALKING)


def test_refused_returns_to_the_sender() -> None:
    play = talking().script(
        """
        > ana transfers pat to ben: about copyright
        < transfer-offered librarian=ben note=about_copyright; noticed event=transfer
        > cem accepts pat
        < refused reason=taken holder=ana
        > ben rejects pat
        < transfer-ended by=ana reason=rejected to=ben; noticed event=transfer-back
        > ben accepts pat
        < refused reason=taken
        """
    )
    assert play.owner("pat") == "ana"


def test_runs_out() -> None:
    talking().script(
        "> ana transfers pat to ben\n> +60s\n< transfer-offered; noticed; transfer-ended reason=timeout; noticed"
    )


def test_taken_back() -> None:
    talking().script(
        """
        > ana transfers pat to ben
        < transfer-offered; noticed
        > ana transfers pat to cem
        < refused reason=already-offered
        > ana releases pat
        < transfer-ended reason=withdrawn
        > ana releases pat
        < released; queued; offered to=ben
        """
    )


def test_hindrances() -> None:
    talking().script(
        """
        > ben transfers pat to cem
        < refused reason=not-yours holder=ana
        > ana transfers pat to ana
        < refused reason=yourself
        > ana transfers pat to dee
        < refused reason=unknown-target
        > ana transfers pat to north/none
        < refused reason=unknown-target
        > cem goes p1.c
        > ana transfers pat to cem
        < disconnected; refused reason=absent
        > ben serves north/ask
        > ana transfers pat to north/law
        < availability; refused reason=absent
        """
    )


def test_a_queue_has_refused_when_everybody_there_has() -> None:
    talking().script(
        """
        > cem serves north/law
        < availability
        > ana transfers pat to north/law
        < transfer-offered queue=north/law; noticed
        > cem rejects pat
        < offer-rejected by=cem
        > ben rejects pat
        < offer-rejected by=ben; transfer-ended reason=rejected; noticed event=transfer-back
        """
    )


def test_the_target_leaves() -> None:
    talking().script(
        """
        > ana transfers pat to ben
        < transfer-offered; noticed
        > ben goes p1.b
        > +30s
        < disconnected; left librarian=ben; transfer-ended by=ana reason=away; noticed event=transfer-back
        """
    )


def test_the_sender_leaves_while_it_is_on_offer() -> None:
    play = talking().script(
        """
        > ana transfers pat to ben
        < transfer-offered; noticed
        > ana goes p1.a
        > +30s
        < disconnected; left; transfer-ended; queued reason=lost-librarian; offered to=ben; noticed event=requeued
        > ben accepts pat
        < claimed by=ben how=claim; noticed event=greeting
        """
    )
    assert play.owner("pat") == "ben"


def test_slow_channels_may_be_handed_to_somebody_away_without_telling_the_patron() -> None:
    talking().script(
        """
        > mel@sms: Hi
        > ana claims mel@sms
        < opened; received; queued; offered; claimed
        > cem goes p1.c
        > ana transfers mel@sms to cem
        < disconnected; transfer-offered librarian=cem
        > cem comes p1.c
        > cem accepts mel@sms
        < connected; claimed by=cem how=transfer
        """
    )


@pytest.mark.parametrize("came", [True, False], ids=["was-here", "never-came"])
def test_a_colleague_who_is_deactivated_cannot_be_waited_for(came: bool) -> None:
    cem = "> cem comes p1.c\n> cem goes p1.c\n" if came else ""
    play = Play().script(cem + "> ana comes p1.a\n> mel@sms: Hi\n> ana claims mel@sms\n> ana transfers mel@sms to cem")
    play.drop()
    play.give(north(revision=2, librarians=(*north().librarians[:2], Librarian(id="cem", name="Cem", active=False))))
    assert [describe(event) for event in play.drop()][-1] == "transfer-ended by=ana to=cem reason=away"
    assert play.of("mel@sms").handover is None


def test_closing_takes_the_transfer_back() -> None:
    talking().script(
        """
        > ana transfers pat to ben
        > ana closes pat
        < transfer-offered; noticed; transfer-ended; noticed event=goodbye; closed
        > ben accepts pat
        < refused reason=closed
        """
    )
