"""What a channel tells a patron: open, online, place and an honest wait; and hours as spans of time."""

from __future__ import annotations

import pytest

from routing import desk_view
from routing.desk_view import PACE_STALE_MS
from routing.hours import is_open
from routing.waiting_list import Entry
from tests.routing.play import BEGIN, Play, north


@pytest.mark.parametrize(
    "hour, opened",
    [(-1, False), (0, True), (7, True), (8, False), (23, False), (24, True), (31, True), (32, False), (1000, False)],
)
def test_openings_begin_inclusive_and_end_exclusive(hour: int, opened: bool) -> None:
    spans = tuple((BEGIN + day * 86_400_000, BEGIN + day * 86_400_000 + 8 * 3_600_000) for day in (0, 1))
    assert is_open(north(openings=spans), BEGIN + hour * 3_600_000) is opened
    assert is_open(north(openings=None), BEGIN)
    assert not is_open(north(openings=()), BEGIN)


def test_the_wait_is_guessed_from_the_last_ones_and_only_while_it_is_fresh() -> None:
    play = Play().script("> ana comes\n> ana serves north/ask")
    assert desk_view.view(play.state, "web", play.now).wait_s is None
    play.script("> p1: a\n> +40s\n> ana claims p1")
    assert desk_view.view(play.state, "web", play.now).wait_s == 40
    play.script("> p2@sms: b\n> +50min\n> ana comes p9.x\n> ana claims p2@sms")
    assert desk_view.view(play.state, "web", play.now).wait_s == 40
    assert desk_view.view(play.state, "web", play.now + PACE_STALE_MS).wait_s is None


def test_a_patron_s_own_wait_gets_shorter_and_the_place_better() -> None:
    play = Play().script("> ana comes\n> ana serves north/ask\n> p0: z\n> +40s\n> ana claims p0\n> p1: a\n> p2: b")
    first, second = (desk_view.view(play.state, "web", play.now, one) for one in ("p1", "p2"))
    assert (first.place, second.place) == (1, 2)
    assert (first.wait_s, second.wait_s) == (40, 40)
    play.script("> +30s")
    first, second = (desk_view.view(play.state, "web", play.now, one) for one in ("p1", "p2"))
    assert (first.wait_s, second.wait_s) == (10, 10)
    play.script("> ana claims p1")
    assert desk_view.view(play.state, "web", play.now, "p2").place == 1
    assert desk_view.view(play.state, "web", play.now, "p1").place == 0


def test_who_waits_in_a_queue_longest_first_whatever_the_channel() -> None:
    play = Play().script("> p1: a\n> p2@sms: b\n> p3: c")
    found: list[Entry] = list(desk_view.waiting(play.state, "north/ask"))
    assert [play.state.conversations[one].address for _, one in found] == ["p1", "p2", "p3"]


def test_an_unknown_channel_is_told_of_the_first_queue() -> None:
    view = desk_view.view(Play().state, "nowhere", BEGIN)
    assert (view.library, view.open, view.online) == ("North Library", True, False)
