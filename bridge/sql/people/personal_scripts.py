"""Canned messages of one librarian: nobody else reads them, also no coordinator."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.people.texts import moments, script_faults
from routing.organisation import Script

_p = tables.personal_script.c
MOST = 200


class ScriptsChanged(Exception):
    """Another window of the same librarian has saved since."""


def personal_faults(scripts: Sequence[Script]) -> list[FieldFault]:
    """Return what is wrong with a librarian's own scripts. The desk says none of them by itself: no moment is a key of theirs."""
    said_by_desk = frozenset(moments())
    found = [
        FieldFault(f"scripts[{n}].key", "the desk uses this key for what it says by itself: choose another one")
        for n, script in enumerate(scripts, 1)
        if script.key in said_by_desk
    ]
    if len(scripts) > MOST:
        found.append(FieldFault("scripts", f"there is room for {MOST} scripts"))
    return found + list(script_faults(scripts))


def edition(scripts: Sequence[Script]) -> str:
    """Return a word that is another one as soon as any of these scripts is."""
    return hashlib.sha256(msgspec.json.encode(scripts)).hexdigest()[:16]


class PersonalScripts:
    """The scripts of all librarians, each for its owner alone."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, librarian: str) -> tuple[Script, ...]:
        """Return a librarian's scripts in their order."""
        async with self._engine.connect() as sql:
            return await self._read(sql, librarian)

    async def keep(self, librarian: str, scripts: Sequence[Script], expected: str) -> None:
        """Keep these scripts in place of those of the edition `expected`. Raises ScriptsChanged, with nothing changed."""
        async with self._engine.begin() as sql:
            if edition(await self._read(sql, librarian)) != expected:
                raise ScriptsChanged
            await sql.execute(delete(tables.personal_script).where(_p.librarian == librarian))
            rows = [
                {"librarian": librarian, "place": n, **msgspec.structs.asdict(one)} for n, one in enumerate(scripts)
            ]
            if rows:
                await sql.execute(insert(tables.personal_script), rows)

    async def _read(self, sql: AsyncConnection, librarian: str) -> tuple[Script, ...]:
        query = select(tables.personal_script).where(_p.librarian == librarian).order_by(_p.place)
        rows = await sql.execute(query)
        return tuple(Script(key=row.key, title=row.title, text=row.text, folder=row.folder) for row in rows)
