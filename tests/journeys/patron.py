"""A patron's browser without the browser: the web chat's frames over a real WebSocket, as the widget speaks them.

Like the widget it keeps what was not acknowledged and sends it again under the same id, and resumes by the last position held.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Any

import aiohttp

AGAIN_S = 0.1


class Patron:
    """One patron; `run` keeps the socket connected through any gap."""

    def __init__(self, web: aiohttp.ClientSession, url: str, channel: str = "web") -> None:
        self._web = web
        self._url = f"{url}/channels/{channel}/live"
        self.token = ""
        self._seed = secrets.token_hex(16)
        self._position = ""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._waiting: dict[str, dict[str, Any]] = {}
        self.acked: dict[str, str] = {}
        self.lines: dict[str, dict[str, Any]] = {}
        self.errors: list[dict[str, Any]] = []
        self.desk: dict[str, Any] = {}
        self.news = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError, ConnectionError):
                async with self._web.ws_connect(self._url, heartbeat=20) as self._socket:
                    await self._greet(self._socket)
                    async for frame in self._socket:
                        if frame.type is aiohttp.WSMsgType.TEXT:
                            await self._take(frame.json())
            self._socket = None
            await asyncio.sleep(AGAIN_S)

    async def _greet(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.send_json({"t": "hello", "token": self.token, "after": self._position})

    async def say(self, text: str, id: str = "") -> str:
        """Write one message; it goes now, or as soon as there is a connection. Returns its id."""
        id = id or "m" + secrets.token_hex(8)
        frame = {"t": "message", "id": id, "text": text}
        self._waiting[id] = frame
        if len(self._waiting) == 1:
            await self._send_next()
        return id

    async def send_file(self, name: str, data: bytes, text: str) -> str:
        """Upload a file and write a message with it. Returns the message's id."""
        headers = {"X-File-Name": name, "X-Seed": self._seed}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        async with self._web.post(self._url.removesuffix("live") + "files", data=data, headers=headers) as answer:
            told = await answer.json()
            assert answer.status == 200, told
        id = "m" + secrets.token_hex(8)
        self._waiting[id] = {"t": "message", "id": id, "text": text, "files": [told["file"]]}
        await self._send_next()
        return id

    async def type(self, on: bool = True) -> None:
        """Say that the patron is writing, or stopped."""
        await self._send({"t": "typing", "on": on})

    async def rate(self, id: str, score: int, comment: str = "") -> None:
        """Say whether it helped."""
        await self._send({"t": "rate", "id": id, "score": score, "text": comment})

    async def want_transcript(self, id: str, address: str) -> None:
        """Have the transcript mailed."""
        await self._send({"t": "mail", "id": id, "address": address})

    async def _send_next(self) -> None:
        """One message is on its way at a time, so that none overtakes another that was told to wait."""
        for frame in list(self._waiting.values())[:1]:
            await self._send(frame | ({} if self.token else {"seed": self._seed}))

    async def _send(self, frame: dict[str, Any]) -> None:
        if self._socket is not None and not self._socket.closed:
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await self._socket.send_json(frame)

    async def _take(self, frame: dict[str, Any]) -> None:
        kind = frame["t"]
        if kind == "welcome":
            await self._send_next()
        elif kind == "token":
            self.token = frame["token"]
        elif kind == "ack":
            self._waiting.pop(frame["id"], None)
            self.acked[frame["id"]] = frame["message"]
            await self._send_next()
        elif kind == "lines":
            await self._read(frame)
        elif kind == "again":
            await self._greet_again()
        elif kind == "error":
            await self._refused(frame)
        elif kind == "desk":
            self.desk = frame
        self.news.set()

    async def _greet_again(self) -> None:
        if self._socket is not None:
            await self._greet(self._socket)

    async def _refused(self, frame: dict[str, Any]) -> None:
        self.errors.append(frame)
        if frame.get("id") in self._waiting:
            await asyncio.sleep(min(frame.get("retry_after", 0.2), 2.0))
            await self._send_next()

    async def _read(self, frame: dict[str, Any]) -> None:
        if frame.get("reset"):
            self.lines.clear()
        for line in frame["lines"]:
            held = self.lines.get(line["id"], {})
            self.lines[line["id"]] = held | line
            if line.get("position"):
                self._position = max(self._position, line["position"])
        answers = [line["id"] for line in frame["lines"] if line["who"] == "librarian"]
        if answers:
            await self._send({"t": "receipt", "ids": answers[:50], "stage": "read"})

    @property
    def socket(self) -> aiohttp.ClientWebSocketResponse | None:
        """The connection that stands now."""
        return self._socket

    def answers(self) -> list[str]:
        """What librarians said, in the order shown."""
        return [line["text"] for line in self.lines.values() if line["who"] == "librarian"]

    def unsent(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._waiting)

    async def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something holds. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not true():
                self.news.clear()
                await self.news.wait()
