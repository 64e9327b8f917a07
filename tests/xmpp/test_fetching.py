"""A patron's address makes us call nobody of a private network, however it is written and wherever it resolves to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.resolver import ThreadedResolver

from adapters.xmpp.fetching import Unfetched, fetched
from bridge.contract.public_address import is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "100.64.0.1", "169.254.169.254", "172.31.0.1", "192.168.1.1",
        "192.0.2.7", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::8.8.8.8",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1",
        "64:ff9b:1::8.8.8.8", "2002:7f00:1::1", "2002:808:808::1", "2001:0:1::1", "2001:db8::1", "fe80::1", "fe80::1%lo",
        "fc00::1", "fd12::1", "fec0::1", "ff02::1", "3fff::1", "2a00::5efe:10.0.0.1", "2a00::200:5efe:7f00:1", "100::1",
        "5f00::1", "nonsense", "",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2a00:1450:4001::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"]
)
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@contextmanager
def listening() -> Iterator[tuple[int, list[int]]]:
    """A port of this machine on all its addresses, and how often it was called."""
    called: list[int] = []
    with socket.socket(socket.AF_INET6) as door:
        door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        door.bind(("::", 0))
        door.listen(50)
        door.setblocking(False)
        loop = asyncio.get_running_loop()

        def take() -> None:
            called.append(1)
            door.accept()[0].close()

        loop.add_reader(door, take)
        try:
            yield door.getsockname()[1], called
        finally:
            loop.remove_reader(door)


HOSTS = [
    "127.0.0.1", "１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "2130706433", "0x7f000001", "0x7f.1",
    "0177.0.0.1", "017700000001", "127.1", "127.0.0.1.", "0", "0.0.0.0", "localhost", "LOCALHOST", "localhost.", "[::1]",
    "[::]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]", "[::1%25lo]", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "𝟏𝟐𝟕.𝟎.𝟎.𝟏", "१२७.०.०.१", "%31%32%37.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
async def test_no_spelling_of_this_machine_is_called(host: str) -> None:
    with listening() as (port, called):
        with pytest.raises(Unfetched):
            async with asyncio.timeout(60), fetched(f"https://{host}:{port}/x", ()):
                raise AssertionError("fetched")
        await asyncio.sleep(0)
        assert called == []


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/",
        "file:///etc/passwd",
        "https://user@8.8.8.8/",
        "https://:x@8.8.8.8/",
        "ftp://8.8.8.8/",
        "https:///x",
        "//8.8.8.8/x",
        "",
        "https://[::1",
        "https://8.8.8.8:99999/",
        "gopher://8.8.8.8/",
        "x",
    ],
)
async def test_what_is_no_address_of_the_public_web_is_refused(url: str) -> None:
    with pytest.raises(Unfetched):
        async with asyncio.timeout(60), fetched(url, ()):
            raise AssertionError("fetched")


async def test_a_name_that_resolves_to_us_by_the_time_it_is_called_is_not_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: the name was public when it was looked at. What counts is where the socket goes."""

    async def resolve(self: Any, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    with listening() as (port, called):
        with pytest.raises(Unfetched, match="private"):
            async with asyncio.timeout(60), fetched(f"https://files.example.org:{port}/x", ()):
                raise AssertionError("fetched")
        assert called == []


@pytest_asyncio.fixture
async def house() -> AsyncIterator[str]:
    """A web server of a listed host, which also sends elsewhere."""
    app = web.Application()

    async def file(request: web.Request) -> web.Response:
        return web.Response(body=b"bytes")

    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": request.query["to"]})

    async def round_and_round(request: web.Request) -> web.Response:
        return web.Response(status=308, headers={"Location": "/round"})

    app.router.add_get("/round", round_and_round)
    app.router.add_get("/map.png", file)
    app.router.add_get("/elsewhere", elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_listed_hosts_are_called_and_no_one_they_send_us_to(house: str) -> None:
    async with fetched(f"{house}/map.png", ("127.0.0.1",)) as (place, content):
        assert (place.name, await content.read()) == ("map.png", b"bytes")
    async with fetched(f"{house}/elsewhere?to=/map.png", ("127.0.0.1",)) as (place, content):
        assert (place.name, await content.read()) == ("map.png", b"bytes")
    with listening() as (port, called):
        for to in (
            f"https://[::1]:{port}/x",
            f"https://localhost:{port}/x",
            f"https://127.1:{port}/",
            "file:///etc/passwd",
        ):
            with pytest.raises(Unfetched):
                async with fetched(f"{house}/elsewhere?to={to}", ("127.0.0.1",)):
                    raise AssertionError("fetched")
        assert called == []
    with pytest.raises(Unfetched, match="redirects"):
        async with fetched(f"{house}/round", ("127.0.0.1",)):
            raise AssertionError("fetched")
