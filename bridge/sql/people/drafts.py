"""What a librarian has begun to write and not sent."""

from __future__ import annotations

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import replacing

_d = tables.draft.c


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


class DraftStore:
    """The drafts of all librarians."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, librarian: str) -> list[SavedDraft]:
        """Return a librarian's drafts."""
        async with self._engine.connect() as sql:
            rows = (await sql.execute(select(tables.draft).where(_d.librarian == librarian))).all()
        return [SavedDraft(conversation=row.conversation, kind=row.kind, text=row.text, at=row.at) for row in rows]

    async def keep(
        self, librarian: str, conversation: str, kind: str, text: str, *, window: str = "", base: int | None = None
    ) -> None:
        """Keep a draft; delete it when the text is empty.

        `base` is the `at` of the last draft from another window that this `window` saw. None overwrites what is there.
        Raises DraftChanged, with nothing changed, when another window has written since.
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
