"""How far each librarian is with the guided first day. Nobody else sees it."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms

FirstDayState = Literal["", "begun", "skipped"]

_d = tables.training_first_day.c


class FirstDay(msgspec.Struct, frozen=True, kw_only=True):
    """`state` "" = it was not offered yet. `done`: names of the scenarios that are over."""

    state: FirstDayState = ""
    done: tuple[str, ...] = ()


class FirstDays:
    """Those of all librarians."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, librarian: str) -> FirstDay:
        """Return how far a librarian is."""
        query = select(_d.state, _d.done).where(_d.librarian == librarian)
        async with self._engine.connect() as sql:
            row = (await sql.execute(query)).first()
        if row is None:
            return FirstDay()
        return FirstDay(state=row.state, done=msgspec.json.decode(row.done, type=tuple[str, ...]))

    async def keep(self, librarian: str, day: FirstDay) -> None:
        """Keep how far a librarian is now."""
        done = msgspec.json.encode(day.done).decode()
        row = {"librarian": librarian, "state": day.state, "done": done, "at": now_ms()}
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.training_first_day).where(_d.librarian == librarian))
            await sql.execute(insert(tables.training_first_day), [row])
