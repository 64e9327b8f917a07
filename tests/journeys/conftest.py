"""Houses for journeys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.journeys.house import House


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A running house with two librarians."""
    with House(tmp_path / "house") as opened:
        await opened.start()
        yield opened
