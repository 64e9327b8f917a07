"""Links with which librarians choose their own password: one for each, good once, for three days.

The link carries 256 random bits, of which the archive keeps the SHA-256 (they need no slower hash). A new link ends the one before.
The password that stands is kept until the link is used, so a link that nobody opens shuts nobody out.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import Accounts, SignInRefused, WeakPassword, hashed, now_ms
from bridge.sql.people.passwords import weakness

INVITATION_MS = 3 * 86_400_000

_i = tables.invitation.c
_a = tables.account.c


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A link that waits to be used: for whom, of which library, who made it, until when (ms)."""

    librarian: str
    login: str
    library: str
    by: str
    until: int


class Invitations:
    """The invitations of this installation."""

    def __init__(self, engine: AsyncEngine, accounts: Accounts) -> None:
        self._engine = engine
        self._accounts = accounts

    async def invite(self, librarian: str, library: str, by: str) -> tuple[str, int]:
        """Return the secret of a new link and until when it is good. The account has to be there."""
        secret, until = secrets.token_urlsafe(32), now_ms() + INVITATION_MS
        row = {"token": _digest(secret), "librarian": librarian, "library": library, "by": by, "until": until}
        async with self._engine.begin() as sql:
            await sql.execute(delete(tables.invitation).where((_i.librarian == librarian) | (_i.until < now_ms())))
            await sql.execute(insert(tables.invitation).values(**row))
        return secret, until

    async def open(self, library: str) -> list[Invitation]:
        """Return the links of a library that wait to be used."""
        return await self._found((_i.library == library) & (_i.until > now_ms()))

    async def find(self, secret: str) -> Invitation | None:
        """Return the invitation of a link, None where it was used, ended, or never was."""
        found = await self._found((_i.token == _digest(secret)) & (_i.until > now_ms()) & _a.disabled.is_(False))
        return found[0] if found else None

    async def _found(self, where: object) -> list[Invitation]:
        query = select(tables.invitation, _a.login).join(tables.account, _a.librarian == _i.librarian)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.where(where).order_by(_i.librarian))).all()  # type: ignore[arg-type] # a condition
        return [
            Invitation(librarian=row.librarian, login=row.login, library=row.library, by=row.by, until=row.until)
            for row in rows
        ]

    async def accept(self, secret: str, password: str) -> str:
        """Set the password, end the account's sessions, and return the librarian. Raises SignInRefused, WeakPassword.

        A weak password leaves the link as it is. Of two who use one link at once, one is refused.
        """
        found = await self.find(secret)
        if found is None:
            raise SignInRefused
        if why := weakness(password, (found.login, found.library)):
            raise WeakPassword(why)
        change = {"password": await asyncio.to_thread(hashed, password), "must_change": False, "code": ""}
        change |= {"failures": 0, "locked_until": 0}
        async with self._engine.begin() as sql:
            used = await sql.execute(delete(tables.invitation).where(_i.token == _digest(secret)))
            if used.rowcount != 1:
                raise SignInRefused
            await sql.execute(update(tables.account).where(_a.librarian == found.librarian).values(**change))
            await sql.execute(delete(tables.session).where(tables.session.c.librarian == found.librarian))
        self._accounts.session_ended()
        return found.librarian


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
