"""A desk for each module, and browsers for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.inbox.desk import Client, Desk
from tests.inbox.desk import desk as running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A running desk that the tests of a module share: each uses patrons of its own."""
    async with running(tmp_path_factory.mktemp("desk")) as found:
        yield found


class Browsers:
    """Opens browsers that are closed at the end of the test."""

    def __init__(self, desk: Desk, stack: AsyncExitStack) -> None:
        self._desk = desk
        self._stack = stack

    async def of(self, name: str = "") -> Client:
        """Return a browser, with a session of `name` unless it is empty."""
        client = await self._stack.enter_async_context(self._desk.client())
        return await client.enter(name) if name else client


@pytest_asyncio.fixture(loop_scope="module")
async def browsers(desk: Desk) -> AsyncIterator[Browsers]:
    """Browsers on the shared desk."""
    async with AsyncExitStack() as stack:
        yield Browsers(desk, stack)
