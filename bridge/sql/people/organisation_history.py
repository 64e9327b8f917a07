"""Every change of a library: who made it, when, what was there before and what after. Each can be taken back.

It is written in the transaction of the change itself, wherever that comes from: the inbox, a file, the command line. Hours that are
worked out again each day change nothing that people edit, so they leave no trace here.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.document_differences import Difference, Document, differences

What = Literal["made", "changed", "removed"]

_c = tables.organisation_change.c


class OrganisationChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a library. `who` "" = the operator. `undoes`, `undone_by`: numbers of other changes, 0 = none."""

    n: int
    library: str
    at: int
    who: str
    what: What
    revision: int
    name: str  # the library's, afterwards
    differences: list[Difference]
    undoes: int = 0
    undone_by: int = 0


class OrganisationHistory:
    """The changes of one consortium's libraries, within one transaction."""

    def __init__(self, sql: AsyncConnection, consortium: str) -> None:
        self._sql = sql
        self._consortium = consortium
        self._here = _c.consortium == consortium

    async def note(
        self, before: Document | None, after: Document | None, *, revision: int, by: str, undoes: int = 0
    ) -> None:
        """Keep what changed; nothing where nothing differs. One of both documents may be missing."""
        found = list(differences(before, after)) if before is not None and after is not None else []
        if before is not None and after is not None and not found:
            return
        kept = after if after is not None else before or {}
        row = {
            "consortium": self._consortium,
            "library": kept["id"],
            "at": now_ms(),
            "who": by,
            "what": "made" if before is None else "removed" if after is None else "changed",
            "revision": revision,
            "name": kept["name"],
            "differences": msgspec.json.encode(found).decode(),
            "document": msgspec.json.encode(before) if after is None else None,
            "undoes": undoes,
        }
        done = await self._sql.execute(insert(tables.organisation_change).values(**row))
        if undoes and done.inserted_primary_key is not None:
            where = self._here & (_c.n == undoes)
            number = done.inserted_primary_key[0]
            await self._sql.execute(update(tables.organisation_change).where(where).values(undone_by=number))

    async def page(self, library: str, *, before: int = 0, limit: int = 50) -> list[OrganisationChange]:
        """Return what changed about a library, or about all for "", newest first, only numbers below `before` unless it is 0."""
        query = select(tables.organisation_change).where(self._here).order_by(_c.n.desc()).limit(limit)
        if library:
            query = query.where(_c.library == library)
        if before:
            query = query.where(_c.n < before)
        return [_change(row) for row in await self._sql.execute(query)]

    async def one(self, library: str, n: int) -> OrganisationChange | None:
        """Return one change of a library."""
        query = select(tables.organisation_change).where(self._here, _c.library == library, _c.n == n)
        row = (await self._sql.execute(query)).first()
        return _change(row) if row is not None else None

    async def removed(self, library: str, n: int) -> Document | None:
        """Return the library that a change removed, as it was."""
        query = select(_c.document).where(self._here, _c.library == library, _c.n == n)
        kept = await self._sql.scalar(query)
        return msgspec.json.decode(kept) if kept is not None else None


def _change(row: object) -> OrganisationChange:
    names = (name for name in OrganisationChange.__struct_fields__ if name != "differences")
    kept = msgspec.json.decode(row.differences, type=list[Difference])  # type: ignore[attr-defined] # a row of this table
    return OrganisationChange(differences=kept, **{name: getattr(row, name) for name in names})
