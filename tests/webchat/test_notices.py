"""Who may ask to be told of an answer: a patron for their own chat, from our own page, so often and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp

from adapters.webchat import tokens
from adapters.webchat.adapter import WebchatAdapter, WebchatConfig
from adapters.webchat.notices import WORKER_POLICY
from bridge.contract.answer_notices import NoOpenConversation, PushTarget
from bridge.testing.rig import soon
from bridge.testing.ring import Ring
from tests.webchat.test_protocol import at, session, write

__all__ = ["session"]
ONE = {"endpoint": "https://push.example/one", "p256dh": "key", "auth": "secret"}
PATHS = (("GET", "notices"), ("POST", "notices"), ("POST", "notices/end"))


class Kept:
    """The desk's side in memory: what is kept, by patron."""

    key = "the desk's key"

    def __init__(self) -> None:
        self.kept: dict[str, PushTarget] = {}
        self.over: set[str] = set()

    async def keep(self, sender: str, browser: PushTarget) -> None:
        if sender in self.over:
            raise NoOpenConversation
        if not browser.endpoint.startswith("https:"):
            raise ValueError("endpoint")
        self.kept[sender] = browser

    async def end(self, sender: str) -> None:
        self.kept.pop(sender, None)


async def asked(
    session: aiohttp.ClientSession, ring: Ring, method: str, path: str, token: str = "", body: Any = None, **more: str
) -> int:
    headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **more}
    async with session.request(method, at(ring, path), json=body, headers=headers) as answer:
        return answer.status


async def opened(ring: Ring, **config: Any) -> Kept:
    port = ring.answer_notices = Kept()
    await ring.open()
    await ring.start(WebchatConfig(**config))
    await soon("the channel up", ring.up())
    return port


async def test_a_patron_asks_for_their_own_chat_alone(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    """No token, another's page, no subscription and no conversation are refused; what ends a chat here ends its notices."""
    ring = Ring(WebchatAdapter, tmp_path)
    port = await opened(ring)
    try:
        assert [await asked(session, ring, *path) for path in PATHS] == [401] * 3
        async with session.ws_connect(at(ring, "live")) as ws:
            token = await write(ws, "Hello")
        mine = tokens.address(token)
        assert [await asked(session, ring, *path, token, Origin="https://evil.example") for path in PATHS] == [403] * 3
        assert await asked(session, ring, "GET", "notices", token) == 200
        for wrong in ({}, {**ONE, "endpoint": "http://10.0.0.1/"}, {**ONE, "auth": "x" * 5000}):
            assert await asked(session, ring, "POST", "notices", token, wrong) == 422
        assert await asked(session, ring, "POST", "notices", token, ONE) == 200
        assert port.kept == {mine: PushTarget(**ONE)}
        assert await asked(session, ring, "POST", "notices/end", token, {}) == 200
        assert port.kept == {}
        port.over.add(mine)
        assert await asked(session, ring, "POST", "notices", token, ONE) == 409
        port.over.clear()
        statuses = [await asked(session, ring, "POST", "notices", token, ONE) for _ in range(10)]
        assert (statuses[0], statuses[-1]) == (200, 429)
        assert await asked(session, ring, "POST", "end", token) == 200
        assert port.kept == {}
        async with session.get(at(ring, "notices-worker.js")) as answer:
            assert (answer.status, answer.headers["Content-Security-Policy"]) == (200, WORKER_POLICY)
    finally:
        await ring.close()


async def test_public_computers_have_no_notices(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    ring = Ring(WebchatAdapter, tmp_path)
    port = await opened(ring, public_computers=True)
    try:
        async with session.ws_connect(at(ring, "live")) as ws:
            token = await write(ws, "Hello")
        assert await asked(session, ring, "POST", "notices", token, ONE) == 404
        assert await asked(session, ring, "GET", "notices-worker.js") == 404
        assert port.kept == {}
    finally:
        await ring.close()
