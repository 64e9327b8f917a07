"""Librarians come and go: connections of processes, grace, re-queue ahead of newer ones, draining the oldest first."""

from __future__ import annotations

import pytest

from routing.organisation import Librarian, Queue
from tests.routing.play import Play, assigning, north

BOTH = """
    > ana comes p1.a
    > ana serves north/ask
    > ben comes p2.b
    > ben serves north/ask
"""


def test_present_while_any_connection_is() -> None:
    Play().script(
        """
        > ana comes p1.a
        > ana comes p2.a
        > ana serves north/ask
        < connected; connected; availability
        > p1 dies
        < disconnected process=p1
        > +1h
        < nothing
        > p1 dies
        > ana goes p1.a
        < nothing
        > p2 dies
        > +30s
        < disconnected; left librarian=ana
        """
    )


def test_back_within_the_grace() -> None:
    play = (
        Play()
        .script(BOTH + "> pat: Hi\n> ana claims pat")
        .script(
            """
        > ana goes p1.a
        > +29s
        > ana comes p1.b
        > +1h
        < disconnected; connected; reminded what=remind; reminded what=mark
        """
        )
    )
    assert play.owner("pat") == "ana"


def test_nothing_new_is_offered_within_the_grace() -> None:
    Play().script(BOTH).script("> ana goes p1.a\n> pat: Hi\n< disconnected; opened; received; queued; offered to=ben")


def test_gone_live_conversations_go_back_ahead_of_newer_ones() -> None:
    play = Play().script(BOTH + "> old: Hi\n> ana claims old\n> new: Hi\n> ana goes p1.a")
    play.script(
        """
        > +30s
        < left librarian=ana; queued conversation=old reason=lost-librarian; offered to=ben; noticed event=requeued
        > ana comes p1.a
        > ana claims old
        < connected; claimed by=ana; noticed
        """
    )
    assert play.state.staff["ana"].queues == ()


def test_order_after_coming_back() -> None:
    play = Play().script(BOTH + "> old: Hi\n> ana claims old\n> new: Hi\n> ana goes p1.a\n> +30s")
    assert [play.state.conversations[it].address for _, it in play.state.lines["north/ask"][True, 0]] == ["old", "new"]


def test_slow_conversations_stay_until_the_patron_writes_again() -> None:
    play = Play().script(BOTH + "> pat@sms: Hi\n> ana says pat@sms: Yes?\n> ana goes p1.a\n> +1min")
    assert play.owner("pat@sms") == "ana"
    play.script("> pat@sms: Well\n< received; queued reason=lost-librarian; offered to=ben")


@pytest.mark.parametrize("going", ["ana goes p1.a", "core restarts"])
def test_what_comes_within_the_grace_is_not_left_with_who_does_not_come_back(going: str) -> None:
    play = Play().script(BOTH + f"> pat@sms: Hi\n> ana says pat@sms: Yes?\n> {going}\n> ben comes p2.c")
    play.script(
        """
        > pat@sms: Well
        < received
        > +30s
        < left librarian=ana; queued reason=lost-librarian; offered to=ben
        """
    )


def test_what_comes_within_the_grace_stays_with_who_comes_back() -> None:
    play = Play().script(BOTH + "> pat@sms: Hi\n> ana says pat@sms: Yes?\n> ana goes p1.a")
    play.script("> pat@sms: Well\n> ana comes p1.b\n> +1min\n< received; connected")
    assert play.owner("pat@sms") == "ana"


def test_what_had_come_before_the_grace_is_its_owners() -> None:
    play = Play().script(BOTH + "> pat@sms: Hi\n> ana claims pat@sms\n> pat@sms: Well\n> ana goes p1.a\n> +1min")
    assert play.owner("pat@sms") == "ana"


def test_who_writes_into_a_chat_that_nobody_is_in_any_more_is_not_left_there() -> None:
    """Its owner had gone home while the talk went by mail, and answers once more, in the chat, from a page that nobody sees."""
    Play().script(
        BOTH + "> pat contact=jane@example.org: Hi\n> ana claims pat\n> pat leaves\n> ana says pat: Hm"
    ).script(
        """
        > ana goes p1.a
        > +30s
        < disconnected; left
        > ana says pat via=web|pat: Are you there?
        < said channel=web
        > pat: Yes!
        < patron-gone; received; queued reason=lost-librarian; offered to=ben; noticed event=requeued channel=web
        """
    )


@pytest.mark.parametrize("joined", [False, True], ids=["alone", "joined"])
def test_a_chat_that_comes_back_by_undoing_a_merge_is_not_left_with_who_has_gone_home(joined: bool) -> None:
    play = Play().script(BOTH + "> pat: Hi\n> mel@sms: Hello\n> ana claims pat\n> ben claims mel@sms")
    pat, mel = play.id_of("pat"), play.id_of("mel@sms")
    play.script("> ana merges pat mel@sms\n> ana says pat via=sms|mel: By text then\n> ana goes p1.a\n> +30s\n")
    play.script(f"> ben joins {pat}" if joined else "")
    play.script(f"> ben unmerges {pat} {mel}")
    assert play.state.conversations[pat].live
    assert play.state.conversations[pat].owner == ("ben" if joined else "")


def test_offers_in_turn_pass_on_when_somebody_goes_or_opts_out() -> None:
    play = (
        Play(assigning(offer_s=600))
        .script(BOTH)
        .script(
            """
        > pat: Hi
        < opened; received; queued; offered to=ana
        > ana serves nothing
        < availability; revoked to=ana reason=away; offered to=ben
        > ana serves north/ask
        > ben goes p2.b
        > +30s
        < availability; disconnected; left librarian=ben; revoked to=ben reason=left; offered to=ana
        """
        )
    )
    assert play.owner("pat") == "ana"


def test_coming_online_drains_the_oldest_first_up_to_the_limit() -> None:
    play = Play(assigning()).script(
        "> p1: a\n> p2@sms: b\n> p3: c\n> p4: d\n> ana comes\n> ana serves north/ask live=2"
    )
    assert [play.owner(one) for one in ("p1", "p2@sms", "p3", "p4")] == ["ana", "ana", "ana", ""]


def test_coming_online_tells_of_what_waits_oldest_first() -> None:
    Play().script("> p1: a\n> p2: b\n> ana comes").script(
        "> ana serves north/ask\n< availability; offered conversation=p1 to=ana; offered conversation=p2 to=ana"
    )


def test_a_core_that_takes_over_gives_everybody_the_grace() -> None:
    play = (
        Play()
        .script(BOTH + "> pat: Hi\n> ana claims pat")
        .script(
            """
        > core restarts
        < took-over
        > ana comes p1.a
        > +30s
        < connected; left librarian=ben
        """
        )
    )
    assert play.owner("pat") == "ana"


def test_nobody_is_told_that_nobody_is_there_while_librarians_connect_again() -> None:
    play = (
        Play()
        .script(BOTH)
        .script(
            """
        > core restarts
        < took-over
        > pat: Hi
        < opened; received; queued
        > +30s
        < left; left
        > mel: Hi
        < opened; received; queued; noticed event=nobody
        """
        )
    )
    assert play.of("pat").told_wait is False


def test_a_restart_closes_no_queue_that_takes_nothing_while_closed() -> None:
    strict = north(
        queues=(Queue(id="north/ask", name="Ask", accept_when_closed=False), Queue(id="north/law", name="Law"))
    )
    Play(strict).script(BOTH).script(
        """
        > core restarts
        > pat: Hi
        < took-over; opened; received; queued
        > +30s
        > mel: Hi
        < left; left; opened; received; noticed event=not-taken; closed reason=closed-hours
        """
    )


def test_availability_only_where_one_serves() -> None:
    Play().script(
        """
        > ana serves south/ask
        < refused reason=unknown-queue
        > ana serves north/ask
        < availability
        > ana serves north/ask
        < done
        """
    )


def test_a_deactivated_librarian_lets_go_of_everything() -> None:
    play = Play().script(BOTH + "> p1: a\n> p2@sms: b\n> ana claims p1\n> ana claims p2@sms")
    play.drop()
    staff = (Librarian(id="ana", name="Ana", active=False), Librarian(id="ben", name="Ben"))
    play.give(north(revision=2, librarians=staff))
    play.script("> ana says p1: still here\n< refused reason=unknown-librarian")
    assert [play.owner("p1"), play.owner("p2@sms")] == ["", ""]


def test_a_librarian_new_in_the_queue_gets_what_waits() -> None:
    library = assigning()
    play = Play(north(queues=library.queues, librarians=library.librarians[:1])).script("> pat: Hi\n> ben comes")
    play.give(north(queues=library.queues, librarians=library.librarians[:2], revision=2))
    play.script("> ben serves north/ask\n< availability; claimed by=ben; noticed")


def test_a_claim_without_a_connection_has_the_grace_to_come() -> None:
    Play().script(
        """
        > pat: Hi
        < opened; received; queued; noticed event=nobody
        > ana claims pat
        > +30s
        < claimed by=ana; noticed; left librarian=ana; queued reason=lost-librarian; noticed event=requeued
        > ben claims pat
        > ben comes p1.b
        > +1min
        < claimed by=ben; noticed; connected
        """
    )
