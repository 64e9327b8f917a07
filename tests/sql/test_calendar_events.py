"""What a calendar's events mean for a library's hours, and which of date, calendar and week speaks for a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.sql.people.calendar import WEEKDAYS, OpeningHours, days, openings
from bridge.sql.people.calendar_events import CalendarEvent, closed_words

NOW = int(datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp() * 1000)  # a Tuesday
URL = "https://calendar.example.org/hours.ics"
WEEK = {day: ["09:00-17:00"] for day in WEEKDAYS}
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC")


def event(title: str, begins: str, ends: str) -> CalendarEvent:
    return CalendarEvent(title, begins, ends)


def told(hours: OpeningHours, *events: CalendarEvent, zone: str = "UTC", language: str = "en") -> dict[str, list[str]]:
    """Return the days of this week: their openings, and after them where these come from."""
    clock = ZoneInfo(zone)
    found = days(hours, zone, NOW, events, closed_words(language))[:8]
    return {
        f"{day.day:%m-%d}": [
            *("-".join(f"{datetime.fromtimestamp(at / 1000, clock):%H:%M}" for at in span) for span in day.spans),
            day.source,
        ]
        for day in found
    }


def test_a_date_by_hand_goes_before_the_calendar_and_that_before_the_week() -> None:
    hours = OpeningHours(weekly=WEEK, dates={"2026-12-03": ["12:00-13:00"]}, url=URL)
    found = told(
        hours,
        event("Chat", "2026-12-02T10:00", "2026-12-02T12:00"),
        event("Chat", "2026-12-03T10:00", "2026-12-03T12:00"),
        event("Founders' day", "2026-12-04", "2026-12-05"),
    )
    assert found["12-01"] == ["09:00-17:00", "week"]
    assert found["12-02"] == ["10:00-12:00", "calendar"]
    assert found["12-03"] == ["12:00-13:00", "date"]
    assert found["12-04"] == ["calendar"]


def test_without_a_week_by_hand_a_day_that_the_calendar_leaves_out_is_closed() -> None:
    found = told(OpeningHours(url=URL), event("Open", "2026-12-02T10:00", "2026-12-02T12:00"))
    assert (found["12-01"], found["12-02"]) == (["calendar"], ["10:00-12:00", "calendar"])
    assert openings(OpeningHours(url=URL), "UTC", NOW, ()) == ()


def test_a_calendar_that_was_never_read_says_nothing() -> None:
    assert openings(OpeningHours(url=URL), "UTC", NOW, None) is None
    assert openings(OpeningHours(url=URL, weekly=WEEK), "UTC", NOW, None) == openings(
        OpeningHours(weekly=WEEK), "UTC", NOW
    )


@pytest.mark.parametrize(
    "title, language, closes",
    [
        ("CLOSED for stocktaking", "en", True),
        ("Bibliothek geschlossen", "de-AT", True),
        ("Library closed", "de", True),
        ("Fermée le matin", "fr", True),
        ("Geschlossene Gesellschaft", "de", False),
        ("Enclosed garden", "en", False),
    ],
)
def test_words_for_closed_close(title: str, language: str, closes: bool) -> None:
    found = told(
        OpeningHours(weekly=WEEK, url=URL), event(title, "2026-12-02T10:00", "2026-12-02T12:00"), language=language
    )
    wanted = ["09:00-10:00", "12:00-17:00", "week"] if closes else ["10:00-12:00", "calendar"]
    assert found["12-02"] == wanted


def test_a_whole_day_closes_whatever_else_the_calendar_says_of_it() -> None:
    found = told(
        OpeningHours(weekly=WEEK, url=URL),
        event("Chat", "2026-12-02T10:00", "2026-12-02T12:00"),
        event("Winter break", "2026-12-02", "2026-12-04"),
    )
    assert [found[day] for day in ("12-02", "12-03", "12-04")] == [["calendar"], ["calendar"], ["09:00-17:00", "week"]]


def test_a_word_picks_events_and_whole_days_that_say_closed_count_all_the_same() -> None:
    found = told(
        OpeningHours(weekly=WEEK, url=URL, only="chat"),
        event("Building", "2026-12-02T07:00", "2026-12-02T23:00"),
        event("Chat hours", "2026-12-02T10:00", "2026-12-02T12:00"),
        event("Staff picnic", "2026-12-03", "2026-12-04"),
        event("Library closed", "2026-12-04", "2026-12-05"),
        event("Lift closed", "2026-12-01T10:00", "2026-12-01T11:00"),
    )
    assert found["12-02"] == ["10:00-12:00", "calendar"]
    assert [found[day] for day in ("12-01", "12-03")] == [["09:00-17:00", "week"]] * 2
    assert found["12-04"] == ["calendar"]


def test_an_opening_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    hours = OpeningHours(url=URL, dates={"2026-12-03": []})
    late = event("Open", "2026-12-02T20:00", "2026-12-03T02:00")
    assert told(hours, late)["12-02"] == ["20:00-02:00", "calendar"]
    assert told(hours, late)["12-03"] == ["date"]
    exams = event("Open day and night", "2026-12-01T08:00", "2026-12-05T20:00")
    assert told(hours, exams)["12-03"] == ["date"]
    assert told(hours, exams)["12-04"] == ["00:00-00:00", "calendar"]


def test_moments_with_an_offset_are_told_by_the_librarys_clock() -> None:
    found = told(
        OpeningHours(url=URL), event("Open", "2026-12-02T09:00:00-05:00", "2026-12-02T17:00:00Z"), zone="Europe/Berlin"
    )
    assert found["12-02"] == ["15:00-18:00", "calendar"]


# At least two hours shut: what opens again within the hour that clocks skip or repeat is cut where a calendar's days are.
LONGEST = 22 * 60
spans = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(
    lambda pair: 0 < (pair[1] - pair[0]) % 1440 <= LONGEST
)


@settings(max_examples=150, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    span=spans,
    month=st.sampled_from([3, 4, 10, 11]),
    day=st.integers(1, 28),
    by_calendar=st.booleans(),
)
def test_clocks_that_change_make_no_opening_that_ends_before_it_begins(
    zone: str, span: tuple[int, int], month: int, day: int, by_calendar: bool
) -> None:
    """Written by hand or in a calendar without zone, hours mean the same; each begins when the clock reads so."""
    start, end = span
    now = int(datetime(2026, month, day, 12, tzinfo=UTC).timestamp() * 1000)
    weekly = {name: [f"{_clock(start)}-{_clock(end)}"] for name in WEEKDAYS}
    first = date(2026, month, day) - timedelta(days=3)
    events = [
        CalendarEvent(
            "Open", _moment(first + timedelta(days=n), start), _moment(first + timedelta(days=n + (end <= start)), end)
        )
        for n in range(70)
    ]
    hand = openings(OpeningHours(weekly=weekly), zone, now)
    hours, read = (OpeningHours(url=URL), events) if by_calendar else (OpeningHours(weekly=weekly), None)
    found = openings(hours, zone, now, read)
    assert found is not None
    assert found == hand
    assert all(begin < stop for begin, stop in found)
    assert all(found[n][1] < found[n + 1][0] for n in range(len(found) - 1))
    clock = ZoneInfo(zone)
    exact = [datetime.fromtimestamp(begin / 1000, clock) for begin, _ in found]
    assert (
        sum(at.hour * 60 + at.minute != start for at in exact) <= 2
    )  # in the hour that clocks skip there is no such time


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _moment(day: date, minutes: int) -> str:
    whole, rest = divmod(minutes, 1440)
    return f"{day + timedelta(days=whole)}T{_clock(rest)}"
