"""What a librarian's answer looks like to a patron, and what a librarian sees of an unsent question."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from bridge.contract.adapter import ChannelDesk
from tests.browser.chat import Chat

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
ANSWER = (
    "**Yes.** See [our hours](https://library.example/hours?a=1) or [this](javascript:alert(1)).\n- <b>one</b>\n- two"
)


async def test_an_answer_is_shown_formatted_and_what_is_typed_goes_along_only_when_said(chat: Chat) -> None:
    """The patron is told before anything goes along; the marks of an answer are elements, and nothing else is."""
    board = chat.ring.board
    assert board is not None
    heard: list[tuple[str, str]] = []

    async def listen() -> None:
        async for sign in board.listen():
            heard.extend([(sign.kind, sign.text)] if not sign.librarian else [])

    listening = asyncio.create_task(listen())
    await chat.visit()
    await chat.open()
    message = await chat.write("Are you open?")
    await chat.ring.answer(message, ANSWER)
    link = chat.frame.get_by_role("link", name="our hours")
    await expect(link).to_have_attribute("href", "https://library.example/hours?a=1")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(chat.frame.locator("strong")).to_have_text("Yes.")
    await expect(chat.frame.get_by_role("log").get_by_role("listitem")).to_have_text(["<b>one</b>", "two"])
    await expect(chat.frame.get_by_role("link", name="this")).to_have_count(0)
    told = chat.frame.get_by_text("Librarians here see what you type before you send it.")
    box = chat.frame.get_by_role("textbox", name="Your message")
    await expect(told).to_have_count(0)
    await box.press_sequentially("my secret")
    chat.ring.show(ChannelDesk(open=True, online=True, library="Northfield Public Library", previews=True))
    await expect(told).to_be_visible()
    assert not [text for _, text in heard if text]
    await chat.shot("answers-formatted")
    assert await chat.flaws() == []
    async with asyncio.timeout(30):
        while ("draft", "now I say it") not in heard:
            await box.fill("now I say")
            await box.press_sequentially(" it")
            await chat.page.wait_for_timeout(500)
    listening.cancel()
