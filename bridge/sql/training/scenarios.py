"""Scenarios that libraries wrote themselves, as TOML. Every version stays, with who saved it; the newest one counts."""

from __future__ import annotations

import msgspec
from sqlalchemy import Row, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.people.accounts import now_ms

MOST = 200  # of one library
VERSIONS = 50  # listed

_c = tables.training_scenario.c


class KeptScenario(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a scenario. `toml` "" = with this version it was deleted."""

    library: str
    name: str
    version: int
    toml: str
    by: str
    at: int


class ScenarioOutdated(Exception):
    """Somebody else saved a version meanwhile."""


class TooManyScenarios(Exception):
    """The library has no room for another one."""


class KeptScenarios:
    """All of them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def of(self, library: str) -> list[KeptScenario]:
        """Return the newest version of each scenario of a library, by name; without those that were deleted."""
        newest = select(_c.name, func.max(_c.version).label("version")).where(_c.library == library).group_by(_c.name)
        latest = newest.subquery()
        query = select(tables.training_scenario).join(
            latest, (_c.name == latest.c.name) & (_c.version == latest.c.version)
        )
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.where(_c.library == library, _c.toml != "").order_by(_c.name))).all()
        return [_kept(row) for row in rows]

    async def one(self, library: str, name: str) -> KeptScenario | None:
        """Return the newest version of a scenario, None where there is none or it was deleted."""
        newest = next(iter(await self._versions(library, name, 1)), None)
        return newest if newest is not None and newest.toml else None

    async def versions(self, library: str, name: str) -> list[KeptScenario]:
        """Return a scenario's versions, the newest first."""
        return await self._versions(library, name, VERSIONS)

    async def save(self, library: str, name: str, toml: str, *, by: str, after: int) -> KeptScenario:
        """Keep a version after version `after` (0 = it is new); toml "" deletes. Raises ScenarioOutdated, TooManyScenarios."""
        try:
            async with self._engine.begin() as sql:
                whose = (_c.library == library, _c.name == name)
                known = await sql.scalar(select(func.max(_c.version)).where(*whose)) or 0
                gone = known > 0 and await sql.scalar(select(_c.toml).where(*whose, _c.version == known)) == ""
                if after != (0 if gone else known):
                    raise ScenarioOutdated
                count = await sql.scalar(select(func.count(func.distinct(_c.name))).where(_c.library == library)) or 0
                if not known and count >= MOST:
                    raise TooManyScenarios
                kept = KeptScenario(library=library, name=name, version=known + 1, toml=toml, by=by, at=now_ms())
                await sql.execute(insert(tables.training_scenario), [msgspec.structs.asdict(kept)])
        except IntegrityError:
            raise ScenarioOutdated from None
        return kept

    async def _versions(self, library: str, name: str, most: int) -> list[KeptScenario]:
        query = select(tables.training_scenario).where(_c.library == library, _c.name == name)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.order_by(_c.version.desc()).limit(most))).all()
        return [_kept(row) for row in rows]


def _kept(row: Row[tuple[object, ...]]) -> KeptScenario:
    return msgspec.convert(row, KeptScenario, from_attributes=True)
