"""A look at the hours that a library or a queue would have, before they are saved."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.inbox.schema.types import Asked, Name, Shown
from bridge.sql.people.calendar import OpeningHours


class HoursAsked(Asked):
    """Hours that are not saved yet, the clock they go by, and the language in which a calendar says closed."""

    hours: OpeningHours
    timezone: Name
    language: Annotated[str, Meta(max_length=40)] = "en"


class DayView(Shown):
    """One day: its openings like "09:00-18:00" by the library's clock, and what they come from."""

    day: str  # 2026-12-24
    spans: list[str]
    source: Literal["date", "calendar", "week", "always"]


class CalendarRead(Shown):
    """How reading a calendar went. `problem` is a catalogue word, "" = none; `read_at` when it was last read well (ms)."""

    problem: str = ""
    read_at: int = 0
    events: int = 0  # in the weeks ahead
    titles: list[str] = []  # of the events, each once: what `only` could name


class HoursPreview(Shown):
    """The next two weeks, today first. `calendar` is None where no address is given."""

    days: list[DayView]
    calendar: CalendarRead | None = None


class UploadedHours(Shown):
    """A calendar that was handed in as a file: the address by which hours name it. It's forgotten when none does for a day."""

    url: str
