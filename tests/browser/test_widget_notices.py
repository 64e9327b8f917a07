"""A patron asks to be told of an answer, closes the page, and is: the whole daemon, and a push service that is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.chat import chromium
from tests.browser.test_inbox_push import Worker
from tests.browser.test_journey import Street
from tests.inbox.desk import DEADLINE
from tests.journeys.house import House
from tests.journeys.librarian import Librarian
from tests.peers.push_service import PushService, push_service

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
    pytest.mark.xdist_group("browser-notices"),
]
CHAT = "/channels/web/chat"
ASK = "Tell me when an answer comes"

# The browser's own push service is on the internet: its place is taken by one of this machine, for the key that the page names.
SUBSCRIBING = """(() => {
  const held = () => JSON.parse(localStorage.getItem("subscribed-in-the-test"));
  const found = () => {
    const one = held();
    return one && {
      toJSON: () => ({ endpoint: one.endpoint, keys: { p256dh: one.p256dh, auth: one.auth } }),
      endpoint: one.endpoint,
      unsubscribe: async () => { localStorage.removeItem("subscribed-in-the-test"); return true; },
    };
  };
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    const key = btoa(String.fromCharCode(...applicationServerKey)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    if (!held()) localStorage.setItem("subscribed-in-the-test", JSON.stringify(await window.subscribeAt(key)));
    return found();
  };
  PushManager.prototype.getSubscription = async () => found();
})()"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[PushService]:
    async with push_service() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Street]:
    """A house that may push to this machine, and a browser that shows notifications."""
    with House(
        tmp_path_factory.mktemp("notices") / "house", ("ana",), more='[push]\nallow = ["localhost", "127.0.0.1"]\n'
    ) as house:
        await house.start()
        async with AsyncExitStack() as stack:
            yield Street(house, await stack.enter_async_context(chromium(whole=True)), stack)


async def prepared(street: Street, service: PushService, **context: Any) -> tuple[Page, dict[str, str]]:
    """Return a page of the chat whose browser subscribes to `service`, and what it subscribed to."""
    page = await street.page("/livez", **context)
    one: dict[str, str] = {}

    async def subscribe_at(key: str) -> dict[str, str]:
        one.update(await service.subscribe(key))
        return one

    await page.context.expose_function("subscribeAt", subscribe_at)
    await page.context.add_init_script(SUBSCRIBING)
    await page.goto(street.house.url + CHAT)
    await page.locator(".light:not(.connecting)").wait_for()
    return page, one


async def shown(context: BrowserContext, url: str) -> list[str]:
    """Return what the worker shows, read from a page that is none of the chat's."""
    page = await context.new_page()
    await page.goto(f"{url}/livez")
    read = """async () => (await (await navigator.serviceWorker.getRegistration("/channels/web/"))?.getNotifications() ?? [])
        .map((each) => `${each.title}: ${each.body}`)"""
    try:
        found: list[str] = await page.evaluate(read)
        return found
    finally:
        await page.close()


async def test_an_answer_reaches_a_closed_chat_until_it_is_read_and_forgotten(
    street: Street, service: PushService
) -> None:
    """Asked by the patron's own click alone; the desk says no word of the answer; what is read is withdrawn; forgetting ends it."""
    page, one = await prepared(street, service, permissions=["notifications"])
    session = await page.context.new_cdp_session(page)
    worker = Worker(session, street.house.url)
    await session.send("ServiceWorker.enable")
    await page.get_by_role("textbox", name="Your message").fill("A secret question")
    await page.keyboard.press("Enter")
    ask = page.get_by_role("button", name=ASK)
    await ask.wait_for()
    assert not one, "the page asked by itself"
    await street.clean(page, "notices-offered")
    await ask.click()
    await expect(page.get_by_text("This device tells you when an answer comes").first).to_be_visible()
    await street.clean(page, "notices-on")
    await page.goto(f"{street.house.url}/livez")

    ana = Librarian(street.house.url, "ana")
    await ana.sign_in(street.house.codes["ana"])
    talk = (await ana.get("/conversations?view=waiting"))["rows"][0]["id"]
    await ana.do(f"/conversations/{talk}/claim")
    await ana.do(f"/conversations/{talk}/messages", {"text": "A secret answer"})
    (notice,) = await service.until(one, 1)
    assert notice == {"kind": "answer", "conversation": "", "library": "North Library"}
    await worker.push(**notice)
    async with asyncio.timeout(DEADLINE):
        while not (found := await shown(page.context, street.house.url)):
            await asyncio.sleep(0.05)
    assert found == ["North Library: The library answered. Open the chat to read it."]

    await page.goto(street.house.url + CHAT)
    await expect(page.get_by_role("log")).to_contain_text("A secret answer")
    await expect(page.get_by_text("This device tells you when an answer comes").first).to_be_visible()
    async with asyncio.timeout(DEADLINE):
        while await shown(page.context, street.house.url):
            await asyncio.sleep(0.05)
    await page.get_by_role("button", name="More", exact=True).click()
    await page.get_by_role("button", name="Forget this chat on this device").click()
    await page.get_by_role("button", name="Really forget? It won't be here again.").click()
    await expect(page.get_by_text("Forgotten on this device.")).to_be_visible()
    async with asyncio.timeout(DEADLINE):
        while await page.evaluate("localStorage.getItem('subscribed-in-the-test')"):
            await asyncio.sleep(0.05)
    await ana.do(f"/conversations/{talk}/messages", {"text": "A late answer"})
    await ana.close()
    assert len(await service.received(one)) == 1
    assert street.complaints == []


async def test_a_browser_that_blocks_notices_says_so_and_no_frame_offers_them(
    street: Street, service: PushService
) -> None:
    """The patron denied them before: words instead, and an address as the other way. Inside another page there's no offer."""
    page, one = await prepared(street, service)
    await page.get_by_role("textbox", name="Your message").fill("Hello")
    await page.keyboard.press("Enter")
    await page.evaluate("Object.defineProperty(Notification, 'permission', { get: () => 'denied' }) && null")
    await page.get_by_role("button", name=ASK).click()
    await expect(page.get_by_text("This browser blocks notices from this page.")).to_be_visible()
    await street.clean(page, "notices-denied")
    _, frame = await street.patron()
    await frame.get_by_role("textbox", name="Your message").fill("Hello from a frame")
    await frame.get_by_role("button", name="Send").click()
    await expect(frame.get_by_text("Delivered").or_(frame.get_by_text("Sent", exact=True)).first).to_be_visible()
    await frame.get_by_role("button", name="End", exact=True).wait_for()
    await expect(frame.get_by_role("button", name=ASK)).to_have_count(0)
    assert not one
