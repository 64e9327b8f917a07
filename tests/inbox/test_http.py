"""The web server itself: what is mounted, who counts as a proxy, what every answer carries."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from bridge.app.http import Server, application
from bridge.runtime.health import DaemonHealth

FORWARDED = {
    "X-Forwarded-For": "203.0.113.9, 127.0.0.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "desk.example.org",
}


async def _who(request: web.Request) -> web.Response:
    return web.json_response([request.remote, request.scheme, request.host])


def _channel() -> web.Application:
    app = web.Application()
    app.router.add_get("/who", _who)
    return app


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Built pages, as the web build leaves them, and a secret beside them."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Inbox</title>")
    (folder / "assets" / "main-1a2b.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


async def _get(url: str, headers: dict[str, str] | None = None) -> tuple[int, str, dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status, await response.text(), dict(response.headers)


@pytest.mark.parametrize(
    "proxies, remote", [(("127.0.0.0/8",), "203.0.113.9"), ((), "127.0.0.1"), (("10.0.0.0/8",), "127.0.0.1")]
)
async def test_forwarded_headers_count_from_a_trusted_proxy_only(proxies: tuple[str, ...], remote: str) -> None:
    server = Server(application(health=DaemonHealth(), channels={"web": _channel()}, proxies=proxies), "127.0.0.1:0")
    await server.start()
    try:
        _, body, headers = await _get(f"{server.url}/channels/web/who", FORWARDED)
    finally:
        await server.stop()
    trusted = remote != "127.0.0.1"
    assert (remote in body, "https" in body, "desk.example.org" in body) == (True, trusted, trusted)
    assert ("Strict-Transport-Security" in headers) == trusted


async def test_pages_carry_a_strict_policy_and_files_outside_are_not_there(pages: Path) -> None:
    server = Server(application(health=DaemonHealth(), inbox_pages=pages), "127.0.0.1:0")
    await server.start()
    try:
        for path in ("/inbox", "/inbox/", "/inbox/c/some-conversation", "/"):
            status, body, headers = await _get(server.url + path)
            assert (status, "Inbox" in body) == (200, True), path
            policy = headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "script-src 'self';" in policy
            assert "unsafe" not in policy
            assert headers["Cache-Control"] == "no-cache"
        status, _, headers = await _get(f"{server.url}/inbox/assets/main-1a2b.js")
        assert (status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
        assert "immutable" in headers["Cache-Control"]
        for path in (
            "/inbox/%2e%2e/secret.txt",
            "/inbox/..%2fsecret.txt",
            "/inbox/assets/none.js",
            "/secret.txt",
            "/inbox/%00",
            f"/inbox/{'x' * 300}",
            f"/inbox/assets/{'x' * 300}.js",
            f"/inbox/{'x/' * 3000}",
        ):
            status, body, _ = await _get(server.url + path)
            assert "secret" not in body, path
            assert status == 404 or "<title>Inbox" in body, path
    finally:
        await server.stop()


async def test_health_says_what_is_up_and_figures_stay_at_home(pages: Path) -> None:
    health, registry = DaemonHealth(), CollectorRegistry()
    Counter("example", "An example", registry=registry).inc()
    server = Server(application(health=health, registry=registry, proxies=("127.0.0.0/8",)), "127.0.0.1:0")
    await server.start()
    part = health.part("store")
    try:
        assert (await _get(f"{server.url}/livez"))[0] == 200
        assert (await _get(f"{server.url}/readyz"))[0] == 503
        part.up()
        status, body, _ = await _get(f"{server.url}/readyz")
        assert (status, "store" in body) == (200, True)
        assert "example_total 1.0" in (await _get(f"{server.url}/metrics"))[1]
        assert (await _get(f"{server.url}/metrics", FORWARDED))[0] == 403
        assert (await _get(f"{server.url}/nothing"))[1] == '{"error":"not-found","detail":"Not Found."}'
    finally:
        await server.stop()


async def test_a_proxy_of_another_user_may_connect_to_the_socket(tmp_path: Path) -> None:
    """The unit's UMask is for files; who may come to a socket, its folder says."""
    before = os.umask(0o077)
    try:
        server = Server(application(health=DaemonHealth()), str(tmp_path / "desk.sock"))
        await server.start()
    finally:
        os.umask(before)
    mode = (tmp_path / "desk.sock").stat().st_mode & 0o777
    await server.stop()
    assert mode == 0o666


async def test_it_listens_on_a_socket_path_too(tmp_path: Path) -> None:
    server = Server(application(health=DaemonHealth()), str(tmp_path / "http.sock"))
    await server.start()
    try:
        connector = aiohttp.UnixConnector(str(tmp_path / "http.sock"))
        async with aiohttp.ClientSession(connector=connector) as session, session.get("http://desk/livez") as response:
            assert response.status == 200
    finally:
        await server.stop()


async def test_behind_https_every_answer_says_https_only(pages: Path) -> None:
    """Also what is raised instead of returned: the redirect of `/`, and a channel's own 404."""
    app = application(
        health=DaemonHealth(),
        inbox_pages=pages,
        channels={"web": _channel()},
        proxies=("127.0.0.0/8",),
    )
    server = Server(app, "127.0.0.1:0")
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            for path in (
                "/",
                "/inbox",
                "/nothing",
                "/channels/web/who",
                "/channels/web/nothing",
                "/channels/none/",
                "/livez",
            ):
                async with session.get(server.url + path, headers=FORWARDED, allow_redirects=False) as response:
                    assert response.headers["Strict-Transport-Security"] == "max-age=31536000", path
                async with session.get(server.url + path, allow_redirects=False) as response:
                    assert "Strict-Transport-Security" not in response.headers, path
    finally:
        await server.stop()


@pytest.mark.parametrize(
    "host",
    ["desk; script-src *", "desk'", "desk example", 'desk"', "desk:80:90", "desk/x", "[::1", "d\u00e9sk", "*"],
)
@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host"])
async def test_a_host_that_can_be_none_is_refused(pages: Path, host: str, header: str) -> None:
    """It would stand in the page's policy."""
    server = Server(application(health=DaemonHealth(), inbox_pages=pages, proxies=("127.0.0.0/8",)), "127.0.0.1:0")
    await server.start()
    place, _, port = server.url.removeprefix("http://").rpartition(":")
    try:
        reader, writer = await asyncio.open_connection(place, int(port))
        other = "" if header == "Host" else "Host: desk\r\nX-Forwarded-Proto: https\r\n"
        writer.write(f"GET /inbox HTTP/1.1\r\n{other}{header}: {host}\r\nConnection: close\r\n\r\n".encode())
        found = await reader.read()
        assert found.startswith(b"HTTP/1.1 400 ")
        assert b"script-src *" not in found
        writer.close()
        for good in ("desk.example.org", "127.0.0.1:8080", "[::1]:8080", "my_desk", "xn--dsk-bma.example"):
            status, _, headers = await _get(f"{server.url}/inbox", {"Host": good})
            assert (status, f"connect-src 'self' ws://{good};" in headers["Content-Security-Policy"]) == (200, True)
    finally:
        await server.stop()
