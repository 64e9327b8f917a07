"""What a search finds, and searches that are kept."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.inbox.schema.types import Asked, Shown

SearchWords = Annotated[str, Meta(min_length=1, max_length=400)]
SearchName = Annotated[str, Meta(min_length=1, max_length=80)]


class Fragment(Shown):
    """A piece of a found line; `hit` marks a word that was asked for."""

    text: str
    hit: bool


class Match(Shown):
    """What was found in a conversation: something said, or a fact about it. `line`: where it is seen, "" = beside the lines."""

    kind: Literal["said", "name", "contact", "address", "subject", "code", "topic", "file"]
    at: int
    snippet: list[Fragment]
    line: str = ""
    who: str = ""


class Hit(Shown):
    """A conversation that was found, and what was found in it, the newest first; nothing where only filters were asked for."""

    conversation: str
    library: str
    library_name: str
    channel: str
    kind: str
    patron: str
    subject: str
    state: Literal["open", "closed"]
    owner_name: str
    code: str
    last_text: str
    last_at: int
    closed_at: int
    can_export: bool  # I coordinate its library
    matches: list[Match]
    imported: str = ""  # the other desk that it was held at, "" = here


class SearchFault(Shown):
    """What of a question was not understood. `near`: what may have been meant, or what there is to choose from."""

    token: str
    reason: Literal["no-filter", "no-value", "no-such", "no-day", "only-without", "too-many"]
    near: list[str] = []


class Hits(Shown):
    """One page of what was found, newest first. With `faults` nothing was looked for."""

    hits: list[Hit]
    next: str = ""
    faults: list[SearchFault] = []


class SavedSearchView(Shown):
    """A question under a name: one's own, or shared with the staff of `library`."""

    id: str
    name: str
    query: str
    library: str = ""
    library_name: str = ""
    can_change: bool = True


class SavedSearchList(Shown):
    """What I kept, and what is shared with me, by name. `topics`: my libraries' descriptive codes, which `code:` takes, too."""

    searches: list[SavedSearchView]
    topics: list[str] = []


class SaveSearchAsked(Asked):
    """Keep a question under a name; one of that name is replaced. `library`: share it there, as its coordinator."""

    name: SearchName
    query: SearchWords
    library: Annotated[str, Meta(max_length=200)] = ""
