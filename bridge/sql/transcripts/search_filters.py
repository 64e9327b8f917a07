"""Within what a search looks: what a librarian may see, and the filters that they chose, as conditions of SQL.

Nobody finds out by searching what a page would not show them. So a conversation is found only where `Reach` holds it, and an
address only where staff are shown it: not on channels whose addresses are private, nor at libraries that mask them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    column,
    func,
    not_,
    or_,
    select,
    table,
    text,
    true,
)

from bridge.sql import tables
from bridge.sql.transcripts.facts import KINDS, PATRON, FactKind
from bridge.sql.transcripts.search_words import Term, Wanted

SET_ASIDE = "set_aside"

_c = tables.conversation.c
_f = tables.conversation_fact.c


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """What a librarian may look through: conversations of `libraries`, and those with the ids `also`.

    `masked`: libraries that hide addresses from their staff; `private`: channels whose addresses nobody is shown.
    """

    libraries: tuple[str, ...]
    also: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    private: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.libraries or self.also)


class FilterChoice(msgspec.Struct, frozen=True):
    """Values of which a conversation has one, or with `excluded` none."""

    values: tuple[str, ...]
    excluded: bool = False


class Sender(msgspec.Struct, frozen=True):
    """Words of a patron's name or address."""

    terms: tuple[Term, ...]
    excluded: bool = False


class SearchFilters(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversations. Choices of one kind are narrowed by each other. Moments are ms, and mean the last message; 0 = any."""

    libraries: tuple[FilterChoice, ...] = ()
    channels: tuple[FilterChoice, ...] = ()
    librarians: tuple[FilterChoice, ...] = ()
    codes: tuple[FilterChoice, ...] = ()
    topics: tuple[FilterChoice, ...] = ()
    states: tuple[FilterChoice, ...] = ()
    files: tuple[FilterChoice, ...] = ()
    senders: tuple[Sender, ...] = ()
    ids: tuple[FilterChoice, ...] = ()
    after: int = 0
    before: int = 0
    narrow: bool = False  # `ids` are few, and all that is left of the filters


ALL = SearchFilters()


def within(reach: Reach) -> ColumnElement[bool]:
    """Return the condition that a conversation is one that they may see, and not forgotten."""
    mine = (
        or_(_c.library.in_(reach.libraries), _c.id.in_(reach.also)) if reach.also else _c.library.in_(reach.libraries)
    )
    return and_(mine, _c.forgotten_at.is_(None))


def fits(filters: SearchFilters, reach: Reach, dialect: str) -> list[ColumnElement[bool]]:
    """Return the conditions of the filters."""
    found = [_of(choice, _c.library.in_(choice.values)) for choice in filters.libraries]
    found += [_of(choice, _c.channel.in_(choice.values)) for choice in filters.channels]
    found += [_of(choice, _answered(choice.values)) for choice in filters.librarians]
    found += [
        _of(choice, (func.coalesce(_c.code, "") if choice.excluded else _c.code).in_(choice.values))
        for choice in filters.codes
    ]
    found += [_of(choice, _c.state.in_(choice.values)) for choice in filters.states]
    found += [_of(choice, _has("topic", choice.values)) for choice in filters.topics]
    found += [_of(choice, _has("file", ())) for choice in filters.files]
    found += [_of(choice, _c.id.in_(choice.values)) for choice in filters.ids]
    for sender in (one for one in filters.senders if one.terms):
        whose = _c.id.in_(talks_with(sender.terms, reach, dialect, PATRON))
        found.append(not_(whose) if sender.excluded else whose)
    if filters.after:
        found.append(_c.last_at >= filters.after)
    if filters.before:
        found.append(_c.last_at < filters.before)
    return found


def _of(choice: FilterChoice, holds: ColumnElement[bool]) -> ColumnElement[bool]:
    return not_(holds) if choice.excluded else holds


def _answered(librarians: Sequence[str]) -> ColumnElement[bool]:
    """Who had it last, ended it, or answered first."""
    parts = (_c.owner, func.coalesce(_c.closed_by, ""), func.coalesce(_c.answered_by, ""))
    return or_(*(part.in_(librarians) for part in parts))


def _has(kind: FactKind, of: Sequence[str]) -> ColumnElement[bool]:
    held = select(_f.conversation).where(_f.kind == kind, _f.of.in_(of) if of else true())
    return _c.id.in_(held.correlate(None))


# ---- the indexes of words ----------------------------------------------------------------------------------------------------


def shown(reach: Reach) -> ColumnElement[bool]:
    """Return the condition that staff are shown a fact of a conversation: what hides addresses hides them here."""
    open_library = _c.library.not_in(reach.masked) if reach.masked else true()
    open_channel = _c.channel.not_in(reach.private) if reach.private else true()
    return or_(
        _f.kind.not_in(("contact", "address")),
        and_(_f.kind == "contact", open_library),
        and_(_f.kind == "address", open_library, open_channel),
    )


def lines_with(match: str, dialect: str) -> tuple[FromClause, ColumnElement[bool], ColumnElement[int]]:
    """Return lines and their conversations, the condition that a line fits what an index is asked, and the order of lines."""
    talks = tables.line.join(tables.conversation, _c.id == tables.line.c.conversation)
    if dialect == "postgresql":
        return talks, _asks("line.words @@ CAST(CAST(:words AS text) AS tsquery)", match), tables.line.c.n
    found = _LINE_WORDS.join(tables.line, tables.line.c.n == _LINE_WORDS.c.rowid)
    found = found.join(tables.conversation, _c.id == tables.line.c.conversation)
    return found, _asks("line_words MATCH :words", match), _LINE_WORDS.c.rowid


def lines_among(match: str, dialect: str, talks: Sequence[str]) -> tuple[FromClause, ColumnElement[bool]]:
    """Return the same for lines of these few conversations: they are read by conversation, not by word."""
    rows, fit, _ = lines_with(match, dialect)
    among = tables.line.c.conversation.in_(talks)
    if dialect == "postgresql":
        return rows, and_(fit, among)
    found = select(_LINE_WORDS.c.rowid).where(fit).correlate(None)
    joined = tables.line.join(tables.conversation, _c.id == tables.line.c.conversation)
    return joined, and_(among, tables.line.c.n.in_(found))


def facts_with(match: str, dialect: str) -> tuple[FromClause, ColumnElement[bool], ColumnElement[int]]:
    """Return the same of facts."""
    fact = tables.conversation_fact
    if dialect == "postgresql":
        talks = fact.join(tables.conversation, _c.id == _f.conversation)
        return talks, _asks("conversation_fact.words @@ CAST(CAST(:words AS text) AS tsquery)", match), _f.n
    found = _FACT_WORDS.join(fact, _f.n == _FACT_WORDS.c.rowid).join(tables.conversation, _c.id == _f.conversation)
    return found, _asks("fact_words MATCH :words", match), _FACT_WORDS.c.rowid


def talks_with(terms: Sequence[Term], reach: Reach, dialect: str, kinds: Sequence[FactKind] = KINDS) -> Select[Any]:
    """Return the conversations of which one fact of these kinds holds all the terms."""
    rows, fit, _ = facts_with(Wanted(terms).match(dialect), dialect)
    return select(_f.conversation).select_from(rows).where(fit, _f.kind.in_(kinds), shown(reach)).correlate(None)


def _asks(condition: str, match: str) -> ColumnElement[bool]:
    return cast(ColumnElement[bool], text(condition).bindparams(bindparam("words", match, unique=True)))


_LINE_WORDS = table("line_words", column("rowid", Integer))
_FACT_WORDS = table("fact_words", column("rowid", Integer))
