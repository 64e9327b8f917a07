"""A patron's browser without a browser: what any program must do to chat, written from the frames and not from the adapter.

It keeps what is unsent, says it again until it is acknowledged, and notices a dead line by its own heartbeat. It comes back by
the last position and drops what it has seen.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import aiohttp

from bridge.testing.rig import Heard, SentFile

PATIENCE_S = 1.5  # without an answer to a ping, or to hello
RETRY_S = 0.1


class Browserless:
    """One patron. `base` is the channel's address; `seed` makes their token, always the same one."""

    def __init__(self, base: str, seed: str) -> None:
        self.base = base
        self.seed = seed
        self.token = ""
        self.after = ""
        self.acks: dict[str, str] = {}
        self.marks: set[str] = set()
        self.desk: dict[str, Any] = {}
        self.typing = False
        self.errors: list[dict[str, Any]] = []
        self.frames: list[dict[str, Any]] = []
        self.lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sockets = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._seen: set[str] = set()
        self._unsent: dict[str, dict[str, Any]] = {}
        self._kept: dict[str, dict[str, Any]] = {}
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_connect=2, sock_read=PATIENCE_S * 4))
        self._uploads: dict[str, Sequence[SentFile]] = {}
        self._task = asyncio.create_task(self._live(), name="patron's browser")
        self._sending = asyncio.create_task(self._flush(), name="patron's outbox")

    # -- what a patron does

    def say(self, text: str, files: Sequence[SentFile] = (), **extra: Any) -> str:
        """Write; return the id that the message keeps until it is acknowledged."""
        source = secrets.token_urlsafe(12)
        self._uploads[source] = files
        frame = {"t": "message", "id": source, "text": text, "seed": self.seed, **extra}
        self._unsent[source] = self._kept[source] = frame
        self._changed()
        return source

    async def repeat(self, source: str) -> None:
        """Send once more what was sent, acknowledged or not."""
        await self.send(self._kept[source])

    async def send(self, frame: Any) -> None:
        """Send a frame as soon as there is a line."""
        await self.until(lambda: self._ws is not None and not self._ws.closed)
        if self._ws is not None:
            await self._ws.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def until(self, *true: Any) -> None:
        """Wait until a condition holds (the caller sets a deadline)."""
        while not all(condition() for condition in true):
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting

    def _changed(self) -> None:
        """Have everybody who waits look again."""
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    async def hear(self) -> Heard:
        """Return the next line that is not their own, its files fetched."""
        line = await self.lines.get()
        files = []
        for each in line.get("files", ()):
            data = await self.fetch(each)
            if data is not None:
                files.append(SentFile(each["name"], data))
        kind = "text" if line["who"] == "librarian" else "notice"
        return Heard(text=line["text"], files=tuple(files), id=line["id"], kind=kind)

    async def fetch(self, file: dict[str, Any]) -> bytes | None:
        """Download a file of the conversation; None when it is no longer kept."""
        headers = {"Authorization": f"Bearer {self.token}", "X-Proof": file["proof"]}
        async with self._session.get(f"{self.base}files/{file['digest']}", headers=headers) as answer:
            if answer.status == 404:
                return None
            answer.raise_for_status()
            return await answer.read()

    async def own_data(self) -> bytes:
        """Fetch all that is kept of this patron."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self._session.post(f"{self.base}own-data", headers=headers) as answer:
            answer.raise_for_status()
            return await answer.read()

    async def close(self) -> None:
        """Shut the browser."""
        for task in (self._task, self._sending):
            task.cancel()
        await asyncio.wait([self._task, self._sending])
        await self._session.close()

    # -- the line

    async def _live(self) -> None:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with asyncio.timeout(PATIENCE_S * 2):
                    ws = await self._session.ws_connect(f"{self.base}live")
                try:
                    await self._converse(ws)
                finally:
                    self._ws = None
                    await _shut(ws)
            await asyncio.sleep(RETRY_S)

    async def _converse(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        hello = {"t": "hello", "after": self.after} | ({"token": self.token} if self.token else {})
        await ws.send_json(hello)
        asked = False
        while True:
            try:
                message = await ws.receive(timeout=PATIENCE_S / 2)
            except TimeoutError:
                if asked:
                    return
                asked = True
                await ws.send_json({"t": "ping"})
                continue
            asked = False
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            frame = json.loads(message.data)
            self._take(frame)
            if frame["t"] == "welcome":
                self._ws = ws
                self.sockets += 1
                self._changed()
            if frame["t"] == "again":
                await ws.send_json({"t": "hello", "after": self.after, "token": self.token})

    def _take(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        match frame["t"]:
            case "token":
                self.token = frame["token"]
            case "ack":
                self.acks[frame["id"]] = frame["message"]
                self._unsent.pop(frame["id"], None)
            case "mark":
                self.marks.add(frame["about"])
            case "typing":
                self.typing = frame["on"]
            case "desk":
                self.desk = frame
            case "error":
                self.errors.append(frame)
                if frame.get("id") in self._unsent and "retry_after" not in frame:
                    del self._unsent[frame["id"]]
            case "lines":
                self._read(frame["lines"])
            case _:
                pass
        self._changed()

    def _read(self, lines: list[dict[str, Any]]) -> None:
        for line in lines:
            self.after = line.get("position", "") or self.after
            if line["who"] != "patron" and line["id"] not in self._seen:
                self._seen.add(line["id"])
                self.lines.put_nowait(line)

    async def _flush(self) -> None:
        """Say what is unsent, one after the other, again whenever an answer stays out."""
        while True:
            await self.until(lambda: self._unsent, lambda: self._ws is not None)
            source, frame = next(iter(self._unsent.items()))
            with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                if files := self._uploads.get(source):
                    frame["files"] = [await self._upload(file) for file in files]
                    del self._uploads[source]
                async with asyncio.timeout(PATIENCE_S * 2):
                    await self.send(frame)
                    await self.until(lambda source=source: source not in self._unsent)
                continue
            await asyncio.sleep(RETRY_S)

    async def _upload(self, file: SentFile) -> dict[str, Any]:
        headers = {"X-File-Name": quote(file.name), "X-Seed": self.seed}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        async with self._session.post(f"{self.base}files", data=file.data, headers=headers) as answer:
            told = await answer.json()
            answer.raise_for_status()
            if token := told.get("token"):
                self.token = token
                await self.send({"t": "hello", "token": token, "after": self.after})
            ref: dict[str, Any] = told["file"]
            return ref


async def _shut(ws: aiohttp.ClientWebSocketResponse) -> None:
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(0.5):
            await ws.close()
