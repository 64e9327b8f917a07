"""What comes late: answers that were overtaken, conversations that were not to be seen or not to be fetched for a while."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack
from typing import Self

import pytest
from playwright.async_api import Page, Route, WebSocketRoute, expect

from tests.browser.conftest import People
from tests.browser.librarian import Librarian
from tests.inbox.desk import DEADLINE, PASSWORD, Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


class Held:
    """The first answer from an address, held back until it is let go; those after it pass."""

    def __init__(self) -> None:
        self.asked, self._go, self._came = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._first = True

    @classmethod
    async def of(cls, page: Page, address: str) -> Self:
        """Hold back the next answer."""
        held = cls()
        await page.route(address, held._hold)
        return held

    async def _hold(self, route: Route) -> None:
        first, self._first = self._first, False
        if not first:
            await route.continue_()
            return
        answer = await route.fetch()
        self.asked.set()
        await self._go.wait()
        await route.fulfill(response=answer)
        self._came.set()

    async def is_asked(self) -> None:
        """Wait until the answer is there."""
        await asyncio.wait_for(self.asked.wait(), DEADLINE)

    async def let_go(self) -> None:
        """Let it come, and wait until it has."""
        self._go.set()
        await asyncio.wait_for(self._came.wait(), DEADLINE)


PRESS_TWICE = """for (let n = 0; n < 2; n += 1)
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "j", bubbles: true, cancelable: true }))"""


async def test_who_hurries_down_a_list_hears_of_where_it_ends(desk: Desk, people: People) -> None:
    """`j` held down: what was to be fetched beforehand is opened before it was, and fetched once."""
    names = [await desk.patron(f"row {n}", "hello?", name=f"Row {n}") for n in range(3)]
    ana = await people.of("ana")
    await ana.open(names[0])
    held = await Held.of(ana.page, f"**/api/v1/conversations/{names[2]}")
    await ana.page.evaluate(PRESS_TWICE)
    await held.is_asked()
    await expect(ana.page.get_by_role("heading", name="Row 2")).to_be_visible()
    await ana.page.wait_for_timeout(200)  # by then it would have been fetched beforehand
    await held.let_go()
    await expect(ana.log).to_contain_text("hello?")
    await desk.patron("row 2", "Is anybody there?")
    await expect(ana.log).to_contain_text("Is anybody there?")


async def test_what_is_to_be_seen_again_is_heard_of_again(desk: Desk, people: People) -> None:
    """Dora has open what she is offered. It is taken back while her line is down, and offered again when it is up."""
    asked = await desk.patron("offered twice", "Where is the map room?", name="Otto Offered")
    dora = await people.of("dora")
    async with desk.client() as browser:
        ana = await browser.enter("ana")
        await ana.deed(asked, "claim")
        await ana.deed(asked, "transfer", {"librarian": "dora"})
        await dora.open(asked, "mine")
        await dora.cut()
        await ana.deed(asked, "release")
        await dora.mend()
        await expect(dora.page.get_by_text("Connected again").first).to_be_visible()
        await expect(dora.page.get_by_role("link", name="Otto Offered")).to_have_count(0)
        await desk.patron("offered twice", "On which floor?")
        await ana.deed(asked, "transfer", {"librarian": "dora"})
        await dora.open(asked, "mine")  # her page had left it
        await expect(dora.log).to_contain_text("On which floor?")
        await desk.patron("offered twice", "I am in a hurry.")
        await expect(dora.log).to_contain_text("I am in a hurry.")
        await ana.deed(asked, "release")


async def test_what_could_not_be_fetched_is_heard_of_once_it_can(desk: Desk, people: People) -> None:
    """Opened while the network is away: it comes with the network, and what is written in it afterwards, too."""
    asked = await desk.patron("opened offline", "May I bring my dog?", name="Olga Offline")
    ana = await people.of("ana")
    await ana.page.get_by_role("link", name="Olga Offline").wait_for()
    await ana.cut()
    await ana.go(f"waiting/{asked}")
    await expect(ana.page.get_by_role("main").get_by_role("button", name="Try again")).to_be_visible()
    await ana.mend()
    await expect(ana.log).to_contain_text("May I bring my dog?")
    await desk.patron("opened offline", "It is small.")
    await expect(ana.log).to_contain_text("It is small.")


async def test_who_has_gone_is_not_shown_as_looking_by_an_answer_that_was_overtaken(desk: Desk, people: People) -> None:
    asked = await desk.patron("looked at", "hello?", name="Lou Looked")
    ana, ben = await people.of("ana"), await people.of("ben")
    await ben.open(asked)
    live = desk.inbox.consortia[0].live
    await until(lambda: live.viewing(asked, "ana"), "Ben looks at it")
    held = await Held.of(ana.page, f"**/api/v1/conversations/{asked}")
    await ana.go(f"waiting/{asked}")
    await held.is_asked()
    await ben.go("waiting")
    await until(lambda: not live.viewing(asked, "ana"), "Ben has gone")
    await ana.go(f"desk/{asked}")
    await desk.patron("somebody else", "hello?")
    waiting = desk.services.replica.state.waiting_in("north/reference")  # told after it, on the same line
    row = ana.page.get_by_role("listitem").filter(has_text="Reference").filter(has_text="North Library")
    await expect(row.get_by_text(f"{waiting} waiting", exact=True)).to_be_visible()
    await ana.go(f"waiting/{asked}")
    await held.let_go()
    await expect(ana.log).to_contain_text("hello?")
    await expect(ana.page.get_by_text("Ben Berg is looking")).to_have_count(0)


async def test_an_older_count_of_the_desk_stands_for_no_newer_one(desk: Desk, people: People) -> None:
    ana = await people.of("ana")
    held = await Held.of(ana.page, "**/api/v1/organisation")
    await ana.go("desk")
    await held.is_asked()
    await desk.patron("counted late", "hello?")
    waiting = desk.services.replica.state.waiting_in("north/reference")
    row = ana.page.get_by_role("listitem").filter(has_text="Reference").filter(has_text="North Library")
    await expect(row.get_by_text(f"{waiting} waiting", exact=True)).to_be_visible()
    await held.let_go()
    await ana.page.wait_for_timeout(500)
    assert f"{waiting} waiting" in await row.inner_text()


async def test_a_follow_up_that_was_told_of_outlives_the_list_that_was_asked_for_before(
    desk: Desk, people: People
) -> None:
    asked = await desk.patron("followed up", "Where is my book?", name="Fay Followed", contact="fay@example.org")
    ben = await people.of("ben")
    await ben.go("follow-ups")
    held = await Held.of(ben.page, "**/api/v1/follow-ups?*")
    await ben.page.reload()
    await held.is_asked()
    async with desk.client() as browser:
        ana = await browser.enter("ana")
        await ana.deed(asked, "claim")
        plan = {"address": "fay@example.org", "question": "Find the book."}
        await ana.deed(asked, "close", {"code": "follow_up_library", "follow_up": plan})
    await expect(ben.page.get_by_text("Find the book.")).to_be_visible()
    await held.let_go()
    await ben.page.wait_for_timeout(500)
    assert await ben.page.get_by_text("Find the book.").is_visible()


@pytest.mark.parametrize("who, by", [("cora", "socket"), ("eve", "polls")])
async def test_another_window_goes_on_with_the_session_of_a_new_password(
    desk: Desk, people: People, who: str, by: str
) -> None:
    """Changed in one window, it ends the session that the other one began with: its writes and its live line go on alike."""
    channel = {"cora": "web", "eve": "south-web"}[who]
    asked = await desk.patron(f"window {by}", "May I bring a cat?", name="Cleo Cat", channel=channel)
    one = await people.of(who)
    two = Librarian(await one.page.context.new_page(), desk, [])
    if by == "polls":
        await two.page.route_web_socket(re.compile("/api/v1/live"), _closed)
    await two.page.goto(f"{desk.url}/inbox/")
    await two.open(asked)
    await one.go("settings")
    await one.page.get_by_label("Current password").fill(PASSWORD)
    for label in ("New password", "Repeat new password"):
        await one.page.get_by_label(label, exact=True).fill(PASSWORD + " staple")
    async with AsyncExitStack() as renewed:
        if by == "socket":  # the one of the session that ended goes at once
            await renewed.enter_async_context(two.page.expect_websocket())
        await renewed.enter_async_context(one.page.expect_response("**/password"))
        await one.page.get_by_role("button", name="Save password").click()
    await two.page.get_by_role("button", name="Claim", exact=True).first.click()
    await two.composer.fill("Only a small one.")
    await expect(two.composer).to_have_value("Only a small one.")
    await two.page.keyboard.press("Control+Enter")
    await expect(two.log.get_by_text("Only a small one.")).to_have_count(1)
    await desk.patron(f"window {by}", "It is very small.", channel=channel)
    await expect(two.log).to_contain_text("It is very small.")
    await expect(two.page.get_by_text("Connection lost")).to_have_count(0)


async def _closed(socket: WebSocketRoute) -> None:
    await socket.close()
