"""What the inbox keeps for a librarian between two clicks: drafts, and the answers to writes that may come twice."""

from __future__ import annotations

import hashlib

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import replacing

KEEP_ANSWERS_MS = 86_400_000
SWEEP_MS = 60_000

_d = tables.draft.c
_w = tables.written.c


class SavedDraft(msgspec.Struct, frozen=True, kw_only=True):
    """What a librarian has begun to write; `kind` is "reply" or "note"."""

    conversation: str
    kind: str
    text: str
    at: int


class DraftChanged(Exception):
    """Another window of the same librarian has written since; `draft` is what it wrote."""

    def __init__(self, draft: SavedDraft) -> None:
        super().__init__("another window has written since")
        self.draft = draft


class KeyReused(Exception):
    """An Idempotency-Key came again with another request."""


class KeptAnswer(msgspec.Struct, frozen=True):
    """What was answered to a write; status 0 = it is still being worked on."""

    status: int
    body: bytes


class DeskMemory:
    """Drafts and idempotency keys."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._swept = 0

    async def drafts(self, librarian: str) -> list[SavedDraft]:
        """Return a librarian's drafts."""
        async with self._engine.connect() as sql:
            rows = (await sql.execute(select(tables.draft).where(_d.librarian == librarian))).all()
        return [SavedDraft(conversation=row.conversation, kind=row.kind, text=row.text, at=row.at) for row in rows]

    async def keep_draft(
        self, librarian: str, conversation: str, kind: str, text: str, *, window: str = "", base: int | None = None
    ) -> None:
        """Keep a draft; an empty one is forgotten.

        `base`: the `at` of the draft that this `window` of the librarian's last saw from another. Raises DraftChanged where another
        window has written since, and nothing is changed then. None overwrites whatever is there.
        """
        where = (_d.librarian == librarian) & (_d.conversation == conversation) & (_d.kind == kind)
        async with self._engine.begin() as sql:
            held = (await sql.execute(select(tables.draft).where(where).with_for_update())).first()
            if held is not None and base not in (None, held.at) and window != held.window_id and text != held.text:
                raise DraftChanged(SavedDraft(conversation=conversation, kind=kind, text=held.text, at=held.at))
            at = max(now_ms(), held.at + 1 if held is not None else 0)
            values = {"librarian": librarian, "conversation": conversation, "kind": kind, "text": text, "at": at}
            values["window_id"] = window
            if text:
                keys = ["librarian", "conversation", "kind"]
                await sql.execute(replacing(sql.dialect.name, tables.draft, keys, values))
            else:
                await sql.execute(delete(tables.draft).where(where))

    async def begin_write(self, librarian: str, key: str, request: bytes) -> KeptAnswer | None:
        """Remember a write: None when it is new, else what was answered. Raises KeyReused."""
        body = hashlib.sha256(request).hexdigest()
        await self._sweep(now_ms())
        try:
            async with self._engine.begin() as sql:
                values = {"librarian": librarian, "key": key, "body": body, "at": now_ms()}
                await sql.execute(insert(tables.written).values(**values))
        except IntegrityError:
            return await self._answered(librarian, key, body)
        return None

    async def _sweep(self, now: int) -> None:
        """Forget old answers, once a minute."""
        if now - self._swept >= SWEEP_MS:
            self._swept = now
            async with self._engine.begin() as sql:
                await sql.execute(delete(tables.written).where(_w.at < now - KEEP_ANSWERS_MS))

    async def _answered(self, librarian: str, key: str, body: str) -> KeptAnswer:
        async with self._engine.connect() as sql:
            query = select(tables.written).where(_w.librarian == librarian, _w.key == key)
            row = (await sql.execute(query)).first()
        if row is not None and row.body != body:
            raise KeyReused
        return KeptAnswer(row.status, row.answer) if row is not None else KeptAnswer(0, b"")

    async def end_write(self, librarian: str, key: str, status: int, answer: bytes) -> None:
        """Remember what was answered."""
        where = (_w.librarian == librarian) & (_w.key == key)
        async with self._engine.begin() as sql:
            await sql.execute(update(tables.written).where(where).values(status=status, answer=answer))
