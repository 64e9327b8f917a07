"""Whether somebody is at the desk is worked out once: a scripted day, and what each surface says at each moment of it.

The launcher and the chat in a browser show `state` as it comes: `tests/browser/test_widget.py`.
"""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from adapters.webchat.codec import desk_state, encode
from adapters.xmpp.presence import shown
from adapters.xmpp.words import word
from routing import desk_view
from routing.events import Noticed
from routing.organisation import Agreement
from routing.standing import standing
from tests.routing.play import BEGIN, Play, cooperative
from tests.routing.test_agreements import HOUR, hours

BUDDY = {
    "here": ("", "here"),
    "busy": ("away", "all-busy"),
    "away": ("away", "away"),
    "closed": ("xa", "opens"),
}
ARRIVAL = {"here": "", "busy": "", "away": "nobody", "closed": "closed"}


class Day:
    """Two libraries: ours is open for the first two hours, South for the first four, and South answers while ours is closed."""

    def __init__(self) -> None:
        north, south = cooperative(concierge_s=75)
        self.north = replace(north, openings=hours((-1, 2), (24, 26)))
        agreed = (Agreement(queue="north/ask", when="while-closed"),)
        self.south = replace(south, openings=hours((-1, 4)), agreements=agreed)
        self.play = Play(self.north, self.south)
        self.patrons = 0

    def say(self) -> set[str]:
        """Return the state as each surface has it, in one vocabulary."""
        state, now = self.play.state, self.play.now
        told: set[str] = {desk_view.queue_desk(state, "north/ask", now).state}
        for channel in ("web", "im"):
            desk = desk_view.view(state, channel, now)
            told.add(desk.state)
            told.add(msgspec.json.decode(encode(desk_state(desk)))["state"])
            assert desk.online == (desk.state in ("busy", "here")), "nobody is online where nobody is there"
            assert desk.wait_s is None or desk.online, "nobody waits for nobody"
        buddy = shown(replace(desk_view.view(state, "im", now), wait_s=None), now / 1000, None, leaves=False)
        told.add(next(word for word, (show, key) in BUDDY.items() if _is(buddy.show, buddy.status, show, key)))
        service = state.roster.service("north/ask")
        told.add(desk_view.SHOWN[standing(state, service, now)])
        return told

    def arrive(self) -> str:
        """Return what the desk says to a patron who writes now, "" for nothing; the patron leaves at once."""
        self.patrons += 1
        step = self.play.write(f"new{self.patrons}", "Hello?")
        return next((one.delivery.event for one in step.events if isinstance(one, Noticed)), "")


def _is(show: str, status: str, wanted: str, key: str) -> bool:
    return show == wanted and status.startswith(word("en", key).partition(" {")[0])


DAY = (
    # what people do, and the one state that every surface shows
    ("", "away"),
    ("> ana comes p1.a", "away"),  # signed in, and opted in to nothing
    ("> ana serves north/ask live=1", "here"),
    ("> ana claims new3", "busy"),
    ("> ana goes p1.a", "away"),  # a moment ago: may be back, is not there
    ("> ana comes p1.a", "busy"),
    ("> ana serves nothing", "away"),
    ("> sue comes p1.s\n> sue serves north/ask", "away"),  # the partner is there, and ours is open
    ("> +2h", "here"),  # ours has closed
    ("> sue serves north/ask live=1\n> sue claims new5", "busy"),
    ("> sue goes p1.s\n> +31s", "away"),  # South is open still, and nobody is there
    ("> +2h", "closed"),
    ("> sue comes p1.s\n> sue serves north/ask live=9", "closed"),  # outside all hours
)


def test_every_surface_says_the_same_all_day() -> None:
    day = Day()
    for number, (doing, state) in enumerate(DAY):
        day.play.script(doing)
        assert day.say() == {state}, f"after {number}: {doing}"
        returning = doing == "> ana goes p1.a"  # nobody is told that nobody is there, who may be back at once
        assert day.arrive() == ("" if returning else ARRIVAL[state]), f"after {number}: {doing}"
        assert day.say() == {state}, f"after {number} and a question: {doing}"


def test_a_withdrawn_agreement_is_seen_everywhere_at_once() -> None:
    day = Day()
    day.play.script("> sue comes p1.s\n> sue serves north/ask\n> +150min")
    assert day.say() == {"here"}
    day.play.give(replace(day.south, revision=2, agreements=()))
    assert day.say() == {"closed"}


def test_a_day_later_it_opens_again() -> None:
    day = Day()
    day.play.wait(BEGIN + 24 * HOUR - day.play.now)
    assert day.say() == {"away"}


@pytest.mark.parametrize("there", [False, True])
def test_nobody_is_called_busy_who_is_not_signed_in(there: bool) -> None:
    """A patron who waits reads of busy librarians only while there are some."""
    day = Day()
    day.play.script("> ana comes p1.a\n> ana serves north/ask live=1\n> first: Hi\n> ana claims first\n> pat: Hi")
    if not there:
        day.play.script("> ana serves nothing")
    day.play.wait(75_000)
    said = [one.delivery.text for step in day.play.log for one in step.events if isinstance(one, Noticed)]
    assert any("busy" in text for text in said) == there
