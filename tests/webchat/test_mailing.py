"""A patron has the transcript mailed, by socket and by plain request: one address, for themselves, a few times, or a word why
not."""

from __future__ import annotations

import secrets
from typing import Any

import aiohttp
import pytest

from adapters.webchat.aside import read_wish
from adapters.webchat.codec import FrameRefused, MailIt
from adapters.webchat.limits import MAILS, PLACE_MAILS
from bridge.contract.adapter import ChannelDesk
from bridge.testing.ring import Ring
from tests.webchat.conftest import House
from tests.webchat.test_protocol import at, session, until, write

__all__ = ["session"]  # a fixture

MAILABLE = ChannelDesk(open=True, online=True, library="Central", mails=True, mailable=True)
ADDRESS = "jane@elsewhere.example"


def mail(address: str = ADDRESS, **extra: Any) -> dict[str, Any]:
    return {"t": "mail", "id": secrets.token_urlsafe(9), "address": address, **extra}


async def kept(ring: Ring, count: int) -> None:
    await ring.until(lambda: len(ring.transcript_requests()) >= count, f"{count} wishes")


async def test_it_is_taken_once_and_told_to_no_other_window(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    ring.show(MAILABLE)
    async with session.ws_connect(at(ring, "live")) as one, session.ws_connect(at(ring, "live")) as two:
        token = await write(one, "Where are the maps?")
        await two.send_json({"t": "hello", "token": token})
        await until(two, "lines")
        word = mail(f" {ADDRESS} ")
        for _ in range(3):
            await one.send_json(word)
            assert (await until(one, "ack", "error"))["id"] == word["id"]
        await kept(ring, 1)
        ring.show(ChannelDesk(open=True, online=True, library="Central", mails=True))
        await one.send_json(word)
        told = await until(one, "ack", "error")
        assert told["t"] == "ack", (
            "its acknowledgement was lost, and it comes again after the last one that may be mailed"
        )
        await two.send_json({"t": "ping"})
        assert (await until(two, "lines", "ack", "pong"))["t"] == "pong"
        headers = {"Authorization": f"Bearer {token}"}
        async with session.post(at(ring, "frames"), json=word, headers=headers) as answer:
            assert [each["t"] for each in (await answer.json())["frames"]] == ["ack"]
    [request] = ring.transcript_requests()
    assert (request.address, request.source, request.sender) == (ADDRESS, word["id"], ring.messages()[0].sender)


async def test_the_desk_says_whether_it_can_be_done(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        await ws.send_json({"t": "hello"})
        assert "mails" not in await until(ws, "desk")
        ring.show(MAILABLE)
        assert (await until(ws, "desk"))["mails"] is True


async def test_nobody_asks_for_anothers(house: House, session: aiohttp.ClientSession) -> None:
    """A frame has no place for another's name: a patron is who their token says, and without one they are nobody."""
    ring = await house()
    ring.show(MAILABLE)
    async with session.ws_connect(at(ring, "live")) as pat, session.ws_connect(at(ring, "live")) as rex:
        await write(pat, "I am Pat")
        await rex.send_json(mail())
        assert (await until(rex, "error", "ack"))["code"] == "token"
        await write(rex, "I am Rex")
        victim = ring.messages()[0].sender
        await rex.send_json(mail(sender=victim, conversation="c", channel="other", token="t"))
        await until(rex, "ack")
        await kept(ring, 1)
        forged = {"Authorization": f"Bearer {victim}"}
        async with session.post(at(ring, "frames"), json=mail(), headers=forged) as answer:
            assert answer.status == 401
    assert [each.sender for each in ring.transcript_requests()] == [ring.messages()[1].sender]


async def test_what_cannot_be_taken_is_refused_with_a_word(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    ring.show(MAILABLE)
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "Hello?")
        for wrong, code in (
            (mail(""), "address"),
            (mail("jane"), "address"),
            (mail(f"{ADDRESS}, rex@elsewhere.example"), "address"),
            (mail(f"Jane <{ADDRESS}>"), "address"),
            (mail(f"{ADDRESS}\r\nBcc: rex@elsewhere.example"), "address"),
            (mail(f"{ADDRESS}\x00"), "address"),
            (mail("a" * 250 + "@elsewhere.example"), "address"),
            (mail([ADDRESS]), "invalid"),  # type: ignore[arg-type]  # that is what is wrong
            (mail(id="short"), "invalid"),
        ):
            await ws.send_json(wrong)
            told = await until(ws, "error", "ack")
            assert (told.get("code"), told["id"]) == (code, wrong["id"]), wrong
        ring.show(ChannelDesk(open=True, online=True, library="Central", mails=True))
        await ws.send_json(mail())
        assert (await until(ws, "error", "ack"))["code"] == "transcript"
        headers = {"Authorization": f"Bearer {token}"}
        async with session.post(at(ring, "frames"), json=mail(), headers=headers) as answer:
            assert answer.status == 409
        await ws.send_json({"t": "message", "id": secrets.token_urlsafe(9), "text": "still served"})
        await until(ws, "ack")
    assert ring.transcript_requests() == []


@pytest.mark.parametrize(
    "address", [f"{ADDRESS}\n", f"\n{ADDRESS}", "a@b.example\u2028c@d.example", '"a\r\n"@b.example']
)
def test_an_address_is_never_mended_into_another(address: str) -> None:
    with pytest.raises(FrameRefused, match="address"):
        read_wish(MailIt(id="a-good-id", address=address), "web", "pat")


async def test_after_a_few_a_patron_is_refused_and_so_is_one_place(
    house: House, session: aiohttp.ClientSession
) -> None:
    ring = await house()
    ring.show(MAILABLE)
    async with session.ws_connect(at(ring, "live")) as ws:
        await write(ws, "Hello?")
        told = []
        for _ in range(int(MAILS.burst) + 1):
            await ws.send_json(mail())
            told.append((await until(ws, "error", "ack")).get("code", "ack"))
        assert told == ["ack"] * int(MAILS.burst) + ["transcripts"]
    taken = int(MAILS.burst)
    while taken < PLACE_MAILS.burst + 1:
        async with session.ws_connect(at(ring, "live")) as ws:
            await write(ws, f"Hello {taken}?")
            for _ in range(int(MAILS.burst)):
                taken += 1
                await ws.send_json(mail())
                code = (await until(ws, "error", "ack")).get("code", "ack")
                assert code == ("ack" if taken <= PLACE_MAILS.burst else "transcripts"), taken


async def test_while_nothing_can_be_taken_in_he_is_told_when_to_come_again(
    house: House, session: aiohttp.ClientSession
) -> None:
    ring = await house()
    ring.show(MAILABLE)
    async with session.ws_connect(at(ring, "live")) as ws:
        await write(ws, "Hello?")
        await ring.fill()
        word = mail()
        await ws.send_json(word)
        told = await until(ws, "error", "ack")
        assert (told["code"], told["id"]) == ("busy", word["id"])
        assert told["retry_after"] > 0
        await ring.relieve()
        await ws.send_json(word)
        await until(ws, "ack")
        await kept(ring, 1)
