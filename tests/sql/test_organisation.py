"""Libraries in SQL and as TOML: revisions, faults, hours with daylight saving and holidays."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from bridge.sql.archive import Archive
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.calendar import Calendar, faults, in_words, openings
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.people.organisation import Faulty, LibraryEntry, Outdated
from bridge.sql.people.organisation_file import dump, parse
from routing.organisation import Library, Queue, Tier

TWO = """
[[library]]
id = "north"
name = "North Library"
timezone = "Europe/Berlin"
hours = { weekly = { monday = ["09:00-12:00", "13:00-18:00"] }, dates = { "2026-12-25" = [] } }
queues = [{ id = "north/reference", name = "Reference", tiers = [{ teams = ["north/desk"], after_s = 40 }] }]
teams = [{ id = "north/desk", name = "Desk", members = ["ana"] }]
agreements = [{ queue = "south/reference" }]
librarians = [{ id = "ana", name = "Ana Ito", shown = "Ana", coordinator = true }]
scripts = [{ key = "greeting", title = "Greeting", text = "Hello!" }]

[[library]]
id = "south"
name = "South Library"
agreements = []
queues = [{ id = "south/reference", name = "Reference", tiers = [{ teams = ["north/desk"] }] }]
"""


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


async def test_loaded_libraries_come_back_the_same(archive: Archive) -> None:
    organisation = archive.organisation()
    await organisation.load(parse(TWO))
    assert parse(dump(await organisation.entries())) == parse(TWO)


async def test_each_change_has_the_next_revision(archive: Archive) -> None:
    organisation = archive.organisation()
    first = await organisation.load(parse(TWO))
    again = await organisation.load(parse(TWO))
    assert [(one.id, one.revision) for one in first] == [("north", 1), ("south", 1)]
    assert [one.revision for one in again] == [2, 2]
    assert [one.revision for one in await organisation.refresh(["north", "south"])] == [3, 3]


async def test_a_library_of_another_consortium_is_not_taken_over(archive: Archive) -> None:
    east, west = archive.organisation("east"), archive.organisation("west")
    await east.load(parse(TWO))
    one_is_new = TWO.replace('id = "north"', 'id = "new"').replace("north/", "new/")
    with pytest.raises(Faulty, match="'south' is a library of another consortium"):
        await west.load(parse(one_is_new))
    assert await west.entries() == []
    assert [(one.library.name, one.library.revision) for one in await east.entries()] == [
        ("North Library", 1),
        ("South Library", 1),
    ]


async def test_an_edit_on_an_old_revision_is_refused(archive: Archive) -> None:
    organisation = archive.organisation()
    await organisation.load(parse(TWO))
    entry = (await organisation.entries())[0]
    await organisation.put(entry.library, entry.calendar, expected=1)
    with pytest.raises(Outdated):
        await organisation.put(entry.library, entry.calendar, expected=1)


async def test_what_is_saved_while_hours_are_worked_out_stands(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation = archive.organisation()
    await organisation.load(parse(TWO))
    coordinator = archive.organisation()
    read = organisation.entries

    async def read_before_a_save() -> list[LibraryEntry]:
        found = await read()
        if found[0].library.name != "New name":
            renamed = msgspec.structs.replace(found[0].library, name="New name")
            await coordinator.put(renamed, found[0].calendar, expected=1)
        return found

    monkeypatch.setattr(organisation, "entries", read_before_a_save)
    refreshed = await organisation.refresh(["north", "south", "removed meanwhile"])
    assert sorted((one.name, one.revision) for one in refreshed) == [("New name", 3), ("South Library", 2)]
    assert [entry.library.name for entry in await coordinator.entries()] == ["New name", "South Library"]


async def test_a_library_that_is_faulty_by_now_keeps_no_other_from_its_hours(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation = archive.organisation()
    await organisation.load(parse(TWO))
    monkeypatch.setattr(
        "bridge.sql.people.organisation.check",
        lambda library, _: [FieldFault("name", "no more")] if library.id == "north" else [],
    )
    assert [one.id for one in await organisation.refresh(["north", "south"])] == ["south"]
    assert await organisation.revisions() == {"north": 1, "south": 2}


async def test_only_libraries_whose_openings_come_to_an_end_are_outlived(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation = archive.organisation()
    told = {one.id: one for one in await organisation.load(parse(TWO))}
    assert await organisation.outlived(told) == []
    monkeypatch.setattr("bridge.sql.people.organisation.now_ms", lambda: now_ms() + 8 * 86_400_000)
    assert await organisation.outlived(told) == ["north"]  # south is always open
    assert await organisation.outlived({}) == []
    assert await organisation.outlived({one.id: one for one in await organisation.refresh(["north"])}) == []


async def test_consortia_do_not_see_each_other(archive: Archive) -> None:
    await archive.organisation("main").load(parse(TWO))
    assert await archive.organisation("other").entries() == []


@pytest.mark.parametrize("timezone", ["", "Europe", "../zone", "x" * 300, "Europe/Berlin\0", "Europe/Nowhere"])
def test_what_is_no_time_zone_is_a_fault(timezone: str) -> None:
    assert faults(Calendar(), timezone) == [FieldFault("timezone", f"there is no time zone {timezone!r}")]


@pytest.mark.parametrize("day", ["2026-12-25", "20261225", "2026-W52-5"])
def test_a_holiday_is_kept_however_its_date_is_written(day: str) -> None:
    calendar = Calendar(weekly={"friday": ["09:00-18:00"]}, dates={day: []})
    assert faults(calendar, "UTC") == []
    spans = openings(calendar, "UTC", _ms("2026-12-24T12:00")) or ()
    assert [start for start, _ in spans][:1] == [_ms("2027-01-01T09:00")]


def test_everything_wrong_is_said_at_once() -> None:
    text = (
        TWO.replace("Europe/Berlin", "Europe/Nowhere")
        .replace("09:00-12:00", "9-12")
        .replace('north/desk", name', 'desk", name')
    )
    with pytest.raises(Faulty) as refused:
        parse(text)
    assert len(refused.value.faults) == 3


def test_what_nothing_is_made_of_is_named_with_its_place() -> None:
    text = (
        TWO.replace("hours = { weekly = {", "hours = { week = {")
        .replace("after_s = 40", "after = 40")
        .replace("coordinator = true", "coordinater = true")
        .replace('name = "South Library"', 'name = "South Library"\nnope = 1')
    )
    with pytest.raises(Faulty) as wrong:
        parse(text)
    assert sorted(wrong.value.faults) == [
        "library north: unknown key: hours.week",
        "library north: unknown key: librarians[1].coordinater",
        "library north: unknown key: queues[1].tiers[1].after",
        "library south: unknown key: nope",
    ]


@pytest.mark.parametrize(
    "text", ["", "library = 3", "library = [3]", "[[library]]\nid = 'x'\nname = 'X'\nnope = 1", "]["]
)
def test_what_is_no_organisation_is_refused(text: str) -> None:
    with pytest.raises(Faulty):
        parse(text)


async def test_the_question_at_the_end_of_a_chat_can_be_switched_off(archive: Archive) -> None:
    """In the file and back; a library that says nothing asks."""
    assert [entry.library.ratings for entry in parse(TWO)] == [True, True]
    off = TWO.replace("[[library]]", "[[library]]\nratings = false", 1)
    organisation = archive.organisation()
    await organisation.load(parse(off))
    assert [one.ratings for one in await organisation.current()] == [False, True]
    assert [entry.library.ratings for entry in parse(dump(await organisation.entries()))] == [False, True]


async def test_a_library_without_tiers_is_refused(archive: Archive) -> None:
    library = Library(id="north", revision=0, name="North", queues=(Queue(id="north/q", name="Q"),))
    with pytest.raises(Faulty, match="no tier"):
        await archive.organisation().put(library, Calendar())
    good = msgspec.structs.replace(library, queues=(Queue(id="north/q", name="Q", tiers=(Tier(teams=()),)),))
    assert (await archive.organisation().put(good, Calendar())).openings is None


@pytest.mark.parametrize("days", [-1, 36_501, 10**30])
async def test_days_after_which_nothing_or_everything_would_go_are_refused(archive: Archive, days: int) -> None:
    with pytest.raises(Faulty, match=f"retention_days is 0, for ever, or up to 36500 days, not {days}"):
        parse(TWO.replace('name = "North Library"', f'name = "North Library"\nretention_days = {days}'))
    north = parse(TWO)[0]
    with pytest.raises(Faulty, match="retention_days"):
        await archive.organisation().put(msgspec.structs.replace(north.library, retention_days=days), north.calendar)


def test_hours_follow_the_clocks_of_the_place() -> None:
    calendar = Calendar(weekly={"monday": ["09:00-18:00"], "sunday": ["09:00-18:00"]})
    found = openings(calendar, "Europe/Berlin", _ms("2026-10-24T12:00"))
    assert found is not None
    assert found[0] == (_ms("2026-10-25T08:00"), _ms("2026-10-25T17:00"))  # clocks went back that night
    assert found[1] == (_ms("2026-10-26T08:00"), _ms("2026-10-26T17:00"))
    assert found[-1][0] > _ms("2026-12-01T00:00")


def test_a_holiday_is_closed_and_a_night_shift_ends_tomorrow() -> None:
    calendar = Calendar(weekly={"friday": ["20:00-02:00"]}, dates={"2026-12-25": []})
    found = openings(calendar, "UTC", _ms("2026-12-17T00:00"))
    assert found is not None
    assert (_ms("2026-12-18T20:00"), _ms("2026-12-19T02:00")) in found
    assert not any(_ms("2026-12-25T00:00") <= start < _ms("2026-12-26T00:00") for start, _ in found)


def test_no_hours_at_all_means_always_open() -> None:
    assert openings(Calendar(), "UTC", 0) is None


def test_who_is_always_open_is_closed_on_a_holiday_all_the_same() -> None:
    found = openings(Calendar(dates={"2026-12-25": []}), "Europe/Berlin", _ms("2026-12-24T12:00")) or ()
    begin, closed, again = _ms("2026-12-22T23:00"), _ms("2026-12-24T23:00"), _ms("2026-12-25T23:00")
    assert [found[0], found[1][0], len(found)] == [(begin, closed), again, 2]


def test_faults_name_the_place() -> None:
    calendar = Calendar(weekly={"moonday": [], "monday": ["25:00-26:00"]}, dates={"christmas": []})
    assert len(faults(calendar, "Mars/Olympus")) == 4


def test_an_opening_is_told_as_people_say_it() -> None:
    spans = [(_ms("2026-10-26T08:00"), _ms("2026-10-26T17:00")), (_ms("2026-10-27T12:30"), _ms("2026-10-27T17:00"))]
    assert in_words(spans, "Europe/Berlin", {}) == ("Monday 9:00", "Tuesday 13:30")
    assert in_words(spans[:1], "Europe/Berlin", {"day.monday": "montags"}) == ("montags 9:00",)


async def test_the_core_is_told_when_it_opens_in_words(archive: Archive) -> None:
    entry = parse(TWO)[0]
    told = await archive.organisation().put(msgspec.structs.replace(entry.library, agreements=()), entry.calendar)
    assert told.openings is not None
    assert len(told.opening_words) == len(told.openings)
    assert told.opening_words[0].startswith("Monday ")
