"""Home team first: tiers, roll-over, capacity, hours over the whole chain."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from routing import desk_view
from routing.organisation import Librarian, Library, Queue, Team, Tier, Timers
from tests.routing.play import BEGIN, Play, assigning, cooperative, describe, north, tag_of

STAFF = """
    > ana comes p1.a
    > ana serves north/ask
    > sue comes p1.s
    > sue serves north/ask
"""


def coop(**changes: object) -> Play:
    return Play(*cooperative(**changes))


def test_home_first_then_the_cooperative() -> None:
    play = coop().script(STAFF)
    play.script(
        """
        > pat: Hi
        < opened; received; queued tier=0; offered to=ana
        > sue claims pat
        < refused reason=no-access
        > +39s
        < nothing
        > +1s
        < tier tier=1; offered to=sue
        > sue claims pat
        < claimed by=sue; noticed event=greeting
        """
    )
    assert "from South Library" in noticed(play)
    assert "your librarians at North Library" in noticed(play)


@pytest.mark.parametrize("how", ["moved", "deactivated"])
def test_a_tier_that_a_change_leaves_without_anybody_is_not_waited_for(how: str) -> None:
    play = coop().script(STAFF).script("> pat: Hi\n> mel@sms: Hi\n")
    home = cooperative()[0]
    team = replace(home.teams[0], members=("ben",) if how == "moved" else ("ana", "ben"))
    people = tuple(replace(one, active=how == "moved" or one.id != "ana") for one in home.librarians)
    play.give(replace(home, revision=2, teams=(team,), librarians=people))
    assert [describe(event) for event in play.drop()][-4:] == ["tier tier=1", "offered to=('sue',)"] * 2
    play.script("> sue claims pat\n< claimed by=sue; noticed")


@pytest.mark.parametrize("tiers", [(), (Tier(teams=("north/desk",)),)], ids=["own", "teams"])
def test_a_queue_that_has_lost_everybody_is_shown_to_coordinators(tiers: tuple[Tier, ...]) -> None:
    home, south = cooperative(tiers=tiers)
    south = replace(south, librarians=(*south.librarians, Librarian(id="zoe", name="Zoe", coordinator=True)))
    play = Play(home, south).script(
        "> zoe comes p1.z\n> pat: Hi\n> zoe claims pat\n< connected; opened; received; queued; noticed; refused"
    )
    gone = tuple(replace(one, active=False) for one in home.librarians)
    play.give(replace(home, revision=2, librarians=gone))
    play.drop()
    play.script("> sue claims pat\n< refused reason=no-access\n> zoe claims pat\n< claimed by=zoe; noticed")


def test_a_queue_whose_teams_have_lost_everybody_is_its_librarys() -> None:
    home, south = cooperative(tiers=(Tier(teams=("north/desk",)),))
    play = Play(replace(home, teams=()), south)
    play.script(
        "> cem comes\n> cem serves north/ask\n> pat: Hi\n< connected; availability; opened; received; queued; offered to=cem"
    )


@pytest.mark.parametrize("then", ["> cem comes p1.c\n> cem serves north/ask", "> core restarts"])
def test_a_change_that_leaves_somebody_to_wait_for_passes_nobody_over(then: str) -> None:
    home = cooperative()[0]
    team = replace(home.teams[0], members=("ana", "cem"))
    play = Play(replace(home, teams=(team,)), cooperative()[1]).script(STAFF).script(f"> pat: Hi\n{then}")
    left = ("cem",) if "cem" in then else ("ana",)
    play.drop()
    play.give(replace(home, revision=2, teams=(replace(team, members=left),)))
    assert [tag_of(event) for event in play.drop()] == ["library-changed"]
    assert play.of("pat").tier == 0


def test_a_change_of_something_else_passes_nobody_over() -> None:
    """Nobody of the home team is there any more, who may come back; new openings arrive every day."""
    play = coop().script(STAFF).script("> pat: Hi\n> ana serves nothing")
    play.give(replace(cooperative()[0], revision=2, openings=((BEGIN, BEGIN + 1),)))
    assert play.of("pat").tier == 0


def noticed(play: Play) -> str:
    last = play.log[-1].events[-1]
    delivery = getattr(last, "delivery", None)
    return str(delivery.text) if delivery is not None else ""


def test_an_empty_tier_is_skipped_at_once() -> None:
    coop().script(
        """
        > sue comes p1.s
        > sue serves north/ask
        > pat: Hi
        < connected; availability; opened; received; queued tier=1; offered to=sue
        > ana comes p1.a
        > ana serves north/ask
        < connected; availability; offered to=ana
        """
    )


def test_a_tier_without_anybody_between_two_others_is_skipped() -> None:
    home, south = cooperative()
    first, last = home.queues[0].tiers
    west = Library(
        id="west", revision=1, name="West Library", teams=(Team(id="west/desk", name="Desk", members=("wim",)),)
    )
    west = replace(west, librarians=(Librarian(id="wim", name="Wim"),))
    tiers = (first, Tier(teams=("west/desk",), after_s=60), last)
    play = Play(replace(home, queues=(replace(home.queues[0], tiers=tiers),)), south, west)
    play.script(STAFF).script(
        "> pat: Hi\n< opened; received; queued; offered to=ana\n> +40s\n< tier tier=2; offered to=sue"
    )


def test_a_home_team_that_is_only_reconnecting_is_not_skipped() -> None:
    coop().script(STAFF).script(
        """
        > ana goes p1.a
        > pat: Hi
        < disconnected; opened; received; queued tier=0
        > ana comes p1.a
        < connected
        """
    )


def test_home_staff_come_back_for_what_waits_at_a_later_tier() -> None:
    play = coop(policy="longest_idle", offer_s=0).script(
        "> sue comes p1.s\n> sue serves north/ask live=1\n> p1: a\n> p2: b"
    )
    assert [play.owner("p1"), play.owner("p2")] == ["sue", ""]
    play.script(
        "> ana comes p1.a\n> ana serves north/ask\n< connected; availability; claimed by=ana how=assign; noticed"
    )


def test_assigned_in_the_home_tier_while_somebody_there_has_room() -> None:
    play = coop(policy="fewest_active", offer_s=0).script(STAFF + "> ana serves north/ask live=1\n> p1: a\n> p2: b")
    assert [play.owner("p1"), play.owner("p2")] == ["ana", ""]
    play.script("> +40s\n< tier tier=1; claimed by=sue how=assign; noticed")


def test_an_offer_in_turn_passes_on_after_its_seconds() -> None:
    coop(policy="longest_idle", offer_s=30).script(STAFF + "> tom comes p1.t\n> tom serves north/ask").script(
        """
        > pat: Hi
        < opened; received; queued tier=0; offered to=ana assigned=True
        > +30s
        < revoked to=ana reason=timeout
        > +10s
        < tier tier=1; offered to=sue
        > sue accepts pat
        < claimed by=sue how=accept; noticed
        """
    )


def test_a_claim_takes_it_from_whose_turn_it_is() -> None:
    play = coop(policy="longest_idle", offer_s=30).script(STAFF + "> ben comes p1.b\n> ben serves north/ask\n> pat: Hi")
    play.script("> ben claims pat\n< claimed by=ben how=claim; revoked to=ana reason=claimed; noticed")
    assert play.state.load_of("ana", True) == 0


def test_capacity_counts_live_and_slow_apart() -> None:
    play = coop(policy="fewest_active", offer_s=0).script("> ana comes p1.a\n> ana serves north/ask live=1 slow=1")
    play.script("> p1: a\n> p2@sms: b\n> p3: c\n> p4@sms: d")
    assert [play.owner(one) for one in ("p1", "p2@sms", "p3", "p4@sms")] == ["ana", "ana", "", ""]


def test_a_claim_by_hand_may_go_beyond_capacity() -> None:
    play = Play().script(
        "> ana comes\n> ana serves north/ask live=1\n> p1: a\n> p2: b\n> ana claims p1\n> ana claims p2"
    )
    assert play.state.load_of("ana", True) == 2
    play.script("> p3: c\n< opened; received; queued")


def hours(*spans: tuple[int, int]) -> tuple[tuple[int, int], ...]:
    return tuple((BEGIN + first * 3_600_000, BEGIN + last * 3_600_000) for first, last in spans)


def test_closed_hours_are_told_once_with_the_next_opening() -> None:
    library = north(openings=hours((-9, -1), (8, 16)), opening_words=("today 8:00", "Tuesday 8:00"))
    play = Play(library)
    play.script("> pat: Hi\n< opened; received; queued; noticed event=closed automatic=True\n> pat: Hello?\n< received")
    said = [getattr(e, "delivery", None) for step in play.log for e in step.events]
    assert any(one is not None and "open again Tuesday 8:00" in one.text for one in said)
    view = desk_view.view(play.state, "web", play.now)
    assert (view.open, view.online, view.next_opening) == (False, False, BEGIN + 8 * 3_600_000)


def test_closed_at_home_but_open_in_the_cooperative() -> None:
    home, south = cooperative()
    closed = north(queues=home.queues, teams=home.teams, openings=hours((8, 16)))
    play = Play(closed, south).script("> sue comes p1.s\n> sue serves north/ask")
    view = desk_view.view(play.state, "web", play.now)
    assert view.open
    assert view.online
    assert view.next_opening == 0
    play.script("> pat: Hi\n< opened; received; queued tier=1; offered to=sue")


def test_open_but_nobody_there_is_not_online() -> None:
    view = desk_view.view(Play().state, "web", BEGIN)
    assert view.open
    assert not view.online
    assert view.wait_s is None


def test_mail_is_not_told_that_nobody_sits_there() -> None:
    Play().script("> pat@mail subject=Loans: Hi\n< opened; received; queued")
    Play(north(openings=())).script("> pat@mail subject=Loans: Hi\n< opened; received; queued; noticed event=closed")


def test_a_full_queue_says_that_it_takes_time() -> None:
    queue = Queue(id="north/ask", name="Ask", max_waiting=1)
    Play(north(queues=(queue,))).script(
        """
        > ana comes
        > ana serves north/ask
        > p1: a
        < connected; availability; opened; received; queued; offered
        > p2: b
        < opened; received; queued; offered; noticed event=full
        > +2min
        < reminded conversation=p1 what=concierge; noticed
        """
    )


def test_libraries_and_channels_ignore_older_words() -> None:
    play = Play()
    play.give(north(name="Older", revision=1))
    assert play.state.libraries["north"].name == "North Library"
    play.give(Library(id="north", revision=2, name="Newer"))
    assert play.state.libraries["north"].name == "Newer"


def test_a_tier_that_is_added_opens_for_who_waits_already() -> None:
    home, south = cooperative()
    alone = replace(home, queues=(replace(home.queues[0], tiers=home.queues[0].tiers[:1]),))
    play = Play(alone, south).script(
        """
        > ana comes p1.a
        > ana serves north/ask
        > sue comes p1.s
        > pat: Hi
        > +2min
        < connected; availability; connected; opened; received; queued; offered to=ana; reminded what=concierge; noticed
        """
    )
    play.give(replace(home, revision=2))
    play.script("> sue serves north/ask\n> +1s\n< availability; tier tier=1; offered to=sue")


def test_new_timers_hold_for_conversations_under_way() -> None:
    play = Play().script(
        """
        > ana comes
        > pat: Hi
        > ana claims pat
        > mel: Hi
        > ana claims mel
        > ana closes mel
        """
    )
    play.give(north(revision=2, timers=Timers(remind_s=60, mark_s=0, reopen_live_s=3600)))
    play.script("> +59s\n< nothing\n> +1s\n< reminded conversation=pat what=remind\n> +1h\n< forgotten")
    play.give(north(revision=3, timers=Timers(remind_s=600, mark_s=900)))
    play.script("> ana says pat: Sorry\n> pat: Well?\n> +599s\n< said; received")
    play.give(north(revision=4, timers=Timers(remind_s=0, mark_s=0)))
    play.script("> +1h\n< nothing")


def test_a_talk_that_moves_to_mail_makes_room_for_another_live_one() -> None:
    play = Play(assigning()).script(
        """
        > ana comes
        > ana serves north/ask live=1
        > p1 contact=jane@example.org: a
        > p2: b
        > p1 leaves
        > ana says p1: by mail then
        """
    )
    assert [play.owner("p1"), play.owner("p2")] == ["ana", "ana"]
    assert not play.of("p1").live


def test_an_offer_in_turn_that_moves_to_mail_makes_room_too() -> None:
    play = Play(assigning(offer_s=60)).script("> ana comes\n> ana serves north/ask live=1\n> p1: a\n> p2: b")
    assert [play.owner("p1"), play.owner("p2")] == ["ana", ""]
    play.write("jane@mail", "it is me, by mail", thread=play.id_of("p1"))
    assert [play.owner("p1"), play.owner("p2")] == ["ana", "ana"]


def test_a_waiting_one_that_moves_to_mail_finds_slow_room() -> None:
    play = Play(assigning()).script("> ana comes\n> ana serves north/ask live=1\n> p1: a\n> p2: b")
    play.write("jane@mail", "it is me, by mail", thread=play.id_of("p2"))
    assert play.owner("p2") == "ana"


def test_who_loses_an_offer_to_a_quick_answer_gets_the_next_one() -> None:
    play = Play(assigning(offer_s=60)).script("> ben comes\n> ben serves north/ask live=1\n> p1: a\n> p2: b")
    play.script("> ana says p1: Hello\n< claimed by=ana; revoked to=ben; noticed; said; offered conversation=p2 to=ben")


def test_who_serves_a_queue_no_more_does_not_get_what_comes_back_to_it() -> None:
    home, south = cooperative()
    play = Play(home, south).script(STAFF + "> pat: Hi\n> +40s\n> sue claims pat\n> sue closes pat")
    alone = tuple(replace(queue, tiers=queue.tiers[:1]) for queue in home.queues)
    play.give(replace(home, revision=2, queues=alone))
    play.script("> pat: And one thing more\n< reopened; received; queued reason=reopened; offered to=ana")
