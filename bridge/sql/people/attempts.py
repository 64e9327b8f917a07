"""Sign-ons that have begun and wait for their answer: a redirect to a provider, or the challenge of a passkey.

Each is good once and for ten minutes. It is kept in SQL, so that the answer may come to another host. What comes back is a token
of 256 random bits, of which SHA-256 is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Literal, TypeVar

import msgspec
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms

ATTEMPT_MS = 600_000

AttemptKind = Literal["provider", "codes", "passkey", "passkey-new"]
T = TypeVar("T", bound=msgspec.Struct)

_t = tables.sign_on_attempt.c


class Attempts:
    """What waits for its answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, kind: AttemptKind, data: msgspec.Struct) -> str:
        """Keep what the answer is checked against; return the token that must come back with it."""
        token, now = secrets.token_urlsafe(32), now_ms()
        row = {"token": _digest(token), "kind": kind, "data": msgspec.json.encode(data), "until": now + ATTEMPT_MS}
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.sign_on_attempt).where(_t.until < now))
            await sql.execute(insert(tables.sign_on_attempt).values(**row))
        return token

    async def end(self, kind: AttemptKind, token: str, data: type[T]) -> T | None:
        """Return what was kept under a token, and forget it: of two answers one counts. None: used, ended, or never was."""
        where = (_t.token == _digest(token)) & (_t.kind == kind) & (_t.until >= now_ms())
        async with self._engine.begin() as sql:
            raw = await sql.scalar(select(_t.data).where(where))
            done = await sql.execute(delete(tables.sign_on_attempt).where(where))
        return msgspec.json.decode(raw, type=data) if raw is not None and done.rowcount == 1 else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
