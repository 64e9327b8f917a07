"""A daemon with one web chat channel, whose core the test plays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio

from adapters.webchat.adapter import WebchatAdapter, WebchatConfig
from bridge.testing.rig import soon
from bridge.testing.ring import Ring

House = Callable[..., Awaitable[Ring]]


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Start the daemon with a configuration; stopped at the end."""
    ring = Ring(WebchatAdapter, tmp_path)

    async def start(**config: Any) -> Ring:
        await ring.open()
        await ring.start(WebchatConfig(**config))
        await soon("the channel up", ring.up())
        return ring

    yield start
    await ring.close()
