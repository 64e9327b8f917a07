"""Which library a librarian belongs to, and what happens when they leave it.

A librarian's name, account and past conversations belong to the first library that lists them. Taking the name off its list changes
nothing about that: no other library can list the same name until that library releases it. Else a coordinator could list a leaver,
make a sign-in code, and read transcripts of the library they left.

Once released, another library may list the name. The account moves with it, empty: password, code, sessions, drafts and kept
answers are deleted. `since` says from when on the librarian works there; what they had before stays with the old library.
Each change, and each attempt that was refused, is kept for the coordinators of both libraries.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import ignoring

What = Literal["came", "left", "released", "moved-here", "moved-away", "refused-here", "refused-there"]

_b = tables.belonging.c
_a = tables.account.c
_s = tables.staff_change.c


class StaffChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a library's people: who did it ("" = the operator), when (ms), and the other library where there is one."""

    at: int
    librarian: str
    who: str
    what: What
    other: str = ""


class Leaver(msgspec.Struct, frozen=True, kw_only=True):
    """A librarian who left a library and still belongs to it. `released`: another library may list them now."""

    librarian: str
    released: bool


class HomeLibraries:
    """Who belongs to which library of one consortium, within one transaction."""

    def __init__(self, sql: AsyncConnection, consortium: str) -> None:
        self._sql = sql
        self._here = _b.consortium == consortium
        self._consortium = consortium

    async def since(self) -> dict[str, int]:
        """Return since when (ms) each librarian works where they do, for those who did not always."""
        query = select(_b.librarian, _b.since).where(self._here, _b.since > 0)
        return {row.librarian: row.since for row in await self._sql.execute(query)}

    async def library_of(self, librarian: str) -> str:
        """Return the library that a librarian belongs to, "" for a name that none ever listed."""
        return await self._sql.scalar(select(_b.library).where(self._here, _b.librarian == librarian)) or ""

    async def everybody(self) -> set[str]:
        """Return everybody whom a library ever listed."""
        return set((await self._sql.scalars(select(_b.librarian).where(self._here))).all())

    async def strangers(self, library: str, listed: Collection[str]) -> dict[str, str]:
        """Return the listed librarians that another library has not released, with that library."""
        query = select(_b.librarian, _b.library).where(
            self._here, _b.librarian.in_(list(listed)), _b.library != library, _b.released_at.is_(None)
        )
        return {row.librarian: row.library for row in await self._sql.execute(query)}

    async def leavers(self, library: str, listed: Collection[str]) -> list[Leaver]:
        """Return who belongs to a library that does not list them."""
        query = select(_b.librarian, _b.released_at).where(self._here, _b.library == library).order_by(_b.librarian)
        rows = (await self._sql.execute(query)).all()
        return [
            Leaver(librarian=row.librarian, released=row.released_at is not None)
            for row in rows
            if row.librarian not in listed
        ]

    async def release(self, library: str, librarian: str, by: str) -> bool:
        """Let other libraries list a leaver; False when they do not belong to this library."""
        mine = self._here & (_b.librarian == librarian) & (_b.library == library)
        done = await self._sql.execute(update(tables.belonging).where(mine).values(released_at=now_ms()))
        if done.rowcount:
            await self.tell(library, librarian, by, "released")
        return bool(done.rowcount)

    async def release_all(self, library: str, by: str) -> None:
        """Let other libraries list everybody who belongs to a library: it is no more."""
        for leaver in await self.leavers(library, ()):
            if not leaver.released:
                await self.release(library, leaver.librarian, by)

    async def settle(self, library: str, before: Collection[str], listed: Collection[str], by: str) -> None:
        """Note who came to a library and who left it. None of `listed` may be a stranger."""
        query = select(tables.belonging).where(self._here, _b.librarian.in_(list(listed)))
        known = {row.librarian: row for row in await self._sql.execute(query)}
        for librarian in listed:
            row = known.get(librarian)
            if row is None:
                await self._enter(library, librarian)
            elif row.library != library:
                await self._move(row.library, library, librarian, by)
            elif row.released_at is not None:
                mine = self._here & (_b.librarian == librarian)
                await self._sql.execute(update(tables.belonging).where(mine).values(released_at=None))
            if before and librarian not in before and (row is None or row.library == library):
                await self.tell(library, librarian, by, "came")
        for librarian in sorted(set(before) - set(listed)):
            await self.tell(library, librarian, by, "left")

    async def _enter(self, library: str, librarian: str) -> None:
        row = {"consortium": self._consortium, "librarian": librarian, "library": library, "since": now_ms()}
        await self._sql.execute(ignoring(self._sql.dialect.name, tables.belonging), row)

    async def _move(self, old: str, new: str, librarian: str, by: str) -> None:
        """Give a released librarian to another library, with an account that holds nothing of the old one's."""
        mine = self._here & (_b.librarian == librarian)
        change: dict[str, Any] = {"library": new, "since": now_ms(), "released_at": None}
        await self._sql.execute(update(tables.belonging).where(mine).values(**change))
        account = update(tables.account).where(_a.librarian == librarian, _a.library == old)
        empty = {"library": new, "password": "", "code": "", "code_until": 0, "must_change": False}
        if (await self._sql.execute(account.values(**empty))).rowcount:
            theirs = (tables.session, tables.draft, tables.written, tables.mention)
            signing_on = (tables.identity, tables.second_factor, tables.recovery_code)
            for table in (*theirs, *signing_on):
                await self._sql.execute(delete(table).where(table.c.librarian == librarian))
        await self.tell(old, librarian, by, "moved-away", new)
        await self.tell(new, librarian, by, "moved-here", old)

    async def tell(self, library: str, librarian: str, by: str, what: What, other: str = "") -> None:
        """Keep a change for the coordinators of a library."""
        row = {"at": now_ms(), "library": library, "librarian": librarian, "who": by, "what": what, "other": other}
        await self._sql.execute(insert(tables.staff_change).values(**row))

    async def changes(self, library: str, limit: int = 100) -> list[StaffChange]:
        """Return what changed about a library's people, newest first."""
        query = select(tables.staff_change).where(_s.library == library).order_by(_s.n.desc()).limit(limit)
        return [
            StaffChange(at=row.at, librarian=row.librarian, who=row.who, what=row.what, other=row.other)
            for row in await self._sql.execute(query)
        ]
