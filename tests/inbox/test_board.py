"""The board: what it tells of the desk as it is, how it goes on by the live line, and that strangers see and order nothing."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, Page, until
from tests.inbox.desk import desk as running

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUEUE = "north/reference"
LATER = time.time_ns() // 1_000_000 + 3_600_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk whose live lines are hardly ever pinged: what is told then is told in its own time."""
    async with running(tmp_path_factory.mktemp("desk"), ping_s=600.0, dead_s=1800.0) as found:
        yield found


async def here(client: Client) -> Page:
    """Open a page and be available."""
    page = await client.live()
    await page.next()
    assert (await client.put("/presence", {"queues": [QUEUE]}))[0] == 200
    return page


async def heard(page: Page, id: str, so: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Return the next message of the board in which this queue or colleague is so."""
    return await page.until(
        lambda told: (
            told["t"] == "board" and any(one["id"] == id and so(one) for one in [*told["queues"], *told["people"]])
        )
    )


def of(told: dict[str, Any], id: str) -> dict[str, Any]:
    """Return the queue or the person of a board."""
    return next(one for one in [*told["queues"], *told["people"]] if one["id"] == id)


async def test_the_board_told_is_the_board_fetched(desk: Desk, browsers: Browsers) -> None:
    """Old board and what was told since = a fresh board; and a change tells of nothing else."""
    cora, ana = await browsers.of("cora"), await browsers.of("ana")
    board = await here(cora)
    status, shown = await cora.get("/board")
    assert status == 200
    assert {one["library"] for one in [*shown["queues"], *shown["people"]]} == {"north"}
    assert of(shown, QUEUE)["tiers"][0] | {"after_s": 0} == {
        "teams": ["Desk"],
        "libraries": ["North Library"],
        "after_s": 0,
        "asked": "now",
        "why": "",
    }
    await board.say(t="watch-board", position=shown["position"])
    page = await here(ana)
    told = await heard(board, "ana", lambda one: one["state"] == "available")
    assert of(told, "ana")["since"] > 0
    talk = await desk.patron("bo", "hello?")
    before = of(shown, QUEUE)["waiting"]
    told = await heard(board, QUEUE, lambda one: one["waiting"] == before + 1)
    assert told["people"] == []
    assert (await ana.post(f"/conversations/{talk}/claim"))[0] == 200
    told = await heard(board, "ana", lambda one: one["live_active"])
    fresh = (await cora.get("/board"))[1]
    assert [of(told, one) for one in (QUEUE, "ana")] == [of(fresh, one) for one in (QUEUE, "ana")]
    assert of(fresh, "ana")["live_active"] == 1
    assert len(str(told)) < 3_000
    await page.close()
    await heard(board, "ana", lambda one: one["state"] == "lost")
    await board.close()


async def test_a_queue_is_closed_for_now_and_opened_again(desk: Desk, browsers: Browsers) -> None:
    cora, eve = await browsers.of("cora"), await browsers.of("eve")
    closed = {"queue": QUEUE, "opening": "closed", "until": LATER, "notice": "Fire  drill."}
    assert (await eve.post("/board/queue", closed))[0] == 404
    status, refused = await cora.post("/board/queue", closed | {"until": 5})
    assert (status, refused["reason"]) == (409, "time-passed")
    assert (await cora.post("/board/queue", closed))[0] == 200
    shown = of((await cora.get("/board"))[1], QUEUE)
    assert (shown["open"], shown["opening"], shown["notice"], shown["set_by_name"]) == (
        False,
        "closed",
        "Fire drill.",
        "Cora Cruz",
    )
    assert (await cora.post("/board/queue", {"queue": QUEUE, "opening": "usual"}))[0] == 200
    assert of((await cora.get("/board"))[1], QUEUE)["open"] is True
    found = await until_deeds(cora, 2)
    assert [(deed["what"], deed["about"], deed["who_name"]) for deed in found[:2]] == [
        ("queue-usual", "Reference", "Cora Cruz"),
        ("queue-closed", "Reference", "Cora Cruz"),
    ]


async def until_deeds(cora: Client, enough: int) -> list[dict[str, Any]]:
    """Return what was ordered, once the archive has written so much."""
    found: list[dict[str, Any]] = []
    while len(found) < enough:
        found = (await cora.get("/organisation/north/orders"))[1]["deeds"]
    return found


async def test_signed_out_by_a_coordinator_hears_nothing_more(desk: Desk, browsers: Browsers) -> None:
    """The page ends at once, the session is none, and the conversation waits again after the grace."""
    cora, ben, eve = [await browsers.of(name) for name in ("cora", "ben", "eve")]
    page = await here(ben)
    assert (await eve.post("/board/people/ben/sign-out"))[0] == 404
    assert (await cora.post("/board/people/cora/sign-out"))[0] == 422
    assert (await cora.post("/board/people/ben/sign-out"))[0] == 200
    await page.until(lambda told: told["t"] == "signed-out")
    assert (await ben.get("/me"))[0] == 401
    staff = desk.services.replica.state.staff["ben"]
    assert staff.connections == ()
    await until(lambda: desk.services.replica.state.staff["ben"].grace_until > 0, "the grace runs")


async def test_a_conversation_is_given_and_taken_over(desk: Desk, browsers: Browsers) -> None:
    cora, ana, eve = [await browsers.of(name) for name in ("cora", "ana", "eve")]
    page, own = await here(ana), await here(cora)
    talk = await desk.patron("gus", "hello?")
    assert (await ana.post(f"/conversations/{talk}/give", {"librarian": "ana"}))[1]["reason"] == "not-coordinator"
    assert (await eve.post(f"/conversations/{talk}/give", {"librarian": "eve"}))[0] == 404
    status, done = await cora.post(f"/conversations/{talk}/give", {"librarian": "ana"})
    assert (status, done["row"]["owner"]) == (200, "ana")
    rows = (await cora.get("/board/people/ana/conversations"))[1]["rows"]
    assert talk in [row["id"] for row in rows]
    assert (await cora.post(f"/conversations/{talk}/give", {"librarian": "cora"}))[1]["row"]["owner"] == "cora"
    status, gone = await ana.post(f"/conversations/{talk}/close", {})
    assert (status, gone["holder"]) == (409, "cora")
    await page.close()
    await own.close()


async def test_a_colleague_is_moved_and_told(desk: Desk, browsers: Browsers) -> None:
    cora, ana = await browsers.of("cora"), await browsers.of("ana")
    page = await here(ana)
    assert (await cora.post("/board/people/ana/queues", {"queues": []}))[0] == 200
    await page.until(lambda told: told["t"] == "me" and not told["me"]["availability"]["queues"])
    status, refused = await cora.post("/board/people/ana/queues", {"queues": ["south/reference"]})
    assert (status, refused["reason"]) == (409, "unknown-queue")
    await page.close()


async def test_a_notice_reaches_all_staff_of_the_library_until_they_have_read_it(browsers: Browsers) -> None:
    cora, ana, dora, eve = [await browsers.of(name) for name in ("cora", "ana", "dora", "eve")]
    pages = [await client.live() for client in (ana, dora)]
    for page in pages:
        await page.next()
    asked = {"text": "<b>The lift</b> is broken.", "until": LATER, "library": "north"}
    assert (await eve.post("/announcements", asked))[0] == 404
    assert (await cora.post("/announcements", asked | {"library": ""}))[1]["reason"] == "not-coordinator"
    id = (await cora.post("/announcements", asked))[1]["action"]
    told = await pages[0].until(lambda told: told["t"] == "me" and told["me"]["notices"])
    assert told["me"]["notices"][0]["text"] == asked["text"]
    assert (await dora.get("/me"))[1]["notices"] == []
    assert (await dora.post(f"/announcements/{id}/seen"))[0] == 409
    assert (await ana.post(f"/announcements/{id}/seen"))[0] == 200
    assert (await ana.get("/me"))[1]["notices"] == []
    [shown] = (await cora.get("/board"))[1]["notices"]
    assert (shown["seen"], shown["staff"]) == (1, 3)
    assert (await eve.post(f"/announcements/{id}/end"))[0] == 409
    assert (await cora.post(f"/announcements/{id}/end"))[0] == 200
    assert (await cora.get("/board"))[1]["notices"] == []


async def test_a_librarian_hears_nothing_of_the_board(browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    assert (await ana.get("/board"))[0] == 403
    assert (await cora.get("/board?library=south"))[0] == 404
    page = await ana.live()
    await page.next()
    await page.say(t="watch-board")
    assert (await cora.post("/board/queue", {"queue": QUEUE, "opening": "closed"}))[0] == 200
    assert (await cora.post("/board/queue", {"queue": QUEUE, "opening": "usual"}))[0] == 200
    assert (await ana.put("/presence", {"queues": [QUEUE]}))[0] == 200
    await page.until(lambda told: told["t"] == "me")
    assert "board" not in {told["t"] for told in page.heard}
