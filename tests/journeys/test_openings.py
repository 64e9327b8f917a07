"""A desk that was off for weeks, or is started again every day, knows its openings ahead."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from msgspec.structs import replace

from bridge.archive.calendar import WEEK_MS, WEEKDAYS, Calendar, run_short
from tests.journeys.indoors import LIBRARY, indoors, until

WEEKLY = Calendar(weekly={day: ["09:00-17:00"] for day in WEEKDAYS})


async def test_a_start_works_openings_out_anew_where_the_core_s_run_short(tmp_path: Path) -> None:
    async with indoors(tmp_path) as house:
        now = int(time.time() * 1000)
        kept = await house.desk.organisation.put(LIBRARY, WEEKLY)
        assert kept.openings is not None
        standing = replace(kept, openings=tuple(span for span in kept.openings if span[1] < now + 6 * WEEK_MS))
        await house.hand_in(standing)  # what the core was told of this revision two weeks ago
        await until(lambda: house.state.libraries["north"] == standing, "the core has that revision")
        starting = asyncio.create_task(house.desk.keep_openings_ahead())
        await until(lambda: house.state.libraries["north"].revision > kept.revision, "there is a new revision")
        assert house.state.libraries["north"].openings[-1][1] > now + 7 * WEEK_MS
        starting.cancel()


async def test_a_start_leaves_openings_alone_that_reach_far_enough(tmp_path: Path) -> None:
    async with indoors(tmp_path) as house:
        kept = await house.desk.organisation.put(LIBRARY, WEEKLY)
        await house.desk.tell_core()
        await until(lambda: house.state.libraries["north"].revision == kept.revision, "the core has that revision")
        starting = asyncio.create_task(house.desk.keep_openings_ahead())
        await asyncio.wait([starting], timeout=1.0)
        assert await house.desk.organisation.revisions() == {"north": kept.revision}
        starting.cancel()


def test_when_openings_run_short() -> None:
    now = 1_700_000_000_000
    assert not run_short(None, now), "always open"
    assert run_short((), now)
    assert run_short(((now, now + 6 * WEEK_MS),), now)
    assert not run_short(((now, now + 8 * WEEK_MS),), now), "open round the clock"
