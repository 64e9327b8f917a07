"""What is served is packed, but for secrets, pictures and what the other end does not take."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from bridge.app.http import Server, application
from bridge.runtime.compression import accepted
from bridge.runtime.health import DaemonHealth

WORDS = "A question about loans. " * 500


@pytest.mark.parametrize(
    "header, codings",
    [
        ("gzip, deflate, br, zstd", ["br", "gzip"]),
        ("gzip", ["gzip"]),
        ("GZIP;q=0.5", ["gzip"]),
        ("br;q=0, gzip;q=1.0", ["gzip"]),
        ("*", ["br", "gzip"]),
        ("*;q=0, gzip", ["gzip"]),
        ("gzip;q=0.000", []),
        ("identity", []),
        ("gzip;q=many", []),
        ("brotli, xgzip", []),
        ("", []),
    ],
)
def test_what_the_other_end_takes(header: str, codings: list[str]) -> None:
    assert accepted(header) == codings


async def _json(request: web.Request) -> web.Response:
    return web.json_response({"words": WORDS})


async def _secret(request: web.Request) -> web.Response:
    return web.json_response({"token": "x", "words": WORDS}, headers={"Cache-Control": "no-store, no-transform"})


async def _picture(request: web.Request) -> web.Response:
    return web.Response(body=bytes(5000), content_type="image/png")


async def _short(request: web.Request) -> web.Response:
    return web.json_response({"ok": True})


async def _problem(request: web.Request) -> web.Response:
    return web.json_response({"words": WORDS}, status=422)


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets" / "main.js").write_text("plain")
    (tmp_path / "assets" / "main.js.packed-br").write_bytes(b"packed with br")
    (tmp_path / "assets" / "main.js.packed-gzip").write_bytes(gzip.compress(b"plain"))
    app = web.Application()
    for serve in (_json, _secret, _picture, _short, _problem):
        app.router.add_get(f"/{serve.__name__[1:]}", serve)
    found = Server(application(health=DaemonHealth(), inbox_pages=tmp_path, channels={"web": app}), "127.0.0.1:0")
    await found.start()
    yield found
    await found.stop()


async def _got(server: Server, path: str, takes: str) -> tuple[bytes, str, str]:
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(server.url + path, headers={"Accept-Encoding": takes}) as response,
    ):
        headers = response.headers
        return await response.read(), headers.get("Content-Encoding", ""), headers.get("Vary", "")


async def test_answers_are_packed_when_they_are_sent(server: Server) -> None:
    plain, coding, vary = await _got(server, "/channels/web/json", "identity")
    assert (coding, vary) == ("", "Accept-Encoding")
    packed, coding, vary = await _got(server, "/channels/web/json", "gzip, deflate, br")
    assert (coding, vary, gzip.decompress(packed)) == ("gzip", "Accept-Encoding", plain)
    assert len(packed) < len(plain) / 10
    assert (await _got(server, "/channels/web/problem", "gzip"))[1] == "gzip"
    for path, takes in (
        ("/channels/web/json", "gzip;q=0"),
        ("/channels/web/secret", "gzip"),
        ("/channels/web/picture", "gzip"),
        ("/channels/web/short", "gzip"),
        ("/livez", "gzip"),
    ):
        assert (await _got(server, path, takes))[1] == "", path


async def test_a_built_file_is_packed_beforehand(server: Server) -> None:
    path = "/inbox/assets/main.js"
    assert await _got(server, path, "gzip, br") == (b"packed with br", "br", "Accept-Encoding")
    assert await _got(server, path, "br;q=0") == (b"plain", "", "Accept-Encoding")
    body, coding, _ = await _got(server, path, "gzip")
    assert (gzip.decompress(body), coding) == (b"plain", "gzip")
    async with (
        aiohttp.ClientSession() as session,
        session.get(server.url + path, headers={"Accept-Encoding": "gzip"}) as got,
    ):
        assert got.headers["Content-Type"] == "text/javascript; charset=utf-8"
