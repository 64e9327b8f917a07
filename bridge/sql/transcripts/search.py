"""Full-text search over transcripts: a real index, within the libraries that somebody may see.

SQLite has FTS5, PostgreSQL a tsvector column; `folding` says by which words a text is in either. What a librarian types is taken as
words, never as the index's query language; the last word may be unfinished.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import String, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql.transcripts.search_words import Wanted

# The snippet's marks: private-use characters, which no screen shows and no text holds by accident.
OPEN, CLOSE = "\ue000", "\ue001"
BEFORE, SHOWN = 40, 160  # characters of a snippet before the word, and in all
SEARCHED = 20_000  # characters of a text in which the words are marked


class FoundLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was found. `n` numbers lines as they came; `snippet` marks the words found with `OPEN` and `CLOSE`."""

    n: int
    conversation: str
    line: str
    library: str
    queue: str
    channel: str
    name: str
    address: str
    who: str
    at: int
    snippet: str


_SQLITE = """
SELECT l.n, c.id AS conversation, l.id AS line, c.library, c.queue, c.channel, c.name, c.address, l.who, l.at,
       l.text AS snippet
FROM line_words JOIN line l ON l.n = line_words.rowid JOIN conversation c ON c.id = l.conversation
WHERE line_words MATCH :words AND (c.library IN :libraries OR c.id IN :also) AND l.n < :before
ORDER BY l.n DESC LIMIT :limit
"""

_POSTGRESQL = """
SELECT l.n, c.id AS conversation, l.id AS line, c.library, c.queue, c.channel, c.name, c.address, l.who, l.at,
       l.text AS snippet
FROM line l JOIN conversation c ON c.id = l.conversation
WHERE l.words @@ CAST(CAST(:words AS text) AS tsquery) AND (c.library IN :libraries OR c.id IN :also) AND l.n < :before
ORDER BY l.n DESC LIMIT :limit
"""

_ALL = 2**62


def snippet_of(text: str, wanted: Wanted) -> str:
    """Return the part of a text around the first word found, with the words found between `OPEN` and `CLOSE`."""
    found = wanted.spans(text[:SEARCHED])
    first = found[0][0] if found else 0
    begin, end = _word_from(text, first - BEFORE), min(len(text), max(first - BEFORE, 0) + SHOWN)
    part, done = "…" if begin else "", begin
    for start, stop in found:
        if start >= end:
            break
        part += f"{text[done:start]}{OPEN}{text[start:stop]}{CLOSE}"
        done = stop
    return part + text[done : max(end, done)] + ("…" if max(end, done) < len(text) else "")


def _word_from(text: str, at: int) -> int:
    """Return where a word begins at or soon after `at`."""
    if at <= 0:
        return 0
    space = text.find(" ", at, at + BEFORE // 2)
    return space + 1 if space >= 0 else at


class Search:
    """Finds lines by their words."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(
        self, asked: str, libraries: Sequence[str], *, also: Sequence[str] = (), before: int = 0, limit: int = 50
    ) -> list[FoundLine]:
        """Return lines that hold all words, newest first, in conversations of `libraries` or among the ids `also`.

        `before`: the `n` of the last line of the page before; many lines may come in one millisecond, so no time parts them.
        """
        wanted = Wanted(asked)
        if not wanted or not (libraries or also):
            return []
        async with self._engine.connect() as sql:
            dialect = sql.dialect.name
            statement = text(_POSTGRESQL if dialect == "postgresql" else _SQLITE)
            statement = statement.bindparams(
                *(bindparam(name, expanding=True, type_=String) for name in ("libraries", "also"))
            )
            values: dict[str, Any] = {"libraries": list(libraries), "also": list(also)}
            words = wanted.postgresql() if dialect == "postgresql" else wanted.sqlite()
            values |= {"words": words, "before": before or _ALL, "limit": limit}
            rows = (await sql.execute(statement, values)).all()
        return [FoundLine(**{**row._mapping, "snippet": snippet_of(row.snippet, wanted)}) for row in rows]
