"""A line that is dead is noticed while somebody is at it, and what says so hides nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, WebSocketRoute, expect

from bridge.contract.adapter import ChannelDesk
from tests.browser.chat import PHONE, Chat, chatting

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
SELDOM = {"beat": 600.0}  # s: a browser that waits for the ordinary heartbeat notices nothing here


def line(deaf: Callable[[], bool]) -> Callable[[WebSocketRoute], None]:
    """Return a line that carries nothing while it is deaf, and stays connected."""

    def carry(browser: WebSocketRoute) -> None:
        house = browser.connect_to_server()
        browser.on_message(lambda said: None if deaf() else house.send(said))
        house.on_message(lambda said: None if deaf() else browser.send(said))

    return carry


async def covered(chat: Chat) -> list[str]:
    """Return which element below the lines lies over the last of them, or over another."""
    found: list[str] = await chat.document.evaluate(
        """() => {
          const log = document.querySelector(".log").getBoundingClientRect();
          const last = [...document.querySelectorAll(".line")].at(-1).getBoundingClientRect();
          const below = [...document.querySelectorAll("main > :not(.log)")].map((one) => [one, one.getBoundingClientRect()]);
          const over = below.filter(([, box]) => box.height && box.top < log.bottom - 1).map(([one]) => one.className);
          return last.bottom > log.bottom + 1 ? [...over, "cut off"] : over;
        }"""
    )
    return found


async def test_a_browser_that_goes_offline_says_so_and_covers_no_line(browser: Browser, tmp_path: Path) -> None:
    async with chatting(tmp_path, browser, SELDOM, **PHONE) as chat:
        await chat.alone()
        first = await chat.write("hello")
        for n in range(12):
            await chat.answer(first, f"line {n}")
        await chat.page.context.set_offline(True)
        await expect(chat.frame.get_by_text("No connection.")).to_be_visible()
        await chat.shot("360-offline")
        assert await covered(chat) == []
        await chat.frame.get_by_role("textbox", name="Your message").fill("while there is none")
        await chat.page.keyboard.press("Enter")
        await expect(chat.frame.get_by_text("Waiting to be sent: 1.")).to_be_visible()
        assert await covered(chat) == []
        await chat.page.context.set_offline(False)
        await chat.ring.message("while there is none")
        await expect(chat.frame.get_by_text("No connection.")).to_have_count(0)


async def test_a_line_that_falls_silent_is_noticed_and_goes_on_where_it_was(browser: Browser, tmp_path: Path) -> None:
    """Nobody closes it. What is written is kept, and goes out once when the same line answers again."""
    async with chatting(tmp_path, browser, SELDOM) as chat:
        deaf = False
        await chat.page.route_web_socket(re.compile("/live$"), line(lambda: deaf))
        await chat.alone()
        await chat.write("hello")
        await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
        deaf = True
        await expect(chat.frame.get_by_text("No connection.")).to_be_visible()
        deaf = False
        await expect(chat.frame.get_by_text("No connection.")).to_have_count(0)
        await chat.write("and on")
        assert [each.text for each in chat.ring.messages()] == ["hello", "and on"]


async def test_a_message_that_the_house_does_not_acknowledge_is_said_to_wait(chat: Chat) -> None:
    """The link is connected and the store is not: the daemon cannot say yes, and the patron hears of it before it gives up."""
    chat.ring.show(ChannelDesk(open=True, online=True))
    await chat.alone()
    await chat.write("before")
    await expect(chat.frame.get_by_text("Sent", exact=True)).to_be_visible()
    chat.ring.freeze()
    try:
        await chat.frame.get_by_role("textbox", name="Your message").fill("meanwhile")
        await chat.page.keyboard.press("Enter")
        await expect(chat.frame.get_by_role("status").first).to_contain_text(
            re.compile("taking a while|can't take messages|No connection")
        )
    finally:
        chat.ring.thaw()
    await chat.ring.message("meanwhile", deadline=60)
    await expect(chat.frame.get_by_text("taking a while")).to_have_count(0)
