"""For how long a browser is known again: tokens grow old, and can be revoked in every process at once."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from adapters.webchat import tokens
from adapters.webchat.adapter import WebchatAdapter, WebchatConfig, settings
from adapters.webchat.admission import DATED, DAY_S, FIRST, MOST_DAYS
from bridge.contract.adapter import Misconfigured
from bridge.testing.rig import soon
from bridge.testing.ring import Ring
from bridge.testing.scene import eventually
from tests.webchat.conftest import House
from tests.webchat.test_protocol import SECRET, at, message, until, write

PDF = b"%PDF-1.4\n" + b"\0" * 50


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def aged(token: str, days: float) -> str:
    """Return the token that the same patron would have been given so many days ago."""
    return tokens.issue(SECRET, tokens.address(token), time.time() - days * DAY_S)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def opens(ring: Ring, session: aiohttp.ClientSession, token: str) -> list[bool]:
    """Say of each door whether a token opens it: the socket, a poll, a frame, an upload, a file."""
    found = []
    async with session.ws_connect(at(ring, "live")) as ws:
        await ws.send_json({"t": "hello", "token": token})
        found.append((await until(ws, "welcome", "error"))["t"] == "welcome")
    for path, body in (("poll", b'{"wait":false}'), ("frames", b'{"t":"ping"}'), ("files", PDF)):
        async with session.post(at(ring, path), data=body, headers=bearer(token)) as answer:
            assert answer.status in (200, 401)
            found.append(answer.status == 200)
    asked = {**bearer(token), "X-Proof": tokens.proof(SECRET, tokens.address(token), "a" * 64)}
    async with session.get(at(ring, f"files/{'a' * 64}"), headers=asked) as answer:
        assert answer.status in (401, 404)
        found.append(answer.status == 404)
    return found


# ---- the token itself


@pytest.mark.parametrize("seed", ["", "seed"])
def test_a_date_changes_nobodys_address(seed: str) -> None:
    """A patron who held a token of an earlier version stays the same patron with a dated one."""
    undated = tokens.mint(SECRET, seed)
    dated = tokens.issue(SECRET, tokens.address(undated), 1_800_000_000)
    known = tokens.read(SECRET, dated)
    assert known == (tokens.address(undated), 1_800_000_000)
    assert tokens.read(SECRET, undated) == (tokens.address(undated), 0)


def test_no_other_date_and_no_other_patron_is_made_of_a_token() -> None:
    dated = tokens.mint(SECRET, "seed", time.time())
    assert not tokens.genuine(b"t" * 32, dated)
    for n in range(len(dated)):
        for char in "Aa0_":
            changed = dated[:n] + char + dated[n + 1 :]
            assert tokens.genuine(SECRET, changed) == (changed == dated)
    for cut in (1, 4, 16, 20, 28):
        assert not tokens.genuine(SECRET, dated[:-cut])


# ---- age


async def test_an_old_token_opens_no_door(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "hello")
    assert await opens(ring, session, aged(token, 29)) == [True] * 5
    assert await opens(ring, session, aged(token, 30.1)) == [False] * 5


async def test_the_library_says_for_how_long(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house(keep_days=7)
    token = tokens.mint(SECRET, "seed", time.time())
    assert await opens(ring, session, aged(token, 6)) == [True] * 5
    assert await opens(ring, session, aged(token, 8)) == [False] * 5


async def test_at_public_computers_a_token_is_of_no_use_the_next_day(
    house: House, session: aiohttp.ClientSession
) -> None:
    ring = await house(public_computers=True)
    assert await opens(ring, session, aged(tokens.mint(SECRET, "seed"), 1)) == [False] * 5


@pytest.mark.parametrize("days", [0, -1, MOST_DAYS + 1])
async def test_days_that_cannot_be_are_refused(house: House, days: float) -> None:
    with pytest.raises(Misconfigured, match="keep_days"):
        await house(keep_days=days)


async def test_writing_renews_a_token_and_looking_does_not(house: House, session: aiohttp.ClientSession) -> None:
    """Somebody else at the same computer only looks."""
    ring = await house()
    token = aged(tokens.mint(SECRET, "seed"), 29)
    async with session.ws_connect(at(ring, "live")) as ws:
        await ws.send_json({"t": "hello", "token": token})
        await ws.send_json({"t": "ping"})
        assert (await until(ws, "pong", "token"))["t"] == "pong"
        newer = await write(ws, "I am still here")
        await ws.send_json(message("and here"))
        assert (await until(ws, "ack", "token"))["t"] == "ack"
    assert tokens.address(newer) == tokens.address(token)
    assert (tokens.read(SECRET, newer) or (0, 0))[1] > time.time() - 2 * tokens.HOUR_S
    async with session.post(at(ring, "frames"), json=message("by a poll"), headers=bearer(token)) as answer:
        assert [frame["t"] for frame in (await answer.json())["frames"]] == ["token", "ack"]


@pytest.mark.parametrize(("days", "open"), [(3, True), (40, False)])
async def test_a_token_without_a_date_counts_from_the_first_start_with_dates(
    house: House, session: aiohttp.ClientSession, days: float, open: bool
) -> None:
    """Tokens of earlier versions open until their time, and are given a date, which is the day of the upgrade."""
    ring = await house()
    token = tokens.mint(SECRET, "seed")
    assert await opens(ring, session, token) == [True] * 5
    await ring.stop()
    upgraded = time.time() - days * DAY_S
    await ring.memory.drop(DATED, [FIRST])
    (ring.former / "tokens-have-dates").touch()
    os.utime(ring.former / "tokens-have-dates", (upgraded, upgraded))
    await ring.start(WebchatConfig())
    await soon("the channel up", ring.up())
    assert await opens(ring, session, token) == [open] * 5
    if open:
        async with session.ws_connect(at(ring, "live")) as ws:
            await ws.send_json({"t": "hello", "token": token})
            dated = (await until(ws, "token"))["token"]
        known = tokens.read(SECRET, dated)
        assert known is not None
        assert known.address == tokens.address(token)
        assert abs(known.issued - upgraded) <= tokens.HOUR_S


# ---- revoked


async def serves(ring: Ring, session: aiohttp.ClientSession) -> bool:
    async with session.get(at(ring, "status")) as answer:
        return answer.status == 200


async def test_a_chat_that_was_ended_opens_in_no_process(house: House, session: aiohttp.ClientSession) -> None:
    """Ended at one process: the socket at another hears nothing more, and the next who writes is somebody else."""
    ring = await house(beat=1)
    other = ring.beside()
    await other.start(WebchatConfig(beat=1))
    try:
        assert await eventually(lambda: serves(other, session), 20)
        async with session.ws_connect(at(other, "live")) as ws:
            token = await write(ws, "something private")
            first = await ring.message("something private")
            async with session.post(at(ring, "end"), headers=bearer(token)) as answer:
                assert answer.status == 200
            assert await opens(ring, session, token) == [False] * 5
            assert await opens(other, session, aged(token, 2)) == [False] * 5
            assert (await until(ws, "error"))["code"] == "token"
            await ring.answer(first, "for the patron alone")
            assert await write(ws, "the next patron") != token
            assert (await ring.message("the next patron")).sender != first.sender
            await ws.send_json({"t": "ping"})
            assert (await until(ws, "pong", "lines"))["t"] == "pong"
        await ring.until(lambda: False in ring.signs(first.sender), "the librarian told")
        async with session.post(at(ring, "end"), headers=bearer(token)) as answer:
            assert answer.status == 401
        async with session.post(at(ring, "end")) as answer:
            assert answer.status == 401
    finally:
        await other.stop()


async def test_who_is_forgotten_is_known_by_no_browser(house: House, session: aiohttp.ClientSession) -> None:
    """Once nothing of the patron is left. Where another of their conversations is open, they go on with that."""
    ring = await house()
    adapter = ring.runner().adapter
    assert isinstance(adapter, WebchatAdapter)
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "something private")
        sender = tokens.address(token)
        await ring.message("something private")
        await adapter.forget([sender])
        assert await opens(ring, session, token) == [True] * 5
        ring.erase()
        await adapter.forget([sender])
        assert (await until(ws, "error"))["code"] == "token"
    assert await opens(ring, session, token) == [False] * 5


async def test_what_is_revoked_stays_so_after_a_restart(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "something private")
    async with session.post(at(ring, "end"), headers=bearer(token)) as answer:
        assert answer.status == 200
    await ring.stop()
    await ring.start(WebchatConfig())
    await soon("the channel up", ring.up())
    assert await opens(ring, session, token) == [False] * 5


async def test_nothing_opens_and_nothing_ends_while_nobody_can_say(
    house: House, session: aiohttp.ClientSession
) -> None:
    """The store does not answer: the browser is asked to come again, and is not told that it is unknown."""
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "hello")
    ring.freeze()
    try:
        for path, body in (("poll", b'{"wait":false}'), ("end", b"")):
            async with session.post(at(ring, path), data=body, headers=bearer(token)) as answer:
                assert answer.status == 503
    finally:
        ring.thaw()
    assert await opens(ring, session, token) == [True] * 5


def test_the_page_knows_how_long_to_keep_a_chat() -> None:
    assert settings(WebchatConfig(keep_days=7), "here")["keepDays"] == 7
    assert settings(WebchatConfig(), "here")["publicComputers"] is False


async def test_what_is_kept_of_a_patron_needs_their_token_and_comes_a_few_times(
    house: House, session: aiohttp.ClientSession
) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "What do you have of me?")
    await ring.message("What do you have of me?")
    given = []
    for headers in ({}, bearer(token[:-2] + "xx"), *[bearer(token)] * 4):
        async with session.post(at(ring, "own-data"), headers=headers) as answer:
            given.append((answer.status, b"What do you have" in await answer.read()))
    assert given == [(401, False), (401, False), *[(200, True)] * 3, (429, False)]
