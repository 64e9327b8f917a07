"""What the buddy shows, from the same computation as every other channel (`Ports.desk`). Pure.

    somebody is there            available
    all busy                     away, with "about 3 min" where a longer wait is known
    open, nobody there           away
    closed                       a component: unavailable, with the next opening; an account: extended away, with the same words

An account that signed off would get its messages only when it signs on again (RFC 6121, 8.5.2.2). So it stays signed on, as `xa`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.xmpp.jid import attribute, text
from adapters.xmpp.words import speech, weekday, word
from bridge.contract.adapter import ChannelDesk

LONG_S = 60  # a wait that is worth a word


@dataclass(frozen=True, slots=True)
class BuddyPresence:
    """A presence: `show` is "" (available), "away", "xa" or "gone"."""

    show: Literal["", "away", "xa", "gone"]
    status: str

    def stanza(self, *, to: str = "", sender: str = "", inside: str = "", priority: int = 0) -> str:
        """Return it as a stanza, to everybody or to one."""
        attributes = "".join(f" {name}={attribute(value)}" for name, value in (("to", to), ("from", sender)) if value)
        parts = [f"<status>{text(self.status)}</status>"]
        if self.show == "gone":
            attributes += " type='unavailable'"
        else:
            parts.append(f"<show>{self.show}</show>" if self.show else "")
            parts.append(f"<priority>{priority}</priority>" if priority else "")
        return f"<presence{attributes}>{''.join(parts)}{inside}</presence>"


def shown(desk: ChannelDesk, now: float, zone: tzinfo | None, *, leaves: bool) -> BuddyPresence:
    """Return what a buddy shows at `now` (s). `leaves`: it may go offline and still be written to (components)."""
    if desk.state == "closed":
        return BuddyPresence("gone" if leaves else "xa", _closed(desk, now, zone))
    if desk.state == "away":
        return BuddyPresence("away", word(desk.language, "away"))
    long = desk.wait_s is not None and desk.wait_s >= LONG_S
    if long and desk.busy is not False:
        return BuddyPresence("away", word(desk.language, "busy", minutes=round((desk.wait_s or 0) / 60)))
    if desk.state == "busy":
        return BuddyPresence("away", word(desk.language, "all-busy"))
    return BuddyPresence("", word(desk.language, "here"))


def _zone(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def _closed(desk: ChannelDesk, now: float, zone: tzinfo | None) -> str:
    if desk.next_opening / 1000 <= now:
        return word(desk.language, "closed")
    told = _zone(desk.timezone)
    zone = told or zone
    opening, today = (datetime.fromtimestamp(at, zone) for at in (desk.next_opening / 1000, now))
    clock = f"{opening:%H:%M}" if speech(desk.language) != "en" else f"{opening.hour}:{opening:%M}"
    place = desk.timezone.rpartition("/")[2].replace("_", " ")
    if told is not None and "/" in desk.timezone:
        clock = f"{clock} ({word(desk.language, 'zone', place=place)})"
    if opening.date() == today.date():
        return word(desk.language, "opens", when=clock)
    if opening.date() - today.date() < timedelta(days=7):
        return word(desk.language, "opens", when=f"{weekday(desk.language, opening)} {clock}")
    return word(desk.language, "opens", when=f"{opening:%Y-%m-%d} {clock}")
