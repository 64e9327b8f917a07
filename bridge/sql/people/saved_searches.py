"""Questions that librarians keep: their own, which nobody else sees, and those that a coordinator shares in a library."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec
from sqlalchemy import and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms

MOST = 100  # of one librarian, and of one library

_s = tables.saved_search.c


class SavedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """A question under a name. `library` "" = its librarian's own."""

    id: str
    librarian: str
    library: str
    name: str
    query: str


class TooManySearches(Exception):
    """There is no room for another one."""


class SavedSearches:
    """All of them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, librarian: str, libraries: Sequence[str]) -> list[SavedSearch]:
        """Return a librarian's own, and those shared in these libraries, by name."""
        mine = and_(_s.librarian == librarian, _s.library == "")
        query = select(tables.saved_search).where(or_(mine, _s.library.in_(list(libraries))))
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.order_by(func.lower(_s.name), _s.id))).all()
        return [_saved(row) for row in rows]

    async def one(self, id: str) -> SavedSearch | None:
        """Return one, None where there is none."""
        async with self._engine.connect() as sql:
            row = (await sql.execute(select(tables.saved_search).where(_s.id == id))).first()
        return _saved(row) if row is not None else None

    async def keep(self, librarian: str, library: str, name: str, query: str) -> SavedSearch:
        """Keep a question; one of that name, of the same librarian or library, is replaced. Raises TooManySearches."""
        whose = _s.library == library if library else and_(_s.librarian == librarian, _s.library == "")
        values = {"librarian": librarian, "query": query, "at": now_ms()}
        async with self._engine.begin() as sql:
            known = await sql.scalar(select(_s.id).where(whose, _s.name == name))
            if known is not None:
                await sql.execute(update(tables.saved_search).where(_s.id == known).values(**values))
                return SavedSearch(id=known, librarian=librarian, library=library, name=name, query=query)
            if (await sql.scalar(select(func.count()).where(whose)) or 0) >= MOST:
                raise TooManySearches
            id = secrets.token_hex(8)
            row = values | {"id": id, "library": library, "name": name}
            await sql.execute(insert(tables.saved_search), [row])
        return SavedSearch(id=id, librarian=librarian, library=library, name=name, query=query)

    async def drop(self, id: str) -> None:
        """Delete one."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.saved_search).where(_s.id == id))


def _saved(row: object) -> SavedSearch:
    return msgspec.convert(row, SavedSearch, from_attributes=True)
