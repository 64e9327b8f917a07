"""The board of a coordinator: queues, people, notices to staff, as they are now. It keeps no history of anybody."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.contract.message import Opening
from bridge.inbox.schema.lists import Row
from bridge.inbox.schema.people import StaffNotice
from bridge.inbox.schema.types import Asked, Identifier, Moment, Shown

WhySkipped = Literal["", "closed", "not-agreed", "nobody"]


class BoardTier(Shown):
    """The teams of one step of a queue: asked at once for a question that comes now, later, or skipped, and why."""

    teams: list[str]  # by name
    libraries: list[str]  # by name: those of the teams
    after_s: int  # the next step follows so many seconds later
    asked: Literal["now", "later", "skipped"]
    why: WhySkipped = ""


class BoardQueue(Shown):
    """A queue of a library that I coordinate."""

    id: str
    name: str
    library: str
    open: bool
    waiting: int
    oldest_since: int  # since when the longest-waiting waits, 0 = nobody waits
    in_session: int
    tiers: list[BoardTier]
    pressing_since: int = 0  # of what waits: the one whose target passes, or passed, first; 0 = nobody waits
    pressing_target_s: int = 0  # its target, 0 = none
    opening: Opening = "usual"  # by a coordinator's order
    until: int = 0  # of the order; 0 = until it is set again
    notice: str = ""  # of the order, for patrons
    set_by_name: str = ""
    next_opening: int = 0


class BoardPerson(Shown):
    """A colleague of a library that I coordinate: whether they are there, since when, and what they have now."""

    id: str
    name: str
    library: str
    state: Literal["available", "away", "lost", "out"]  # lost: the connection, a moment ago; out: not signed in
    since: int  # 0 = not known
    queues: list[str]  # by id: where they are available
    serves: list[str]  # by id: where they may be
    live: int
    slow: int
    live_active: int
    slow_active: int


class BoardNotice(Shown):
    """A notice to staff as coordinators see it: how many have seen it, of how many."""

    notice: StaffNotice
    seen: int
    staff: int


class Board(Shown):
    """All of it at `position`; `watch-board` goes on from there. What the clock changes is fetched again at `again_at`."""

    position: str
    queues: list[BoardQueue]
    people: list[BoardPerson]
    notices: list[BoardNotice]
    announces_to_all: bool  # I may tell all libraries something
    again_at: int = 0  # ms; 0 = nothing is known to change by the clock alone


class Holdings(Shown):
    """The open conversations of one colleague, as far as I may see them."""

    rows: list[Row]


class QueueAsked(Asked):
    """Close or open a queue for now, or let its hours count again. `until` 0 = until it is set again."""

    queue: Identifier
    opening: Opening
    until: Moment = 0
    notice: Annotated[str, Meta(max_length=500)] = ""


class PlaceAsked(Asked):
    """The queues that a colleague serves from now on; none = away."""

    queues: Annotated[list[Identifier], Meta(max_length=5_000)]


class GiveAsked(Asked):
    """The librarian who gets it; `absent`: also where the patron sits there now and the librarian does not."""

    librarian: Identifier
    absent: bool = False


class AnnounceAsked(Asked):
    """Tell all staff of a library ("" = of all libraries) something until a time. Plain text."""

    text: Annotated[str, Meta(min_length=1, max_length=1_000)]
    until: Moment
    library: Annotated[str, Meta(max_length=200)] = ""


class BoardDeed(Shown):
    """One order of a coordinator: who, when (ms), what, and about whom or what, by name."""

    at: int
    who_name: str
    what: str
    about: str = ""


class BoardDeeds(Shown):
    """The latest orders at a library's desk, newest first."""

    deeds: list[BoardDeed]
