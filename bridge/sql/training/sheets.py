"""The sheets of practice conversations. A sheet belongs to its trainee: shared, taken back, kept or deleted by them alone.

A sheet goes seven days after it was made, with the words that people wrote on it, unless its trainee keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms

DAYS = 7
DAY_MS = 86_400_000
MOST = 200  # sheets listed

_s = tables.training_sheet.c
_w = tables.training_words.c


class TrainingSheet(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet. `counted`: JSON of what was counted. `until`: when it goes (ms), 0 = its trainee keeps it.

    `shared`: the coordinators of its library may see it. `peer`: one colleague who may as well, "" = nobody.
    """

    conversation: str
    trainee: str
    library: str
    scenario: str
    title: str
    manners: str
    made_at: int
    counted: str
    shared: bool = False
    peer: str = ""
    until: int = 0


class TrainingWords(msgspec.Struct, frozen=True, kw_only=True):
    """What one person wrote on a sheet. `words`: JSON, heading -> level 1 to 4 (0 = none) and text."""

    by: str
    words: str
    at: int


class TrainingSheets:
    """All of them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, sheet: TrainingSheet) -> TrainingSheet:
        """Keep a new sheet for seven days. Of one that its trainee has already, only the counts are replaced."""
        async with self._engine.begin() as sql:
            whose = and_(_s.conversation == sheet.conversation, _s.trainee == sheet.trainee)
            known = (await sql.execute(select(tables.training_sheet).where(whose))).first()
            if known is not None:
                await sql.execute(update(tables.training_sheet).where(whose).values(counted=sheet.counted))
                return msgspec.structs.replace(_sheet(known), counted=sheet.counted)
            sheet = msgspec.structs.replace(sheet, until=sheet.made_at + DAYS * DAY_MS)
            await sql.execute(insert(tables.training_sheet), [msgspec.structs.asdict(sheet)])
        return sheet

    async def one(self, conversation: str) -> TrainingSheet | None:
        """Return the sheet of a conversation, None where there is none."""
        async with self._engine.connect() as sql:
            row = (await sql.execute(select(tables.training_sheet).where(_s.conversation == conversation))).first()
        return _sheet(row) if row is not None else None

    async def seen_by(self, librarian: str, coordinated: Sequence[str]) -> list[TrainingSheet]:
        """Return a librarian's own sheets and those that others share with them, the newest first."""
        shared = and_(_s.shared, _s.library.in_(list(coordinated)))
        query = select(tables.training_sheet).where(or_(_s.trainee == librarian, _s.peer == librarian, shared))
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.order_by(_s.made_at.desc(), _s.conversation).limit(MOST))).all()
        return [_sheet(row) for row in rows]

    async def share(self, conversation: str, *, coordinators: bool, peer: str) -> None:
        """Say who else may see a sheet from now on."""
        await self._set(conversation, shared=coordinators, peer=peer)

    async def keep(self, conversation: str, *, keep: bool) -> None:
        """Keep a sheet until its trainee deletes it, or let it go seven days from now."""
        await self._set(conversation, until=0 if keep else now_ms() + DAYS * DAY_MS)

    async def drop(self, conversation: str) -> None:
        """Delete a sheet with all words on it."""
        async with self._engine.begin() as sql:
            await _delete(sql, _s.conversation == conversation)

    async def words(self, conversation: str) -> list[TrainingWords]:
        """Return what people wrote on a sheet, the first first."""
        query = select(_w.by, _w.words, _w.at).where(_w.conversation == conversation).order_by(_w.at, _w.by)
        async with self._engine.connect() as sql:
            return [TrainingWords(by=row.by, words=row.words, at=row.at) for row in (await sql.execute(query)).all()]

    async def write(self, conversation: str, by: str, words: str) -> None:
        """Keep one person's words in place of their former ones; "" = none any more."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.training_words).where(_w.conversation == conversation, _w.by == by))
            if words:
                row = {"conversation": conversation, "by": by, "words": words, "at": now_ms()}
                await sql.execute(insert(tables.training_words), [row])

    async def sweep(self, now: int) -> bool:
        """Delete the sheets whose days are over; say whether there were any."""
        async with self._engine.begin() as sql:
            return await _delete(sql, and_(_s.until > 0, _s.until <= now))

    async def _set(self, conversation: str, **values: object) -> None:
        async with self._engine.begin() as sql:
            await sql.execute(update(tables.training_sheet).where(_s.conversation == conversation).values(**values))


async def _delete(sql: AsyncConnection, whose: ColumnElement[bool]) -> bool:
    of_them = select(_s.conversation).where(whose)
    await sql.execute(delete(tables.training_words).where(_w.conversation.in_(of_them)))
    return bool((await sql.execute(delete(tables.training_sheet).where(whose))).rowcount)


def _sheet(row: Row[tuple[object, ...]]) -> TrainingSheet:
    return msgspec.convert(row, TrainingSheet, from_attributes=True)
