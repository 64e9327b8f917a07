"""The desk knows its hours for the weeks ahead, however often it is started and however long it was not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.sql.people.accounts import now_ms
from bridge.sql.people.calendar import Calendar
from tests.journeys.indoors import LIBRARY, Indoors, indoors, until

WEEK_MS = 7 * 86_400_000
ALL_WEEK = Calendar(weekly={day: ["09:00-18:00"] for day in ("monday", "wednesday", "friday", "sunday")})


def last_opening(found: Indoors) -> int:
    """Return when the core's last opening of the library ends, ms."""
    openings = found.state.libraries["north"].openings
    return int(openings[-1][1]) if openings else 0


async def test_a_start_tells_the_core_of_the_openings_that_came_in_sight(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with indoors(tmp_path) as found:
        with monkeypatch.context() as then:
            then.setattr("bridge.sql.people.organisation.now_ms", lambda: now_ms() - 9 * WEEK_MS)
            told = await found.desk.organisation.put(LIBRARY, ALL_WEEK)
            await found.desk.tell_core()
            await until(lambda: found.state.libraries["north"].revision == told.revision, "the hours are known")
        assert last_opening(found) < now_ms()
        start = asyncio.create_task(found.desk._watch_organisation())
        await until(lambda: last_opening(found) > now_ms() + 7 * WEEK_MS, "the hours of the next weeks are known")
        start.cancel()


async def test_a_start_with_nothing_new_to_tell_changes_no_revision(tmp_path: Path) -> None:
    async with indoors(tmp_path) as found:
        told = await found.desk.organisation.put(LIBRARY, ALL_WEEK)
        await found.desk.tell_core()
        await until(lambda: found.state.libraries["north"].revision == told.revision, "the hours are known")
        assert await found.desk.organisation.outlived(found.state.libraries) == []
