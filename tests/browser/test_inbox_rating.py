"""A patron's rating in the inbox: in the timeline in words, beside the conversation, and the library's switch for it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.librarian import LOOKS
from tests.browser.test_inbox_library import edit, saved
from tests.inbox.desk import Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


@pytest.mark.parametrize("look", LOOKS)
async def test_a_rating_is_read_in_words(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    """It comes while one looks; the patron's words stand as they were written; a later word takes its place beside it."""
    name = request.node.callspec.id
    conversation = await desk.patron(f"rater-{name}", "Where are the maps?", name="Rita Rates")
    async with desk.client() as client:
        ben = await client.enter("ben")
        await ben.deed(conversation, "claim")
        await ben.deed(conversation, "messages", {"text": "Over there."})
        await ben.deed(conversation, "close", {"code": "answered"})
    ana = await people.of("ana", here=False, **look)
    await ana.open(conversation, "closed")
    await desk.rate(f"rater-{name}", 2, "Half of it, <b>really</b>.")
    await until(lambda: desk.services.replica.state.conversations[conversation].rating == 2, "the rating")
    told = ana.log.get_by_text("Rated by the patron: ")
    await expect(told).to_contain_text("it helped partly: Half of it, <b>really</b>.")
    await desk.rate(f"rater-{name}", 3)
    await ana.log.get_by_role("button", name="Show 3 events").click()
    await expect(told).to_have_count(2)
    await expect(told.last).to_have_text(re.compile(r"Rated by the patron: it helped$"))
    if look["viewport"]["width"] < 1000:
        await ana.page.keyboard.press("i")
    context = ana.page.get_by_role("complementary", name="About this patron")
    await expect(context.get_by_text("it helped", exact=True)).to_be_visible()
    await ana.look(f"{name}-rating")


async def test_a_coordinator_switches_the_question_off(desk: Desk, people: People) -> None:
    cora = await people.of("cora", here=False)
    editor = await edit(cora)
    asks = editor.get_by_role("checkbox", name="Ask patrons at the end of a chat whether it helped")
    await expect(asks).to_be_checked()
    await asks.focus()
    await cora.page.keyboard.press("Space")
    await saved(cora)
    await until(lambda: not desk.services.replica.state.libraries["north"].ratings, "the switch")
    editor = await edit(cora)
    asks = editor.get_by_role("checkbox", name="Ask patrons")
    await expect(asks).not_to_be_checked()
    await asks.focus()
    await cora.look("library-ratings")
