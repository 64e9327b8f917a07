"""What a librarian wants to be told, and when."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from bridge.inbox.schema.types import Asked

ClockTime = Annotated[str, Meta(max_length=5)]


class QuietHoursView(Asked):
    """When nothing rings for me: from `start` to `end`, each "HH:MM" by the clock of `timezone`."""

    on: bool
    start: ClockTime
    end: ClockTime
    timezone: Annotated[str, Meta(max_length=60)]
