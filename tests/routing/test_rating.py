"""Patrons rate what ended: who may, when, what counts, and that nothing else changes."""

from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from bridge.contract.message import Rating, rating_id
from routing import desk_view, wire
from routing.organisation import Library, Timers
from routing.records import Conversation
from tests.routing.play import Play, north

ANSWERED = """
> ana comes
> ana serves north/ask
> pat: Where are the maps?
> ana claims pat
> ana says pat: Over there.
"""


def ended(**changes: object) -> Play:
    """A chat that Ana answered and ended."""
    play = Play(north(**changes)).script(ANSWERED + "> ana closes pat as=answered")
    play.drop()
    return play


def test_the_last_word_counts_and_nothing_else_changes() -> None:
    play = ended()
    before = play.of("pat")
    play.script(
        """
        > pat rates 1: Nobody knew
        < rated conversation=pat score=1 comment=Nobody_knew
        > pat rates 3
        < rated score=3 comment=
        """
    )
    assert play.of("pat") == replace(before, rating=3)


def test_the_rating_stays_when_the_talk_goes_on_and_may_be_given_anew() -> None:
    play = ended()
    play.script("> pat rates 2")
    play.script("> pat: One more thing")
    assert (play.of("pat").state, play.of("pat").rating) == ("active", 2)
    play.script("> pat rates 3\n< nothing")
    play.script("> ana closes pat as=answered")
    play.script("> pat rates 3\n< rated score=3")


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("> pat: Where are the maps?", id="waiting"),
        pytest.param(ANSWERED, id="still going on"),
        pytest.param("> ana comes\n> ana serves north/ask\n> pat: Hm\n> ana closes pat as=answered", id="unanswered"),
        pytest.param(ANSWERED + "> ana blocks pat\n> ana closes pat as=answered", id="blocked"),
        pytest.param(ANSWERED + "> ana closes pat as=answered\n> +24h", id="after the window"),
        pytest.param(
            ANSWERED + "> ana closes pat as=follow_up_library to=pat@example.org\n> +24h",
            id="kept for a follow-up alone",
        ),
    ],
)
def test_what_may_not_be_rated_stays_unrated(before: str) -> None:
    play = Play().script(before)
    play.script("> pat rates 3\n< nothing")
    it: Conversation | None = play.state.conversations.get(play.id_of("pat"))
    assert it is None or it.rating == 0
    assert not desk_view.view(play.state, "web", play.now, "pat").rateable


def test_nobody_rates_for_another() -> None:
    play = ended()
    play.script("> rex rates 1\n< nothing")
    play.script("> pat@sms rates 1\n< nothing")
    assert play.of("pat").rating == 0


def test_just_before_the_window_passes_it_counts() -> None:
    play = ended()
    play.wait(86_400_000 - 1)
    assert desk_view.view(play.state, "web", play.now, "pat").rateable
    play.rate("pat", 2)
    assert play.of("pat").rating == 2


@pytest.mark.parametrize("score", [-1, 0, 4])
def test_a_step_that_is_none_is_not_kept(score: int) -> None:
    play = ended()
    play.rate("pat", score)
    assert play.drop() == []


def test_a_library_can_switch_it_off() -> None:
    play = ended(ratings=False)
    shown = desk_view.view(play.state, "web", play.now, "pat")
    assert (shown.rate_s, shown.rateable) == (0, False)
    play.script("> pat rates 3\n< nothing")


def test_the_desk_tells_for_how_long_and_to_whom() -> None:
    play = ended(timers=Timers(reopen_live_s=600))
    assert desk_view.view(play.state, "web", play.now, "pat").rateable
    for address in ("", "rex"):
        shown = desk_view.view(play.state, "web", play.now, address)
        assert (shown.rate_s, shown.rateable) == (600, False)


def test_handed_in_again_it_is_known_by_its_cause() -> None:
    rating = Rating(id=rating_id("web", "pat", "r1"), channel="web", sender="pat", source="r1", score=3)
    assert wire.source_key(rating) == wire.cause(rating, "1-0", 4) == rating.id
    assert rating_id("web", "rex", "r1") != rating.id


def test_what_was_written_before_there_were_ratings_opens() -> None:
    """A record of a snapshot and a library of the database, of yesterday's release."""
    talk = {"id": "c", "library": "north", "queue": "north/ask", "channel": "web", "address": "w", "live": True}
    record = msgspec.msgpack.decode(msgspec.msgpack.encode(talk | {"opened_at": 1}), type=Conversation)
    library = msgspec.msgpack.decode(
        msgspec.msgpack.encode({"k": "library", "id": "north", "revision": 3, "name": "North"}), type=Library
    )
    assert (record.rating, library.ratings) == (0, True)
