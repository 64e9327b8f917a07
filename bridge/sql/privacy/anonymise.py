"""What forgetting means for the tables: the words, names and addresses of a conversation go, its numbers stay.

One rule for what is due by the library's days and for what a patron asks to be forgotten at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, literal, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.staff_messages import talk_room
from bridge.sql.rows import line_of
from routing.erasure import without
from routing.wire import decode_steps, encode_steps

_c = tables.conversation.c
_l = tables.line.c
_s = tables.set_aside.c
_w = tables.written.c

WITH_FILES = or_(_l.attachments != "[]", _l.html != "", _l.original != "")
_BLANK_WORDS = ("address", "name", "contact", "language", "subject", "page", "answers", "previous", "last_text")
BLANK: dict[str, str | None] = dict.fromkeys(_BLANK_WORDS, "") | {"rating_comment": None}
_BLANK_FOLLOW_UP = {"address": "", "name": "", "question": ""}


async def blank(sql: AsyncConnection, conversations: Sequence[str]) -> list[str]:
    """Forget these conversations: lines, drafts, colleagues' talk beside them, steps set aside, names, addresses and the
    browsers that were to be told of an answer.

    Returns the files that nothing shows now.
    """
    ids = list(conversations)
    files = await _files(sql, ids)
    await sql.execute(delete(tables.line).where(_l.conversation.in_(ids)))
    await forget_aside(sql, _s.conversation.in_(ids))
    for table in (tables.draft, tables.merge, tables.mention, tables.mention_seen, tables.patron_subscription):
        await sql.execute(delete(table).where(table.c.conversation.in_(ids)))
    await sql.execute(delete(tables.staff_message).where(tables.staff_message.c.room.in_([*map(talk_room, ids)])))
    await sql.execute(delete(tables.merge).where(tables.merge.c.other.in_(ids)))
    follow_ups = update(tables.follow_up).where(tables.follow_up.c.conversation.in_(ids))
    await sql.execute(follow_ups.values(**_BLANK_FOLLOW_UP))
    await sql.execute(update(tables.audit).where(tables.audit.c.conversation.in_(ids)).values(detail=""))
    await sql.execute(update(tables.conversation).where(_c.id.in_(ids)).values(forgotten_at=now_ms(), **BLANK))
    # Last: whoever makes facts of an old conversation holds its row meanwhile.
    await sql.execute(delete(tables.conversation_fact).where(tables.conversation_fact.c.conversation.in_(ids)))
    return [digest for digest in files if not await still_shown(sql, digest)]


async def forget_aside(sql: AsyncConnection, due: ColumnElement[bool]) -> None:
    """Forget these rows of steps set aside.

    A step has a row for each conversation that it is about. Where one row is due and another stays, the step loses what is due.
    """
    gone: dict[str, list[str]] = {}
    for row in (await sql.execute(select(_s.cause, _s.conversation).where(due))).all():
        gone.setdefault(row.cause, []).append(row.conversation)
    await sql.execute(delete(tables.set_aside).where(due))
    for cause, ids in gone.items():
        here = _s.cause == cause
        left = await sql.scalar(select(_s.step).where(here).limit(1))
        if left is not None:
            kept = encode_steps([without(step, ids) for step in decode_steps(left)])
            await sql.execute(update(tables.set_aside).where(here).values(step=kept))


async def forget_answers(sql: AsyncConnection, conversations: Sequence[str]) -> None:
    """Forget what was answered lately to librarians' writes about these conversations; their keys stay used."""
    for name in conversations:
        await sql.execute(update(tables.written).where(_holds(sql, _w.answer, name)).values(answer=b""))


async def pack(engine: AsyncEngine) -> None:
    """Leave nothing of what was deleted in SQLite's files; PostgreSQL's own vacuum does it there."""
    if engine.dialect.name != "sqlite":
        return
    async with engine.begin() as sql:
        for index in ("line_words", "fact_words"):
            await sql.execute(text(f"INSERT INTO {index}({index}) VALUES ('optimize')"))
    async with engine.connect() as sql:
        raw = await sql.get_raw_connection()
        if raw.driver_connection is not None:
            await raw.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def digests(rows: Sequence[Row[Any]]) -> set[str]:
    """Return the files that rows of `tables.line` show."""
    found = {digest for row in rows for digest in (row.html, row.original) if digest}
    return found | {file.digest for row in rows for file in line_of(row).attachments}


async def _files(sql: AsyncConnection, ids: list[str]) -> set[str]:
    return digests((await sql.execute(select(tables.line).where(_l.conversation.in_(ids), WITH_FILES))).all())


async def still_shown(sql: AsyncConnection, digest: str) -> bool:
    """Whether a line that stays, or a step set aside, shows the same file.

    Files are kept by digest, so two patrons may have sent one.
    """
    shown = or_(_l.html == digest, _l.original == digest, _l.attachments.contains(digest))
    if await sql.scalar(select(_l.n).where(shown).limit(1)) is not None:
        return True
    return await sql.scalar(select(_s.seq).where(_holds(sql, _s.step, digest)).limit(1)) is not None


def _holds(sql: AsyncConnection, column: ColumnElement[bytes], word: str) -> ColumnElement[bool]:
    """Whether the bytes of a column hold a word."""
    here = literal(word.encode())
    return (func.instr(column, here) if sql.dialect.name == "sqlite" else func.position(here.op("IN")(column))) > 0
