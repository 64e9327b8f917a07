"""What is in a calendar: repetitions, exceptions, zones, and calendars built to keep the reader busy."""

from __future__ import annotations

import json
from datetime import date

import pytest

from bridge.hours import icalendar_events, libcal_events, reading
from bridge.hours.problems import CalendarProblem
from bridge.hours.reading import events_of
from bridge.sql.people.calendar_events import CalendarEvent
from tests.hours.calendar_host import ics

FIRST, LAST = date(2026, 11, 30), date(2026, 12, 14)
WEEKLY = (
    "UID:chat\nSUMMARY:Chat\nDTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260105T170000\n"
    "RRULE:FREQ=WEEKLY"
)


def read(body: bytes) -> list[tuple[str, str, str]]:
    events = icalendar_events.read(body, FIRST, LAST)
    return sorted((one.begins, one.ends, one.title) for one in events)


def test_a_weekly_rule_has_exceptions_and_a_moved_day() -> None:
    body = ics(
        WEEKLY + ";BYDAY=MO,TU\nEXDATE;TZID=Europe/Berlin:20261201T090000",
        "UID:chat\nSUMMARY:Chat\nRECURRENCE-ID;TZID=Europe/Berlin:20261207T090000\n"
        "DTSTART;TZID=Europe/Berlin:20261207T120000\nDTEND;TZID=Europe/Berlin:20261207T140000",
    )
    assert read(body) == [
        ("2026-11-30T09:00:00+01:00", "2026-11-30T17:00:00+01:00", "Chat"),
        ("2026-12-07T12:00:00+01:00", "2026-12-07T14:00:00+01:00", "Chat"),
        ("2026-12-08T09:00:00+01:00", "2026-12-08T17:00:00+01:00", "Chat"),
    ]


def test_times_without_a_zone_are_the_librarys_or_the_calendars() -> None:
    event = "SUMMARY:Chat\nDTSTART:20261201T090000\nDTEND:20261201T170000"
    assert read(ics(event)) == [("2026-12-01T09:00:00", "2026-12-01T17:00:00", "Chat")]
    google = ics(event, head="X-WR-TIMEZONE:America/New_York")
    assert read(google) == [("2026-12-01T09:00:00-05:00", "2026-12-01T17:00:00-05:00", "Chat")]


def test_whole_days_are_dates_and_what_was_cancelled_is_gone() -> None:
    day = "DTSTART;VALUE=DATE:20261208\nDTEND;VALUE=DATE:20261210"
    body = ics(f"SUMMARY:Closed\n{day}", f"SUMMARY:No more\nSTATUS:CANCELLED\n{day}")
    assert read(body) == [("2026-12-08", "2026-12-10", "Closed")]


async def test_a_process_of_its_own_reads_the_same() -> None:
    found = await events_of(ics(WEEKLY), FIRST, 14)
    assert found == [
        CalendarEvent("Chat", f"2026-{day}T09:00:00+01:00", f"2026-{day}T17:00:00+01:00") for day in ("11-30", "12-07")
    ]


@pytest.mark.parametrize(
    "body, why",
    [
        (b"", "not-a-calendar"),
        (b"<html>Sign in</html>", "not-a-calendar"),
        (b"BEGIN:VCARD\r\nEND:VCARD\r\n", "not-a-calendar"),
        (b'{"error": "no"}', "not-a-calendar"),
        (b"[]", "not-a-calendar"),
        (ics("SUMMARY:x\nDTSTART:20261201T090000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY"), "too-much-work"),
        (ics("SUMMARY:x\nDTSTART:20261201T090000Z\nDURATION:PT1S\nRRULE:FREQ=MINUTELY;COUNT=5001"), "too-much-work"),
    ],
)
async def test_what_cannot_be_read_is_said_and_ends(body: bytes, why: str) -> None:
    with pytest.raises(CalendarProblem) as refused:
        await events_of(body, FIRST, 60, cpu_s=2)
    assert refused.value.why == why


async def test_a_reader_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WITHIN_S", 0.01)
    with pytest.raises(CalendarProblem, match="too-much-work"):
        await events_of(ics(WEEKLY), FIRST, 60)


def test_libcal_by_its_api_and_by_its_widget() -> None:
    dates = {
        "2026-12-01": {"status": "open", "hours": [{"from": "8am", "to": "12:30pm"}, {"from": "8:15PM", "to": "2am"}]},
        "2026-12-02": {"status": "closed"},
        "2026-12-03": {"status": "24hours"},
        "2026-12-04": {"status": "text", "text": "By appointment"},
        "2026-12-24": {"status": "closed"},
    }
    wanted = [
        CalendarEvent("Main", "2026-12-01T08:00", "2026-12-01T12:30"),
        CalendarEvent("Main", "2026-12-01T20:15", "2026-12-02T02:00"),
        CalendarEvent("Main: Closed", "2026-12-02", "2026-12-03"),
        CalendarEvent("Main", "2026-12-03T00:00", "2026-12-04T00:00"),
    ]
    api = json.dumps([{"lid": 1, "name": "Main", "dates": dates}]).encode()
    week = {f"Day {n}": {"date": day, "times": times, "rendered": ""} for n, (day, times) in enumerate(dates.items())}
    widget = json.dumps({"locations": [{"lid": 1, "name": "Main", "weeks": [week]}]}).encode()
    for body in (api, widget, b"callback(" + widget + b");"):
        assert list(libcal_events.read(body, FIRST, LAST)) == wanted


@pytest.mark.parametrize("hours", ["25:00", "13pm", "noon", "8", None])
def test_a_time_of_libcals_that_is_none_is_not_guessed(hours: str | None) -> None:
    dates = {"2026-12-01": {"status": "open", "hours": [{"from": hours, "to": "5pm"}]}}
    with pytest.raises(ValueError, match="not a time"):
        list(libcal_events.read(json.dumps([{"name": "Main", "dates": dates}]).encode(), FIRST, LAST))
