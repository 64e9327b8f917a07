"""Hours in the inbox: what they would be before they are saved, and who may ask."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAILY = {day: ["09:00-18:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")}


async def test_a_coordinator_sees_two_weeks_of_hours_before_saving(browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    today = datetime.now(UTC).date().isoformat()
    asked = {"hours": {"weekly": DAILY, "dates": {today: []}}, "timezone": "UTC"}
    status, found = await cora.post("/organisation/north/hours", asked)
    assert (status, len(found["days"]), found["calendar"]) == (200, 14, None)
    assert found["days"][0] == {"day": today, "spans": [], "source": "date"}
    assert {(*day["spans"], day["source"]) for day in found["days"][1:]} == {("09:00-18:00", "week")}


async def test_hours_that_are_none_are_named(browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    asked = {"hours": {"weekly": {"monday": ["9 to 5"]}, "url": "ftp://x/y"}, "timezone": "Mars"}
    status, found = await cora.post("/organisation/north/hours", asked)
    assert (status, found["error"]) == (422, "faulty")
    assert {fault["field"] for fault in found["faults"]} == {"hours.weekly.monday[1]", "hours.url", "timezone"}


async def test_hours_of_another_library_are_nobody_elses(browsers: Browsers) -> None:
    for name in ("ana", "eve"):
        client = await browsers.of(name)
        assert (await client.post("/organisation/north/hours", {"hours": {}, "timezone": "UTC"}))[0] in (403, 404)


async def test_a_queue_has_hours_of_its_own(desk: Desk, browsers: Browsers) -> None:
    eve = await browsers.of("eve")
    document = (await eve.get("/organisation/south"))[1]
    document["calendar"]["queues"] = {"south/reference": {"weekly": {"monday": ["10:00-12:00"]}}, "south/none": {}}
    status, found = await eve.put("/organisation/south", document)
    assert (status, found["faults"][0]["field"]) == (422, "hours.queues.south/none")
    del document["calendar"]["queues"]["south/none"]
    status, saved = await eve.put("/organisation/south", document)
    assert status == 200
    libraries = desk.services.replica.state.libraries
    await until(lambda: libraries["south"].revision == saved["revision"])
    told = libraries["south"]
    assert told.openings is None
    assert len(told.queues[0].openings or ()) == len(told.queues[0].opening_words) > 7
    kept = (await eve.get("/organisation/south"))[1]
    assert kept["library"]["queues"][0]["openings"] is None
