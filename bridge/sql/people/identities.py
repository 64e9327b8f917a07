"""Who a librarian is at a service that vouches for them: an issuer, and a subject that stays when names and addresses change.

An e-mail address is handed on to the next person, a subject never is (OpenID Connect Core 5.7). So an account is found by its
subject alone once it was linked. A librarian has one subject at each issuer.
"""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import ignoring

_i = tables.identity.c


class Identities:
    """The links between accounts and the identities of other services."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def librarian(self, issuer: str, subject: str) -> str:
        """Return the librarian whose identity this is, "" where it is nobody's."""
        query = select(_i.librarian).where(_i.issuer == issuer, _i.subject == subject)
        async with self._engine.connect() as sql:
            return await sql.scalar(query) or ""

    async def link(self, issuer: str, subject: str, librarian: str) -> bool:
        """Link an identity to a librarian; False where it is another's, or they have another one at that issuer."""
        row = {"issuer": issuer, "subject": subject, "librarian": librarian, "linked_at": now_ms()}
        async with self._engine.begin() as sql:
            await sql.execute(ignoring(sql.dialect.name, tables.identity), row)
            held = select(_i.librarian).where(_i.issuer == issuer, _i.subject == subject)
            return bool(await sql.scalar(held) == librarian)

    async def unlink(self, librarian: str) -> bool:
        """Take all identities off a librarian, and say whether there was one."""
        async with self._engine.begin() as sql:
            done = await sql.execute(delete(tables.identity).where(_i.librarian == librarian))
        return bool(done.rowcount)

    async def linked(self, librarians: list[str]) -> list[str]:
        """Return those of `librarians` who are linked to an identity."""
        query = select(_i.librarian).where(_i.librarian.in_(librarians)).distinct().order_by(_i.librarian)
        async with self._engine.connect() as sql:
            return list((await sql.scalars(query)).all())
