"""What is audited of accounts: sign-ins, failures, sessions that were ended, changes of roles, second factors, exports.

Each event belongs to the home library of the account; its coordinators read it, and administrators read all. It names who did
it and whose account it was. It holds no address of a network, no secret, and no name that somebody typed in vain: people type
passwords there. Failures for names without an account are kept once a minute, without the name. Events go after a year.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, get_args

import msgspec
from sqlalchemy import ColumnElement, and_, delete, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms

KEEP_MS = 365 * 86_400_000
UNKNOWN_EVERY_MS = 60_000

AccountDeed = Literal[
    "signed-in",  # detail: the way, "password", "code", "provider", "proxy"
    "failed",  # a wrong password, code or second factor; detail: the way
    "locked",
    "refused",  # a provider vouched for somebody whom the rules leave out; detail: the reason
    "signed-out",
    "session-ended",  # by themselves from another device, or by a coordinator
    "signed-out-everywhere",
    "password-changed",
    "code-made",  # a one-time code or a link was made for them
    "linked",
    "unlinked",
    "created",
    "role",  # detail: "before -> after"
    "factor-shown",  # after the password; detail: "codes", "passkey"
    "factor-added",  # detail: "codes", "passkey"
    "factor-removed",
    "factor-reset",
    "recovery-used",
    "exported",  # detail: what
    "imported",  # detail: the other desk
    "count-undone",  # a question that they counted was taken back; detail: its id
    "letter-retried",  # an input that could not be decided; detail: its id
    "letter-dropped",
]
DEEDS: tuple[AccountDeed, ...] = get_args(AccountDeed)

_e = tables.account_event.c


class AccountEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to an account, when (ms). `by` "" = the operator, or somebody who isn't known."""

    n: int = 0
    at: int = 0
    library: str
    librarian: str
    by: str
    what: AccountDeed
    detail: str = ""


class EventsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: of these libraries, of these librarians (None = all), of this kind ("" = every)."""

    libraries: Collection[str]
    librarians: Collection[str] | None = None
    what: str = ""


class AccountEvents:
    """The audit of accounts."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._unknown_at = 0

    async def note(self, event: AccountEvent) -> None:
        """Keep an event."""
        async with self._engine.begin() as sql:
            await note_events(sql, [event])

    async def note_unknown(self, detail: str, what: AccountDeed = "failed") -> None:
        """Keep that somebody without an account tried to sign in; once a minute, since strangers may try any number."""
        if (now := now_ms()) - self._unknown_at >= UNKNOWN_EVERY_MS:
            self._unknown_at = now
            await self.note(AccountEvent(library="", librarian="", by="", what=what, detail=detail))

    async def found(self, asked: EventsAsked, *, before: int = 0, limit: int = 100) -> list[AccountEvent]:
        """Return events, newest first; `before`: older than that `n`."""
        where = _matching(asked) & ((_e.n < before) if before else true())
        query = select(tables.account_event).where(where).order_by(_e.n.desc()).limit(limit)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query)).all()
        return [AccountEvent(**{name: getattr(row, name) for name in AccountEvent.__struct_fields__}) for row in rows]

    async def sweep(self, now: int) -> None:
        """Forget what happened over a year before `now` (ms)."""
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.account_event).where(_e.at < now - KEEP_MS))


async def note_events(sql: AsyncConnection, events: Sequence[AccountEvent]) -> None:
    """Keep events within a transaction."""
    if events:
        rows = [{**msgspec.structs.asdict(one), "at": one.at or now_ms()} for one in events]
        for row in rows:
            del row["n"]
        await sql.execute(insert(tables.account_event), rows)


def _matching(asked: EventsAsked) -> ColumnElement[bool]:
    return and_(
        _e.library.in_(list(asked.libraries)),
        true() if asked.librarians is None else _e.librarian.in_(list(asked.librarians)),
        _e.what == asked.what if asked.what else true(),
    )
