"""Partners answer where they agreed to, and when: a tier that does not answer now is skipped at once, as an empty one is."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from routing import desk_view
from routing.organisation import Agreement, Librarian, Library, Queue, Team, Tier, When
from routing.roster import Roster
from routing.standing import standing
from tests.routing.play import BEGIN, Play, cooperative, describe

HOUR = 3_600_000
Spans = tuple[tuple[int, int], ...]
SUE = "> sue comes p1.s\n> sue serves north/ask\n"
BOTH = "> ana comes p1.a\n> ana serves north/ask\n" + SUE


def hours(*spans: tuple[float, float]) -> Spans:
    """Openings in hours from the beginning of a play."""
    return tuple((BEGIN + int(first * HOUR), BEGIN + int(last * HOUR)) for first, last in spans)


def partners(
    when: When | None, *, ours: Spans | None = None, theirs: Spans | None = None, **queue: Any
) -> tuple[Library, Library]:
    """North asks its own team, then South's, which agreed to it for `when` (None = not)."""
    north, south = cooperative(**queue)
    agreed = (Agreement(queue="north/ask", when=when),) if when else ()
    return replace(north, openings=ours), replace(south, openings=theirs, agreements=agreed)


def play(when: When | None, **more: Any) -> Play:
    """A desk of the two."""
    return Play(*partners(when, **more))


def told(play: Play) -> list[str]:
    """What happened since the last look, in a few words each."""
    return [describe(event) for event in play.drop()]


@pytest.mark.parametrize("agreements", [(), (Agreement(queue="south/other"),)], ids=["none", "another"])
def test_a_partner_that_did_not_agree_is_not_asked(agreements: tuple[Agreement, ...]) -> None:
    north, south = partners(None)
    desk = Play(north, replace(south, agreements=agreements)).script("> sue comes p1.s\n> ana comes p1.a")
    desk.script("> sue serves north/ask\n< refused reason=unknown-queue\n> ana serves north/ask\n> pat: Hi")
    desk.script("> +40s\n< tier tier=1\n> sue claims pat\n< refused reason=no-access")


def test_a_library_of_a_release_without_agreements_answers_wherever_it_is_asked() -> None:
    north, south = cooperative()
    assert south.agreements is None
    Play(north, south).script(BOTH).script(
        "> pat: Hi\n> +40s\n< opened; received; queued; offered; tier; offered to=sue"
    )


def test_an_agreement_may_name_some_teams_alone() -> None:
    north, south = partners("always")
    day = Team(id="south/day", name="Day", members=("tom",))
    tiers = (Tier(teams=("south/night", "south/day")),)
    north = replace(north, queues=(replace(north.queues[0], tiers=tiers),))
    south = replace(south, teams=(*south.teams, day), agreements=(Agreement(queue="north/ask", teams=("south/day",)),))
    assert set(Play(north, south).state.roster.service("north/ask").level) == {"tom"}


def test_only_while_ours_is_closed() -> None:
    """By day the partner is skipped at once, though its people are signed in; from closing time on they are asked."""
    desk = play("while-closed", ours=hours((-8, 1)))
    desk.script(BOTH).script(
        """
        > pat: Hi
        < opened; received; queued tier=0; offered to=ana
        > +50min
        < tier tier=1; reminded what=concierge; noticed event=concierge
        > sue claims pat
        < refused reason=no-access
        """
    )
    desk.wait(int(desk.state.roster.library("north").openings[0][1] - desk.now))  # type: ignore[index] # it has hours
    assert told(desk)[:2] == ["reminded what=hours", "offered to=('sue',)"]
    desk.script("> sue claims pat\n< claimed by=sue; noticed event=greeting")


def test_only_in_the_partner_s_own_hours() -> None:
    """Its people answer until it closes; then the next tier is asked at once, and what they hold stays theirs."""
    north, south = partners("our-hours", theirs=hours((-1, 1)))
    west = Library(
        id="west",
        revision=1,
        name="West Library",
        teams=(Team(id="west/desk", name="Desk", members=("wim",)),),
        librarians=(Librarian(id="wim", name="Wim"),),
        agreements=(Agreement(queue="north/ask"),),
    )
    tiers = (*north.queues[0].tiers, Tier(teams=("west/desk",)))
    tiers = (tiers[0], replace(tiers[1], after_s=24 * 3600), tiers[2])
    desk = Play(replace(north, queues=(replace(north.queues[0], tiers=tiers),)), south, west)
    desk.script(SUE + "> wim comes p1.w\n> wim serves north/ask\n> mel: Hi\n> sue claims mel\n> pat: Hi")
    assert desk.of("pat").tier == 1
    desk.wait(HOUR)
    assert [one for one in told(desk) if one.startswith(("tier", "offered"))][-2:] == [
        "tier tier=2",
        "offered to=('wim',)",
    ]
    desk.script("> sue claims pat\n< refused reason=no-access\n> sue says mel: Still here\n< said by=sue")


def test_a_partner_that_opens_is_asked_for_what_waits() -> None:
    desk = play("our-hours", theirs=hours((1, 2)), policy="longest_idle", offer_s=0).script(SUE + "> pat: Hi")
    assert desk.owner("pat") == ""
    desk.wait(HOUR)
    assert desk.owner("pat") == "sue"


def test_an_offer_ends_with_the_agreement() -> None:
    desk = play("our-hours", theirs=hours((-1, 1)), policy="longest_idle", offer_s=30).script(SUE)
    desk.now = BEGIN + HOUR - 10_000
    desk.script("> pat: Hi\n< opened; received; queued tier=1; offered to=sue assigned=True")
    desk.script("> +12s\n< reminded what=hours; revoked to=sue reason=away")
    desk.script("> sue accepts pat\n< refused reason=no-access")


@pytest.mark.parametrize("policy", ["offer", "longest_idle"])
def test_a_withdrawn_agreement_takes_effect_at_once_and_leaves_what_is_held(policy: str) -> None:
    north, south = partners("always", policy=policy)
    desk = Play(north, south).script(SUE + "> mel: Hi\n> sue claims mel\n> pat: Hi\n")
    assert desk.of("pat").offered == ("sue" if policy == "longest_idle" else "")
    desk.drop()
    desk.give(replace(south, revision=2, agreements=()))
    taken_back = ["revoked to=('sue',) reason=away"] if policy == "longest_idle" else []
    assert told(desk) == ["library-changed", *taken_back]
    desk.script("> sue claims pat\n< refused reason=no-access\n> sue says mel: Still here\n< said by=sue")
    desk.script("> sue closes mel as=answered\n< noticed; closed\n> ana comes p1.a\n> ana serves north/ask")
    assert desk.owner("pat") == ("ana" if policy == "longest_idle" else "")


def test_an_agreement_that_is_made_again_asks_the_partner_for_what_waits() -> None:
    north, south = partners("always")
    desk = Play(north, south).script(SUE + "> pat: Hi")
    desk.give(replace(south, revision=2, agreements=()))
    desk.drop()
    desk.give(replace(south, revision=3))
    assert told(desk) == ["library-changed", "offered to=('sue',)"]


def test_a_partner_without_hours_keeps_nobody_open() -> None:
    north, south = partners("always", ours=hours((8, 16)))
    desk = Play(north, south)
    view = desk_view.view(desk.state, "web", desk.now)
    assert (view.open, view.online, view.next_opening) == (False, False, BEGIN + 8 * HOUR)
    desk.script("> pat: Hi\n< opened; received; queued; noticed event=closed")


def test_people_of_a_partner_without_hours_who_are_at_the_desk_do() -> None:
    desk = play("always", ours=hours((8, 16))).script(SUE)
    view = desk_view.view(desk.state, "web", desk.now)
    assert (view.open, view.online, view.busy, view.next_opening) == (True, True, False, 0)
    desk.script("> sue serves north/ask live=1\n> pat: Hi\n> sue claims pat")
    assert desk_view.view(desk.state, "web", desk.now).busy


def test_a_partner_with_hours_keeps_a_desk_open_where_it_agreed_alone() -> None:
    north, south = partners("our-hours", ours=hours((8, 16)), theirs=hours((-1, 4)))
    assert desk_view.view(Play(north, south).state, "web", BEGIN).open
    assert not desk_view.view(Play(north, replace(south, agreements=())).state, "web", BEGIN).open


def test_a_queue_s_own_hours_go_before_its_library_s() -> None:
    """The queue is open at noon alone, its library all day: the partner answers "while closed" by the queue's hours."""
    north, south = partners("while-closed", ours=hours((-8, 8)), openings=hours((1, 2)), opening_words=("at noon",))
    desk = Play(north, south).script("> pat: Hi\n< opened; received; queued; noticed event=closed")
    view = desk_view.view(desk.state, "web", desk.now)
    assert (view.open, view.next_opening, view.opening) == (False, BEGIN + HOUR, "at noon")
    level = desk.state.roster.service("north/ask").level_at
    assert "sue" in level(BEGIN)
    assert "sue" not in level(BEGIN + HOUR)


def test_the_hours_of_people_who_went_home_do_not_count() -> None:
    """The desk is closed, and its own librarian forgot to sign off: nobody is told that somebody answers."""
    north, south = partners("while-closed", ours=hours((-8, -1)), theirs=hours((-8, -1)))
    desk = Play(north, south).script("> ana comes p1.a\n> ana serves north/ask")
    assert standing(desk.state, desk.state.roster.service("north/ask"), desk.now) == "closed"


# ---- a change of one library works out what depends on it, and nothing else --------------------------------------


def _some_library(dice: Random, name: str, names: list[str]) -> Library:
    people = tuple(
        Librarian(id=f"{name}-{n}", name=name, active=dice.random() < 0.8, coordinator=dice.random() < 0.3)
        for n in range(dice.randint(0, 3))
    )
    members = [f"{other}-{n}" for other in names for n in range(3)]
    teams = tuple(
        Team(id=f"{name}/t{n}", name="T", members=tuple(dice.sample(members, dice.randint(0, 3)))) for n in range(2)
    )
    tiers = tuple(
        Tier(teams=tuple(f"{dice.choice(names)}/t{dice.randint(0, 2)}" for _ in range(2)))
        for _ in range(dice.randint(0, 3))
    )
    agreements = None
    if dice.random() < 0.7:
        whens: tuple[When, ...] = ("always", "while-closed", "our-hours")
        agreements = tuple(Agreement(queue=f"{other}/ask", when=dice.choice(whens)) for other in names if other != name)
        agreements = agreements[: dice.randint(0, len(agreements))]
    return Library(
        id=name,
        revision=0,
        name=name,
        queues=(Queue(id=f"{name}/ask", name="Ask", tiers=tiers),)[: dice.randint(0, 1) or dice.randint(0, 1)],
        teams=teams[: dice.randint(0, 2)],
        librarians=people,
        guests=tuple(dice.sample(members, dice.randint(0, 2))),
        removed=dice.random() < 0.1,
        openings=dice.choice((None, hours((-1, 1)), hours((1, 2)))),
        agreements=agreements,
    )


def _seen(roster: Roster, queues: list[str]) -> dict[str, Any]:
    services = {queue: roster.service(queue) for queue in queues}
    return {
        "home": roster.home,
        "works": roster.works,
        "libraries": roster.libraries,
        "librarians": roster.librarians,
        "first": roster.any_queue(),
        "serves": {who: set(of) & set(roster.services) for who, of in roster.serves.items() if of},
        "levels": {
            queue: [list(one.level_at(at).items()) for at in (BEGIN, BEGIN + HOUR)] for queue, one in services.items()
        },
        "chains": {queue: (one.chain, one.unbound, one.last_tier, one.library.id) for queue, one in services.items()},
    }


def test_a_library_that_changes_leaves_the_roster_as_if_made_afresh() -> None:
    names = ["a", "b", "c", "d", "e"]
    queues = [f"{name}/{queue}" for name in [*names, "nowhere"] for queue in ("ask", "unknown")]
    dice = Random(7)
    libraries: dict[str, Library] = {}
    roster = Roster(libraries)
    for turn in range(400):
        name = dice.choice(names)
        new = _some_library(dice, name, names) if dice.random() < 0.95 or name not in libraries else None
        roster.change(name, new)
        if new is None:
            del libraries[name]
        else:
            libraries[name] = new
        fresh = Roster(libraries)
        assert _seen(roster, queues) == _seen(fresh, queues), f"turn {turn}: {name}"
