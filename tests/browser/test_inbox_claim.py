"""Taking a conversation: what is typed next is meant for the composer, however long the desk takes to answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from tests.browser.conftest import People
from tests.browser.librarian import Librarian
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]

TYPED = "even so: next Tuesday, bring cash"  # its letters are the keys of End, Note, Transfer, Join, Back to the queue


async def mark(librarian: Librarian, patron: str) -> None:
    """Let the keyboard be on a patron's row of the list."""
    await librarian.page.get_by_role("article").filter(has_text=patron).wait_for()
    for _ in range(30):
        await librarian.page.keyboard.press("j")
        if await librarian.page.locator("article.marked").filter(has_text=patron).count():
            return
    raise AssertionError("not in the list")


async def held(librarian: Librarian, address: str) -> asyncio.Event:
    """Hold back the answers from an address until the event is set."""
    let_go = asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await let_go.wait()
        await route.fulfill(response=answer)

    await librarian.page.route(address, late)
    return let_go


async def typed_at_once(
    librarian: Librarian, deed: Callable[[], Awaitable[Any]], let_go: asyncio.Event, words: str = TYPED
) -> None:
    """Do it and type: every letter is in the composer, before and after the desk has answered."""
    await deed()
    await librarian.page.keyboard.type(words)
    await expect(librarian.page.get_by_role("dialog")).to_have_count(0)
    await expect(librarian.composer).to_have_value(words)
    let_go.set()
    await expect(librarian.page.get_by_role("button", name="Transfer")).to_be_visible()
    await expect(librarian.composer).to_be_focused()
    await expect(librarian.composer).to_have_value(words)
    await librarian.page.keyboard.press("Control+Enter")
    await expect(librarian.log.get_by_text(words)).to_have_count(1)


async def test_what_is_typed_after_a_claim_from_the_list_is_an_answer(desk: Desk, people: People) -> None:
    await desk.patron("claim-list", "When is the sale?", name="Lisa List")
    ana = await people.of("ana")
    let_go = await held(ana, "**/claim")
    await mark(ana, "Lisa List")
    await typed_at_once(ana, lambda: ana.page.keyboard.press("c"), let_go)
    assert ana.complaints == []


async def test_accept_and_reopen_alike(desk: Desk, people: People) -> None:
    asked = await desk.patron("claim-accept", "When is the sale?", name="Alma Accept")
    ana, ben = await people.of("ana"), await people.of("ben")
    async with desk.client() as browser:
        api = await browser.enter("ben")
        await api.deed(asked, "claim")
        await api.deed(asked, "transfer", {"librarian": "ana"})
    await ana.go("mine")
    bar = ana.page.get_by_role("region", name="Offers to you").get_by_role("article").filter(has_text="Alma Accept")
    await expect(bar.get_by_role("button", name="Accept")).to_be_visible()
    row = ana.page.get_by_role("main").get_by_role("article").filter(has_text="Alma Accept")
    offer = row.get_by_role("button", name="Accept")
    await offer.wait_for()
    await typed_at_once(ana, offer.click, await held(ana, "**/accept"))
    await expect(bar).to_have_count(0)
    await ana.page.keyboard.press("Escape")
    await ana.page.keyboard.press("e")
    await ana.page.get_by_role("button", name="End conversation").click()
    await expect(ana.page.get_by_role("button", name="Reopen")).to_be_visible()
    await ben.open(asked, "open")
    let_go = await held(ben, "**/reopen")
    await typed_at_once(ben, lambda: ben.page.keyboard.press("o"), let_go, "everything ends next Friday")


async def test_who_comes_second_hits_no_key_and_keeps_what_was_typed(desk: Desk, people: People) -> None:
    asked = await desk.patron("claim-second", "When is the sale?", name="Sue Second")
    ana = await people.of("ana")
    await mark(ana, "Sue Second")
    refused = asyncio.Event()

    async def late(route: Route) -> None:
        async with desk.client() as browser:
            await (await browser.enter("ben")).deed(asked, "claim")
        answer = await route.fetch()
        await route.fulfill(response=answer)
        refused.set()

    await ana.page.route("**/claim", late)
    await ana.page.keyboard.press("c")
    await ana.page.keyboard.type("Next ")
    await refused.wait()
    await expect(ana.page.get_by_text("Ben Berg").first).to_be_visible()
    await ana.page.get_by_role("region", name="Write").get_by_role("textbox").wait_for(state="detached")
    await ana.page.keyboard.type("ent")  # the rest of it, in the second in which the composer has gone
    await expect(ana.page.get_by_role("dialog")).to_have_count(0)
    await expect(ana.page.get_by_role("heading", name="Sue Second")).to_be_visible()
    draft = (await desk.services.archive.drafts.of("ana"))[-1:]
    assert not draft or draft[0].text == "Next "


class HeldLine:
    """The live line of a page, whose messages may be kept back for a while."""

    def __init__(self) -> None:
        self.holds = False
        self._kept: list[str | bytes] = []
        self._page: WebSocketRoute | None = None

    def connect(self, page: WebSocketRoute) -> None:
        self._page = page
        page.connect_to_server().on_message(self._heard)

    def _heard(self, message: str | bytes) -> None:
        if self.holds:
            self._kept.append(message)
        elif self._page is not None:
            self._page.send(message)

    def release(self) -> None:
        self.holds = False
        for message in self._kept:
            self._heard(message)


class HeldClaims:
    """The claims of a page, each answered when the test says so, before the line tells of it."""

    def __init__(self, ana: Librarian, desk: Desk, line: HeldLine) -> None:
        self._ana, self._desk, self._line = ana, desk, line
        self._go = asyncio.Event()

    async def open(self) -> None:
        await self._ana.page.route("**/claim", self._late)

    async def _late(self, route: Route) -> None:
        await self._go.wait()
        await route.fulfill(response=await route.fetch())

    async def make(self, patron: str, text: str, words: str) -> None:
        """Claim by key; the patron writes `text` meanwhile; the claim's row stays away; type `words`, parted by the answer."""
        self._go.clear()
        await self._ana.page.keyboard.press("c")
        first, _, rest = words.partition(" ")
        await self._ana.page.keyboard.type(f"{first} ")
        await self._desk.patron(patron, text)
        await expect(self._ana.log.get_by_text(text)).to_be_visible()
        await self._ana.page.wait_for_timeout(300)
        self._line.holds = True
        async with self._ana.page.expect_response("**/claim"):
            self._go.set()
        await self._ana.page.wait_for_timeout(300)
        await self._ana.page.keyboard.type(rest)


async def test_a_row_that_is_told_meanwhile_takes_the_composer_from_nobody(desk: Desk, people: People) -> None:
    """While a claim is on its way, the line tells of the patron's next message, and of the claim only later.

    Given back and claimed again, what the first claim still waited for ends nothing; a row that is very late leaves the focus.
    """
    asked = await desk.patron("claim-told", "When is the sale?", name="Tia Told")
    ana = await people.of("ana")
    line = HeldLine()
    await ana.page.route_web_socket(re.compile("/api/v1/live"), line.connect)
    await ana.page.clock.install()
    await ana.page.reload()
    await ana.open(asked)
    claims = HeldClaims(ana, desk, line)
    await claims.open()
    await claims.make("claim-told", "It is urgent!", "even next Tuesday")
    await expect(ana.composer).to_have_value("even next Tuesday")
    line.release()
    await expect(ana.page.get_by_role("button", name="Transfer")).to_be_visible()
    await expect(ana.composer).to_be_focused()
    await ana.page.keyboard.press("Escape")
    await ana.page.keyboard.press("b")
    await expect(ana.page.get_by_role("button", name="Claim", exact=True).first).to_be_visible()
    await ana.page.clock.fast_forward(2900)
    await claims.make("claim-told", "Hello?", " , surely")
    await ana.page.clock.fast_forward(200)
    await expect(ana.composer).to_be_focused()
    await ana.page.clock.fast_forward(5000)
    await expect(ana.composer).to_have_count(0)
    line.release()
    await expect(ana.composer).to_be_focused()
    await expect(ana.composer).to_have_value("even next Tuesday , surely")
    assert ana.complaints == []
