"""Agreements as they are kept: what worked before there were any goes on, and what was taken back stays so."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from bridge.app.commands import desk_load
from bridge.app.config import Config
from bridge.sql.archive import Archive
from bridge.sql.people.calendar import Calendar
from bridge.sql.people.organisation import LibraryEntry
from bridge.sql.people.organisation_file import dump, parse
from routing.organisation import Agreement, Library
from tests.sql.test_upgrade import write_old
from tests.sql.test_validation import NORTH, SOUTH

AGREED = Agreement(queue="north/ask", teams=("south/night",))
DAYS = replace(AGREED, when="our-hours")


def entry(library: Library) -> LibraryEntry:
    """A library without hours."""
    return LibraryEntry(library=library, calendar=Calendar())


async def test_a_new_library_of_a_file_agrees_to_what_is_asked_of_it(archive: Archive) -> None:
    organisation = archive.organisation()
    north, south = await organisation.load([entry(NORTH), entry(SOUTH)])
    assert (north.agreements, south.agreements) == ((), (AGREED,))
    assert await organisation.not_agreed() == []


async def test_a_file_without_agreements_brings_none_back(archive: Archive) -> None:
    organisation = archive.organisation()
    await organisation.load([entry(NORTH), entry(SOUTH)])
    await organisation.put(replace(SOUTH, agreements=()), Calendar(), expected=1)
    [south] = await organisation.load([entry(SOUTH)])
    assert south.agreements == ()
    [said] = await organisation.not_agreed()
    assert said.startswith("north/ask: south has not agreed that south/night answers here")


async def test_an_edit_that_says_nothing_of_agreements_keeps_them(archive: Archive) -> None:
    organisation = archive.organisation()
    await organisation.load([entry(NORTH), entry(replace(SOUTH, agreements=(DAYS,)))])
    assert (await organisation.put(SOUTH, Calendar(), expected=1)).agreements == (DAYS,)


async def test_a_library_founded_in_the_inbox_agrees_to_nothing_by_itself(archive: Archive) -> None:
    organisation = archive.organisation()
    queue, team = NORTH.queues[0], replace(NORTH.teams[0], members=("ana",))
    await organisation.load([entry(replace(NORTH, queues=(replace(queue, tiers=queue.tiers[:1]),), teams=(team,)))])
    assert (await organisation.put(SOUTH, Calendar(), expected=0)).agreements == ()


async def test_agreements_are_written_to_a_file_and_read_back(archive: Archive) -> None:
    await archive.organisation().load([entry(NORTH), entry(replace(SOUTH, agreements=(AGREED,)))])
    entries = await archive.organisation().entries()
    assert [one.library.agreements for one in parse(dump(entries))] == [(), (AGREED,)]


async def test_loading_says_which_tiers_are_skipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "desk.toml"
    file.write_text(dump([entry(NORTH), entry(replace(SOUTH, agreements=()))]))
    assert await desk_load(Config(path=tmp_path / "deskbridge.toml", data=tmp_path / "data"), file) == 0
    assert "north/ask: south has not agreed" in capsys.readouterr().err


async def test_libraries_kept_before_there_were_agreements_agreed_to_what_was_asked(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    await write_old(path)
    with sqlite3.connect(path) as plain:
        for one in (NORTH, SOUTH):
            row = (one.id, "main", 4, msgspec.msgpack.encode(replace(one, revision=4)), "{}")
            plain.execute("INSERT INTO library (id, consortium, revision, data, calendar) VALUES (?, ?, ?, ?, ?)", row)
    archive = await Archive.open(f"sqlite:///{path}")
    north, south = await archive.organisation().current()
    assert (north.agreements, south.agreements) == ((), (AGREED,))
    assert (north.revision, south.revision) == (5, 5)
    await archive.close()
