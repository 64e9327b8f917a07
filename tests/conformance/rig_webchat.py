"""Web chat as a network: patrons' browsers connect to the adapter, through a wire that can be hurt.

The other side is a client of its own (tests/webchat/browserless.py); the address that the adapter must give a patron is worked
out here from the documented rule, not by the adapter.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import urlsplit

import aiohttp

from adapters.webchat.adapter import WebchatAdapter, WebchatConfig
from bridge.contract.adapter import ChannelDesk
from bridge.contract.message import Stage, derive
from bridge.testing.proxy import Proxy
from bridge.testing.rig import Heard, NetworkPatron, Rig, SentFile
from bridge.testing.ring import Ring
from bridge.testing.scene import eventually
from tests.webchat.browserless import Browserless

SECRET = b"s" * 32  # the ring's channel secret


class WebPatron(NetworkPatron):
    """A patron with a browser."""

    def __init__(self, base: str, name: str) -> None:
        seed = sha256(name.encode()).hexdigest()[:43]
        self.browser = Browserless(base, seed)
        self.address = address(seed)

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        return self.browser.say(text, files)

    async def repeat(self, source: str) -> None:
        await self.browser.repeat(source)

    async def acknowledged(self, source: str) -> bool:
        return source in self.browser.acks

    async def hear(self) -> Heard:
        return await self.browser.hear()

    async def confirm(self, heard: Heard, stage: Stage) -> None:
        await self.browser.send({"t": "receipt", "ids": [heard.id], "stage": stage})

    async def type(self) -> None:
        await self.browser.send({"t": "typing", "on": True})

    async def sees_typing(self) -> None:
        await self.browser.until(lambda: self.browser.typing)

    async def sees_read(self, source: str) -> None:
        await self.browser.until(lambda: self.browser.acks.get(source, "?") in self.browser.marks)

    async def rate(self, score: int, comment: str, source: str) -> None:
        await self.browser.send({"t": "rate", "id": source, "score": score, "text": comment})

    async def wants_transcript(self, address: str, source: str) -> None:
        await self.browser.send({"t": "mail", "id": source, "address": address})

    async def own_data(self) -> bytes:
        return await self.browser.own_data()

    async def refuse_call(self, offer: Heard) -> None:
        await self.browser.send({"t": "refuse-call", "line": offer.id})

    async def sees_desk(self, desk: ChannelDesk) -> None:
        def shown() -> bool:
            told = self.browser.desk
            return bool(told) and (told["open"], told["online"]) == (desk.open, desk.online)

        await self.browser.until(shown)

    async def close(self) -> None:
        await self.browser.close()


class WebchatRig(Rig):
    """The browsers' side of web chat."""

    adapter = WebchatAdapter
    side = "server"

    async def start(self) -> None:
        """Nothing to start: the wire is laid when the daemon listens."""

    async def meet(self, ring: Ring) -> None:
        await super().meet(ring)
        port = urlsplit(ring.url).port
        assert port is not None
        if self.wire is None:
            self.wire = await Proxy("127.0.0.1", port).open()
        assert self.wire.target == port

    async def stop(self) -> None:
        if self.wire is not None:
            await self.wire.close()

    def config(self) -> WebchatConfig:
        return WebchatConfig(beat=0.5)

    def misconfigured(self) -> WebchatConfig:
        return WebchatConfig(origins=("www.library.example/without-a-scheme",))

    @property
    def base(self) -> str:
        """The channel's address, through the wire."""
        assert self.ring is not None
        assert self.wire is not None
        return f"http://127.0.0.1:{self.wire.port}/channels/{self.ring.channel}/"

    async def patron(self, name: str) -> WebPatron:
        return WebPatron(self.base, name)

    async def noticed(self, ring: Ring) -> None:
        """The daemon cuts browsers that it does not hear."""
        assert ring.supervisor is not None
        adapter = ring.supervisor.runners[ring.channel].adapter
        assert isinstance(adapter, WebchatAdapter)

        async def cut() -> bool:
            return adapter.connected == 0

        assert await eventually(cut, 30)

    async def hostile(self) -> Sequence[bytes]:
        sent = [
            b"",
            b"\x00" * 100,
            b"not json",
            b"[" * 50_000,
            b'{"t":"hello","token":"' + b"A" * 64 + b'"}',
            b'{"t":"message"}',
            b'{"t":"message","id":{"a":1},"text":"x"}',
            b'{"t":"message","id":"12345678","text":"\\ud800"}',
            b'{"t":"receipt","ids":["../../etc"],"stage":"failed"}',
            b'{"t":"typing","on":"maybe"}',
            b'{"t":"nothing-we-know"}',
            json.dumps({"t": "message", "id": "12345678", "text": "x" * 100_000}).encode(),
            json.dumps(
                {"t": "message", "id": secrets.token_urlsafe(9), "text": "<script>alert(1)</script>", "name": "<b>"}
            ).encode(),
        ]
        async with aiohttp.ClientSession() as session:
            for frame in sent:
                await self._throw(session, frame)
            async with session.ws_connect(f"{self.base}live") as ws:
                await ws.send_str("x" * 300_000)
                while not ws.closed:
                    await ws.receive()
            flood = [session.get(f"{self.base}files/{'0' * 64}") for _ in range(20)]
            for answer in await asyncio.gather(*flood):
                answer.release()
        return sent

    async def _throw(self, session: aiohttp.ClientSession, frame: bytes) -> None:
        """Say it at a socket as text and as bytes, and by a plain request."""
        async with session.ws_connect(f"{self.base}live") as ws:
            await ws.send_str(frame.decode())
            await ws.send_bytes(frame)
            await ws.send_json({"t": "ping"})
            async for message in ws:
                if json.loads(message.data)["t"] == "pong":
                    break
        for path in ("frames", "poll", "files"):
            async with session.post(f"{self.base}{path}", data=frame) as answer:
                await answer.read()


def address(seed: str) -> str:
    """Return the address of the patron whose first message carried `seed`: the hash of the token that it mints."""
    body = hmac.digest(SECRET, b"seed\x1f" + seed.encode(), "sha256")
    tag = hmac.digest(SECRET, b"token\x1f" + body, "sha256")[:16]
    return "web:" + derive("web patron", urlsafe_b64encode(body + tag).decode())
