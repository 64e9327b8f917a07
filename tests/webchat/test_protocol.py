"""What the daemon answers to browsers that behave, and to those that do not: at real sockets, on a real store."""

from __future__ import annotations

import asyncio
import io
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from adapters.webchat import tokens
from adapters.webchat.limits import FRAMES, MAX_FILE, MAX_FRAME, MEGABYTES, MESSAGES, RECEIPTS, STUBBORN
from bridge.contract.adapter import ChannelDesk, Signal
from bridge.contract.message import Message, message_id
from bridge.testing.rig import soon
from bridge.testing.ring import Ring
from tests.webchat.conftest import House

SECRET = b"s" * 32  # the ring's
OTHER = "https://evil.example"


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def at(ring: Ring, path: str) -> str:
    return f"{ring.url}/channels/{ring.channel}/{path}"


def message(text: str, **extra: Any) -> dict[str, Any]:
    return {"t": "message", "id": secrets.token_urlsafe(9), "text": text, **extra}


async def until(ws: aiohttp.ClientWebSocketResponse, *kinds: str) -> dict[str, Any]:
    """Return the next frame of one of these kinds."""
    async with asyncio.timeout(20):
        while True:
            frame: dict[str, Any] = await ws.receive_json()
            if frame["t"] in kinds:
                return frame


async def write(ws: aiohttp.ClientWebSocketResponse, text: str, **extra: Any) -> str:
    """Write as a newcomer; return the token."""
    await ws.send_json(message(text, **extra))
    token = (await until(ws, "token"))["token"]
    await until(ws, "ack")
    return str(token)


# ---- who speaks ----


async def test_a_foreign_page_may_not_speak_for_a_patron(house: House, session: aiohttp.ClientSession) -> None:
    """A forged Origin is refused at the socket and at every plain door, also one that may embed the widget."""
    ring = await house(origins=("https://www.library.example",))
    for origin in (OTHER, "https://www.library.example", "null", ring.url.replace("127.0.0.1", "127.0.0.2")):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(at(ring, "live"), headers={"Origin": origin})
        assert refused.value.status == 403
        for path in ("frames", "poll", "files"):
            async with session.post(at(ring, path), json=message("forged"), headers={"Origin": origin}) as answer:
                assert answer.status == 403
    async with session.ws_connect(at(ring, "live"), headers={"Origin": ring.url}) as ws:
        await write(ws, "from our own frame")
    assert [each.text for each in ring.messages()] == ["from our own frame"]


async def test_a_forged_token_is_refused_and_the_socket_lives(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    honest = tokens.mint(SECRET)
    altered = honest[:-1] + ("B" if honest.endswith("A") else "A")
    forged = ["x" * 64, "", tokens.mint(b"another channel's secret........"), altered]
    async with session.ws_connect(at(ring, "live")) as ws:
        for token in filter(None, forged):
            await ws.send_json({"t": "hello", "token": token})
            assert (await until(ws, "error", "welcome"))["code"] == "token"
            headers = {"Authorization": f"Bearer {token}"}
            async with session.post(at(ring, "poll"), json={}, headers=headers) as answer:
                assert answer.status == 401
        await ws.send_json({"t": "receipt", "ids": ["a" * 20], "stage": "read"})
        assert (await until(ws, "error"))["code"] == "token"
        await write(ws, "an honest message")


async def test_nobody_hears_or_fetches_what_is_anothers(house: House, session: aiohttp.ClientSession) -> None:
    """Lines go to their patron alone; a file needs the token and the proof made for it."""
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ada, session.ws_connect(at(ring, "live")) as bob:
        token = await write(ada, "I am Ada")
        other = await write(bob, "I am Bob")
        png = b"\x89PNG\r\n\x1a\n" + b"\0" * 50
        headers = {"Authorization": f"Bearer {token}", "X-File-Name": "ada.png"}
        async with session.post(at(ring, "files"), data=png, headers=headers) as answer:
            file = (await answer.json())["file"]
        await ring.answer(await ring.message("I am Ada"), "for Ada's eyes")
        assert (await until(ada, "lines"))["lines"][0]["text"] == "for Ada's eyes"
        await bob.send_json({"t": "ping"})
        assert (await until(bob, "pong", "lines"))["t"] == "pong"
        for bearer, proof, status in (
            (token, file["proof"], 200),
            (other, file["proof"], 403),
            (token, "0" * 32, 403),
            ("", file["proof"], 403),
        ):
            asked = {"X-Proof": proof} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
            async with session.get(at(ring, f"files/{file['digest']}"), headers=asked) as answer:
                assert answer.status == status
                if status == 200:
                    assert await answer.read() == png
                    assert answer.headers["Content-Disposition"] == "attachment"
                    assert answer.content_type == "application/octet-stream"


async def test_a_first_message_whose_answer_was_lost_is_still_one_patrons_one_message(
    house: House, session: aiohttp.ClientSession
) -> None:
    """The same id and seed again, over another line: the same patron, no second conversation."""
    ring = await house()
    first = message("did it arrive?", seed=secrets.token_urlsafe(32))
    async with session.post(at(ring, "frames"), json=first) as answer:
        token = (await answer.json())["frames"][0]["token"]
    async with session.ws_connect(at(ring, "live")) as ws:
        await ws.send_json(first)
        assert (await until(ws, "token"))["token"] == token
        await until(ws, "ack")
    assert len(ring.messages()) == 1


@pytest.mark.parametrize("seed", ["1", "0" * 64, "seed"])
async def test_a_seed_that_two_may_choose_is_refused(seed: str, house: House, session: aiohttp.ClientSession) -> None:
    """Who wrote first with a seed that is easy to think of was joined by the next one, in the same conversation."""
    ring = await house()
    async with session.post(at(ring, "frames"), json=message("hello", seed=seed)) as answer:
        assert (answer.status, (await answer.json())["frames"][0]["code"]) == (400, "invalid")
    png = b"\x89PNG\r\n\x1a\n"
    async with session.post(at(ring, "files"), data=png, headers={"X-Seed": seed}) as answer:
        assert answer.status == 400
    assert ring.messages() == []


# ---- malformed, too large, too many ----


@pytest.mark.parametrize(
    "raw", ["", "x", "{}", "[]", "null", '{"t":1}', '{"t":"nothing"}', '{"t":"hello","token":7}', "\ufffd\x00"]
)
async def test_a_malformed_frame_gets_an_error_and_the_socket_lives(
    raw: str, house: House, session: aiohttp.ClientSession
) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        for send in (ws.send_str(raw), ws.send_bytes(b"\xff" + raw.encode())):
            await send
            assert (await until(ws, "error"))["code"] in ("malformed", "invalid")
        await write(ws, "still here")
    async with session.post(at(ring, "frames"), data=raw.encode()) as answer:
        assert answer.status == 400


async def test_what_is_too_large_is_refused_and_the_next_is_served(
    house: House, session: aiohttp.ClientSession
) -> None:
    ring = await house(max_text=100)
    async with session.ws_connect(at(ring, "live")) as ws:
        await ws.send_json(message("x" * 101))
        assert (await until(ws, "error"))["code"] == "too-long"
        await ws.send_str("x" * (MAX_FRAME + 1))
        assert (await until(ws, "error"))["code"] == "too-large"
        large = message("x" * (MAX_FRAME + 1))
        await ws.send_json(large)
        told = await until(ws, "error")
        assert (told["code"], told["id"]) == ("too-large", large["id"]), (
            "a browser is told which of its messages it was"
        )
        token = await write(ws, "x" * 100)
    async with session.post(at(ring, "frames"), data=io.BytesIO(b" " * (MAX_FRAME + 1))) as answer:
        assert answer.status == 413
    headers = {"Authorization": f"Bearer {token}"}
    file = b"\x89PNG\r\n\x1a\n" + b"\0" * MAX_FILE
    async with session.post(at(ring, "files"), data=io.BytesIO(file), headers=headers) as answer:
        assert answer.status == 413
    async with session.post(at(ring, "files"), data=aiter_of(file), headers=headers) as answer:
        assert answer.status == 413
    async with session.post(at(ring, "files"), data=b"<svg onload=alert(1)>", headers=headers) as answer:
        assert answer.status == 415


async def test_a_file_that_is_refused_is_not_kept(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    async with session.post(at(ring, "files"), data=b"<svg onload=alert(1)>") as answer:
        assert answer.status == 415
    assert [path for path in (ring.folder / "blobs").rglob("*") if path.is_file()] == []


async def test_a_file_that_is_not_kept_any_more_is_not_taken_for_sent(
    house: House, session: aiohttp.ClientSession
) -> None:
    """It was added to a message and the message not sent for over a day: the patron is told to add it again."""
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        headers = {"Authorization": f"Bearer {await write(ws, 'hello')}"}
        async with session.post(at(ring, "files"), data=b"\x89PNG\r\n\x1a\n", headers=headers) as answer:
            file = (await answer.json())["file"]
        assert await ring.blobs.remove(file["digest"])
        late = message("see this", files=[file])
        await ws.send_json(late)
        told = await until(ws, "error", "ack")
        assert (told["t"], told.get("code"), told["id"]) == ("error", "file", late["id"])
        async with session.post(at(ring, "files"), data=b"\x89PNG\r\n\x1a\n", headers=headers) as answer:
            file = (await answer.json())["file"]
        await ws.send_json(late | {"files": [file]})
        await until(ws, "ack")
    assert (await ring.message("see this")).attachments[0].digest == file["digest"]


async def test_what_a_file_is_its_upload_says(house: House, session: aiohttp.ClientSession) -> None:
    """A GIF called `mail.html`, of a type that only the daemon writes, was shown as a page of the desk's."""
    ring = await house()
    gif = b"GIF89a/*<script>alert(1)</script>*/"
    async with session.ws_connect(at(ring, "live")) as ws:
        headers = {"Authorization": f"Bearer {await write(ws, 'hello')}"}
        async with session.post(at(ring, "files"), data=gif, headers=headers | {"X-File-Name": "map.gif"}) as answer:
            file = (await answer.json())["file"]
        for n, claims in enumerate(
            (
                {"media_type": "text/x-cleaned-html", "name": "mail.html"},
                {"media_type": "text/html\r\nX: y", "size": 0},
                {"media_type": "image/svg+xml", "size": 2**53 - 1, "name": "../../x"},
            )
        ):
            await ws.send_json(message(f"look {n}", files=[file | claims]))
            await until(ws, "ack")
            (taken,) = (await ring.message(f"look {n}")).attachments
            assert (taken.media_type, taken.size, taken.name) == ("image/gif", len(gif), "map.gif")
            await ws.send_json(message(f"no ticket {n}", files=[file | claims | {"ticket": "x.bWFpbC5odG1s"}]))
            await until(ws, "ack")
            (taken,) = (await ring.message(f"no ticket {n}")).attachments
            assert (taken.media_type, taken.size) == ("image/gif", len(gif))
        for size in (10**30, -1, 2**64, 1e400, 1.5):
            wrong = message("too large", files=[file | {"size": 0}])
            raw = json.dumps(wrong).replace('"size": 0', f'"size": {size}'.replace("inf", "1e400"))
            await ws.send_str(raw)
            told = await until(ws, "error", "ack")
            assert (told["t"], told.get("code")) in (("error", "invalid"), ("error", "malformed")), size


async def test_one_address_sends_only_so_much_whoever_it_says_it_is(
    house: House, session: aiohttp.ClientSession
) -> None:
    """Every upload without a token is a new patron's: the limit of one patron is none."""
    ring = await house()
    large = b"\x89PNG\r\n\x1a\n" + b"\0" * (MAX_FILE - 100)
    statuses = []
    for _ in range(int(MEGABYTES.burst * 1e6 / MAX_FILE) + 1):
        async with session.post(at(ring, "files"), data=io.BytesIO(large)) as answer:
            statuses.append(answer.status)
    assert statuses[:-1] == [200] * (len(statuses) - 1)
    assert statuses[-1] == 429
    async with session.post(at(ring, "files"), data=b"\x89PNG\r\n\x1a\n" + b"\0" * 1000) as answer:
        assert answer.status == 200, "a small one is still taken"


async def aiter_of(data: bytes) -> AsyncIterator[bytes]:
    """Give data without saying beforehand how much it is."""
    for n in range(0, len(data), 1 << 16):
        yield data[n : n + (1 << 16)]


async def test_a_flood_is_told_to_slow_down_and_loses_nothing_of_others(
    house: House, session: aiohttp.ClientSession
) -> None:
    """Refused with a time to come again, the refused one named; a browser that goes on regardless is cut; others are served."""
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws, session.ws_connect(at(ring, "live")) as calm:
        await write(ws, "first")
        flood = [message(f"flood {n}") for n in range(int(MESSAGES.burst) + 5)]
        for each in flood:
            await ws.send_json(each)
        told = [await until(ws, "ack", "error") for _ in flood]
        refused = [each for each in told if each["t"] == "error"]
        assert refused
        assert {each["code"] for each in refused} == {"slow-down"}
        assert all(each["retry_after"] > 0 and each["id"] for each in refused)
        acked = [each["id"] for each in told if each["t"] == "ack"]
        await soon("the acknowledged are in", ring.until(lambda: len(ring.messages()) >= 1 + len(acked), "messages"))
        assert {each.source for each in ring.messages()} >= set(acked)
        await write(calm, "I am not in a hurry")
        again = flood[told.index(refused[0])]
        await asyncio.sleep(refused[0]["retry_after"])
        await ws.send_json(again)
        assert (await until(ws, "ack", "error"))["t"] == "ack"
        for _ in range(int(FRAMES.burst) + STUBBORN * 3):
            if ws.closed:
                break
            await ws.send_str('{"t":"ping"}')
        async with asyncio.timeout(20):
            while not ws.closed:
                await ws.receive()
        assert ws.close_code == 1008
        await calm.send_json(message("and I am still here"))
        await until(calm, "ack")


async def test_receipts_that_name_nothing_are_taken_only_so_often(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    windows = [await session.ws_connect(at(ring, "live")) for _ in range(int(RECEIPTS.burst) // 100)]
    token = await write(windows[0], "first")
    for n, ws in enumerate(windows):
        await ws.send_json({"t": "hello", "token": token})
        for part in range(3):
            ids = [f"made-up-{n}-{part}-{each}" for each in range(50)]
            await ws.send_json({"t": "receipt", "ids": ids, "stage": "read"})
    assert (await until(windows[-1], "error"))["code"] == "slow-down"
    await windows[-1].send_json(message("words are still taken"))
    assert (await until(windows[-1], "ack", "error"))["t"] == "ack"
    for ws in windows:
        await ws.close()


async def test_one_address_may_hold_only_so_many_sockets(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house(connections=3)
    held = [await session.ws_connect(at(ring, "live")) for _ in range(3)]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(at(ring, "live"))
    assert refused.value.status == 429
    await held.pop().close()
    async with asyncio.timeout(20):
        while len(held) < 3:
            try:
                held.append(await session.ws_connect(at(ring, "live")))
            except aiohttp.WSServerHandshakeError:
                await asyncio.sleep(0.05)
    for ws in held:
        await ws.close()


# ---- long polls and plain requests ----


async def test_a_poll_waits_for_news_and_brings_it(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    async with session.post(at(ring, "frames"), json=message("by plain request")) as answer:
        frames = (await answer.json())["frames"]
    assert [each["t"] for each in frames[:2]] == ["token", "ack"]
    headers = {"Authorization": f"Bearer {frames[0]['token']}"}
    asked = await ring.message("by plain request")
    async with session.post(at(ring, "poll"), json={}, headers=headers) as answer:
        lines = [each for each in (await answer.json())["frames"] if each["t"] == "lines"]
    after = lines[-1]["lines"][-1]["position"]
    waiting = asyncio.create_task(poll(session, ring, headers, after))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await ring.answer(asked, "news")
    assert [line["text"] for line in await waiting] == ["news"]
    assert [line["text"] for line in await poll(session, ring, headers, after)] == ["news"]


async def poll(session: aiohttp.ClientSession, ring: Ring, headers: dict[str, str], after: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(30), session.post(at(ring, "poll"), json={"after": after}, headers=headers) as answer:
        return [line for each in (await answer.json())["frames"] if each["t"] == "lines" for line in each["lines"]]


async def test_a_position_that_is_too_old_brings_everything_again(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "one")
        await ring.answer(await ring.message("one"), "two")
        await until(ws, "lines")
        await ws.send_json({"t": "hello", "token": token, "after": "a position nobody knows"})
        frame = await until(ws, "lines")
        while not frame.get("reset"):
            frame = await until(ws, "lines")
        assert [line["text"] for line in frame["lines"]] == ["one", "two"]


async def test_two_windows_of_one_patron_see_the_same(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as one, session.ws_connect(at(ring, "live")) as two:
        token = await write(one, "in the first window")
        await two.send_json({"t": "hello", "token": token})
        assert (await until(two, "lines"))["lines"][0]["text"] == "in the first window"
        await one.send_json(message("again in the first"))
        assert (await until(two, "lines"))["lines"][0]["text"] == "again in the first"
        await ring.answer(await ring.message("again in the first"), "to both")
        for ws in (one, two):
            frame = await until(ws, "lines")
            assert frame["lines"][-1]["text"] == "to both"


async def test_what_a_patron_sends_by_another_way_shows_at_once(house: House, session: aiohttp.ClientSession) -> None:
    """A picture from a call: the page that took it is not the chat's, and the chat need not be loaded again."""
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        sender = tokens.address(await write(ws, "hello"))
        id = message_id(ring.channel, sender, "call-picture")
        picture = Message(id=id, channel=ring.channel, sender=sender, source="call-picture", text="a picture")
        ring.tell(picture)
        assert ring.board is not None
        await ring.board.tell(Signal(kind="wrote", channel=ring.channel, address=sender, text=id))
        shown = (await until(ws, "lines"))["lines"]
        assert [(line["id"], line["who"], line["text"]) for line in shown] == [(id, "patron", "a picture")]


async def test_what_is_typed_goes_along_only_where_the_patron_is_told(
    house: House, session: aiohttp.ClientSession
) -> None:
    ring = await house()
    heard: list[tuple[str, str]] = []

    async def listen() -> None:
        assert ring.board is not None
        async for sign in ring.board.listen():
            heard.extend([(sign.kind, sign.text)] if not sign.librarian and sign.kind != "viewing" else [])

    async def types(ws: aiohttp.ClientWebSocketResponse, kind: str) -> None:
        async with asyncio.timeout(20):
            while kind not in [each for each, _ in heard]:
                await ws.send_json({"t": "typing", "on": True, "text": "not sent \x07yet"})
                await asyncio.sleep(0.3)

    listening = asyncio.create_task(listen())
    async with session.ws_connect(at(ring, "live")) as ws:
        await write(ws, "hello")
        await types(ws, "typing")
        ring.show(ChannelDesk(open=True, online=True, library="Central", previews=True))
        while not (await until(ws, "desk")).get("previews"):
            pass
        await types(ws, "draft")
        await ws.send_json({"t": "typing", "on": True, "text": "x" * 801})
        assert (await until(ws, "error"))["code"] == "invalid"
    listening.cancel()
    assert set(heard) <= {("typing", ""), ("draft", "not sent yet"), ("gone", "")}


async def test_a_second_hello_does_not_lose_the_place_in_the_queue(
    house: House, session: aiohttp.ClientSession
) -> None:
    """Another window of a patron who waits, or the same one again, hears their place although nothing has changed."""
    ring = await house()
    ring.show(ChannelDesk(open=True, online=True, place=2))
    async with session.ws_connect(at(ring, "live")) as one, session.ws_connect(at(ring, "live")) as two:
        token = await write(one, "I wait")
        while not (await until(one, "desk")).get("place"):
            pass
        for ws in (one, two):
            await ws.send_json({"t": "hello", "token": token})
            told = [await until(ws, "desk"), await until(ws, "desk")]
            assert [each.get("place", 0) for each in told] == [0, 2]


async def test_history_that_could_not_be_read_is_made_good(house: House, session: aiohttp.ClientSession) -> None:
    """Who says hello while transcripts cannot be read is asked to say it again, on the same socket."""
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "one")
        await until(ws, "again")  # everybody is asked once, soon after the start
        ring.unreadable = True
        await ws.send_json({"t": "hello", "token": token})
        assert (await until(ws, "error"))["code"] == "busy"
        ring.unreadable = False
        await until(ws, "again")
        await ws.send_json({"t": "hello", "token": token})
        assert (await until(ws, "lines"))["lines"][0]["text"] == "one"


async def test_who_is_here_again_is_told_whoever_said_that_he_left(
    house: House, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They left, the daemon restarts, they come back; then another process, which they came from, takes them for gone."""
    monkeypatch.setattr("adapters.webchat.departures.GONE_S", 0.1)
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        token = await write(ws, "one")
    sender = (await ring.message("one")).sender
    await ring.until(lambda: ring.signs(sender) == [False], "that he left")
    config = ring.runner().channel.config
    await ring.stop()
    await ring.start(config)
    await soon("the channel up", ring.up())
    async with session.ws_connect(at(ring, "live")) as ws:
        await ws.send_json({"t": "hello", "token": token})
        await ring.until(lambda: ring.signs(sender) == [False, True], "that he is back")
        await ring.sign(Signal(kind="gone", channel=ring.channel, address=sender))
        await ring.until(lambda: ring.signs(sender) == [False, True, True], "that he is here all the same")


# ---- the desk, and the daemon's own troubles ----


async def test_the_status_is_cookieless_and_only_for_listed_pages(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house(origins=("https://www.library.example:443", "https://*.campus.example"))
    ring.show(ChannelDesk(open=True, online=False, wait_s=61, library="Central", accent="#123456"))
    for origin, allowed in (
        ("https://www.library.example", True),
        ("https://law.campus.example", True),
        ("https://campus.example", False),
        (OTHER, False),
    ):
        async with session.get(at(ring, "status"), headers={"Origin": origin}) as answer:
            told = await answer.json()
            assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed
            assert "Set-Cookie" not in answer.headers
            assert told["desk"]["open"] is True


async def test_pages_may_be_framed_by_listed_origins_alone(house: House, session: aiohttp.ClientSession) -> None:
    ring = await house(origins=("https://www.library.example:443", "https://*.campus.example"))
    for path, framers in (
        ("frame", "frame-ancestors 'self' https://www.library.example https://*.campus.example"),
        ("chat", "frame-ancestors 'none'"),
    ):
        async with session.get(at(ring, path)) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert policy.endswith(framers)
            assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
            assert "unsafe" not in policy
            assert "Set-Cookie" not in answer.headers
            assert json.dumps({"channel": ring.channel})[1:-1] in (await answer.text()).replace("&quot;", '"')
    for path in ("assets/..%2f..%2fadapter.py", "assets/nothing.js"):
        async with session.get(at(ring, path)) as answer:
            assert answer.status == 404


async def test_a_full_store_acknowledges_nothing_and_says_when_to_come_again(
    house: House, session: aiohttp.ClientSession
) -> None:
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as ws:
        await write(ws, "before")
        await ring.fill()
        kept = message("while it is full")
        await ws.send_json(kept)
        frame = await until(ws, "ack", "error")
        assert (frame["t"], frame["code"], frame["id"]) == ("error", "busy", kept["id"])
        assert frame["retry_after"] > 0
        await ring.relieve()
        async with asyncio.timeout(30):
            while frame["t"] != "ack":
                await asyncio.sleep(0.2)
                await ws.send_json(kept)
                frame = await until(ws, "ack", "error")
    assert [each.text for each in ring.messages()] == ["before", "while it is full"]


@pytest.mark.parametrize(
    "left", [b"", b"\x81\xfe\x0f\xa0", b"\x01\x81\0\0\0\0a"], ids=["nothing", "half a frame", "half a message"]
)
async def test_a_silent_socket_is_cut(house: House, session: aiohttp.ClientSession, left: bytes) -> None:
    """A browser that stops asking "are you there" is gone, wherever in its words it stopped (Slowloris)."""
    ring = await house(beat=0.2)
    async with session.ws_connect(at(ring, "live"), autoping=False) as ws:
        await write(ws, "and then nothing")
        transport = ws._response.connection.transport if ws._response.connection is not None else None
        assert transport is not None
        transport.write(left)
        async with asyncio.timeout(20):
            while not ws.closed:
                await ws.receive()


async def test_a_reader_who_stops_reading_holds_up_nobody(house: House, session: aiohttp.ClientSession) -> None:
    """Its buffer fills, it is left out, others hear at once; it catches up from history when it reads again."""
    ring = await house()
    async with session.ws_connect(at(ring, "live")) as slow, session.ws_connect(at(ring, "live")) as quick:
        token = await write(slow, "I will not read")
        await write(quick, "I will")
        asked, other = await ring.message("I will not read"), await ring.message("I will")
        assert slow._response is not None
        connection = slow._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.pause_reading()
        long = "x" * 30_000
        for _ in range(15):
            await ring.answers(asked, [f"{n} {long}" for n in range(20)])
        await ring.answer(other, "quickly")
        assert (await until(quick, "lines"))["lines"][0]["text"] == "quickly"
        connection.transport.resume_reading()
        seen: set[str] = set()
        async with asyncio.timeout(60):
            while len(seen) < 300:
                frame = await slow.receive_json()
                if frame["t"] == "again":
                    await slow.send_json({"t": "hello", "token": token})
                seen |= {line["id"] for line in frame.get("lines", ()) if line["who"] == "librarian"}
