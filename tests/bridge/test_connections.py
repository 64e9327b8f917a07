"""The web server's connections: how long strangers may take, and what their malformed requests leave behind."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
import structlog
from aiohttp import web
from structlog.testing import capture_logs

from bridge.app import connections
from bridge.app.http import Server, application
from bridge.runtime.health import DaemonHealth

SECRET = "Bearer-opensesame-ada@example.org"


async def _length(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.read())))


async def _large(request: web.Request) -> web.Response:
    return web.Response(body=bytes(30_000_000))


async def _broken(request: web.Request) -> web.Response:
    raise ValueError(f"no number: {request.query['word']}")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    app = web.Application()
    app.router.add_post("/length", _length)
    app.router.add_get("/large", _large)
    app.router.add_get("/broken", _broken)
    found = Server(application(health=DaemonHealth(), channels={"web": app}), "127.0.0.1:0")
    await found.start()
    yield found
    await found.stop()


async def _raw(server: Server, *parts: bytes) -> bytes:
    """Say something and return all that is answered until the server closes."""
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for part in parts:
        writer.write(part)
        await writer.drain()
    found = await reader.read()
    writer.close()
    return found


async def test_a_body_is_as_large_as_it_looks(server: Server) -> None:
    """194 kB that unpack to 200 MB stalled everybody for seconds; broken gzip was a 500."""
    bomb = gzip.compress(bytes(50_000_000))
    async with aiohttp.ClientSession() as session:
        for body in (bomb, b"no gzip at all", b""):
            for coding in ("gzip", "GZIP", "deflate", "br", "gzip, identity"):
                headers = {"Content-Encoding": coding}
                async with session.post(f"{server.url}/channels/web/length", data=body, headers=headers) as response:
                    assert (response.status, response.headers["Accept-Encoding"]) == (415, "identity"), coding
        async with session.post(
            f"{server.url}/channels/web/length", data=b"plain", headers={"Content-Encoding": "identity"}
        ) as response:
            assert (response.status, await response.text()) == (200, "5")


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [b"GET /livez HTTP/1.1\r\nHost: desk\r\n"],
        [b"POST /channels/web/length HTTP/1.1\r\nHost: desk\r\nContent-Length: 100\r\n\r\nabc"],
        [b"POST /channels/web/length HTTP/1.1\r\nHost: desk\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"],
        [b"GET /livez HTTP/1.1\r\nHost: desk\r\n\r\n", b"GET /livez HTTP/1.1\r\nHos"],
        [b"GET /livez HTTP/1.1\r\nHost: desk\r\n\r\n"],
        [
            b"POST /channels/web/length HTTP/1.1\r\nHost: desk\r\nContent-Length: 3\r\n\r\na",
            b"bcPOST /channels/web/length HTTP/1.1\r\nHost: desk\r\nContent-Length: 100\r\n\r\nabc",
        ],
    ],
    ids=["silent", "head", "body", "chunk", "second-head", "idle", "second-body"],
)
async def test_a_connection_that_stands_still_ends(
    server: Server, parts: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert max(connections.HEAD_S, connections.BODY_S + connections.LOOK_S, connections.IDLE_S) < 60
    for name in ("HEAD_S", "BODY_S", "LOOK_S", "IDLE_S"):
        monkeypatch.setattr(connections, name, 0.05)
    await asyncio.wait_for(_raw(server, *parts), 20)


@pytest.mark.parametrize("body", [False, True])
async def test_a_connection_that_drips_ends(server: Server, body: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_S", "BODY_S", "LOOK_S"):
        monkeypatch.setattr(connections, name, 0.1)
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = b"POST /channels/web/length HTTP/1.1\r\nHost: desk\r\nContent-Length: 100000\r\n"
    writer.write(head + b"\r\n" if body else head + b"X: ")

    async def drip() -> None:
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    dripping = asyncio.create_task(drip())
    try:
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(_ended(reader), 20)
    finally:
        dripping.cancel()
        writer.close()


async def _ended(reader: asyncio.StreamReader) -> None:
    if await reader.read() == b"":
        raise ConnectionResetError


async def test_whoever_does_not_take_the_answer_is_left(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BODY_S", "LOOK_S"):
        monkeypatch.setattr(connections, name, 0.1)
    before = connections.TOO_SLOW.labels("answer")._value.get()
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # asyncio's own type for a writer's transport
    writer.write(b"GET /channels/web/large HTTP/1.1\r\nHost: desk\r\n\r\n")
    end = time.monotonic() + 20
    while connections.TOO_SLOW.labels("answer")._value.get() == before and time.monotonic() < end:
        await asyncio.sleep(0.02)
    assert connections.TOO_SLOW.labels("answer")._value.get() == before + 1
    writer.close()


MALFORMED = [
    f"GET /{SECRET} HTTP/9.9\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: desk\r\nAuthorization {SECRET}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: desk\r\nCookie: a={SECRET}\x00\r\n\r\n",
    f"{SECRET} / HTTP/1.1\r\n\r\n",
    f"GET /?{SECRET} HTTP/1.1\r\nHost: desk\r\nX: {'x' * 100_000}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: desk\r\nContent-Length: {SECRET}\r\n\r\n",
    f"GET http://[{SECRET}/ HTTP/1.1\r\nHost: desk\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SECRET,
]


@pytest.mark.parametrize("request_bytes", MALFORMED)
async def test_a_malformed_request_is_counted_and_not_told(
    server: Server, request_bytes: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = connections.MALFORMED._value.get()
    with capture_logs() as logged:
        found = await asyncio.wait_for(_raw(server, request_bytes.encode("latin-1")), 20)
    assert b" 400 " in found.split(b"\r\n")[0]
    assert SECRET.encode() not in found
    assert b"nosniff" in found
    assert connections.MALFORMED._value.get() == before + 1
    assert (logged, caplog.records) == ([], [])


async def test_a_fault_in_a_handler_is_told_without_what_the_stranger_sent(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logged:
        async with aiohttp.ClientSession() as session:
            url = f"{server.url}/channels/web/broken?word={SECRET}"
            async with session.get(url, headers={"Cookie": f"a={SECRET}"}) as response:
                assert response.status == 500
                assert SECRET not in await response.text()
    assert len(logged) == 1
    assert "ValueError" in json.dumps(logged)
    assert "_broken" in json.dumps(logged)
    assert SECRET not in json.dumps(logged) + caplog.text
    structlog.get_logger().debug("")


async def test_cookies_of_16_kb_lock_nobody_out(server: Server) -> None:
    async with aiohttp.ClientSession() as session:
        for cookies in (["a=" + "x" * 16_384], ["; ".join(f"c{n}=" + "y" * 300 for n in range(60))]):
            async with session.get(f"{server.url}/livez", headers={"Cookie": cookies[0]}) as response:
                assert response.status == 200


async def test_a_connection_too_many_is_told_so_and_those_that_are_open_go_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "most_connections", lambda: connections.Connection.open_now - 1)
    refused = await _raw(server, b"GET /livez HTTP/1.1\r\nHost: desk\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"Too many connections" in refused
    monkeypatch.undo()
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/livez") as answer:
        assert answer.status == 200
        monkeypatch.setattr(connections, "most_connections", lambda: 1)
        async with session.get(f"{server.url}/livez") as again:
            assert again.status == 200
