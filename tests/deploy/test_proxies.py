"""The reverse-proxy examples, under a real nginx and a real Caddy: only ports, names and certificates are replaced."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientConnectionError, ClientSession, TCPConnector, web

from bridge.app.config import Config, Http
from bridge.app.http import Server, application
from bridge.app.public_check import CheckFindings, try_public
from bridge.runtime.health import DaemonHealth
from tests.conftest import ROOT


@contextmanager
def running(*command: str, cwd: Path) -> Iterator[None]:
    """A program in a process group of its own, which is ended by that group."""
    log = (cwd / "log").open("wb")
    with log, subprocess.Popen(command, cwd=cwd, stdout=log, stderr=log, start_new_session=True) as program:
        try:
            yield
        finally:
            os.killpg(program.pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def told(request: web.Request) -> web.StreamResponse:
    """What reached the daemon, or an echo over a WebSocket."""
    if request.headers.get("Upgrade", "").lower() != "websocket":
        return web.json_response({"path": request.path_qs, **{k.lower(): v for k, v in request.headers.items()}})
    sockets = web.WebSocketResponse()
    await sockets.prepare(request)
    async for message in sockets:
        await sockets.send_str(f"echo {message.data}")
    return sockets


@pytest.fixture
async def daemon() -> AsyncIterator[int]:
    """A server that says what reached it; its port."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", told)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[ssl.SSLContext, Path, Path]:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "desk.example.org")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    for part in issued.cert_chain_pems:
        part.write_to_path(tmp_path / "chain.pem", append=True)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return trust, tmp_path / "chain.pem", tmp_path / "key.pem"


@contextmanager
def nginx(folder: Path, port: int, behind: int, chain: Path, key: Path) -> Iterator[None]:
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    site = re.sub(r"listen \[::\].*;\n", "", site)
    site = site.replace("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;")
    site = site.replace("listen 80;", f"listen unix:{folder}/plain.sock;").replace(
        "127.0.0.1:8080", f"127.0.0.1:{behind}"
    )
    site = re.sub(r"/etc/letsencrypt\S+/fullchain.pem", str(chain), site)
    site = re.sub(r"/etc/letsencrypt\S+/privkey.pem", str(key), site)
    temps = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {temps}\n{site} }}"
    )
    with running("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "user root;", cwd=folder):
        yield


@contextmanager
def caddy(folder: Path, port: int, behind: int, chain: Path, key: Path) -> Iterator[None]:
    site = (ROOT / "deploy" / "Caddyfile").read_text().replace("127.0.0.1:8080", f"127.0.0.1:{behind}")
    site = site.replace("desk.example.org {", f"https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {chain} {key}", 1)
    (folder / "Caddyfile").write_text(
        "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n" + site
    )
    with running("env", f"HOME={folder}", "caddy", "run", "--config", "Caddyfile", cwd=folder):
        yield


PROXIES = {"nginx": nginx, "caddy": caddy}


@pytest.mark.parametrize("name", PROXIES)
async def test_the_example_passes_on_what_the_daemon_needs(
    name: str, tmp_path: Path, daemon: int, certificate: tuple[ssl.SSLContext, Path, Path]
) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed: tests/install-peers")
    trust, chain, key = certificate
    port = free_port()
    base = f"https://localhost:{port}"
    with PROXIES[name](tmp_path, port, daemon, chain, key):
        async with ClientSession(connector=TCPConnector(ssl=trust)) as browser:
            await listening(browser, base)
            forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "gopher"}
            async with browser.get(f"{base}/channels/web/page?a=1", headers=forged) as answer:
                seen = await answer.json()
            assert seen["path"] == "/channels/web/page?a=1"
            assert seen["x-forwarded-for"] in ("127.0.0.1", "::1")
            assert seen["x-forwarded-proto"] == "https"
            assert seen["host"].startswith("localhost")
            async with browser.ws_connect(f"{base}/api/v1/live") as live:
                await live.send_str("here")
                assert await live.receive_str(timeout=20) == "echo here"
            async with browser.get(f"{base}/metrics") as answer:
                assert answer.status == 404


async def _words(request: web.Request) -> web.Response:
    return web.json_response({"words": "A question about loans. " * 500})


@pytest.mark.parametrize("name", PROXIES)
async def test_answers_come_packed_and_large_cookies_go_through(
    name: str, tmp_path: Path, certificate: tuple[ssl.SSLContext, Path, Path]
) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed: tests/install-peers")
    channel = web.Application()
    channel.router.add_get("/words", _words)
    server = Server(application(health=DaemonHealth(), channels={"web": channel}), "127.0.0.1:0")
    await server.start()
    trust, chain, key = certificate
    port = free_port()
    base = f"https://localhost:{port}"
    cookies = "; ".join(f"site{n}={'x' * 250}" for n in range(64))
    try:
        with PROXIES[name](tmp_path, port, int(server.url.rpartition(":")[2]), chain, key):
            async with ClientSession(connector=TCPConnector(ssl=trust), auto_decompress=False) as browser:
                await listening(browser, base)
                for cookie in ("", cookies, f"one={'x' * 16_384}"):
                    headers = {"Accept-Encoding": "gzip, deflate, br, zstd", "Cookie": cookie}
                    async with browser.get(f"{base}/channels/web/words", headers=headers) as answer:
                        assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
                        assert b"loans" in gzip.decompress(await answer.read())
    finally:
        await server.stop()


async def listening(browser: ClientSession, base: str) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                async with browser.get(base) as answer:
                    await answer.read()
                    return
            except ClientConnectionError:
                await asyncio.sleep(0.05)


def configured(base: str, folder: Path) -> Config:
    return Config(path=folder / "deskbridge.toml", data=folder, http=Http(public_url=base))


BAD_SITE = """daemon off; pid {folder}/pid; error_log stderr; events {{}} http {{ access_log off; {temps}
server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {chain}; ssl_certificate_key {key};
location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_set_header X-Forwarded-For $http_x_forwarded_for; }} }} }}"""


@contextmanager
def careless(folder: Path, port: int, behind: int, chain: Path, key: Path) -> Iterator[None]:
    """An nginx as people set it up in a hurry."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temps = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    site = BAD_SITE.format(folder=folder, temps=temps, port=port, chain=chain, key=key, behind=behind)
    (folder / "nginx.conf").write_text(site)
    with running("nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "user root;", cwd=folder):
        yield


@pytest.mark.parametrize("name", [*PROXIES, "careless"])
async def test_the_check_says_what_a_proxy_leaves_out_and_nothing_of_a_good_one(
    name: str, tmp_path: Path, certificate: tuple[ssl.SSLContext, Path, Path]
) -> None:
    if shutil.which(name if name in PROXIES else "nginx") is None:
        pytest.skip(f"{name} is not installed: tests/install-peers")
    trust, chain, key = certificate
    server = Server(application(health=DaemonHealth(), proxies=["127.0.0.0/8", "::1"]), "127.0.0.1:0")
    await server.start()
    port = free_port()
    base = f"https://localhost:{port}"
    try:
        with (PROXIES | {"careless": careless})[name](tmp_path, port, int(server.url.rpartition(":")[2]), chain, key):
            async with ClientSession(connector=TCPConnector(ssl=trust)) as browser:
                await listening(browser, base)
            assert "browsers refuse the certificate" in (await try_public(configured(base, tmp_path))).wrong[0]
            found = await try_public(configured(base, tmp_path), trust)
            if name in PROXIES:
                assert found == CheckFindings([], [])
                return
            wrong = "\n".join(found.wrong)
            assert "X-Forwarded-Proto" in wrong
            assert "it believes what a patron writes" in wrong
            assert "pass the host on" in wrong
            assert "lets no WebSocket through" in wrong
            await server.stop()
            stopped = await try_public(configured(base, tmp_path), trust)
            assert stopped.wrong == []
            assert "the daemon doesn't run" in stopped.notes[0]
    finally:
        await server.stop()
    assert "cannot be reached" in (await try_public(configured(base, tmp_path), trust)).wrong[0]
    unknown = await try_public(configured("https://desk.invalid", tmp_path))
    assert "is not known" in unknown.wrong[0]
