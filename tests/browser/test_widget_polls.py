"""The widget where no WebSocket gets through: its polls are few, and end; a socket that never opens is in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Route, expect

from bridge.contract.message import Delivery
from tests.browser.chat import DESK, Chat, chatting

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser"),
]
# The first two sockets fail at once, so that polls take over; later ones stay where a proxy that eats upgrades leaves them.
NO_SOCKETS = """let born = 0;
window.WebSocket = class {
  static OPEN = 1;
  readyState = 0;
  constructor() { if (++born < 3) setTimeout(() => this.onclose?.()); }
  send() { throw new DOMException("still connecting", "InvalidStateError"); }
  close() {}
};"""
# Polls take over, a socket opens for a moment, and they take over again; what comes later never opens.
FOR_A_MOMENT = """const fates = ["lost", "lost", "stands", "lost", "lost"];
window.WebSocket = class {
  static OPEN = 1;
  readyState = 0;
  constructor() {
    const fate = fates.shift();
    if (fate === "lost") setTimeout(() => this.onclose?.());
    if (fate === "stands") setTimeout(() => {
      this.onmessage?.({ data: '{"t":"welcome","beat":20,"known":false}' });
      setTimeout(() => this.onclose?.());
    });
  }
  send() {}
  close() {}
};"""
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


@pytest_asyncio.fixture(loop_scope="module")
async def polling(browser: Browser, tmp_path: Path) -> AsyncIterator[Chat]:
    """A patron whose network lets no WebSocket through."""
    async with chatting(tmp_path, browser, **DESK) as chat:
        await chat.page.add_init_script(NO_SOCKETS)
        await chat.alone()
        yield chat


async def test_who_has_heard_everything_asks_no_more_than_a_poll_lasts(polling: Chat) -> None:
    """An answer and a read mark come once: what the browser holds does not end its polls one after the other."""
    message = await polling.write("Do you have a map?")
    asked: list[str] = []
    polling.page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/poll") else None)
    await polling.answer(message, "Several.")
    mark = Delivery(
        id="m" * 20, channel="here", conversation="c", to=message.sender, kind="mark", at=1, about=message.id
    )
    await polling.ring.put([mark])
    await expect(polling.frame.get_by_text("Read", exact=True)).to_be_visible()
    await polling.page.wait_for_timeout(3_000)
    assert len(asked) < 10


async def test_a_poll_that_is_never_answered_is_given_up(polling: Chat) -> None:
    """The line is dead and nobody says so: another poll brings what was said."""
    message = await polling.write("Do you have a map?")
    held = asyncio.Event()

    async def swallow(route: Route) -> None:
        held.set()  # and no answer, ever

    await polling.page.clock.install()
    await polling.page.route("**/poll", swallow, times=1)
    await polling.ring.answer(message, "One.")  # ends the poll that is under way
    async with asyncio.timeout(30):
        await held.wait()
    await polling.ring.answer(message, "Several.")
    await polling.page.clock.run_for(60_000)
    await expect(polling.frame.get_by_text("Several.")).to_be_visible()


async def test_a_question_about_the_desk_that_is_never_answered_is_given_up(browser: Browser, tmp_path: Path) -> None:
    """Asked before the patron has written; what they are answered comes by the polls that begin after it."""
    async with chatting(tmp_path, browser, **DESK) as chat:
        await chat.page.add_init_script(NO_SOCKETS)
        await chat.page.clock.install()
        held = asyncio.Event()

        async def swallow(route: Route) -> None:
            held.set()  # and no answer, ever

        await chat.page.route("**/status", swallow, times=1)
        await chat.page.goto(f"{chat.ring.url}/channels/here/chat")
        async with asyncio.timeout(30):
            await held.wait()
        message = await chat.write("Do you have a map?")
        await chat.ring.answer(message, "Several.")
        await chat.page.clock.run_for(60_000)
        await expect(chat.frame.get_by_text("Several.")).to_be_visible()


async def test_polls_that_take_over_twice_are_still_one_after_the_other(browser: Browser, tmp_path: Path) -> None:
    """The first ones rest while a socket is open for a moment, and must not go on beside the second ones: answers would cross."""
    async with chatting(tmp_path, browser, **DESK) as chat:
        await chat.page.add_init_script(FOR_A_MOMENT)
        await chat.page.clock.install()
        async with chat.page.expect_response("**/status"):
            await chat.page.goto(f"{chat.ring.url}/channels/here/chat")
        async with chat.page.expect_response("**/status"):  # the second ones
            await chat.page.evaluate("dispatchEvent(new Event('online'))")
        under_way, most = 0, 0

        async def count(route: Route) -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            with suppress(Error):  # the page is closed
                await route.fulfill(response=await route.fetch())
            under_way -= 1

        await chat.page.route("**/poll", count)
        message = await chat.write("Do you have a map?")
        await chat.page.clock.run_for(15_000)  # a browser that rested asks now
        await chat.answer(message, "Several.")
        await expect(chat.page.get_by_text("Several.")).to_be_visible()
        async with asyncio.timeout(30):
            while not most:  # a browser that asked before is answered now, and asks again
                await asyncio.sleep(0.05)
        await chat.page.wait_for_timeout(2_000)
        assert most == 1


async def test_a_file_goes_up_while_a_socket_is_opening(polling: Chat) -> None:
    """The first thing that a patron gives; it brings them their token."""
    await polling.page.evaluate("dispatchEvent(new Event('online'))")  # a socket is tried at once
    await polling.page.locator("input[type=file]").set_input_files(
        {"name": "map.png", "mimeType": "image/png", "buffer": PNG}
    )
    await expect(polling.page.get_by_role("button", name="Remove map.png")).to_be_visible()
    message = await polling.write("This one.")
    assert [each.name for each in message.attachments] == ["map.png"]
    assert polling.complaints == []


async def test_what_is_forgotten_comes_back_with_no_late_answer(polling: Chat) -> None:
    """The answer to the first message is still on its way when the patron forgets the chat: its token is not kept."""
    page, go, answered = polling.page, asyncio.Event(), asyncio.Event()

    async def late(route: Route) -> None:
        answer = await route.fetch()
        await go.wait()
        with suppress(Error):  # the browser has closed it
            await route.fulfill(response=answer)
        answered.set()

    await page.route("**/frames", late, times=1)
    first = await polling.write("my secret question")
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("button", name="Forget this chat").click()
    await page.get_by_role("button", name="Really forget?").click()
    go.set()
    await answered.wait()
    assert await polling.document.evaluate("localStorage.length") == 0
    assert (await polling.write("somebody else")).sender != first.sender
