"""Who has left: told once after a reload's time, and told again when they are back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from adapters.webchat.departures import GONE_S, Departures
from bridge.contract.adapter import Busy


class Heard:
    """What was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []
        self.deaf = False
        self.meanwhile: Callable[[], None] = lambda: None

    async def tell(self, sender: str, here: bool) -> None:
        if self.deaf:
            raise Busy("not now")
        self.meanwhile()
        self.told.append((sender, here))


async def test_a_reload_is_no_departure() -> None:
    departures, heard = Departures(), Heard()
    departures.left("jane", 0.0)
    await departures.look(GONE_S - 1, heard.tell)
    departures.came("jane")
    await departures.look(GONE_S * 9, heard.tell)
    assert heard.told == []


async def test_leaving_and_coming_back_are_told_once_each() -> None:
    departures, heard = Departures(), Heard()
    departures.left("jane", 0.0)
    for now in (GONE_S, GONE_S * 2):
        await departures.look(now, heard.tell)
    departures.came("jane")
    for now in (GONE_S * 3, GONE_S * 4):
        await departures.look(now, heard.tell)
    departures.left("jane", GONE_S * 5)
    await departures.look(GONE_S * 6, heard.tell)
    assert heard.told == [("jane", False), ("jane", True), ("jane", False)]


async def test_nothing_more_is_told_of_who_is_forgotten() -> None:
    departures, heard = Departures(), Heard()
    departures.left("jane", 0.0)
    departures.came("june")
    departures.left("kate", 0.0)
    departures.forget({"jane", "june", "nobody"})
    await departures.look(GONE_S, heard.tell)
    assert heard.told == [("kate", False)]


async def test_what_cannot_be_told_now_is_told_later() -> None:
    departures, heard = Departures(), Heard()
    departures.left("jane", 0.0)
    heard.deaf = True
    with pytest.raises(Busy):
        await departures.look(GONE_S, heard.tell)
    heard.deaf = False
    await departures.look(GONE_S, heard.tell)
    assert heard.told == [("jane", False)]


async def test_who_comes_from_elsewhere_is_told_as_here() -> None:
    """Another process, or the one before a restart, may have said that they are gone: this one cannot know."""
    departures, heard = Departures(), Heard()
    departures.came("jane")
    for now in (1.0, GONE_S * 2):
        await departures.look(now, heard.tell)
    assert heard.told == [("jane", True)]


async def test_who_comes_while_it_is_told_that_he_left_is_told_as_here() -> None:
    departures, heard = Departures(), Heard()
    departures.left("jane", 0.0)
    heard.meanwhile = lambda: departures.came("jane")
    await departures.look(GONE_S, heard.tell)
    heard.meanwhile = lambda: None
    await departures.look(GONE_S + 1, heard.tell)
    assert heard.told == [("jane", False), ("jane", True)]


async def test_who_leaves_while_it_is_told_that_he_is_back_is_told_as_gone() -> None:
    departures, heard = Departures(), Heard()
    departures.left("jane", 0.0)
    await departures.look(GONE_S, heard.tell)
    departures.came("jane")
    heard.meanwhile = lambda: departures.left("jane", GONE_S)
    await departures.look(GONE_S, heard.tell)
    heard.meanwhile = lambda: None
    await departures.look(GONE_S * 2, heard.tell)
    assert heard.told == [("jane", False), ("jane", True), ("jane", False)]
