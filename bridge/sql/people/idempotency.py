"""What was answered to a write, so that a write that comes twice is done once and answered alike.

Two kinds of rows share the table `written`:

- A write that is no action of the core (a library saved, a conversation forgotten) reserves its row before it is done.
- An action of the core needs no row to be done once: the ring drops an action that it has seen. The log's writer notes
  the answer with the rest of its batch, so a click costs no commit of its own. The row answers a page that asks again
  after this process has forgotten the action, or after the log was trimmed.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.contract.message import key_of, request_of
from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from routing.events import Refused, Step, answer

KEEP_ANSWERS_MS = 86_400_000
SWEEP_MS = 60_000

_w = tables.written.c


class KeyReused(Exception):
    """An Idempotency-Key came again with another request."""


class KeptAnswer(msgspec.Struct, frozen=True):
    """What was answered to a write; status 0 = it is still being worked on."""

    status: int
    body: bytes


class ActionOutcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the core answered an action: the event's word, as the log spells it, and why it was refused ("" = it was not)."""

    action: str
    event: str = "done"
    conversation: str = ""
    reason: str = ""
    holder: str = ""


class IdempotencyKeys:
    """The answers of one day, by Idempotency-Key."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._swept = 0

    async def begin(self, librarian: str, key: str, request: bytes) -> KeptAnswer | None:
        """Reserve a key: None when it is new, else what was answered. Raises KeyReused."""
        body = hashlib.sha256(request).hexdigest()
        await self._sweep(now_ms())
        try:
            async with self._engine.begin() as sql:
                values = {"librarian": librarian, "key": key, "body": body, "at": now_ms()}
                await sql.execute(insert(tables.written).values(**values))
        except IntegrityError:
            return await self._answered(librarian, key, body)
        return None

    async def _answered(self, librarian: str, key: str, body: str) -> KeptAnswer:
        row = await self._row(librarian, key)
        if row is not None and row.body != body:
            raise KeyReused
        return KeptAnswer(row.status, row.answer) if row is not None else KeptAnswer(0, b"")

    async def _row(self, librarian: str, key: str) -> Any:
        async with self._engine.connect() as sql:
            query = select(tables.written).where(_w.librarian == librarian, _w.key == key)
            return (await sql.execute(query)).first()

    async def end(self, librarian: str, key: str, status: int, answer: bytes) -> None:
        """Keep what was answered."""
        where = (_w.librarian == librarian) & (_w.key == key)
        async with self._engine.begin() as sql:
            await sql.execute(update(tables.written).where(where).values(status=status, answer=answer))

    async def outcome(self, librarian: str, action: str) -> ActionOutcome | None:
        """Return how an action was answered, None when no row says so. Raises KeyReused when its key meant another request."""
        row = await self._row(librarian, key_of(action))
        if row is None:
            return None
        if row.body != request_of(action):
            raise KeyReused
        return msgspec.json.decode(row.answer, type=ActionOutcome) if row.answer else ActionOutcome(action)

    async def _sweep(self, now: int) -> None:
        """Delete old answers, once a minute."""
        if now - self._swept >= SWEEP_MS:
            self._swept = now
            await self.sweep(now)

    async def sweep(self, now: int) -> None:
        """Delete the answers that are older than a day."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.written).where(_w.at < now - KEEP_ANSWERS_MS))


def outcome_of(step: Step) -> ActionOutcome:
    """Return how a step answers the action behind it."""
    event = answer(step)
    return ActionOutcome(
        action=step.cause,
        event="done" if event is None else str(event.__struct_config__.tag),
        conversation=getattr(event, "conversation", ""),
        reason=event.reason if isinstance(event, Refused) else "",
        holder=event.holder if isinstance(event, Refused) else "",
    )


def outcome_row(step: Step) -> dict[str, Any] | None:
    """Return the row that keeps how a page's action was answered; None for a step that answers no such action."""
    event, request = answer(step), request_of(step.cause)
    by: str = getattr(event, "by", "") or getattr(event, "librarian", "")
    if not request or not by:
        return None
    outcome = outcome_of(step)
    row = {"librarian": by, "key": key_of(step.cause), "body": request, "at": step.at}
    return row | {"status": 409 if outcome.reason else 200, "answer": msgspec.json.encode(outcome)}
