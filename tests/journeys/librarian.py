"""A librarian's inbox without the browser: the REST interface and the live socket, as the pages use them.

Writes carry an Idempotency-Key and are sent again until they are answered, so a killed daemon costs time and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any

import aiohttp
from yarl import URL

AGAIN_S = 0.1
HANG_UP = aiohttp.ClientWSTimeout(ws_close=0.5)
PASSWORD = "a long enough password"


class Librarian:
    """One librarian who is signed in; `run` keeps the live socket connected."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self.name = name
        self.api = f"{url}/api/v1"
        self.web = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers={"Origin": url})
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._position = ""
        self._watched: dict[str, str] = {}
        self._answered: set[str] = set()
        self._dead_s: float | None = None
        self.resets = 0
        self.stands: list[str] = []  # what was said of the store: "down", "up"
        self.statuses: Counter[int] = Counter()  # of answers, those that were asked again, too
        self.signals: list[dict[str, Any]] = []  # who types or looks
        self.rows: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, dict[str, dict[str, Any]]] = {}
        self.news = asyncio.Event()
        self.connected = asyncio.Event()

    async def sign_in(self, code: str) -> None:
        """Sign in with a one-time code and choose a password."""
        self.web.headers["X-Deskbridge"] = "1"
        for body in ({"name": self.name, "code": code}, {"name": self.name, "password": PASSWORD}):
            await self._enter(body)
            if "code" in body:
                asked = {"new": PASSWORD}
                keyed = {"Idempotency-Key": secrets.token_hex(8)}
                async with self.web.post(f"{self.api}/password", json=asked, headers=keyed) as answer:
                    assert answer.status in (200, 204), await answer.text()
                    self.web.headers["X-Deskbridge"] = "1"

    async def _enter(self, body: dict[str, str]) -> None:
        """Sign in; wait where too many have come from this address in a short time."""
        while True:
            async with self.web.post(f"{self.api}/login", json=body) as answer:
                if answer.status != 429:
                    assert answer.status == 200, await answer.text()
                    self.web.headers["X-Deskbridge"] = (await answer.json())["csrf"]
                    return
            await asyncio.sleep(0.5)

    async def sign_in_again(self, password: str) -> None:
        """Sign in with the password chosen before."""
        self.web.headers["X-Deskbridge"] = "1"
        async with self.web.post(f"{self.api}/login", json={"name": self.name, "password": password}) as answer:
            assert answer.status == 200, await answer.text()
            self.web.headers["X-Deskbridge"] = (await answer.json())["csrf"]

    def come(self, token: str, csrf: str) -> None:
        """Come with a session that stands already (signing in is limited, and has tests of its own)."""
        self.web.cookie_jar.update_cookies({"deskbridge": token}, URL(self._url))
        self.web.headers["X-Deskbridge"] = csrf

    async def close(self) -> None:
        """Close the browser."""
        await self.web.close()

    async def get(self, path: str) -> dict[str, Any]:
        """Fetch something, again while the house is away."""
        _, found = await self._ask("GET", path, None)
        assert isinstance(found, dict)
        return found

    async def do(self, path: str, body: dict[str, Any] | None = None, *, method: str = "POST") -> tuple[int, Any]:
        """Write something once, however often it must be sent; status and answer."""
        return await self._ask(method, path, body or {}, key=secrets.token_hex(12))

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None, key: str = "") -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        while True:
            pause = AGAIN_S
            with contextlib.suppress(aiohttp.ClientError, OSError, asyncio.IncompleteReadError):
                async with self.web.request(method, f"{self.api}{path}", json=body, headers=headers) as answer:
                    self.statuses[answer.status] += 1
                    if answer.status == 429:  # a page waits as long as it is told
                        pause = float(answer.headers.get("Retry-After", "1"))
                    if answer.status not in (202, 429, 500, 502, 503, 504):
                        text = await answer.read()
                        return answer.status, (await answer.json() if text else {})
            await asyncio.sleep(pause)

    async def attend(self, *queues: str) -> None:
        """Be present at queues."""
        status, said = await self.do("/presence", {"queues": list(queues)}, method="PUT")
        assert status == 200, said

    async def run(self) -> None:
        """Stay connected to the live socket until cancelled."""
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                after = f"?after={self._position}" if self._position else ""
                async with self.web.ws_connect(f"{self.api}/live{after}", timeout=HANG_UP) as self._socket:
                    self._answered.clear()
                    for talk, position in list(self._watched.items()):
                        await self._send({"t": "watch", "conversation": talk, "position": position})
                    while (frame := await self._socket.receive(self._dead_s)).type is aiohttp.WSMsgType.TEXT:
                        await self._take(frame.json())
            self._socket = None
            self.connected.clear()
            await asyncio.sleep(AGAIN_S)

    async def _send(self, message: dict[str, Any]) -> None:
        if self._socket is not None and not self._socket.closed:
            with contextlib.suppress(ConnectionError, aiohttp.ClientError):
                await self._socket.send_json(message)

    async def _take(self, message: dict[str, Any]) -> None:
        kind = message["t"]
        if kind == "hello":
            self._dead_s = message["dead_s"]
            if not self._position:
                await self._load()
            self.connected.set()
        elif kind == "reset":
            self._position = ""
            self.resets += 1
            await self._load()
        elif kind in ("down", "up"):
            self.stands.append(kind)
        elif kind == "signal":
            self.signals.append(message)
        elif kind == "rows":
            for row in message["upsert"]:
                self.rows[row["id"]] = row
            for gone in message["remove"]:
                self.rows.pop(gone, None)
        elif kind == "lines":
            held = self.lines.setdefault(message["conversation"], {})
            held.update({line["id"]: line for line in message["lines"]})
            self._answered.add(message["conversation"])
        elif kind == "ping":
            await self._send({"t": "pong", "at": message["at"]})
        if kind not in ("hello", "up") and message.get("position"):
            self._reached(message["position"])
        self.news.set()

    def _reached(self, position: str) -> None:
        """What was heard speaks for the lists, and for each conversation whose first lines came."""
        self._position = position
        for talk in self._answered & self._watched.keys():
            self._watched[talk] = position

    async def _load(self) -> None:
        """Load lists and watched conversations afresh."""
        self.rows.clear()
        for view in ("open", "waiting"):
            page = await self.get(f"/conversations?view={view}")
            self.rows.update({row["id"]: row for row in page["rows"]})
            self._position = self._position or page["position"]
        for conversation in list(self._watched):
            await self.watch(conversation)

    async def watch(self, conversation: str) -> None:
        """Open a conversation and follow it; older lines are fetched back to those that are held."""
        shown = await self.get(f"/conversations/{conversation}")
        held = self.lines.setdefault(conversation, {})
        lines, before = shown["lines"], shown["before"]
        while held and before and not any(line["id"] in held for line in lines):
            older = await self.get(f"/conversations/{conversation}/lines?before={before}")
            lines, before = older["lines"] + lines, older["before"]
        held.update({line["id"]: line for line in lines})
        self._watched[conversation] = shown["position"]
        self._answered.discard(conversation)
        await self._send({"t": "watch", "conversation": conversation, "position": shown["position"]})
        self.news.set()

    async def transcript(self, conversation: str) -> list[dict[str, Any]]:
        """Read a conversation back to its beginning, page by page."""
        shown = await self.get(f"/conversations/{conversation}")
        lines: list[dict[str, Any]] = shown["lines"]
        while shown["before"]:
            shown = await self.get(f"/conversations/{conversation}/lines?before={shown['before']}")
            lines = shown["lines"] + lines
        return lines

    async def leave(self, conversation: str) -> None:
        """Follow it no more."""
        self._watched.pop(conversation, None)
        self._answered.discard(conversation)
        await self._send({"t": "unwatch", "conversation": conversation})

    @property
    def token(self) -> str:
        """The session's token, as the browser keeps it."""
        return self.web.cookie_jar.filter_cookies(URL(self.api))["deskbridge"].value

    @property
    def position(self) -> str:
        """The last position heard."""
        return self._position

    def said(self, conversation: str, who: str = "patron") -> list[str]:
        """What somebody said in a conversation, in order of position."""
        lines = sorted(self.lines.get(conversation, {}).values(), key=lambda line: line["position"])
        return [line["text"] for line in lines if line["who"] == who]

    async def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something holds. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not true():
                self.news.clear()
                await self.news.wait()
