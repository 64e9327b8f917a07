"""A librarian who signs on is told of once, in a few bytes: no page fetches the whole organisation for it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest_asyncio
from msgspec.structs import replace

from bridge.sql.people.calendar import Calendar
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, Page, north, until
from tests.inbox.desk import desk as running

STAFF = 100
FRAME = 400  # bytes that a page may hear for one who comes


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A desk whose library has a hundred librarians."""
    async with running(tmp_path) as found:
        library = north()
        more = tuple(
            replace(library.librarians[0], id=f"staff-{n}", name=f"Librarian number {n}") for n in range(STAFF)
        )
        teams = (replace(library.teams[0], members=(*library.teams[0].members, *(one.id for one in more))),)
        library = replace(library, librarians=(*library.librarians, *more), teams=teams)
        await found.services.gathering.ingest([await found.services.organisation.put(library, Calendar())])
        await until(lambda: "staff-0" in found.services.replica.state.roster.home, "they are known")
        for one in more[:3]:
            await found.services.archive.accounts.add(one.id, one.id, "north")
        yield found


@pytest_asyncio.fixture
async def browsers(desk: Desk) -> AsyncIterator[Browsers]:
    """Browsers on the desk of this test."""
    async with AsyncExitStack() as stack:
        yield Browsers(desk, stack)


async def _there(page: Page, name: str) -> list[dict[str, Any]]:
    """Return what a page hears until it knows that somebody is there."""
    heard = len(page.heard)
    await page.until(lambda m: m["t"] == "organisation" and {"id": name, "present": True} in m["people"])
    return [one for one in page.heard[heard:] if one["t"] != "ping"]


async def test_a_sign_on_costs_each_page_a_frame_and_not_the_organisation(desk: Desk, browsers: Browsers) -> None:
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    pages, newcomers = [await ana.live(), await ben.live()], list[Page]()
    for page in pages:
        await page.next()
    whole = len(json.dumps((await ana.get("/organisation"))[1]))
    assert whole > 15_000
    for n in range(3):
        newcomer = await browsers.of(f"staff-{n}")
        own = await newcomer.live()
        assert (await newcomer.put("/presence", {"queues": ["north/reference"]}))[0] in (200, 202)
        for page in pages:
            heard = await _there(page, f"staff-{n}")
            told = [one for one in heard if one["t"] == "organisation"]
            assert len(told) == 1, "a connection without presence changes nothing for colleagues"
            assert sum(len(json.dumps(one)) for one in told) < FRAME
        newcomers.append(own)
    for page in (*pages, *newcomers):
        await page.close()


async def test_a_page_that_comes_back_is_told_what_changed_meanwhile(desk: Desk, browsers: Browsers) -> None:
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    held = (await ana.get("/organisation"))[1]
    own = await ben.live()
    assert (await ben.put("/presence", {"queues": ["north/reference"]}))[0] in (200, 202)
    await until(lambda: desk.services.replica.state.staff["ben"].queues, "Ben is there")
    page = await ana.live(held["position"])
    await _there(page, "ben")
    for each in (page, own):
        await each.close()
