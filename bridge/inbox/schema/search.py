"""What a search finds."""

from __future__ import annotations

from bridge.inbox.schema.types import Shown


class Fragment(Shown):
    """A piece of a found line; `hit` marks a word that was asked for."""

    text: str
    hit: bool


class Hit(Shown):
    """A line that was found."""

    conversation: str
    line: str
    library: str
    channel: str
    kind: str
    patron: str
    who: str
    at: int
    snippet: list[Fragment]


class Hits(Shown):
    """One page of what was found, newest first."""

    hits: list[Hit]
    next: str = ""
