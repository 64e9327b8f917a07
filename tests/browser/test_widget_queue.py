"""Messages that wait to be sent. One that cannot be taken is said so and holds up no other, even if more goes wrong beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from adapters.webchat.limits import HARD_FRAME, MAX_FRAME
from tests.browser.chat import DESK, Chat, chatting

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
NO_SOCKETS = "window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.()) } close() {} }"
# The first acknowledgement is lost, and in its place something else is refused; nobody is asked to say hello again meanwhile.
ONE_ACK_IS_LOST = """const Real = WebSocket;
window.WebSocket = class extends Real { set onmessage(hear) {
  super.onmessage = (event) => {
    const { t } = JSON.parse(event.data);
    if (t === "again") return;
    if (window.lost || t !== "ack") return hear?.(event);
    window.lost = true;
    hear({ data: '{"t":"error","code":"slow-down","retry_after":1}' });
  };
} };"""


def box(chat: Chat) -> Any:
    return chat.frame.get_by_role("textbox", name="Your message")


@pytest.mark.parametrize("way", ["socket", "polls"])
@pytest.mark.parametrize("size", [MAX_FRAME, HARD_FRAME], ids=["refused", "cut"])
async def test_what_is_larger_than_a_frame_is_said_and_the_rest_goes_on(
    size: int, way: str, browser: Browser, tmp_path: Path
) -> None:
    """The library takes long messages; this one is longer than the line carries, in bytes if not in characters."""
    async with chatting(tmp_path, browser, {"max_text": size}, **DESK) as chat:
        if way == "polls":
            await chat.page.add_init_script(NO_SOCKETS)
        await chat.alone()
        await chat.write("before")
        await box(chat).fill("ä" * size)
        await chat.page.keyboard.press("Enter")
        await box(chat).fill("after")
        await chat.page.keyboard.press("Enter")
        await chat.ring.message("after")
        await expect(chat.frame.get_by_text("Not sent: This is too large.")).to_be_visible()
        await expect(chat.frame.get_by_text("Sending …")).to_have_count(0)
        assert [each.text for each in chat.ring.messages()] == ["before", "after"]
        await chat.frame.get_by_role("button", name="Discard").click()
        await expect(chat.frame.get_by_text("Not sent")).to_have_count(0)


async def test_half_a_character_is_no_reason_to_send_nothing(chat: Chat) -> None:
    """A page that cut a text in the middle of an emoji; what cannot be read has no id by which it could be refused."""
    await chat.alone()
    await box(chat).evaluate(
        "(box) => { box.value = 'half \\ud83d of it'; box.dispatchEvent(new Event('input', { bubbles: true })); }"
    )
    await box(chat).press("Enter")
    await chat.ring.message("half \ufffd of it")
    await chat.write("all \U0001f600 of it, and \\ud83d as it is typed")


async def test_what_else_is_refused_lets_nobody_forget_the_message_on_its_way(browser: Browser, tmp_path: Path) -> None:
    """Its acknowledgement is lost, and a sign beside it is refused: it is sent again all the same."""
    async with chatting(tmp_path, browser, **DESK) as chat:
        await chat.page.add_init_script(ONE_ACK_IS_LOST)
        await chat.page.clock.install()
        await chat.alone()
        await chat.write("are you there?")
        async with asyncio.timeout(30):
            while not await chat.document.evaluate(
                "window.lost"
            ):  # the page's policy lets nothing be evaluated from within
                await asyncio.sleep(0.05)
        await expect(chat.frame.get_by_text("Sending …")).to_be_visible()
        await chat.page.clock.run_for(20_000)
        await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
        assert len(chat.ring.messages()) == 1
