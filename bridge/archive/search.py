"""Full-text search over transcripts: a real index, within the libraries that somebody may see.

SQLite has FTS5 with diacritics folded; PostgreSQL a tsvector column with the `simple` dictionary, since patrons write in any
language. What a librarian types is taken as words, never as the index's query language; the last word may be unfinished.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import String, bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine

MOST_WORDS = 12

# The snippet's marks: private-use characters, which no screen shows and no text holds by accident.
OPEN, CLOSE = "\ue000", "\ue001"


class Hit(msgspec.Struct, frozen=True, kw_only=True):
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
       snippet(line_words, 0, :open, :close, '…', 16) AS snippet
FROM line_words JOIN line l ON l.n = line_words.rowid JOIN conversation c ON c.id = l.conversation
WHERE line_words MATCH :words AND (c.library IN :libraries OR c.id IN :also) AND l.n < :before
ORDER BY l.n DESC LIMIT :limit
"""

_POSTGRESQL = """
SELECT l.n, c.id AS conversation, l.id AS line, c.library, c.queue, c.channel, c.name, c.address, l.who, l.at,
       ts_headline('simple', l.text, q.words, 'StartSel=' || :open || ', StopSel=' || :close || ', MaxWords=16, MinWords=8')
       AS snippet
FROM line l JOIN conversation c ON c.id = l.conversation, to_tsquery('simple', :words) AS q(words)
WHERE l.words @@ q.words AND (c.library IN :libraries OR c.id IN :also) AND l.n < :before
ORDER BY l.n DESC LIMIT :limit
"""

_ALL = 2**62


def words_in(asked: str) -> list[str]:
    """Return the words of a question, at most `MOST_WORDS`. An accent or vowel sign is a part of the word, not its end."""
    text = unicodedata.normalize("NFC", asked)
    return "".join(char if _of_word(char) else " " for char in text).split()[:MOST_WORDS]


def _of_word(char: str) -> bool:
    return char.isalnum() or char == "_" or unicodedata.category(char).startswith("M")


def _query(dialect: str, words: list[str]) -> str:
    if dialect == "postgresql":
        return " & ".join([*words[:-1], words[-1] + ":*"])
    return " ".join([*(f'"{word}"' for word in words[:-1]), f'"{words[-1]}"*'])


class Search:
    """Finds lines by their words."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def find(
        self, asked: str, libraries: Sequence[str], *, also: Sequence[str] = (), before: int = 0, limit: int = 50
    ) -> list[Hit]:
        """Return lines that hold all words, newest first, in conversations of `libraries` or among the ids `also`.

        `before`: the `n` of the last line of the page before; many lines may come in one millisecond, so no time parts them.
        """
        words = words_in(asked)
        if not words or not (libraries or also):
            return []
        async with self._engine.connect() as sql:
            dialect = sql.dialect.name
            statement = text(_POSTGRESQL if dialect == "postgresql" else _SQLITE)
            statement = statement.bindparams(
                *(bindparam(name, expanding=True, type_=String) for name in ("libraries", "also"))
            )
            values: dict[str, Any] = {"libraries": list(libraries), "also": list(also), "open": OPEN, "close": CLOSE}
            values |= {"words": _query(dialect, words), "before": before or _ALL, "limit": limit}
            rows = (await sql.execute(statement, values)).all()
        return [Hit(**row._mapping) for row in rows]
