"""A library's page with the widget on it, in Debian's Chromium, before a real web chat whose core the test plays.

The page has another origin than the daemon, and a strict Content-Security-Policy, as a careful library's would.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web
from playwright.async_api import Browser, FrameLocator, Page, async_playwright, expect
from playwright.async_api import Frame as Document

from adapters.webchat.adapter import WebchatAdapter, WebchatConfig
from bridge.contract.adapter import ChannelDesk
from bridge.contract.message import Message
from bridge.testing.rig import soon
from bridge.testing.ring import Ring
from bridge.testing.scene import eventually

expect.set_options(timeout=30_000)  # ms, in all browser tests: it holds for the whole process
CHROMIUM = "/usr/bin/chromium"
# The same engine without a window's surroundings: half the work. It shows no notifications and knows no permissions.
SHELL = shutil.which("chromium-headless-shell") or CHROMIUM
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
AXE = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 640}}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
LOOKS = [
    pytest.param({**PHONE, "color_scheme": "light"}, id="360-light", marks=pytest.mark.long),
    pytest.param({**PHONE, "color_scheme": "dark"}, id="360-dark"),
    pytest.param({**DESK, "color_scheme": "light"}, id="1280-light"),
    pytest.param({**DESK, "color_scheme": "dark"}, id="1280-dark", marks=pytest.mark.long),
]
SHOTS = os.environ.get("DESKBRIDGE_SHOTS", "")  # a folder: keep pictures of what tests look at
POLICY = "default-src 'none'; script-src 'self' {house}; frame-src {house}; connect-src {house}; style-src 'self'; img-src 'self'"
HTML = """<!doctype html><html lang="en"><head><title>A library</title><meta name="viewport" content="width=device-width">
<script src="/settings.js"></script></head><body><main><h1>A library</h1>
<p>Opening hours, shelves, stories.</p></main>
<script async src="{house}/channels/here/widget.js" data-channel="here"></script></body></html>"""

LOADER = re.compile(r"<script async .*?</script>")

# Where colours are forced, the browser lays its canvas behind words: words of the canvas's own colour vanish, and axe sees nothing.
VANISHED = """(() => {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = "Canvas";
  const canvas = getComputedStyle(probe).color;
  probe.remove();
  return [...document.querySelectorAll("body *")].filter((one) => {
    const { color, forcedColorAdjust } = getComputedStyle(one);
    const says = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    return says && color === canvas && forcedColorAdjust === "auto";
  }).map((one) => one.textContent);
})()"""


# How browsers tell of a key that an input method takes: while it composes, or (Safari) right after it has ended by that key.
COMPOSING: list[dict[str, Any]] = [{"isComposing": True}, {"keyCode": 229}]


async def take(box: Any, key: str, how: dict[str, Any]) -> None:
    """Press a key in a box that an input method takes for itself."""
    await box.evaluate(
        "(box, init) => box.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...init }))",
        {"key": key, **how},
    )


async def violations(document: Document | Page, *, frames: bool = False) -> list[dict[str, Any]]:
    """Return what axe finds in a document (and in its `frames`), to which axe is brought once: it is half a megabyte."""
    if not await document.evaluate("'axe' in window"):
        await document.evaluate(AXE)
    options = f"{{iframes: {str(frames).lower()}, resultTypes: ['violations']}}"
    told = await document.evaluate(f"axe.run(document, {options}).then(({{violations}}) => violations)")
    return cast("list[dict[str, Any]]", told)


class Site:
    """The library's own web server."""

    def __init__(self) -> None:
        self.house = ""
        self.settings = ""  # JavaScript that runs before the loader
        self.loads = True  # the page has the loader's element
        self.url = ""
        self.asked: list[str] = []
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://localhost:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path == "/settings.js":
            script = f"window.told=[];{EVENTS}{self.settings}"
            return web.Response(text=script, content_type="text/javascript")
        headers = {"Content-Security-Policy": POLICY.format(house=self.house)}
        html = HTML.format(house=self.house)
        html = html if self.loads else LOADER.sub("", html)
        return web.Response(text=html, content_type="text/html", headers=headers)


EVENTS = """for (const name of ["ready","open","close","message"])
addEventListener("deskbridge:"+name, (e) => window.told.push([name, e.detail]));"""


@dataclass
class Chat:
    """One patron's page, and the daemon behind it."""

    ring: Ring
    site: Site
    browser: Browser
    page: Page
    complaints: list[str]  # errors in the console, requests to strangers

    @property
    def frame(self) -> FrameLocator | Page:
        """The chat, in its frame or alone."""
        return self.page if self.page.url.endswith("/chat") else self.page.frame_locator("iframe")

    @property
    def document(self) -> Document:
        """The chat's document."""
        return next(frame for frame in self.page.frames if frame.url.partition("?")[0].endswith(("/frame", "/chat")))

    async def show(self, desk: ChannelDesk) -> None:
        """Have the desk be so, and the daemon tell it."""
        self.ring.show(desk)
        url = f"{self.ring.url}/channels/here/status"
        async with aiohttp.ClientSession() as session:

            async def told() -> bool:
                async with session.get(url) as answer:
                    return bool((await answer.json())["desk"]["state"] == desk.state)

            assert await eventually(told, 20)

    async def visit(self, path: str = "/page?secret=1#part") -> None:
        """Load the library's page."""
        await self.page.goto(self.site.url + path)
        await self.launcher.wait_for()

    @property
    def launcher(self) -> Any:
        """The button on the library's page."""
        return self.page.locator("deskbridge-chat button")

    async def alone(self) -> None:
        """Load the chat as a page of its own, where it may keep things (a foreign frame may not, in this browser)."""
        await self.page.goto(f"{self.ring.url}/channels/here/chat")
        await self.page.locator(".light:not(.connecting)").wait_for()

    async def open(self) -> None:
        """Press the button and wait for the chat."""
        await self.launcher.click()
        await self.frame.get_by_role("log").wait_for()
        await self.frame.locator(".light:not(.connecting)").wait_for()

    async def write(self, text: str) -> Message:
        """Write something new; return what came in."""
        await self.frame.get_by_role("textbox", name="Your message").fill(text)
        await self.page.keyboard.press("Enter")
        return await self.ring.message(text)

    async def answer(self, message: Message, text: str, **fields: Any) -> Any:
        """Answer as a librarian and wait until it is shown."""
        delivery = await self.ring.answer(message, text, **fields)
        await self.frame.get_by_text(text, exact=True).wait_for()
        return delivery

    async def shot(self, name: str) -> None:
        """Keep a picture, if somebody wants to look."""
        if SHOTS:
            await self.page.screenshot(path=Path(SHOTS) / f"{name}.png")

    async def flaws(self) -> list[str]:
        """Return what axe finds on the page and in the frame."""
        found = []
        for document in self.page.frames:
            for each in await violations(document):
                found += [f"{each['id']}: {node['html'][:150]} {node['failureSummary']}" for node in each["nodes"]]
        return found


@asynccontextmanager
async def chromium(*, whole: bool = False) -> AsyncIterator[Browser]:
    """A browser, without its surroundings unless it is to be whole."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM if whole else SHELL, args=ARGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def chatting(
    folder: Path, browser: Browser, config: dict[str, Any] | None = None, **context: Any
) -> AsyncIterator[Chat]:
    """A daemon, a library's site, and a page in the browser."""
    ring, site = Ring(WebchatAdapter, folder), Site()
    try:
        await ring.open()
        await site.start()
        await ring.start(WebchatConfig(origins=(site.url,), **(config or {})))
        await soon("the channel up", ring.up())
        site.house = ring.url
        page = await browser.new_page(**context)
        complaints: list[str] = []
        watch(page, complaints, (site.url, ring.url))
        try:
            yield Chat(ring, site, browser, page, complaints)
        finally:
            await page.close()
    finally:
        await ring.close()
        await site.stop()


def watch(page: Page, complaints: list[str], homes: tuple[str, ...]) -> None:
    """Write down what the console complains of, what throws, what asks, and every request to a stranger."""
    ordinary = ("blob:", "data:", *homes, *(home.replace("http", "ws", 1) for home in homes))
    page.on("pageerror", lambda error: complaints.append(f"thrown: {error}"))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))

    def asked(url: str) -> None:
        if not url.startswith(ordinary):
            complaints.append(f"request: {url}")

    page.on("request", lambda request: asked(request.url))
    page.on("websocket", lambda socket: asked(socket.url))
    page.on("console", lambda told: complaints.append(f"console: {told.text}") if told.type == "error" else None)
