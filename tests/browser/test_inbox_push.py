"""Notices while the inbox is closed: a librarian turns them on, the worker shows them, and signing out ends them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import CDPSession, Route, expect

from tests.browser.conftest import People
from tests.browser.librarian import Librarian
from tests.inbox.desk import DEADLINE, Desk
from tests.peers.push_service import PushService, push_service

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.xdist_group("browser-inbox"),
]
WHOLE_BROWSER = True  # notifications


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[PushService]:
    """A push service for the module: Chromium's own is on the internet."""
    async with push_service() as found:
        yield found


def subscribing(one: dict[str, str]) -> str:
    """Let the browser subscribe to a push service of this machine in the place of its maker's."""
    found = json.dumps({"endpoint": one["endpoint"], "keys": {"p256dh": one["p256dh"], "auth": one["auth"]}})
    return f"""(() => {{
      const held = "subscribed-in-the-test";  // as a browser keeps it when a page is loaded again
      const found = {{
        endpoint: {json.dumps(one["endpoint"])},
        toJSON: () => ({found}),
        unsubscribe: async () => {{ localStorage.removeItem(held); return true; }},
      }};
      PushManager.prototype.subscribe = async () => (localStorage.setItem(held, "yes"), found);
      PushManager.prototype.getSubscription = async () => (localStorage.getItem(held) ? found : null);
    }})()"""


class Worker:
    """The inbox's service worker, as the browser's push service speaks to it."""

    def __init__(self, session: CDPSession, origin: str) -> None:
        self._session, self._origin = session, origin
        self._id: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        session.on("ServiceWorker.workerRegistrationUpdated", self._heard)

    def _heard(self, told: dict[str, Any]) -> None:
        for one in told["registrations"]:
            if not self._id.done() and not one["isDeleted"]:
                self._id.set_result(one["registrationId"])

    async def push(self, **notice: str) -> None:
        """Deliver a notice, as it is after it was decrypted."""
        id = await asyncio.wait_for(asyncio.shield(self._id), DEADLINE)
        data = {"origin": self._origin, "registrationId": id, "data": json.dumps(notice)}
        await self._session.send("ServiceWorker.deliverPushMessage", data)


async def shown(one: Librarian, words: str) -> None:
    """Wait until exactly this notification of the worker is shown ("" = none)."""
    read = """async () => (await (await navigator.serviceWorker.getRegistration("/inbox/")).getNotifications())
        .map((each) => `${each.title}: ${each.body}`).join()"""
    async with asyncio.timeout(DEADLINE):
        while await one.page.evaluate(read) != words:
            await asyncio.sleep(0.05)


async def test_a_closed_inbox_is_notified_until_its_librarian_signs_out(
    desk: Desk, people: People, service: PushService
) -> None:
    """Turned on in the settings: the desk reaches the browser, the worker says the kind and the library, and nothing more."""
    one = await service.subscribe(desk.services.push.sender.key.public)
    ben = await people.of("ben", script=subscribing(one), permissions=["notifications"], here=False)
    session = await ben.page.context.new_cdp_session(await ben.page.context.new_page())
    worker = Worker(session, desk.url)
    await session.send("ServiceWorker.enable")
    await ben.go("settings")
    await ben.page.get_by_label("Notify this device also while the inbox is closed").check()
    await expect(ben.page.get_by_text("This device is notified from now on.").first).to_be_visible()
    await ben.look("push-on")
    patron = await desk.patron("wanda-push", "A secret", channel="mail")
    async with desk.client() as api:
        await api.enter("ana")
        await api.deed(patron, "notes", {"text": "@ben", "mentions": ["ben"]})
    notice = (await service.until(one, 1))[0]
    assert notice == {"kind": "mention", "conversation": patron, "library": "North Library"}
    await ben.page.goto("about:blank")
    await worker.push(**notice)
    await worker.push(**{**notice, "kind": "transfer"})
    await ben.page.goto(f"{desk.url}/inbox/icon.svg")
    await shown(ben, "North Library: A colleague is passing you a conversation.")
    await ben.page.goto(f"{desk.url}/inbox/")
    await ben.page.get_by_role("navigation", name="Desk").wait_for()
    await worker.push(**{**notice, "kind": "over"})
    await shown(ben, "")
    kept = await ben.page.evaluate(
        "caches.open('deskbridge-files').then((one) => one.keys()).then((all) => all.map((one) => one.url))"
    )
    assert all("/inbox/assets/" in each for each in kept)
    await ben.page.keyboard.press("Control+k")
    await ben.page.get_by_role("combobox").fill("sign out")
    await ben.page.keyboard.press("Enter")
    await ben.page.get_by_label("Password", exact=True).wait_for()
    assert await desk.services.push.subscriptions.of("ben") == []


async def test_signing_out_also_ends_what_the_page_is_renewing(
    desk: Desk, people: People, service: PushService
) -> None:
    """The page renews while it loads; who signs out before that is done is not subscribed again by it."""
    one = await service.subscribe(desk.services.push.sender.key.public)
    ana = await people.of("ana", script=subscribing(one), permissions=["notifications"], here=False)
    await ana.go("settings")
    await ana.page.get_by_label("Notify this device also while the inbox is closed").check()
    await expect(ana.page.get_by_text("This device is notified from now on.").first).to_be_visible()
    assert len(await desk.services.push.subscriptions.of("ana")) == 1
    begun, ended, renewed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def renewing(route: Route) -> None:
        answer = await route.fetch()
        if route.request.method == "GET":
            begun.set()
            await ended.wait()
        else:
            renewed.set()
        await route.fulfill(response=answer)

    async def ending(route: Route) -> None:
        answer = await route.fetch()
        ended.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(renewed.wait(), 1)
        await route.fulfill(response=answer)

    await ana.page.route("**/push", renewing)
    await ana.page.route("**/push/end", ending)
    await ana.page.reload()
    await begun.wait()
    await ana.page.get_by_role("navigation", name="Desk").wait_for()
    await ana.page.keyboard.press("Control+k")
    await ana.page.get_by_role("combobox", name="What do you want to do?").fill("sign out")
    await ana.page.keyboard.press("Enter")
    await ana.page.get_by_label("Password", exact=True).wait_for()
    assert not renewed.is_set()
    assert await desk.services.push.subscriptions.of("ana") == []


async def test_the_inbox_can_be_installed(people: People, desk: Desk) -> None:
    """The manifest names what the browser asks for, and each picture is there."""
    ben = await people.of("")
    await ben.page.goto(f"{desk.url}/inbox/")
    session = await ben.page.context.new_cdp_session(ben.page)
    found = await session.send("Page.getAppManifest")
    assert found["errors"] == []
    manifest = json.loads(found["data"])
    assert (manifest["start_url"], manifest["display"]) == ("/inbox/", "standalone")
    for icon in manifest["icons"]:
        answer = await ben.page.request.get(f"{desk.url}{icon['src']}")
        assert (answer.status, answer.headers["content-type"]) == (200, icon["type"])
    assert (await session.send("Page.getInstallabilityErrors"))["installabilityErrors"] in (
        [],
        [{"errorId": "in-incognito", "errorArguments": []}],  # as each test is
    )
