"""Reads that are asked for at the same moment are one; no answer is older than its question."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bridge.sql.archive import Archive
from bridge.sql.gathered_reads import AT_ONCE, GatheredReads


class Shelf:
    """Something to read: how often, and what is there now."""

    def __init__(self) -> None:
        self.there = {"a": 1}
        self.reads: list[Sequence[str]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def read(self, keys: Sequence[str]) -> dict[str, int]:
        self.reads.append(keys)
        found = {key: self.there[key] for key in keys if key in self.there}
        await self.open.wait()
        if "broken" in keys:
            raise OSError("away")
        return found


async def test_those_who_ask_together_are_answered_by_one_read() -> None:
    shelf = Shelf()
    reads = GatheredReads(shelf.read)
    assert await asyncio.gather(*(reads.get(key) for key in ("a", "b", "a"))) == [1, None, 1]
    assert shelf.reads == [["a", "b"]]
    many = [str(n) for n in range(AT_ONCE + 1)]
    await asyncio.gather(*(reads.get(key) for key in many))
    assert [len(keys) for keys in shelf.reads[1:]] == [AT_ONCE, 1]


async def test_what_is_asked_during_a_read_is_answered_by_the_next() -> None:
    shelf = Shelf()
    reads = GatheredReads(shelf.read)
    shelf.open.clear()
    first = asyncio.create_task(reads.get("a"))
    left = asyncio.create_task(reads.get("a"))
    while not shelf.reads:
        await asyncio.sleep(0)
    shelf.there["a"] = 2
    second = asyncio.create_task(reads.get("a"))
    await asyncio.sleep(0)
    left.cancel()
    shelf.open.set()
    assert (await first, await second) == (1, 2)


async def test_a_read_that_fails_is_told_to_those_who_asked_and_to_nobody_after_them() -> None:
    shelf = Shelf()
    reads = GatheredReads(shelf.read)
    assert [type(one) for one in await asyncio.gather(reads.get("broken"), reads.get("a"), return_exceptions=True)] == [
        OSError,
        OSError,
    ]
    assert await reads.get("a") == 1


async def test_sessions_looked_up_together_are_each_their_own(archive: Archive) -> None:
    accounts, tokens = archive.accounts, list[str]()
    for name in ("ana", "ben", "cem"):
        await accounts.add(name, name, "north")
        tokens.append((await accounts.open_session(name))[0])
    await accounts.close_session(tokens[1])
    found = await asyncio.gather(*(accounts.session(token) for token in (*tokens, "none at all", tokens[0])))
    assert [one and one.librarian for one in found] == ["ana", None, "cem", None, "ana"]


async def test_a_reader_that_is_cancelled_leaves_the_others_their_answer() -> None:
    reads = GatheredReads(Shelf().read)
    asked = [asyncio.create_task(reads.get("a")) for _ in range(3)]
    await asyncio.sleep(0)
    asked[0].cancel()
    assert await asyncio.gather(*asked[1:]) == [1, 1]
