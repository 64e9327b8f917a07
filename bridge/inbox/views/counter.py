"""What staff count with: their libraries' lists, and where a library made none, those that the desk proposes in its language."""

from __future__ import annotations

from bridge.contract import catalogues
from bridge.inbox.schema.counter import CountedView, CounterCode, CounterLibrary
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.sql.counter.question import CountedQuestion
from routing.organisation import Library
from routing.state import State

CATALOGUE = "notices"  # proposals: a word a line


def places(library: Library) -> list[str]:
    """Return where the questions of a library are asked."""
    return list(library.counter.places) or proposed("counter.places", library.language)


def patron_types(library: Library) -> list[str]:
    """Return who asks at a library."""
    return list(library.counter.patron_types) or proposed("counter.patronTypes", library.language)


def proposed(key: str, language: str) -> list[str]:
    """Return a list that the desk proposes, in a language where there is one, else in English."""
    return catalogues.say(CATALOGUE, catalogues.chosen(CATALOGUE, [language]), key).splitlines()


def counted_libraries(state: State, me: str) -> list[CounterLibrary]:
    """Return the libraries that somebody counts for, home first."""
    edits = coordinated(state, me)
    found = [state.roster.library(name) for name in libraries_of(state, me)]
    return [
        CounterLibrary(
            id=one.id,
            name=one.name,
            places=places(one),
            patron_types=patron_types(one),
            codes=[CounterCode(code=code, kind=one.counter.code_kinds.get(code, "")) for code in one.descriptive],
            coordinated=one.id in edits,
        )
        for one in found
    ]


def counted_view(me: str, one: CountedQuestion) -> CountedView:
    """Return a question as its counter, or a coordinator, sees it."""
    return CountedView(
        id=one.id,
        interaction=one.interaction,
        at=one.at_ms,
        mode=one.mode,
        place=one.place,
        patron_type=one.patron_type,
        kind=one.kind,
        minutes=one.minutes,
        read_level=one.read_level,
        codes=list(one.codes),
        question=one.question or "",
        answer=one.answer or "",
        mine=one.by == me,
        taken_back=one.voided_ms is not None,
    )
