"""Which numbers were mailed to whom, each once.

A mailing is claimed before it is handed to the channel. Of two processes one claims it. A mailing whose process ended before the
outcome was known is never sent again: nobody knows whether it went out, and that is said.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import ignoring
from bridge.sql.statistics.settings import Rhythm

MailingState = Literal["waiting", "sending", "sent", "failed", "uncertain"]
SENDING_MS = 900_000  # a mailing that is being sent for longer was left behind by a process that ended
SHOWN = 20
KEPT_MS = 400 * 86_400_000

_m = tables.report_mailing.c


class FiguresMailed(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of a period that begins on the day `first`, for one address. `reason`: a word that says why they didn't go out."""

    library: str
    rhythm: Rhythm
    first: str
    address: str
    state: MailingState
    reason: str = ""
    at: int = 0


class Mailings:
    """The mailings of all libraries."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self, library: str, rhythm: str, first: str, address: str) -> bool:
        """Say whether the caller, and nobody else, is to send this now."""
        key = {"library": library, "rhythm": rhythm, "first": first, "address": address}
        async with self._engine.begin() as sql:
            row = key | {"state": "sending", "reason": "", "at": now_ms()}
            made = await sql.execute(ignoring(sql.dialect.name, tables.report_mailing), row)
            if made.rowcount:
                return True
            mine = [tables.report_mailing.c[name] == value for name, value in key.items()]
            again = update(tables.report_mailing).where(*mine, _m.state == "waiting")
            return bool((await sql.execute(again.values(state="sending", at=now_ms()))).rowcount)

    async def ended(
        self, library: str, rhythm: str, first: str, address: str, state: MailingState, reason: str = ""
    ) -> None:
        """Note what became of a mailing; "waiting" = it certainly did not go out, and is tried again."""
        mine = (_m.library == library, _m.rhythm == rhythm, _m.first == first, _m.address == address)
        query = update(tables.report_mailing).where(*mine).values(state=state, reason=reason, at=now_ms())
        async with self._engine.begin() as sql:
            await sql.execute(query)

    async def done(self, library: str, rhythm: str, first: str) -> frozenset[str]:
        """Return the addresses to which nothing is to be sent any more for this period."""
        mine = (_m.library == library, _m.rhythm == rhythm, _m.first == first, _m.state != "waiting")
        async with self._engine.connect() as sql:
            return frozenset((await sql.scalars(select(_m.address).where(*mine))).all())

    async def latest(self, library: str) -> list[FiguresMailed]:
        """Return a library's last mailings, newest first."""
        query = select(tables.report_mailing).where(_m.library == library).order_by(_m.at.desc()).limit(SHOWN)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query)).all()
        values = (
            {str(name): value for name, value in row._mapping.items()} for row in rows
        )  # names of SQLAlchemy's are no `str`
        return [msgspec.convert(one, FiguresMailed) for one in values]

    async def tidy(self) -> None:
        """Say of mailings that a process left behind that nobody knows; drop old ones."""
        now = now_ms()
        left = update(tables.report_mailing).where(_m.state == "sending", _m.at < now - SENDING_MS)
        async with self._engine.begin() as sql:
            await sql.execute(left.values(state="uncertain", reason="interrupted"))
            await sql.execute(delete(tables.report_mailing).where(_m.at < now - KEPT_MS))
