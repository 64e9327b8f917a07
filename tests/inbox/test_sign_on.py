"""A librarian who signs on, a count or hours that change: told once, in a few bytes, and no page fetches everything for it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio
from msgspec.structs import replace

from bridge.inbox.views.organisation import queues_now
from bridge.sql.people.calendar import Calendar
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, Page, north, until
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
            told = [one for one in heard if one["t"] == "organisation" and one["people"]]
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


async def test_hours_that_change_are_told_and_nothing_is_fetched_for_them(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    held = (await ana.get("/organisation"))[1]
    page = await ana.live(held["position"])
    document = (await cora.get("/organisation/north"))[1]
    today = datetime.now(UTC).date()
    closed: dict[str, list[str]] = {str(today + timedelta(days=n)): [] for n in (-1, 0, 1)}
    for dates, opened in ((closed, False), ({}, True)):
        document["calendar"]["dates"] = dates
        status, saved = await cora.put("/organisation/north", document)
        assert status == 200
        document["library"]["revision"] = saved["revision"]
        told = await page.until(lambda m: m["t"] in ("organisation", "reset") and bool(m.get("libraries", True)))
        assert told["libraries"] == [{"id": "north", "revision": saved["revision"], "open": opened}]
        assert len(json.dumps(told)) < FRAME
    document["library"]["name"] = "North Bank"
    assert (await cora.put("/organisation/north", document))[0] == 200
    assert (await page.until(lambda m: m["t"] == "reset"))["reason"] == "organisation"
    await page.close()


async def test_what_was_fetched_and_the_counts_that_were_told_are_what_is_fetched_later(
    desk: Desk, browsers: Browsers
) -> None:
    """Also by a page that comes back, which nobody knows what it holds of; a queue that is none of mine is never told."""
    ana, eve = await browsers.of("ana"), await browsers.of("eve")
    for name in ("first", "second"):
        await _counts_agree(desk, ana, eve, name)


async def _counts_agree(desk: Desk, ana: Client, eve: Client, name: str) -> None:
    fetched = (await ana.get("/organisation"))[1]
    held = _queues(fetched["queues"])
    asked = await desk.patron(f"{name} while away", "hello?")
    page, other = await ana.live(fetched["position"]), await eve.live(fetched["position"])
    await desk.patron(name, "hello?")
    await ana.deed(asked, "claim")

    for queues in (["north/reference"] if name == "first" else [], []):
        assert (await ana.put("/presence", {"queues": queues}))[0] in (200, 202)

        def agree() -> bool:
            now = queues_now(desk.services.replica.state, "ana", time.time_ns() // 1_000_000)
            return held | _told(page) == held | {id: (one.waiting, one.state) for id, one in now.items()}

        while not agree():
            await page.next()
        assert held | _told(page) == _queues((await ana.get("/organisation"))[1]["queues"])
    assert "north/reference" not in _told(other)
    for each in (page, other):
        await each.close()


def _queues(found: Iterable[dict[str, Any]]) -> dict[str, tuple[int, str]]:
    return {queue["id"]: (queue["waiting"], queue["state"]) for queue in found}


def _told(page: Page) -> dict[str, tuple[int, str]]:
    return _queues(queue for m in page.heard if m["t"] == "organisation" for queue in m["queues"])
