"""Librarians in Debian's Chromium before a whole desk: a real Redis, the core, the archive, the built pages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from bridge.sql.transcripts.lines import TranscriptLine
from tests.browser.chat import SHOTS, VANISHED, violations, watch
from tests.inbox.desk import DEADLINE, PASSWORD, Desk, desk

PAGES = Path(__file__).parents[2] / "bridge/inbox/static"
# A browser writes down every answer that says no: not signed in yet, a colleague was first, a field that has to be mended.
ORDINARY = ("401 (Unauthorized)", "409 (Conflict)", "422 (Unprocessable Entity)")
# Narrow and wide, light and dark: what every state is looked at in. The short form takes the narrow and dark one, where most
# breaks; tests/browser/test_inbox.py looks at the pages themselves wide and light.
LOOKS = [
    pytest.param(
        {"viewport": {"width": width, "height": 760}, "color_scheme": scheme}, id=f"{width}-{scheme}", marks=marks
    )
    for width, scheme, marks in (
        (360, "dark", ()),
        (1280, "light", pytest.mark.long),
        (360, "light", pytest.mark.long),
        (1280, "dark", pytest.mark.long),
    )
]
# Lets a test cut the live line, as a lost network would, and keep new ones from standing.
CUTTABLE = """(() => {
  const Real = window.WebSocket;
  window.cut = { down: false, open: new Set(), made: 0 };
  window.WebSocket = class extends Real {
    constructor(url) {
      if (window.cut.down) throw new Error("no network");
      super(url);
      window.cut.made += 1;
      window.cut.open.add(this);
    }
  };
})()"""


# A colour on its way to another is no state.
SETTLED = """Promise.all(document.getAnimations().filter((one) => one instanceof CSSTransition)
    .map((one) => one.finished.catch(() => undefined)))"""

# Nothing is scrolled sideways to be read (WCAG 2.2 SC 1.4.10), also not inside a pane that hides what is too wide.
UPRIGHT = """![...document.querySelectorAll("*")].some((one) => /auto|scroll/.test(getComputedStyle(one).overflowX)
    && one.scrollWidth > one.clientWidth + 1)"""


class Librarian:
    """One librarian's browser."""

    def __init__(self, page: Page, desk: Desk, complaints: list[str]) -> None:
        self.page = page
        self.desk = desk
        self._complaints = complaints
        self.elsewhere = ""  # an address that the page is led to on purpose

    @property
    def complaints(self) -> list[str]:
        """What went wrong in the page: thrown, refused by its policy, asked of strangers."""
        known = (*ORDINARY, self.elsewhere) if self.elsewhere else ORDINARY
        return [each for each in self._complaints if not any(word in each for word in known)]

    async def sign_in(self, name: str, *, here: bool = True) -> Librarian:
        """Sign in by the form; be here for every queue unless told otherwise."""
        await self.page.goto(f"{self.desk.url}/inbox/")
        await self.page.locator("input[autocomplete=username]").fill(name)  # in whatever language the page speaks
        await self.page.locator("input[autocomplete=current-password]").fill(PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.page.locator(".rail").wait_for()
        if here:
            await self.be_here()
        return self

    async def be_here(self) -> None:
        """Opt in to every queue, by keyboard."""
        await self.page.get_by_role("button", name="chats.").wait_for()
        await self.page.keyboard.press("p")
        boxes = self.page.get_by_role("dialog").get_by_role("checkbox")
        await boxes.first.wait_for()
        for box in await boxes.all():
            await box.check()
        await self.page.locator("[form=presence]").click()
        await self.page.get_by_role("button", name=re.compile("Available")).wait_for()
        await self.page.get_by_role("dialog").wait_for(state="detached")

    async def go(self, place: str) -> None:
        """Go to a page of the inbox by its address."""
        await self.page.evaluate(f"location.hash = '#/{place}'")

    async def open(self, conversation: str, view: str = "waiting") -> None:
        """Open a conversation by its address, and wait until its messages are there."""
        await self.go(f"{view}/{conversation}")
        await self.page.locator(f'[data-conversation="{conversation}"] [role=listitem]').first.wait_for()

    @property
    def log(self) -> Any:
        """The messages of the open conversation."""
        return self.page.get_by_role("log")

    @property
    def composer(self) -> Any:
        """Where one writes."""
        return self.page.get_by_role("region", name="Write").get_by_role("textbox")

    async def axe(self) -> list[str]:
        """Return what axe finds."""
        return [
            f"{each['id']}: {node['html'][:150]} {node['failureSummary']}"
            for each in await violations(self.page, frames=True)
            for node in each["nodes"]
        ]

    async def fits(self) -> bool:
        """Whether nothing is wider than the window, nor than the part of it in which it scrolls."""
        return bool(
            await self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            and await self.page.evaluate(UPRIGHT)
        )

    async def look(self, name: str) -> None:
        """Hold a state to what every state must be: nothing for axe to find, nothing wider than the window."""
        await self.page.evaluate(SETTLED)
        if SHOTS:
            await self.page.screenshot(path=Path(SHOTS) / f"inbox-{name}.png")
        found = await self.axe()
        assert not found, f"{name}: " + "\n".join(found)
        if await self.page.evaluate("matchMedia('(forced-colors: active)').matches"):
            assert await self.page.evaluate(VANISHED) == [], name
        assert await self.fits(), name
        assert self.complaints == [], (name, self.complaints)

    async def cut(self) -> None:
        """Lose the network: requests fail, the live line ends, none can be made."""
        await self.page.context.set_offline(True)
        await self.page.evaluate("cut.down = true; for (const one of cut.open) one.close()")
        await self.page.get_by_text("Connection lost").first.wait_for()

    async def mend(self) -> None:
        """Have the network back."""
        await self.page.context.set_offline(False)
        await self.page.evaluate("cut.down = false")
        self._complaints[:] = [each for each in self._complaints if "ERR_INTERNET_DISCONNECTED" not in each]


@asynccontextmanager
async def librarian(browser: Browser, desk: Desk, *, script: str = "", **context: Any) -> AsyncIterator[Librarian]:
    """A browser of its own, on a clean profile; 1280 by 800 unless told otherwise. `script` runs before the page's own."""
    found = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-GB", **context})
    await found.add_init_script(CUTTABLE + ";" + script)
    page = await found.new_page()
    complaints: list[str] = []
    watch(page, complaints, (desk.url,))
    try:
        yield Librarian(page, desk, complaints)
    finally:
        await found.close()


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Desk]:
    """A desk that serves the built pages."""
    assert (PAGES / "index.html").is_file(), "the pages are not built: make pages"
    async with desk(folder, pages=PAGES) as found:
        yield found


async def lines_of(desk: Desk, conversation: str, enough: int) -> list[TranscriptLine]:
    """Return a conversation's lines from the archive, once it holds so many."""
    async with asyncio.timeout(DEADLINE):
        while len(lines := await desk.services.reader.transcript(conversation, limit=500)) < enough:
            await asyncio.sleep(0.02)
    return list(lines)
