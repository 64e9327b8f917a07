"""Stores over a real server, for the tests of this room and of the faults."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator

import pytest

from bridge.redis.store import Store
from tests.peers.redis import RedisServer, servers

_numbers = itertools.count()


@pytest.fixture(scope="module", params=servers(), ids=lambda path: path.rsplit("/", 1)[-1])
def redis_server(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """A server, of each kind that is here."""
    with RedisServer(request.param) as server:
        yield server


@pytest.fixture
async def store(redis_server: RedisServer) -> AsyncIterator[Store]:
    """A store over a consortium that nobody has used."""
    store = await Store.open(redis_server.url, f"test{next(_numbers)}")
    yield store
    await store.close()
