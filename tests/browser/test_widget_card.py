"""A card number typed into the chat is held back in the page, and a safer way is offered; what the patron insists on is sent."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.chat import PHONE, chatting

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]

PATTERN = r"\b2\d{13}\b|\bpin\W{1,3}(?:is\W+)?\d{4,8}\b"
CARD = "21234000123456"


async def test_a_card_number_is_held_back_and_a_safer_way_is_offered(browser: Browser, tmp_path: Path) -> None:
    async with chatting(tmp_path, browser, {"card_pattern": PATTERN}, **PHONE) as chat:
        await chat.visit()
        await chat.open()
        box = chat.frame.get_by_role("textbox", name="Your message")
        group = chat.frame.get_by_role("group", name="That looks like a card number or a PIN.")
        await box.fill(f"My card is {CARD}, PIN: 4711")
        await chat.page.keyboard.press("Enter")
        await expect(group).to_be_visible()
        assert await chat.flaws() == []
        await chat.shot("widget-card")
        await chat.page.keyboard.press("Escape")
        await expect(group).to_have_count(0)
        await chat.frame.get_by_role("button", name="Send").click()
        await group.get_by_role("button", name="Take it out").click()
        await expect(box).to_have_value("My card is ,")
        await box.fill(f"My card is {CARD}")
        await chat.page.keyboard.press("Enter")
        await chat.page.keyboard.press("Enter")
        await expect(box).to_have_value("I'd like to show you my library account. Please send me the link.")
        await chat.page.keyboard.press("Enter")
        await chat.ring.message("I'd like to show you my library account. Please send me the link.")
        assert [one for one in chat.ring.messages() if CARD in one.text] == []
        await box.fill(f"The parcel is {CARD}")
        await chat.page.keyboard.press("Enter")
        await group.get_by_role("button", name="Send it anyway").click()
        await chat.ring.message(f"The parcel is {CARD}")
        await chat.write("The ISBN is 9780152038656, room 1234")
        assert [one for one in chat.complaints if "404" not in one] == [], "this house has no entries to suggest"
