"""What was set aside, in the browser: the list, its count, taking in and dismissing by keyboard and by palette."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.librarian import LOOKS
from tests.inbox.desk import Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


@pytest.mark.parametrize("look", LOOKS)
async def test_the_list_and_an_open_mail_are_clear_and_accessible(
    look: dict[str, Any], desk: Desk, people: People, request: pytest.FixtureRequest
) -> None:
    width = look["viewport"]["width"]
    talk = await desk.aside(
        f"{request.node.callspec.id}@list.example",
        "Issue 12: what is new on the shelves",
        "list",
        subject="Issue 12",
        name="Bulletin",
    )
    await desk.aside(
        f"no-{request.node.callspec.id}@shop.example", "Your order was sent", "notice", subject="Order 4711"
    )
    ana = await people.of("ana", here=False, **look)
    await ana.go("aside")
    row = ana.page.get_by_role("article").filter(has_text="Bulletin").first
    await expect(row.get_by_text("A mailing list or newsletter sent it.")).to_be_visible()
    await expect(row.get_by_role("button", name="Take in")).to_be_visible()
    await ana.look(f"{request.node.callspec.id}-aside-list")
    await ana.open(talk, "aside")
    await expect(
        ana.page.get_by_role("status").get_by_text("Nobody was notified, and no answer was sent.")
    ).to_be_visible()
    await expect(ana.page.get_by_text("To answer, take it in first.")).to_be_visible()
    if width > 1000:
        await expect(ana.page.get_by_role("link", name="Set aside").locator(".count")).to_be_visible()
    await ana.look(f"{request.node.callspec.id}-aside-open")


async def test_one_key_takes_a_mail_in_and_one_dismisses_it(desk: Desk, people: People) -> None:
    asked = await desk.aside("form@www.example", "May I renew?", "notice", subject="Form", name="Fay Form")
    await desk.aside("ads@shop.example", "Buy now", "list", subject="Ads", name="Ada Ads")
    ana, ben = await people.of("ana", here=False), await people.of("ben", here=False)
    await ben.go("aside")
    await ana.page.keyboard.press("5")
    await expect(ana.page.get_by_role("heading", name="Set aside")).to_be_visible()
    await ana.open(asked, "aside")
    await ana.page.keyboard.press("y")
    await expect(ana.composer).to_be_focused()
    await expect(ana.page.get_by_text("Reply to Fay Form by Email")).to_be_visible()
    await expect(ben.page.get_by_role("article").filter(has_text="Fay Form")).to_have_count(0)
    await ana.page.keyboard.type("Yes, twice.")
    await ana.page.keyboard.press("Control+Enter")
    await expect(ana.log.get_by_text("Yes, twice.")).to_have_count(1)
    await expect(ben.page.get_by_role("article").filter(has_text="Ada Ads")).to_have_count(1)
    while not await ben.page.locator("article.marked").filter(has_text="Ada Ads").count():
        await ben.page.keyboard.press("j")
    await ben.page.keyboard.press("Control+k")
    await ben.page.keyboard.type("dismiss")
    await ben.page.keyboard.press("Enter")
    await expect(ben.page.get_by_role("article").filter(has_text="Ada Ads")).to_have_count(0)
    await expect(ben.page.get_by_text("Dismissed. It's off the list.").first).to_be_visible()
    await ben.page.keyboard.press("z")
    await expect(ben.page.get_by_text("Reply to Ada Ads by Email")).to_be_visible()
    assert ana.complaints == ben.complaints == []
