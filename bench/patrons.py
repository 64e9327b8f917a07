"""The people outside, in a process of their own: patrons' sockets, and librarians who look on. Told what to do by lines of
JSON on standard input, answering each with one on standard output.

    {"do": "open", "port": …, "count": …, "ask": true, "path": …}     patrons' sockets; `ask`: each asks a first question
    {"do": "watch", "port": …, "cookie": …}                           a librarian's live socket; more than one may stand
    {"do": "get", "port": …, "cookie": …, "paths": …, "times": …}     what each answer to a librarian's page took, in ms
    {"do": "write", "rate": …, "seconds": …}   messages a second from patrons in turn; answers with what each took, in ms
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from hashlib import sha256
from typing import Any

import aiohttp
import msgspec
import uvloop

from bench.house import TEXT
from bench.websocket import Socket

A_PLACE = 50  # patrons behind one address


class Row(msgspec.Struct):
    """What is read of a row."""

    last_text: str = ""


class Told(msgspec.Struct):
    """What is read of a message to the librarian."""

    t: str
    upsert: list[Row] = []
    at: int = 0


_told = msgspec.json.Decoder(Told).decode


class People:
    """Everybody outside."""

    def __init__(self) -> None:
        self.sockets: list[Socket] = []
        self._turns: itertools.cycle[Socket] | None = None
        self._answered = 0
        self._sent: dict[str, float] = {}
        self._took: list[float] = []
        self._n = 0
        self._watching: list[Socket] = []

    async def open(self, port: int, count: int, ask: bool, path: str, first: int = 0) -> dict[str, Any]:
        """Open patrons' sockets."""
        gate = asyncio.Semaphore(100)

        async def one(n: int) -> None:
            place = n // A_PLACE
            local = f"127.1.{place // 250}.{place % 250 + 1}"
            async with gate:
                socket = await Socket.connect(port, path, self._heard, local=local)
                self.sockets.append(socket)
                socket.send(b'{"t":"hello"}')
                if ask:
                    socket.send(_post(f"first-{n:08d}", TEXT, seed=sha256(f"{n}-{port}".encode()).hexdigest()))

        await asyncio.gather(*(one(n) for n in range(first, first + count)))
        if ask:
            async with asyncio.timeout(120):
                while self._answered < len(self.sockets):
                    await asyncio.sleep(0.01)
        self._turns = itertools.cycle(self.sockets)
        return {"open": len(self.sockets)}

    def _heard(self, socket: Socket, text: bytes) -> None:
        if text.startswith(b'{"t":"token"'):
            self._answered += 1
        elif text.startswith(b'{"t":"error"'):
            print(text.decode(), file=sys.stderr, flush=True)

    async def watch(self, port: int, cookie: str) -> dict[str, Any]:
        """Open a librarian's live socket."""
        self._watching.append(await Socket.connect(port, "/api/v1/live?after=", self._seen, cookie=cookie))
        return {"watching": len(self._watching)}

    def _seen(self, socket: Socket, text: bytes) -> None:
        now = time.perf_counter()
        told = _told(text)
        if told.t == "ping":
            socket.send(b'{"t":"pong","at":%d}' % told.at)
        for row in told.upsert:
            sent = self._sent.pop(row.last_text.partition(" ")[0], None)
            if sent is not None:
                self._took.append((now - sent) * 1000)

    async def write(self, rate: float, seconds: float) -> dict[str, Any]:
        """Write at a rate, whatever the house does meanwhile."""
        assert self._turns is not None
        self._sent.clear()
        self._took = []
        began, count = time.perf_counter(), 0
        while (now := time.perf_counter()) - began < seconds:
            while count < (now - began) * rate:
                self._n += 1
                name = f"#{self._n}"
                self._sent[name] = time.perf_counter()
                next(self._turns).send(_post(f"message-{self._n:010d}", f"{name} {TEXT}"))
                count += 1
            await asyncio.sleep(0.001)
        end = time.perf_counter() + 10
        while self._sent and time.perf_counter() < end:
            await asyncio.sleep(0.01)
        return {"sent": count, "took": self._took}

    async def get(self, port: int, cookie: str, paths: list[str], times: int) -> dict[str, Any]:
        """Fetch pages one after the other, as one browser does."""
        took: dict[str, list[float]] = {}
        async with aiohttp.ClientSession(headers={"Cookie": f"deskbridge={cookie}"}) as session:
            for path in [path for _ in range(times) for path in paths]:
                began = time.perf_counter()
                async with session.get(f"http://127.0.0.1:{port}{path}") as answer:
                    await answer.read()
                    if answer.status != 200:
                        raise RuntimeError(f"{path}: {answer.status}")
                took.setdefault(path, []).append((time.perf_counter() - began) * 1000)
        return took


def _post(id: str, text: str, **more: str) -> bytes:
    return json.dumps({"t": "message", "id": id, "text": text, **more}).encode()


async def main() -> None:
    """Do what is said until standard input ends."""
    people = People()
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        told = json.loads(line)
        found = await getattr(people, told.pop("do"))(**told)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    uvloop.run(main())
