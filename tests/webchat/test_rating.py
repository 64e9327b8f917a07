"""A patron rates by socket and by plain request: kept once, shown to all their windows and to nobody else, refused with a
word."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from adapters.webchat.limits import MESSAGES
from bridge.contract.adapter import ChannelDesk
from bridge.contract.message import MAX_COMMENT
from bridge.testing.rig import soon
from bridge.testing.ring import Ring
from tests.webchat.conftest import House
from tests.webchat.test_protocol import at, poll, session, until, write

__all__ = ["session"]  # a fixture

ENDED = ChannelDesk(open=True, online=True, library="Central", rate_s=86_400, rateable=True)


def rate(score: int = 3, text: str = "", **extra: Any) -> dict[str, Any]:
    return {"t": "rate", "id": secrets.token_urlsafe(9), "score": score, "text": text, **extra}


def given(ring: Ring) -> list[tuple[int, str]]:
    return [(each.score, each.comment) for each in ring.ratings()]


async def kept(ring: Ring, count: int) -> None:
    await ring.until(lambda: len(ring.ratings()) >= count, f"{count} ratings")


async def test_a_rating_is_kept_once_and_shown_in_all_windows_of_its_patron(
    house: House, session: aiohttp.ClientSession
) -> None:
    ring = await house()
    ring.show(ENDED)
    async with (
        session.ws_connect(at(ring, "live")) as one,
        session.ws_connect(at(ring, "live")) as two,
        session.ws_connect(at(ring, "live")) as other,
    ):
        token = await write(one, "Where are the maps?")
        await write(other, "I am somebody else")
        await two.send_json({"t": "hello", "token": token})
        await until(two, "lines")
        word = rate(2, " It was half of it.\x07 ")
        for _ in range(2):
            await one.send_json(word)
            assert (await until(one, "ack", "error"))["id"] == word["id"]
        [line] = (await until(two, "lines"))["lines"]
        assert (line["who"], line["event"], line["text"]) == ("patron", "rated:2", "It was half of it.")
        await kept(ring, 1)
        await one.send_json(rate(3))
        await until(one, "ack")
        await kept(ring, 2)
        assert given(ring) == [(2, "It was half of it."), (3, "")]
        assert len({each.sender for each in ring.ratings()}) == 1
        await other.send_json({"t": "ping"})
        assert (await until(other, "lines", "pong"))["t"] == "pong"
        await one.send_json({"t": "hello", "token": token})
        lines = (await until(one, "lines"))["lines"]
        assert [each.get("event", "") for each in lines] == ["", "rated:2", "rated:3"]
        assert lines[1]["id"] == line["id"]


async def test_without_a_socket_the_plain_requests_carry_it(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    ring.show(ENDED)
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "Hello?")
    headers = {"Authorization": f"Bearer {token}"}
    waiting = asyncio.create_task(poll(session, ring, headers, ""))
    assert [line["text"] for line in await waiting] == ["Hello?"]
    word = rate(3, "Thank you")
    for _ in range(2):
        async with session.post(at(ring, "frames"), json=word, headers=headers) as answer:
            assert answer.status == 200
            assert [each["t"] for each in (await answer.json())["frames"]] == ["ack"]
    await kept(ring, 1)
    assert given(ring) == [(3, "Thank you")]
    assert [line.get("event", "") for line in await poll(session, ring, headers, "")] == ["", "rated:3"]


async def test_what_stands_is_acknowledged_although_the_chat_was_opened_again(
    house: House, session: aiohttp.ClientSession
) -> None:
    """Its acknowledgement was lost, and it comes again when nothing new may be said; also to a daemon that was started again."""
    ring = await house()
    ring.show(ENDED)
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "Hello?")
        word = rate(3, "Thank you")
        await ws.send_json(word)
        await until(ws, "ack")
    await kept(ring, 1)
    config = ring.runner().channel.config
    await ring.stop()
    ring.show(replace(ENDED, rateable=False))
    await ring.start(config)
    await soon("the channel up", ring.up())
    async with session.ws_connect(at(ring, "live")) as ws:
        await ws.send_json({"t": "hello", "token": token})
        await ws.send_json(word)
        assert (await until(ws, "ack", "error"))["t"] == "ack"
        await ws.send_json(rate(1))
        assert (await until(ws, "ack", "error"))["code"] == "rating"
        ring.unreadable = True
        await ws.send_json(word)
        told = await until(ws, "ack", "error")
        assert (told["code"], told["id"]) == ("busy", word["id"]), "whether it stands cannot be said now"
    assert given(ring) == [(3, "Thank you")]


async def test_what_cannot_be_taken_is_refused_with_a_word(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        await ws.send_json(rate())
        assert (await until(ws, "error"))["code"] == "token"
        token = await write(ws, "Hello?")
        ring.show(ChannelDesk(open=True, online=True, library="Central", rate_s=86_400))
        await until(ws, "desk")
        for wrong, code in (
            (rate(), "rating"),
            (rate(0), "invalid"),
            (rate(4), "invalid"),
            (rate("three"), "invalid"),  # type: ignore[arg-type]  # that is what is wrong
            (rate(3, "x" * (MAX_COMMENT + 1)), "too-long"),
        ):
            await ws.send_json(wrong)
            told = await until(ws, "error", "ack")
            assert (told.get("code"), told["id"]) == (code, wrong["id"])
        headers = {"Authorization": f"Bearer {token}"}
        for sent, status in ((headers, 409), ({}, 401)):
            async with session.post(at(ring, "frames"), json=rate(), headers=sent) as answer:
                assert answer.status == status
        await ws.send_json({"t": "message", "id": secrets.token_urlsafe(9), "text": "still served"})
        await until(ws, "ack")
    assert ring.ratings() == []


async def test_the_desk_says_whether_patrons_are_asked(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        await ws.send_json({"t": "hello"})
        assert "rate_s" not in await until(ws, "desk")
        ring.show(ENDED)
        assert (await until(ws, "desk"))["rate_s"] == 86_400


@pytest.mark.parametrize("trouble", ["a flood", "a full store"])
async def test_who_must_wait_is_told_for_how_long(trouble: str, house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    ring.show(ENDED)
    async with session.ws_connect(at(ring, "live")) as ws:
        await write(ws, "Hello?")
        if trouble == "a full store":
            await ring.fill()
        words = [rate() for _ in range(1 if trouble == "a full store" else int(MESSAGES.burst) + 5)]
        for word in words:
            await ws.send_json(word)
        told = [await until(ws, "ack", "error") for _ in words]
        refused = [each for each in told if each["t"] == "error"]
        assert {each["code"] for each in refused} == {"busy" if trouble == "a full store" else "slow-down"}
        assert all(each["retry_after"] > 0 and each["id"] for each in refused)
        if trouble == "a full store":
            await ring.relieve()

        async def again() -> None:
            while (await until(ws, "ack", "error"))["t"] == "error":
                await asyncio.sleep(0.2)
                await ws.send_json(words[-1])

        await ws.send_json(words[-1])
        await soon("it is taken in the end", again())
        await kept(ring, 1)
