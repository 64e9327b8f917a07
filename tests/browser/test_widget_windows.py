"""Two windows of one patron: they share what is kept in the browser, and neither takes from the other what it has not sent."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from adapters.webchat import tokens
from tests.browser.chat import Chat

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]


async def another(chat: Chat) -> Page:
    """Open the chat in a second window of the same browser."""
    async with chat.page.expect_popup() as opened:
        await chat.page.evaluate("void open(location.href)")
    page = await opened.value
    await page.locator(".light:not(.connecting)").wait_for()
    return page


async def put(page: Page, text: str) -> None:
    """Write something while it cannot be sent."""
    await page.get_by_role("textbox", name="Your message").fill(text)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Not sent yet")).to_be_visible()


async def test_what_one_window_has_not_sent_survives_what_the_other_keeps(chat: Chat) -> None:
    """Both write while the daemon is away, and one is closed before it is back: its message goes out with the next visit."""
    await chat.alone()
    await chat.write("hello")
    second = await another(chat)
    await second.get_by_text("hello").wait_for()
    config = chat.ring.runner().channel.config
    await chat.ring.stop()
    for page in (second, chat.page):
        await expect(page.get_by_text("No connection.")).to_be_visible()
    await put(second, "from the window that was closed")
    await put(chat.page, "from the one that stayed")
    await second.close()
    await chat.ring.start(config)
    await chat.ring.message("from the one that stayed", deadline=60)
    await chat.alone()
    await chat.ring.message("from the window that was closed", deadline=60)
    await expect(chat.page.get_by_text("Not sent yet")).to_have_count(0)
    await chat.alone()
    assert [each.text for each in chat.ring.messages()].count("from the window that was closed") == 1
    assert json.loads(await chat.document.evaluate("localStorage.getItem('deskbridge:here')"))["unsent"] == []


async def test_a_token_that_is_refused_empties_no_other_window(chat: Chat) -> None:
    """The daemon has another secret and refuses the token. A patron who was writing in another window goes on there."""
    await chat.alone()
    await chat.write("hello")
    second = await another(chat)
    await second.get_by_role("textbox", name="Your message").fill("a long and careful question")
    stranger = tokens.mint(b"the secret of an earlier house..")
    await chat.document.evaluate(
        "(token) => localStorage.setItem('deskbridge:here', JSON.stringify({token, unsent: []}))", stranger
    )
    await chat.alone()
    message = await chat.write("and again")
    await expect(second.get_by_text("and again")).to_be_visible()
    await expect(second.get_by_role("textbox", name="Your message")).to_have_value("a long and careful question")
    await second.get_by_role("textbox", name="Your message").press("Enter")
    assert (await chat.ring.message("a long and careful question")).sender == message.sender
