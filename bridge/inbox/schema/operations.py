"""The operator's page: how the parts of the desk are, who runs what, and the inputs that could not be decided."""

from __future__ import annotations

from bridge.inbox.schema.types import Shown


class PartView(Shown):
    """A part of this daemon, as /readyz tells it. `required`: without it nothing is taken in, or nothing reaches anyone."""

    name: str
    ready: bool
    required: bool
    why: str


class ChannelNow(Shown):
    """A channel in this process. `state`: "elsewhere" where another process serves it. `since` is when it became so."""

    channel: str
    kind: str
    up: bool
    state: str
    reason: str
    since: int
    failures: int
    waiting: int


class LeaseView(Shown):
    """Who holds the core ("") or a channel; `took_ms`: how long the last take-over took, 0 = none was seen."""

    lease: str
    host: str
    since: int
    took_ms: int


class ProcessView(Shown):
    """A daemon that shares this desk. `here`: the one that answers."""

    host: str
    release: str
    roles: str
    since: int
    here: bool


class FollowerView(Shown):
    """A follower of the log in this process, and how late it is."""

    name: str
    lag_ms: int


class StreamView(Shown):
    """A stream of Redis and its entries."""

    name: str
    entries: int


class KeptView(Shown):
    """Rows that a channel remembers, by kind: texts that are parked, say."""

    channel: str
    kind: str
    rows: int


class LetterView(Shown):
    """Inputs of one commit that could not be decided. They hold words of patrons, so only their kinds and channels are told."""

    id: str
    at: int
    kinds: list[str]
    channels: list[str]
    errors: list[str]


class Operations(Shown):
    """All of it, at one moment. `more`: there are older letters than those shown."""

    release: str
    python: str
    redis: str
    database: str
    position: int
    input_age_ms: int
    memory_used: int
    memory_limit: int
    parts: list[PartView]
    channels: list[ChannelNow]
    leases: list[LeaseView]
    processes: list[ProcessView]
    followers: list[FollowerView]
    streams: list[StreamView]
    kept: list[KeptView]
    letters: list[LetterView]
    more: bool
