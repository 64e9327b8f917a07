"""A coordinator's board: looked at in its states, ordered from by keyboard, and a colleague who hears what was ordered."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.librarian import LOOKS
from tests.inbox.desk import Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def test_orders_by_keyboard_and_what_a_colleague_hears(desk: Desk, people: People) -> None:
    """Close a queue, send a notice, move a colleague, take over, sign out: each at once on both sides."""
    cora, ana = await people.of("cora", here=False), await people.of("ana")
    talk = await desk.patron("bea", "Where is the map room?", name="Bea")
    assert (await _claim(desk, talk)) == "ana"
    await cora.page.get_by_role("link", name="Board").wait_for()
    await cora.page.keyboard.press("8")
    row = cora.page.get_by_role("row", name=re.compile("Ana Alves"))
    await expect(row).to_contain_text("Available since")
    await expect(row).to_contain_text("1 of 3")
    queue = cora.page.get_by_role("row", name=re.compile("^Reference"))
    await expect(queue).to_contain_text("asked at once")

    await queue.get_by_role("button", name="Close").focus()
    await cora.page.keyboard.press("Enter")
    await cora.page.get_by_label("Message to patrons").fill("Fire drill. Back at four.")
    await cora.page.keyboard.press("Enter")
    await expect(queue).to_contain_text("Closed for now, until")
    await expect(queue).to_contain_text("Fire drill. Back at four.")
    await cora.page.keyboard.press("z")
    await expect(queue).not_to_contain_text("Closed for now")

    await cora.page.get_by_role("button", name="Notice to staff").focus()
    await cora.page.keyboard.press("Enter")
    await cora.page.get_by_label("Notice", exact=True).fill("The lift is broken.")
    await cora.page.get_by_role("button", name="Send").focus()
    await cora.page.keyboard.press("Enter")
    await expect(cora.page.get_by_text(re.compile("read by 0 of"))).to_be_visible()
    await ana.page.get_by_role("status", name="Notices to staff").get_by_role("button", name="Got it").click()
    await expect(ana.page.get_by_text("The lift is broken.")).to_have_count(0)
    await expect(cora.page.get_by_text(re.compile("read by 1 of"))).to_be_visible()
    await cora.page.get_by_role("button", name="Take back The lift is broken.").click()

    await row.get_by_role("button", name="Manage").focus()
    await cora.page.keyboard.press("Enter")
    dialog = cora.page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Take over Bea").click()
    await expect(dialog).to_contain_text("None that you may see.")
    await until(lambda: desk.services.replica.state.conversations[talk].owner == "cora", "it is Cora's")
    await dialog.get_by_role("button", name="Sign out", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("Ana Alves's pages will close at once")
    await dialog.get_by_role("button", name="Sign out now").click()
    await expect(ana.page.get_by_label("Password", exact=True)).to_be_visible()
    await expect(row).to_contain_text("Disconnected a moment ago")
    assert cora.complaints == []


async def _claim(desk: Desk, talk: str) -> str:
    async with desk.client() as client:
        await (await client.enter("ana")).deed(talk, "claim")
    return str(desk.services.replica.state.conversations[talk].owner)


@pytest.mark.parametrize("look", LOOKS)
async def test_the_board_looks_right(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """Somebody waits, somebody is away, the queue is closed with a message, a notice is shown; the dialogs, too."""
    name = request.node.callspec.id
    cora, _ = await people.of("cora", **look), await people.of("ben")
    await desk.patron(f"waits-{name}", "hello?")
    async with desk.client() as client:
        await client.enter("cora")
        later = desk.services.replica.state.term["core"].grace_until + 7_200_000
        order = {"queue": "north/reference", "opening": "closed", "until": later, "notice": "Staff meeting until four."}
        await client.post("/board/queue", order)
        await client.post("/announcements", {"text": "The lift is broken.", "until": later, "library": "north"})
        await cora.go("board")
        await expect(cora.page.get_by_role("row", name=re.compile("Ben Berg"))).to_be_visible()
        await expect(cora.page.get_by_text("Staff meeting until four.")).to_be_visible()
        await cora.look(f"{name}-board")
        await cora.page.get_by_role("button", name="Open…").click()
        await cora.look(f"{name}-board-queue")
        await cora.page.keyboard.press("Escape")
        await cora.page.get_by_role("row", name=re.compile("Ben Berg")).get_by_role("button").click()
        await expect(cora.page.get_by_role("dialog")).not_to_contain_text("Loading")
        await cora.look(f"{name}-board-colleague")
        await cora.page.keyboard.press("Escape")
        await cora.page.get_by_role("button", name="Notice to staff").click()
        await cora.look(f"{name}-board-notice")
        await cora.page.keyboard.press("Escape")
        await cora.page.get_by_role("button", name="Latest changes").click()
        await expect(cora.page.get_by_role("dialog")).to_contain_text("Closed for now")
        await cora.look(f"{name}-board-orders")
        await client.post("/board/queue", {"queue": "north/reference", "opening": "usual"})
