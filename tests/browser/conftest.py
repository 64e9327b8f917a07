"""A browser for each module; a desk for each module of inbox tests, and librarians' pages for each test; a patron's page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.chat import DESK, Chat, chatting, chromium
from tests.browser.librarian import Librarian, librarian, served
from tests.inbox.desk import Desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A running desk that the tests of a module share: each uses patrons of its own."""
    async with served(tmp_path_factory.mktemp("desk")) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    """Debian's Chromium; the whole of it for a module that says WHOLE_BROWSER."""
    async with chromium(whole=getattr(request.module, "WHOLE_BROWSER", False)) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def chat(browser: Browser, tmp_path: Path) -> AsyncIterator[Chat]:
    """A library's page with the widget, on a desk's screen, and a house of its own."""
    async with chatting(tmp_path, browser, **DESK) as found:
        yield found


class People:
    """Opens librarians' browsers that are closed at the end of the test."""

    def __init__(self, desk: Desk, browser: Browser, stack: AsyncExitStack) -> None:
        self._desk, self._browser, self._stack = desk, browser, stack

    async def of(self, name: str, *, here: bool = True, script: str = "", **context: Any) -> Librarian:
        """Return a clean browser, with `name` signed in unless it is empty. `script` runs before the page's own."""
        found = await self._stack.enter_async_context(librarian(self._browser, self._desk, script=script, **context))
        return await found.sign_in(name, here=here) if name else found


@pytest_asyncio.fixture(loop_scope="module")
async def people(desk: Desk, browser: Browser) -> AsyncIterator[People]:
    """Librarians on the shared desk."""
    async with AsyncExitStack() as stack:
        yield People(desk, browser, stack)
