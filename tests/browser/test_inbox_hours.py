"""A coordinator lets a calendar say the hours: by its address and by a file, seen before it's saved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser.conftest import People
from tests.hours.calendar_host import calendar_host, ics
from tests.inbox.desk import Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def test_hours_come_from_a_calendar_that_is_seen_before_it_is_saved(desk: Desk, people: People) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    body = ics(f"SUMMARY:Chat\nDTSTART:{tomorrow:%Y%m%d}T101500Z\nDTEND:{tomorrow:%Y%m%d}T114500Z")
    cora = await people.of("cora", here=False)
    page = cora.page
    async with calendar_host() as host:
        host.body = body
        await cora.go("library/north/hours")
        address = page.get_by_label("Address of a calendar")
        host.status = 404
        await address.fill(f"{host.url}?gone")
        await expect(page.get_by_text("refuses to show it")).to_be_visible()
        host.status = 200
        await address.fill(host.url)
        await expect(page.get_by_text("10:15–11:45")).to_be_visible()
        assert await cora.axe() == []
    picker = page.locator('input[type="file"]')
    await picker.set_input_files(FilePayload(name="x.ics", mimeType="text/calendar", buffer=b"garbage"))
    await expect(page.get_by_text("can't be read as a calendar")).to_be_visible()
    await picker.set_input_files(FilePayload(name="hours.ics", mimeType="text/calendar", buffer=body))
    await expect(page.get_by_text("An uploaded file says the hours.")).to_be_visible()
    await expect(page.get_by_text("10:15–11:45")).to_be_visible()
    await page.get_by_role("button", name="Save").focus()
    await page.keyboard.press("Enter")
    library = desk.services.replica.state.libraries
    await until(lambda: [end - start for start, end in library["north"].openings or ()] == [90 * 60_000])
