"""What a librarian's question means at their desk: names of libraries, channels, librarians and codes become ids.

Names are compared as words are searched for: without case and accents. One that fits nothing is a fault that says what there is.
Only what the librarian may see anyway is suggested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from functools import lru_cache
from itertools import islice
from typing import get_args
from zoneinfo import ZoneInfo

import msgspec

from bridge.contract.message import Code
from bridge.inbox.views import rows
from bridge.inbox.views.access import libraries_of, sees
from bridge.sql.transcripts.conversation_list import OPEN_STATES
from bridge.sql.transcripts.search_filters import SET_ASIDE, FilterChoice, Reach, SearchFilters, Sender
from bridge.sql.transcripts.search_page import SearchAsked
from bridge.sql.transcripts.search_query import QueryFault, QueryFilter, SearchQuery, day_of, sender_terms
from bridge.sql.transcripts.search_words import Wanted, plain
from routing.state import State

SUGGESTED = 6
SNOOZED = 5_000  # that one question can name
CODES: tuple[str, ...] = (*get_args(Code), "merged", "recalled", SET_ASIDE)

Names = Mapping[str, Iterable[str]]  # id -> what it is called


def reach_of(state: State, me: str, libraries: Iterable[str] | None = None) -> Reach:
    """Return what a librarian may look through: all that is theirs to see, or their conversations of some libraries alone."""
    own_now = rows.own(state, me) if libraries is None else ()
    also = tuple(sorted(one for one in own_now if not _is_practice(state, one)))
    own = tuple(libraries_of(state, me) if libraries is None else libraries)
    held = {it.library for one in also if (it := state.conversations.get(one)) is not None}
    return Reach(
        libraries=own,
        also=also,
        masked=tuple(sorted(one for one in {*own, *held} if state.roster.library(one).mask_addresses)),
        private=tuple(name for name, channel in state.channels.items() if channel.private),
    )


def _is_practice(state: State, conversation: str) -> bool:
    it = state.conversations.get(conversation)
    return it is not None and it.practice


def understood(
    state: State, me: str, query: SearchQuery, reach: Reach, now: int
) -> tuple[SearchAsked, list[QueryFault]]:
    """Return what is to be looked for, and what was not understood."""
    names = _Names(state, me, now)
    faults = list(query.faults)
    chosen: dict[tuple[str, bool], list[str]] = {}
    senders: list[Sender] = []
    days: dict[str, int] = {}
    for one in query.filters:
        found = names.ids(one)
        if isinstance(found, QueryFault):
            faults.append(found)
        elif one.key == "from":
            senders.append(Sender(tuple(sender_terms(one.value)), one.excluded))
        elif one.key in ("before", "after"):
            side = _other(one.key) if one.excluded else one.key
            days[side] = int(found[1][0])
        else:
            chosen.setdefault((found[0], one.excluded), []).extend(found[1])
    kinds: dict[str, tuple[FilterChoice, ...]] = {}
    for (kind, excluded), ids in chosen.items():
        kinds[kind] = (*kinds.get(kind, ()), FilterChoice(tuple(dict.fromkeys(ids)), excluded))
    filters = SearchFilters(senders=tuple(senders), before=days.get("before", 0), after=days.get("after", 0))
    filters = msgspec.structs.replace(filters, **kinds)
    return SearchAsked(wanted=Wanted(query.terms, query.without), reach=reach, filters=filters), faults


def _other(side: str) -> str:
    return "before" if side == "after" else "after"


class _Names:
    """Turns one filter after the other into a kind of choice and its ids."""

    def __init__(self, state: State, me: str, now: int) -> None:
        self._state, self._me = state, me
        home = state.roster.library(state.roster.home.get(me, ""))
        self._zone = ZoneInfo(home.timezone)
        self._today = datetime.fromtimestamp(now / 1000, self._zone).date()

    def ids(self, one: QueryFilter) -> tuple[str, list[str]] | QueryFault:
        """Return which choice a filter is and the ids that it names, or why it names none."""
        match one.key:
            case "library":
                return _named("libraries", one, self._libraries())
            case "channel":
                return _named("channels", one, self._channels())
            case "by":
                return _named("librarians", one, self._librarians(), fits=_begins)
            case "code":
                return self._code(one)
            case "has":
                return "files", [one.value]
            case "is" if one.value == "snoozed":
                return "ids", self._snoozed()
            case "is":
                return "states", list(OPEN_STATES) if one.value == "open" else [one.value]
            case "before" | "after":
                return self._day(one)
            case _:
                return ("senders", []) if sender_terms(one.value) else QueryFault(token=one.token, reason="no-value")

    def _libraries(self) -> Names:
        return {one: (one, rows.library_name(self._state, one)) for one in libraries_of(self._state, self._me)}

    def _channels(self) -> Names:
        return {name: (name, one.label, one.kind) for name, one in self._state.channels.items()}

    def _librarians(self) -> Names:
        known = self._state.roster.librarians
        return {self._me: ("me", self._me, rows.name_of(self._state, self._me))} | {
            id: (id, one.name, one.shown) for id, one in known.items() if id != self._me
        }

    def _code(self, one: QueryFilter) -> tuple[str, list[str]] | QueryFault:
        libraries = [self._state.roster.library(name) for name in libraries_of(self._state, self._me)]
        labels = {code: [code, code.replace("_", " ")] for code in CODES}
        for library in libraries:
            for choice in library.codes:
                labels.setdefault(choice.code, [choice.code]).append(choice.label)
        topics = {code: (code,) for library in libraries for code in library.descriptive}
        found = _named("topics", one, topics)
        return found if not isinstance(found, QueryFault) else _named("codes", one, labels)

    def _snoozed(self) -> list[str]:
        """Which conversations are snoozed only the core knows."""
        held = self._state.conversations.values()
        found = (it.id for it in held if it.deferral is not None and sees(self._state, self._me, it))
        return list(islice(found, SNOOZED))

    def _day(self, one: QueryFilter) -> tuple[str, list[str]] | QueryFault:
        day = day_of(one.value, self._today)
        if day is None:
            return QueryFault(token=one.token, reason="no-day", near=(f"{one.key}:{self._today:%Y-%m-%d}",))
        return one.key, [str(int(datetime.combine(day, time(), self._zone).timestamp() * 1000))]


def _starts(name: str, asked: str) -> bool:
    return name.startswith(asked)


def _begins(name: str, asked: str) -> bool:
    """Whether each word of what was asked begins a word of a name."""
    return all(any(word.startswith(part) for word in name.split()) for part in asked.split())


def _named(
    kind: str, one: QueryFilter, names: Names, *, fits: Callable[[str, str], bool] = _starts
) -> tuple[str, list[str]] | QueryFault:
    asked = plain(one.value).strip()
    called = {id: [_folded(name) for name in some if name] for id, some in names.items()}
    exact = [id for id, some in called.items() if asked in some]
    found = exact or [id for id, some in called.items() if asked and any(fits(name, asked) for name in some)]
    if found:
        return kind, found
    near = tuple(f"{one.key}:{_quoted(next(iter(some)))}" for some in list(names.values())[:SUGGESTED])
    return QueryFault(token=one.token, reason="no-such", near=near)


@lru_cache(20_000)
def _folded(name: str) -> str:
    return plain(name).strip()


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name
