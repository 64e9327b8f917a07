"""Who may sign in after a library's people changed: one who was deactivated or removed is signed out, and their invitation ends.

Roles that changed are noted in the audit of accounts. It is part of the transaction that changes the library. So it holds wherever
the change comes from, and when it is undone.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridge.sql import tables
from bridge.sql.people.account_events import AccountEvent, note_events
from routing.organisation import Librarian

_a = tables.account.c


async def settle_access(
    sql: AsyncConnection, library: str, before: Sequence[Librarian], now: Sequence[Librarian], by: str
) -> None:
    """End the sessions of who may not work now, close their accounts while they are deactivated, open those of who may again."""
    await note_events(sql, _roles_changed(library, before, now, by))
    worked = {one.id for one in before if one.active}
    works = {one.id for one in now if one.active}
    gone, back = sorted(worked - works), sorted(works - worked)
    deactivated = [one.id for one in now if not one.active]
    if gone:
        for table in (tables.session, tables.invitation):
            await sql.execute(delete(table).where(table.c.librarian.in_(gone)))
    for names, disabled in ((deactivated, True), (back, False)):
        if names:
            where = _a.librarian.in_(names) & (_a.library == library)
            await sql.execute(update(tables.account).where(where).values(disabled=disabled))


def _roles_changed(library: str, before: Sequence[Librarian], now: Sequence[Librarian], by: str) -> list[AccountEvent]:
    """Return an event for each role that is another one now; who comes as a librarian, or leaves as one, changes none."""
    held, has = ({one.id: one.role for one in people} for people in (before, now))
    return [
        AccountEvent(
            library=library,
            librarian=who,
            by=by,
            what="role",
            detail=f"{held.get(who, 'none')} -> {has.get(who, 'none')}",
        )
        for who in sorted(held.keys() | has.keys())
        if held.get(who, "librarian") != has.get(who, "librarian")
    ]
