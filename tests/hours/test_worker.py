"""Calendars looked at, kept and told: the library's hours follow them, and a look that fails changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.hours import worker as working
from bridge.hours.worker import DAY_MS, HoursWorker
from bridge.sql.archive import Archive
from bridge.sql.people import hours_calendars
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.calendar import Calendar, OpeningHours
from routing.organisation import Library, Queue, Tier
from tests.hours.calendar_host import CalendarHost, calendar_host, ics

NORTH = Library(id="north", revision=0, name="North", queues=(Queue(id="north/q", name="Q", tiers=(Tier(teams=()),)),))
LOOPBACK = ("127.0.0.1",)


@pytest_asyncio.fixture
async def host() -> AsyncIterator[CalendarHost]:
    """A host of a calendar."""
    async with calendar_host() as found:
        yield found


@pytest_asyncio.fixture
async def archive(tmp_path: Path) -> AsyncIterator[Archive]:
    """A database."""
    found = await Archive.open(f"sqlite:///{tmp_path / 'archive.sqlite'}")
    yield found
    await found.close()


def opens(hour: int) -> bytes:
    """Return a calendar that opens tomorrow at `hour`, for an hour."""
    day = datetime.now(UTC) + timedelta(days=1)
    return ics(f"SUMMARY:Chat\nDTSTART:{day:%Y%m%d}T{hour:02d}0000Z\nDTEND:{day:%Y%m%d}T{hour + 1:02d}0000Z")


def hours_of(library: Library) -> list[int]:
    """Return at which hours a library opens (UTC)."""
    return [datetime.fromtimestamp(start / 1000, UTC).hour for start, _ in library.openings or ()]


def worker_of(archive: Archive) -> HoursWorker:
    return HoursWorker(archive.hours_calendars(), archive.organisation(), LOOPBACK)


async def test_hours_follow_the_calendar_and_stay_when_it_cannot_be_read(
    archive: Archive, host: CalendarHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation, worker = archive.organisation(), worker_of(archive)
    host.body, host.etag = opens(9), '"1"'
    queues = {"north/q": OpeningHours(url=host.url, only="nothing has this word")}
    told = await organisation.put(NORTH, Calendar(url=host.url, queues=queues))
    assert (told.openings, told.queues[0].openings) == (None, None)  # not read yet
    await worker.look_at_due()
    assert await organisation.outlived({"north": told}) == ["north"]
    (told,) = await organisation.refresh(["north"])
    assert (hours_of(told), told.queues[0].openings, len(host.asked)) == ([9], (), 1)
    await worker.look_at_due()
    assert len(host.asked) == 1  # not due
    for body, status in ((b"garbage", 200), (b"", 500)):
        host.body, host.status, host.etag = body, status, ""
        monkeypatch.setattr(hours_calendars, "now_ms", lambda: now_ms() - 2 * DAY_MS)
        await _due(worker, host.url)
        assert (await organisation.outlived({"north": told}), hours_of((await organisation.current())[0])) == ([], [9])
        monkeypatch.undo()
    trouble = worker.trouble("north")
    assert trouble is not None
    assert (trouble.problem, worker.trouble("south")) == ("refused", None)
    host.body, host.status = opens(14), 200
    await _due(worker, host.url)
    assert (worker.trouble("north"), await organisation.outlived({"north": told})) == (None, ["north"])
    assert hours_of((await organisation.current())[0]) == [14]


async def _due(worker: HoursWorker, url: str) -> None:
    """Look again as if the hour were over."""
    kept = (await worker._calendars.all())[url]
    assert await worker._calendars.claim(url, kept.due_at, 1)
    await worker.look_at_due()


async def test_a_failure_is_told_after_a_day_and_at_once_where_nothing_was_ever_read(
    archive: Archive, host: CalendarHost
) -> None:
    worker = worker_of(archive)
    host.status = 404
    await archive.organisation().put(NORTH, Calendar(url=host.url))
    await worker.look_at_due()
    assert (worker.trouble("north") or pytest.fail("not told")).problem == "refused"
    host.status, host.body = 200, opens(9)
    await _due(worker, host.url)
    host.status = 404
    await _due(worker, host.url)
    assert worker.trouble("north") is None  # since a moment ago


async def test_an_unchanged_calendar_is_read_again_for_the_days_that_came_in_sight(
    archive: Archive, host: CalendarHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, first = worker_of(archive), working._first()
    host.body, host.etag = opens(9), '"1"'
    await archive.organisation().put(NORTH, Calendar(url=host.url))
    monkeypatch.setattr(working, "_first", lambda: first - timedelta(days=90))
    await worker.look_at_due()
    assert await worker._calendars.events(host.url) == []
    monkeypatch.undo()
    await _due(worker, host.url)
    assert host.asked[-1]["If-None-Match"] == '"1"'
    assert len(await worker._calendars.events(host.url) or ()) == 1


async def test_one_of_two_processes_looks(archive: Archive, host: CalendarHost) -> None:
    host.body = opens(9)
    await archive.organisation().put(NORTH, Calendar(url=host.url))
    for worker in (worker_of(archive), worker_of(archive)):
        await worker.look_at_due()
    assert len(host.asked) == 1
    calendars = archive.hours_calendars()
    kept = (await calendars.all())[host.url]
    assert [await calendars.claim(host.url, kept.due_at, 5) for _ in range(2)] == [True, False]


async def test_a_calendar_that_nobody_names_is_forgotten_after_a_day(
    archive: Archive, host: CalendarHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = worker_of(archive)
    host.body = opens(9)
    kept, events = await worker.preview(host.url)
    assert (kept.problem, len(events or ())) == ("", 1)
    file = await worker.upload(opens(9))
    await archive.organisation().put(NORTH, Calendar(url=file))
    await worker.look_at_due()
    assert set(await archive.hours_calendars().all()) == {host.url, file}
    monkeypatch.setattr(working, "now_ms", lambda: now_ms() + 2 * DAY_MS)
    await worker.look_at_due()
    assert set(await archive.hours_calendars().all()) == {file}
    assert len(host.asked) == 1
