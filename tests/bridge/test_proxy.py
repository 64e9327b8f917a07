"""The wire that can be hurt, shipped for authors of rigs: each of its hurts, against a real echo server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from bridge.testing import Proxy


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Proxy]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(1024):
                heard.append(chunk)
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    heard: list[bytes] = []
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    proxy = Proxy("127.0.0.1", server.sockets[0].getsockname()[1])
    proxy.heard = heard  # type: ignore[attr-defined]  # what the server behind it heard, for the tests here
    async with proxy:
        yield proxy
    server.close()
    await server.wait_closed()


class Caller:
    """A client that says and hears lines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, word: bytes) -> None:
        self.writer.write(word)
        await self.writer.drain()

    async def hears(self, count: int, within: float = 20.0) -> bytes:
        async with asyncio.timeout(within):
            return await self.reader.readexactly(count)

    async def hears_nothing(self) -> None:
        with pytest.raises(TimeoutError):
            await self.hears(1, within=0.3)

    async def is_broken(self) -> None:
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                assert await self.reader.read() == b""


@pytest_asyncio.fixture
async def call(wire: Proxy) -> AsyncIterator[Caller]:
    caller = Caller(*await asyncio.open_connection("127.0.0.1", wire.port))
    await caller.says(b"hello")
    assert await caller.hears(5) == b"hello"
    yield caller
    caller.writer.close()


async def test_an_end_in_good_order_loses_nothing(call: Caller) -> None:
    await call.says(b"x" * 300_000)
    call.writer.write_eof()
    async with asyncio.timeout(20):
        assert len(await call.reader.read()) == 300_000


async def test_a_closed_end_takes_the_other_with_it(wire: Proxy) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    done = asyncio.Event()
    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    async with Proxy("127.0.0.1", server.sockets[0].getsockname()[1]) as proxy:
        _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"hello")
        writer.close()
        async with asyncio.timeout(20):
            while proxy.connections or not proxy.accepted:
                await asyncio.sleep(0.05)
    done.set()
    server.close()
    await server.wait_closed()


async def test_cut_breaks_and_refuses_until_healed(wire: Proxy, call: Caller) -> None:
    await wire.cut()
    await call.is_broken()
    refused = Caller(*await asyncio.open_connection("127.0.0.1", wire.port))
    await refused.is_broken()
    await wire.heal()
    again = Caller(*await asyncio.open_connection("127.0.0.1", wire.port))
    await again.says(b"back")
    assert await again.hears(4) == b"back"
    for caller in (refused, again):
        caller.writer.close()


async def test_drop_breaks_once(wire: Proxy, call: Caller) -> None:
    await wire.drop()
    await call.is_broken()
    assert not wire.refusing


async def test_frozen_bytes_come_later(wire: Proxy, call: Caller) -> None:
    wire.freeze()
    await call.says(b"later")
    await call.hears_nothing()
    await wire.heal()
    assert await call.hears(5) == b"later"


@pytest.mark.parametrize(("way", "arrives"), [("up", False), ("down", True)])
async def test_one_way_can_be_lost(wire: Proxy, call: Caller, way: str, arrives: bool) -> None:
    wire.lose("up" if way == "up" else "down")
    await call.says(b"into the void")
    await call.hears_nothing()
    heard: list[bytes] = wire.heard  # type: ignore[attr-defined]  # see the fixture
    assert (b"into the void" in heard) is arrives
    await wire.heal()
    await call.is_broken()


async def test_slow_keeps_order(wire: Proxy, call: Caller) -> None:
    wire.slow(0.05)
    for word in (b"one", b"two", b"six"):
        await call.says(word)
    assert await call.hears(9) == b"onetwosix"


async def test_refuse_leaves_what_stands(wire: Proxy, call: Caller) -> None:
    wire.refuse()
    await call.says(b"still")
    assert await call.hears(5) == b"still"
    assert wire.connections == 1
