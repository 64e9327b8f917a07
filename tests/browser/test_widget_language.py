"""The patron changes the language while chatting: what is half written stays, the choice is kept, and few words come first."""

from __future__ import annotations

import pytest
from playwright.async_api import Request, expect

from tests.browser.chat import Chat

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.xdist_group("browser-widget"),
]


async def test_the_language_is_chosen_while_chatting_and_kept(chat: Chat) -> None:
    """In place, with its direction, for the next messages too; forgetting the chat forgets the choice."""
    asked: list[str] = []

    def heard(request: Request) -> None:
        asked.extend([request.url.rpartition("/")[2]] if "/words" in request.url else [])

    chat.page.on("request", heard)
    await chat.alone()
    page = chat.page
    assert len({*asked}) == 1, "only the first screen's words come with the page"
    loads: list[str] = []
    page.on("load", lambda _: loads.append("load"))
    box = page.get_by_role("textbox")
    await box.fill("Half a question")
    await page.get_by_role("button", name="More", exact=True).click()
    chooser = page.get_by_role("combobox", name="Language")
    await chooser.select_option(label="العربية")
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await chat.shot("language-ar")
    assert await chat.flaws() == []
    await page.locator("#menu select").select_option(label="Deutsch")
    await expect(page.get_by_role("textbox", name="Ihre Nachricht")).to_have_value("Half a question")
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await expect(page.locator("html")).to_have_attribute("dir", "ltr")
    await page.keyboard.press("Escape")
    await page.get_by_role("textbox", name="Ihre Nachricht").press("Enter")
    message = await chat.ring.message("Half a question")
    assert (message.language, loads) == ("de", [])

    await page.reload()
    await expect(page.get_by_role("textbox", name="Ihre Nachricht")).to_be_visible()
    await expect(page.get_by_role("log")).to_contain_text("Half a question")
    await page.get_by_role("button", name="Mehr", exact=True).click()
    forget = page.locator("#menu .bad")
    await forget.click()
    await forget.click()
    await expect(page.get_by_role("log")).not_to_contain_text("Half a question")
    assert await page.evaluate("Object.keys(localStorage)") == []
    assert chat.complaints == []
