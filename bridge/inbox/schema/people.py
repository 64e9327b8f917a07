"""Librarians, and the one who asks."""

from __future__ import annotations

from typing import Literal

from bridge.inbox.schema.types import Shown
from routing.organisation import Role

SecondFactorDue = Literal["", "asked", "to-add"]


class Person(Shown):
    """A librarian as colleagues see them."""

    id: str
    name: str
    shown: str = ""  # the name patrons see
    libraries: list[str] = []
    present: bool = False
    coordinator: bool = False  # they may edit a library
    role: Role = "librarian"
    active: bool = True


class Availability(Shown):
    """Where a librarian is present, and how much they have: live (chat, IM) and slow channels apart."""

    present: bool = False
    connected: bool = False
    queues: list[str] = []
    live: int = 0  # their limits
    slow: int = 0
    live_active: int = 0  # what they have
    slow_active: int = 0


class StaffNotice(Shown):
    """A notice to all staff of a library, or of all libraries ("")."""

    id: str
    text: str
    by_name: str
    library: str
    library_name: str
    at: int
    until: int


class Me(Shown):
    """Who is signed in. `csrf` goes back in the header `X-Deskbridge` of every write."""

    id: str
    name: str
    shown: str
    libraries: list[str]
    coordinates: list[str]  # libraries whose organisation they may edit
    role: Role
    csrf: str
    availability: Availability
    must_change_password: bool = False
    second_factor: SecondFactorDue = ""  # one must be shown, or added, before anything else
    passwords: bool = True  # they count here
    way: str = ""  # how this session was opened: "password", "code", "provider", "proxy"
    notices: list[StaffNotice] = []  # to staff, that they have not seen yet
    language: str = ""  # in which they read the inbox; "" = what their browser prefers


class Desk(Shown):
    """The live counts of the rail, as far as this librarian may see. `channels_down` names channels that do not work."""

    waiting: int = 0
    mine: int = 0
    open: int = 0
    aside: int = 0  # set aside, for somebody to look at
    follow_ups: int = 0
    oldest_since: int = 0  # since when the longest-waiting waits
    channels_down: list[str] = []
