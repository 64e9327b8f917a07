"""Who is let into a call, what is handed from one side to the other, how it ends, and what of it is kept: nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from bridge.calls.links import CallPass, call_pass
from bridge.calls.pages import CallPages
from bridge.calls.rooms import CallDesk
from bridge.calls.settings import CallsConfig
from tests.browser.picture import png
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until
from tests.inbox.desk import desk as running

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALLS = CallsConfig(turn=("turn:127.0.0.1:3478",), secret="0123456789abcdef")
MARKER = "a=candidate:4711 udp 203.0.113.77"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with running(tmp_path_factory.mktemp("desk"), calls=CALLS) as found:
        yield found


class Window:
    """One side's page, as its socket sees it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, t: str, **more: Any) -> None:
        await self.socket.send_str(json.dumps({"t": t, **more}))

    async def next(self, *kinds: str) -> dict[str, Any]:
        """Return the next word of one of these kinds, or the end."""
        async with asyncio.timeout(10):
            while True:
                told: dict[str, Any] = json.loads(await self.socket.receive_str())
                if told["t"] in (*kinds, "over"):
                    return told


class Hall:
    """A process that serves calls, and ways in."""

    def __init__(self, desk: Desk, server: BaseTestServer, session: aiohttp.ClientSession) -> None:
        self.desk, self.session = desk, session
        self.url = str(server.make_url("")).rstrip("/")

    async def window(self, token: str) -> Window:
        socket = await self.session.ws_connect(f"{self.url}/call/live", headers={"Origin": self.url})
        window = Window(socket)
        await window.say("enter", token=token)
        return window

    async def picture(self, token: str, body: bytes, **headers: str) -> int:
        given = {"Origin": self.url, "Authorization": f"Bearer {token}"} | headers
        async with self.session.post(f"{self.url}/call/picture", data=body, headers=given) as answer:
            return answer.status


@pytest_asyncio.fixture(loop_scope="module")
async def hall(desk: Desk) -> AsyncIterator[Hall]:
    facts = desk.services
    app = web.Application()
    CallPages(
        [
            CallDesk(
                consortium=facts.store.keys.consortium,
                config=facts.calls,
                secret=facts.secret,
                replica=facts.replica,
                gathering=facts.gathering,
                signs=facts.signs,
                blobs=facts.blobs,  # type: ignore[arg-type]  # a folder keeps what is asked for here
                max_media=lambda channel: facts.channels[channel].max_media,
            )
        ],
        grace_s=0.3,
    ).mount(app)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        yield Hall(desk, server, session)


def holding(words: str, *folders: Path) -> list[Path]:
    """Return the files of a desk that hold these words."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if words.encode() in path.read_bytes()]


async def offered(desk: Desk, browsers: Browsers, patron: str, kind: str = "video") -> tuple[str, str, str]:
    """Return a conversation in which Ana offers a call, her pass, and the patron's, as each of them gets it."""
    ana = await browsers.of("ana")
    conversation = await desk.patron(patron, "Can you look at this?")
    await ana.deed(conversation, "claim")
    call = (await ana.deed(conversation, "call_offer", {"kinds": [kind]}))["row"]["call"]
    _, found = await ana.post(f"/conversations/{conversation}/call_window", {"call": call["id"]})
    lines = await desk.services.reader.patron_history("web", patron, "")
    (words,) = [line.text for line in lines if line.event == "call-offered"]
    return conversation, found["url"].partition("#")[2], words.rpartition("#")[2]


def call_in(desk: Desk, conversation: str) -> Any:
    return desk.services.replica.state.conversations[conversation].call


async def test_two_sides_meet_and_nothing_of_what_they_say_is_kept(desk: Desk, browsers: Browsers, hall: Hall) -> None:
    conversation, hers, theirs = await offered(desk, browsers, "meets")
    late, patron = await hall.window(theirs), await hall.window(theirs)
    told = await patron.next("offered")
    assert (told["librarian"], told["kinds"]) == ("Ana", ["video"])
    await patron.say("signal", text=MARKER)  # nobody is inside yet
    await patron.say("accept")
    inside = await patron.next("inside")
    assert inside["servers"][0]["urls"] == list(CALLS.turn)
    assert inside["relay_only"] is True
    assert CALLS.secret not in str(inside)
    await late.next("offered")
    await late.say("accept")
    assert (await late.next())["reason"] == "used"
    assert (await (await hall.window(theirs)).next("offered", "inside"))["reason"] == "used"
    ana = await hall.window(hers)
    await ana.next("inside")
    assert (await patron.next("here"))["here"] is True
    assert (await ana.next("here"))["here"] is True
    for one, other in ((ana, patron), (patron, ana)):
        await one.say("signal", text=MARKER)
        assert (await other.next("signal"))["text"] == MARKER
    await ana.say("using", kinds=["voice", "patron-screen"])
    assert (await patron.next("using"))["kinds"] == ["voice"]
    again = await hall.window(inside["token"])  # the page was loaded again
    await again.next("inside")
    assert (await patron.next())["reason"] == "elsewhere"
    assert await hall.picture(inside["token"], png()) == 204
    assert await hall.picture(hers, png()) == 204
    assert await hall.picture(inside["token"], b"words") == 415
    assert await hall.picture(theirs, png()) == 403
    sent = [line for line in await desk.services.reader.patron_history("web", "meets", "") if line.attachments]
    assert {line.who for line in sent} <= {"patron", "librarian"}
    await again.say("end")
    assert (await ana.next())["reason"] == "over"
    await until(lambda: call_in(desk, conversation) is None, "the end")
    assert await hall.picture(inside["token"], png()) == 403
    lines = (await (await browsers.of("ana")).get(f"/conversations/{conversation}"))[1]["lines"]
    assert theirs not in str(lines)  # colleagues read the offer, and nobody takes the patron's place
    (ended,) = [line for line in lines if line["event"] == "call-ended"]
    assert len([line for line in lines if line["attachments"]]) == 2
    assert (ended["details"]["how"], ended["author_id"]) == ("ended", "")
    assert await asyncio.to_thread(holding, "Can you look at this?", desk.data, desk.server.folder)
    assert not await asyncio.to_thread(holding, MARKER, desk.data, desk.server.folder)


async def test_strangers_and_other_pages_are_not_let_in(desk: Desk, browsers: Browsers, hall: Hall) -> None:
    conversation, hers, theirs = await offered(desk, browsers, "guarded")
    call = call_in(desk, conversation)
    forged = CallPass(
        consortium=hers.split(".")[0], conversation=conversation, call=call.id, side="librarian", session="x"
    )
    as_patron = theirs.replace(".patron.", ".librarian.")
    for token in ("", "x" * 400, call_pass(b"another secret", forged), as_patron, theirs[:-1]):
        assert (await (await hall.window(token)).next("offered", "inside"))["reason"] == "over"
    for origin in ({}, {"Origin": "https://elsewhere.example"}):
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await hall.session.ws_connect(f"{hall.url}/call/live", headers=origin)
    assert await hall.picture(theirs, png()) == 403
    assert await hall.picture(hers, png(), Origin="https://elsewhere.example") == 403
    window = await hall.window(theirs)
    await window.next("offered")
    await window.say("refuse")
    await window.next()
    await until(lambda: call_in(desk, conversation) is None, "the refusal")
    assert (await (await hall.window(hers)).next("inside"))["reason"] == "over"
    ben = await browsers.of("ben")
    assert (await ben.post(f"/conversations/{conversation}/call_offer", {"kinds": ["voice"]}))[0] == 409


async def test_only_who_offered_it_opens_the_librarians_window(desk: Desk, browsers: Browsers) -> None:
    conversation, _, _ = await offered(desk, browsers, "owned")
    asked = {"call": call_in(desk, conversation).id}
    ben, dora = await browsers.of("ben"), await browsers.of("dora")
    assert (await ben.post(f"/conversations/{conversation}/call_window", asked))[0] == 403
    assert (await dora.post(f"/conversations/{conversation}/call_window", asked))[0] == 404


async def test_a_side_that_has_gone_ends_it_and_one_that_comes_back_does_not(
    desk: Desk, browsers: Browsers, hall: Hall
) -> None:
    conversation, hers, theirs = await offered(desk, browsers, "leaves")
    patron, ana = await hall.window(theirs), await hall.window(hers)
    await patron.next("offered")
    await patron.say("accept")
    token = (await patron.next("inside"))["token"]
    await patron.socket.close()
    while (await ana.next("here"))["here"]:
        pass  # the line says so for each window that came
    back = await hall.window(token)
    await back.next("inside")
    await back.next("here")
    assert call_in(desk, conversation) is not None
    await ana.socket.close()
    assert (await back.next())["reason"] == "over"
    assert call_in(desk, conversation) is None
