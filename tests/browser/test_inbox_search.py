"""Finding a conversation: by keyboard, with filters offered and explained, opened at the line, kept, and taken away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect

from bridge.inbox.routes import conversation
from tests.browser.conftest import People
from tests.browser.librarian import LOOKS
from tests.inbox.desk import Client, Desk
from tests.inbox.test_forget import archived

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINES, LONG = 20, 40  # lines of one answer, and of a conversation whose first ones are not in it


async def ended(desk: Desk, who: Client, sender: str, words: str, name: str, lines: int = 0) -> str:
    talk = await desk.patron(sender, words, name=name)
    await who.deed(talk, "claim")
    for n in range(lines):
        await desk.patron(sender, f"And something else, {n}", source=f"more-{n}", name=name)
    await who.deed(talk, "messages", {"text": "It is on the second floor."})
    await who.deed(talk, "close", {"code": "answered"})
    return talk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def quolls(desk: Desk) -> AsyncIterator[None]:
    """Two closed conversations, one of them longer than one answer."""
    async with desk.client() as staff:
        await staff.enter("cora")
        await ended(desk, staff, "quoll", "Where is the quoll atlas?", "Quinn Quoll", LONG)
        await ended(desk, staff, "quoll-2", "Another quoll, please", "Rae Reed")
    await archived(desk)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversation, "LINES", LINES)
        yield


@pytest.mark.usefixtures("quolls")
@pytest.mark.parametrize("look", LOOKS)
async def test_a_conversation_is_found_by_keyboard_and_opens_at_the_line(people: People, look: dict[str, Any]) -> None:
    cora = await people.of("cora", here=False, **look)
    page, press = cora.page, cora.page.keyboard.press
    await press("/")
    box = page.get_by_role("combobox", name="Find conversations")
    await expect(box).to_be_focused()
    await expect(page.get_by_role("link", name="Quinn Quoll")).to_be_visible()  # the list of what is closed
    await cora.look(f"search-list-{look['viewport']['width']}-{look['color_scheme']}")
    await page.keyboard.type("atlas fr")
    await expect(page.get_by_role("option", name="from:")).to_be_visible()
    await press("ArrowDown")
    await cora.look(f"search-offers-{look['viewport']['width']}-{look['color_scheme']}")
    await press("Enter")
    await page.keyboard.type("quinn form:x")
    await expect(page.get_by_role("alert")).to_contain_text("There is no filter “form:x”")
    await cora.look(f"search-fault-{look['viewport']['width']}-{look['color_scheme']}")
    for _ in "form:x":
        await press("Backspace")
    await press("Enter")
    found = page.get_by_role("list", name="Conversations")
    await expect(found.get_by_role("listitem")).to_have_count(1)
    await expect(found.locator("mark").first).to_have_text("atlas")
    await cora.look(f"search-found-{look['viewport']['width']}-{look['color_scheme']}")
    await found.get_by_role("link").first.focus()
    await press("ArrowDown")
    await press("Enter")
    line = cora.log.get_by_text("Where is the quoll atlas?")
    await expect(line).to_be_in_viewport()
    if look["viewport"]["width"] > 800:  # beside the conversation the results keep the focus
        await expect(found.get_by_role("link").last).to_be_focused()
    await cora.look(f"search-line-{look['viewport']['width']}-{look['color_scheme']}")


async def test_a_search_is_kept_shared_and_taken_away(desk: Desk, people: People) -> None:
    async with desk.client() as staff:
        await ended(desk, await staff.enter("cora"), "numbat", "=A numbat?", "Nia Nu")
    await archived(desk)
    cora = await people.of("cora", here=False)
    page = cora.page
    await cora.go("search")
    box = page.get_by_role("combobox", name="Find conversations")
    await box.fill("numbat")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Nia Nu")).to_be_visible()
    await page.get_by_text("Filters", exact=True).click()
    await page.get_by_label("State").select_option("closed")
    await expect(box).to_have_value("numbat is:closed")
    await page.get_by_role("button", name="Save this search").click()
    dialog = page.get_by_role("dialog", name="Save this search")
    await dialog.get_by_label("Name").fill("Numbats")
    await dialog.get_by_label("Who sees it").select_option("north")
    await cora.look("search-save")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await page.get_by_role("button", name="Export").click()
    await page.get_by_label("Choose Nia Nu").check()
    await cora.look("search-export")
    async with page.expect_download() as started:
        await page.get_by_role("link", name="CSV for spreadsheets").click()
    file = await (await started.value).path()
    assert file.read_text().count("\n") == 2
    await box.fill("")
    await expect(page.get_by_role("button", name="Clear recent searches")).to_be_visible()
    await cora.look("search-kept")
    await page.get_by_role("button", name="Clear recent searches").click()
    await expect(page.get_by_role("button", name="Clear recent searches")).to_have_count(0)
    ana = await people.of("ana", here=False)
    await ana.go("search")
    await ana.page.get_by_role("button", name="Numbats").click()
    await expect(ana.page.get_by_role("link", name="Nia Nu")).to_be_visible()
    await expect(ana.page.get_by_role("button", name="Export")).to_have_count(0)
    assert cora.complaints == ana.complaints == []
