"""Finding entries: by stems and by trigrams, two rankings joined by reciprocal rank (Cormack, Clarke and Büttcher 2009).

The index is a table of terms with whole-number weights, so that SQLite and PostgreSQL rank alike, digit by digit. Terms that many
entries hold say little and cost most: they are left out where rarer ones are enough.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import TextClause, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.faq.entry import LEVELS, PUBLIC
from bridge.sql.faq.terms import GRAM, SCALE, STEM, kind_of, language_of, question_terms
from bridge.sql.rows import dump

_t = tables.faq_text.c

RANK = 5  # 1 / (RANK + place): how much the first places count more than the next ones
RANKED = 60  # places of each ranking that are joined
MOST_POSTINGS = 4_000  # rows of the index that one ranking reads
FEW = 50  # texts: fewer are weighed as if they were so many, else one entry alone would tell nothing
FITS = (
    0.35  # share of a question that an entry must hold to be offered unasked: 84 % of true ones do, 14 % of false ones
)


class Scope(msgspec.Struct, frozen=True):
    """Whose entries are searched: those of `libraries` from `level` on, and those of `others` that the cooperative shares."""

    libraries: tuple[str, ...]
    level: int = PUBLIC
    others: tuple[str, ...] = ()


class FaqHit(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that was found, in the language in which it was. `fit` is the share of the question that it holds, 0 to 1."""

    entry: str
    library: str
    language: str
    slug: str
    title: str
    level: int
    fit: float


# What differs between the databases: how a list of terms, and a list of libraries, comes into a statement as one value each.
_LISTS = {
    "sqlite": (
        "SELECT json_extract(value, '$[0]') AS term, json_extract(value, '$[1]') AS worth FROM json_each(:asked)",
        "SELECT value FROM json_each({})",
    ),
    "postgresql": (
        "SELECT term, worth FROM unnest(CAST(:terms AS text[]), CAST(:worths AS bigint[])) AS found(term, worth)",
        "SELECT unnest(CAST({} AS text[]))",
    ),
}
_WITHIN = """
(m.library IN ({own}) AND m.level >= :level OR m.library IN ({others}) AND m.level >= :shared)
"""
_LANGUAGES = """
SELECT language, count(*) AS texts FROM faq_text WHERE library IN ({own}) OR library IN ({others}) GROUP BY language
"""
_FREQUENCIES = """
WITH asked AS ({asked})
SELECT m.term, count(*) AS texts FROM asked JOIN faq_term m ON m.term = asked.term WHERE {within} GROUP BY m.term
"""
_RANKING = """
WITH asked AS ({asked})
SELECT m.text, sum(m.weight * asked.worth) AS score, sum(asked.worth) AS held FROM asked JOIN faq_term m ON m.term = asked.term
WHERE {within} GROUP BY m.text ORDER BY score DESC, m.text LIMIT :places
"""


def _statements(dialect: str) -> dict[str, TextClause]:
    asked, listed = _LISTS[dialect]
    parts = {"asked": asked, "own": listed.format(":own"), "others": listed.format(":others")}
    parts["within"] = _WITHIN.format(**parts)
    told = {"languages": _LANGUAGES, "frequencies": _FREQUENCIES, "ranking": _RANKING}
    return {name: text(statement.format(**parts)) for name, statement in told.items()}


_SQL = {dialect: _statements(dialect) for dialect in _LISTS}


class FaqSearch:
    """Finds entries by a question."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(
        self, asked: str, scope: Scope, *, language: str = "", limit: int = 10, fits: float = 0.0
    ) -> list[FaqHit]:
        """Return the nearest entries, the nearest first, each once. `language`: its texts go before equally near ones.

        `fits`: leave out entries that hold a smaller share of the question.
        """
        async with self._engine.connect() as sql:
            look = _Look(sql, scope)
            languages = await look.languages()
            terms = question_terms(asked, sorted(languages, key=lambda one: (one != language, one)))
            if not terms:
                return []
            held = await look.frequencies(terms)
            total = max(FEW, sum(languages.values()))
            joined = _joined([await look.ranking(held, kind, total, terms) for kind in (STEM, GRAM)])
            found = await _texts(sql, sorted(joined, key=lambda n: (-joined[n][0], n))[: limit * 3])
        hits = [
            FaqHit(entry=row.entry, library=row.library, language=row.language, slug=row.slug, title=row.title,
                   level=LEVELS[row.state], fit=min(joined[row.n][1], 1.0))
            for row in found
        ]  # fmt: skip
        return _each_once([hit for hit in hits if hit.fit >= fits], language)[:limit]


class _Look:
    """The statements of one search."""

    def __init__(self, sql: AsyncConnection, scope: Scope) -> None:
        self._sql = sql
        self._statements = _SQL[sql.dialect.name]
        self._lists = sql.dialect.name == "postgresql"
        self._libraries = {"own": self._list(scope.libraries), "others": self._list(scope.others)}
        self._levels = {"level": scope.level, "shared": LEVELS["cooperative"]}

    async def languages(self) -> dict[str, int]:
        """Return the languages of all texts in the scope, and how many are in each."""
        rows = (await self._sql.execute(self._statements["languages"], self._libraries)).all()
        return {row.language: row.texts for row in rows}

    async def frequencies(self, terms: Sequence[str]) -> dict[str, int]:
        """Return in how many texts each term is."""
        values = self._asked(dict.fromkeys(terms, 0)) | self._libraries | self._levels
        rows = (await self._sql.execute(self._statements["frequencies"], values)).all()
        return {row.term: row.texts for row in rows}

    async def ranking(
        self, held: Mapping[str, int], kind: str, total: int, terms: Sequence[str]
    ) -> list[tuple[int, float]]:
        """Return the numbers of the nearest texts by one kind of term, each with the share of the question that it holds."""
        asked = [term for term in terms if kind_of(term) == kind]
        worth = {term: _worth(held[term], total) for term in asked if term in held}
        chosen = _rarest(worth, held)
        if not chosen:
            return []
        values = self._asked({term: worth[term] for term in chosen}) | self._libraries | self._levels
        rows = (await self._sql.execute(self._statements["ranking"], values | {"places": RANKED})).all()
        whole = _whole(asked, worth, total)
        return [(row.text, int(row.held) / whole) for row in rows]

    def _list(self, found: Sequence[str]) -> Any:
        return list(found) if self._lists else dump(found)

    def _asked(self, worth: Mapping[str, int]) -> dict[str, Any]:
        if self._lists:
            return {"terms": list(worth), "worths": list(worth.values())}
        return {"asked": dump(list(worth.items()))}


def _rarest(worth: Mapping[str, int], held: Mapping[str, int]) -> list[str]:
    """Return the terms that tell most, as many as `MOST_POSTINGS` allows."""
    chosen: list[str] = []
    rows = 0
    for term in sorted(worth, key=lambda one: (-worth[one], one)):
        if chosen and rows + held[term] > MOST_POSTINGS:
            break
        chosen.append(term)
        rows += held[term]
    return chosen


def _worth(frequency: int, total: int) -> int:
    """Return how much a term tells, in thousandths: the rarer the more (BM25's inverse document frequency)."""
    return max(1, round(SCALE * math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))))


def _whole(asked: Sequence[str], worth: Mapping[str, int], total: int) -> float:
    """Return what all terms of a question are worth in the language that has most of it; unknown ones tell much."""
    by_language: dict[str, float] = {}
    for term in asked:
        language = language_of(term)
        by_language[language] = by_language.get(language, 0) + worth.get(term, _worth(0, total))
    return min(by_language.values()) if by_language else 1.0


def _joined(rankings: Collection[Sequence[tuple[int, float]]]) -> dict[int, tuple[float, float]]:
    """Return for each text its score by reciprocal rank, and the larger of its shares."""
    found: dict[int, tuple[float, float]] = {}
    for ranking in rankings:
        for place, (n, share) in enumerate(ranking, 1):
            score, before = found.get(n, (0.0, 0.0))
            found[n] = (score + 1 / (RANK + place), max(before, share))
    return found


async def _texts(sql: AsyncConnection, numbers: Sequence[int]) -> list[Any]:
    query = (
        select(_t.n, _t.entry, _t.library, _t.language, _t.slug, _t.title, tables.faq_entry.c.state)
        .join(tables.faq_entry, tables.faq_entry.c.id == _t.entry)
        .where(_t.n.in_(numbers))
    )
    rows = {row.n: row for row in (await sql.execute(query)).all()}
    return [rows[n] for n in numbers if n in rows]


def _each_once(hits: Sequence[FaqHit], language: str) -> list[FaqHit]:
    """Keep one text of each entry: that in the language asked for, where it is among them."""
    found: dict[str, FaqHit] = {}
    for hit in hits:
        if hit.entry not in found or (hit.language == language and found[hit.entry].language != language):
            found[hit.entry] = hit
    return list(found.values())
