"""Hours in the inbox: what they would be before they are saved, and who may ask."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from tests.hours.calendar_host import calendar_host, ics
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, until

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


async def test_a_calendar_is_asked_before_it_is_saved(browsers: Browsers) -> None:
    cora, tomorrow = await browsers.of("cora"), datetime.now(UTC).date() + timedelta(days=1)
    async with calendar_host() as host:
        host.body = ics(f"SUMMARY:Chat\nDTSTART:{tomorrow:%Y%m%d}T100000\nDTEND:{tomorrow:%Y%m%d}T120000")
        asked = {"hours": {"weekly": DAILY, "url": host.url}, "timezone": "Asia/Tokyo"}
        status, found = await cora.post("/organisation/north/hours", asked)
        assert (status, found["calendar"]["problem"], found["calendar"]["titles"]) == (200, "", ["Chat"])
        days = {day["day"]: (day["spans"], day["source"]) for day in found["days"]}
        assert days[tomorrow.isoformat()] == (["10:00-12:00"], "calendar")
        host.status = 500
        asked["hours"] = {"url": host.url + "?other"}
        found = (await cora.post("/organisation/north/hours", asked))[1]
        assert (found["calendar"]["problem"], {day["source"] for day in found["days"]}) == ("refused", {"always"})
    asked["hours"] = {"url": "https://192.168.0.1/hours.ics"}
    assert (await cora.post("/organisation/north/hours", asked))[1]["calendar"]["problem"] == "private-host"


async def test_a_calendar_is_handed_in_as_a_file_by_its_coordinators_only(browsers: Browsers) -> None:
    cora, eve = await browsers.of("cora"), await browsers.of("eve")
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    body = ics(f"SUMMARY:Chat\nDTSTART:{tomorrow:%Y%m%d}T100000\nDTEND:{tomorrow:%Y%m%d}T120000")

    async def hand_in(client: Client, content: bytes) -> tuple[int, dict[str, str]]:
        url = f"{client.desk.url}/api/v1/organisation/north/hours/file"
        async with client.session.post(url, data=io.BytesIO(content), headers=client.headers()) as response:
            return response.status, await response.json()

    assert (await hand_in(eve, body))[0] == 404
    status, found = await hand_in(cora, b"garbage")
    assert (status, found["error"]) == (422, "not-a-calendar")
    assert (await hand_in(cora, b"x" * 2_200_000))[0] == 413
    status, found = await hand_in(cora, body)
    assert status == 200
    asked = {"hours": found, "timezone": "UTC"}
    preview = (await cora.post("/organisation/north/hours", asked))[1]
    assert {"day": tomorrow.isoformat(), "spans": ["10:00-12:00"], "source": "calendar"} in preview["days"]
    asked["hours"] = {"url": "file:0123"}
    assert (await cora.post("/organisation/north/hours", asked))[1]["calendar"]["problem"] == "no-file"
