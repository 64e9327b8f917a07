"""What the buddy shows, from what the desk says."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from adapters.xmpp.presence import BuddyPresence, shown
from bridge.contract.adapter import ChannelDesk

VIENNA = ZoneInfo("Europe/Vienna")
SATURDAY = 1_772_276_400.0  # 2026-02-28 12:00 in Vienna


def at(desk: ChannelDesk, *, leaves: bool = False, now: float = SATURDAY) -> BuddyPresence:
    return shown(desk, now, VIENNA, leaves=leaves)


def test_somebody_is_there() -> None:
    assert at(ChannelDesk(open=True, online=True)).show == ""


def test_all_are_busy() -> None:
    busy = at(ChannelDesk(open=True, online=True, wait_s=170))
    assert (busy.show, busy.status) == ("away", "All librarians are busy, about 3 min")
    assert at(ChannelDesk(open=True, online=True, wait_s=20)).show == ""


def test_nobody_is_there() -> None:
    assert at(ChannelDesk(open=True, online=False)).show == "away"


@pytest.mark.parametrize(
    "hours, language, words",
    [
        (45, "en", "Closed, opens Monday 9:00"),
        (45, "de-AT", "Geschlossen, öffnet Montag 09:00"),
        (2, "en", "Closed, opens 14:00"),
        (24 * 20, "en", "Closed, opens 2026-03-20 12:00"),
        (0, "xx", "Closed: leave a message"),
    ],
)
def test_closed_says_when_it_opens(hours: int, language: str, words: str) -> None:
    opening = int((SATURDAY + hours * 3600) * 1000) if hours else 0
    desk = ChannelDesk(open=False, online=False, next_opening=opening, language=language)
    assert at(desk).status == words
    assert (at(desk).show, at(desk, leaves=True).show) == ("xa", "gone")
