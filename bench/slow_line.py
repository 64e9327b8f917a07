"""What people wait for on a slow line: 400 kbit/s and 400 ms there and back, as Chromium throttles it, with nothing cached.

The inbox: from its address until the first row is shown, for a librarian who is signed in. The chat: from the tap on the button of
a library's page until one can write. The sizes are those on the wire until then, with the headers.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from playwright.async_api import Browser, CDPSession, Page

from bench.figures import QUICK, Sheet, most
from tests.browser.chat import Chat, chatting, chromium
from tests.browser.librarian import librarian, served
from tests.inbox.desk import Desk

LATENCY_MS = 400
BYTES_PER_S = 400_000 / 8
ROWS = 30
TIMES = 2 if QUICK else 5


async def slow(page: Page) -> tuple[CDPSession, list[float]]:
    """Throttle a page; return its session, and a list that grows by the bytes of each answer."""
    session, sizes = await page.context.new_cdp_session(page), list[float]()
    session.on("Network.loadingFinished", lambda told: sizes.append(told["encodedDataLength"]))
    await session.send("Network.enable")
    line = {"latency": LATENCY_MS, "downloadThroughput": BYTES_PER_S, "uploadThroughput": BYTES_PER_S}
    await session.send("Network.emulateNetworkConditions", {"offline": False, **line})
    return session, sizes


async def measured(page: Page, act: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return for how many seconds `act` went on, on a slow line, and how many kB came meanwhile."""
    _, sizes = await slow(page)
    began = time.monotonic()
    await act()
    return time.monotonic() - began, sum(sizes) / 1000


async def first_list(browser: Browser, desk: Desk) -> list[tuple[float, float]]:
    """Open the inbox of a librarian who is signed in, with an empty cache each time."""
    for n in range(ROWS):
        await desk.patron(f"slow-{n}", f"Where is shelf {n}?", name=f"Reader {n}")
    async with librarian(browser, desk) as ana:
        await ana.sign_in("ana", here=False)
        kept = await ana.page.context.storage_state()
    found = []
    for _ in range(TIMES):
        async with librarian(browser, desk, storage_state=kept) as again:
            page = again.page

            async def act(page: Page = page) -> None:
                await page.goto(f"{desk.url}/inbox/", wait_until="commit")
                await page.locator(".list article a").first.wait_for()

            found.append(await measured(page, act))
    return found


async def usable_chat(browser: Browser, folder: Path) -> list[tuple[float, float]]:
    """Tap the button on a library's page until one can write."""
    found = []
    for n in range(TIMES):
        (folder / str(n)).mkdir()
        async with chatting(folder / str(n), browser) as chat:
            page = chat.page
            await chat.visit()
            await chat.launcher.wait_for()

            async def act(page: Page = page, chat: Chat = chat) -> None:
                await chat.launcher.click()
                await page.frame_locator("iframe").get_by_role("textbox").last.wait_for()

            found.append(await measured(page, act))
    return found


async def main() -> None:
    """Measure both."""
    sheet = Sheet()
    with tempfile.TemporaryDirectory(prefix="deskbridge-slow-") as place:
        folder = Path(place)
        (folder / "desk").mkdir(mode=0o700)
        async with chromium() as browser:
            async with served(folder / "desk") as desk:
                lists = await first_list(browser, desk)
            chats = await usable_chat(browser, folder)
    sheet.add("inbox_first_list_s_slow", [one for one, _ in lists], "s", most(3))
    sheet.add("inbox_first_list_kb_wire", [size for _, size in lists], "kB", most(120))
    sheet.add("chat_usable_s_slow", [one for one, _ in chats], "s", most(1.5))
    sheet.add("chat_usable_kb_wire", [size for _, size in chats], "kB", most(25))
    sheet.hand_in()


if __name__ == "__main__":
    uvloop.run(main())
