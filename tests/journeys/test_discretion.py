"""What must never leave the house: secrets and tokens, in no log, no answer, no address and no command line; patrons' words
in no log.

A house runs as an operator runs it, with secrets that the test knows; everybody uses it well and badly, its Redis is killed under
it, and it is told to stop while sockets are open. Then all it wrote and answered is searched.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.journeys.house import House
from tests.journeys.indoors import browsing, until
from tests.journeys.librarian import PASSWORD, Librarian
from tests.journeys.patron import Patron
from tests.peers.redis import RedisServer

REDIS_PASSWORD = "redis-knows-this-hemlock"
QUESTION = "Confidential-question about my zebrafinch"
ANSWER = "Discreet-answer about the zebrafinch"
CONTACT = "zebra.finch@example.org"
WRONG = "a-wrong-password-typed-by-mistake"
PATIENCE = 60.0
# what is asked for, where an address must be asked with something
ASKED = {"q": "finch", "record": "1", "view": "open", "after": "0", "library": "north", "id": "1"}


def tree(pid: int) -> Iterator[int]:
    """A process and all below it."""
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from tree(int(child))


def command_lines(pid: int) -> str:
    """The command lines of a process and its children."""
    return "\n".join(Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode() for each in tree(pid))


def text_of(answer: bytes) -> str:
    """An answer as text; of a ZIP, what its files hold."""
    if not answer.startswith(b"PK"):
        return answer.decode()
    with zipfile.ZipFile(io.BytesIO(answer)) as packed:
        return "\n".join(packed.read(name).decode(errors="replace") for name in packed.namelist())


async def everything_told(ana: Librarian, talk: str) -> str:
    """Every answer of the interface that a librarian can get, as text."""
    described = await ana.get("/openapi.json")
    paths = [path for path, about in described["paths"].items() if "get" in about and "live" not in path]
    told = [json.dumps(described)]
    for path in paths:
        place = path.replace("/api/v1", "").replace("/conversations/{id}", f"/conversations/{talk}")
        place = place.replace("/organisation/{id}", "/organisation/north")
        if "{" not in place:
            needed = [
                one["name"] for one in described["paths"][path]["get"].get("parameters", ()) if one.get("required")
            ]
            query = {name: ASKED[name] for name in needed}
            async with ana.web.get(f"{ana.api}{place}", params=query) as answer:
                # 403: for administrators alone; 404: there is no such record or entry
                expected = (200, 403, 404) if {"record", "id"} & query.keys() else (200, 403)
                assert answer.status in expected, (place, answer.status)
                told.append(text_of(await answer.read()))
    assert len(told) > 8
    return "\n".join(told)


async def misuse(web: aiohttp.ClientSession, url: str) -> None:
    """Sign in wrongly, speak nonsense, forge tokens, ask for what is not there."""
    csrf = {"X-Deskbridge": "1", "Origin": url}
    async with web.post(f"{url}/api/v1/login", json={"name": "ana", "password": WRONG}, headers=csrf) as answer:
        assert answer.status == 401
    for frame in (
        {"t": "message", "id": "x", "text": QUESTION, "seed": 7},
        {"t": "hello", "token": "forged" * 10},
        "nonsense",
    ):
        async with web.post(f"{url}/channels/web/frames", json=frame) as answer:
            assert answer.status == 400 or answer.status == 401
    for path in ("/nowhere", f"/channels/nobody/live?text={QUESTION}", f"/api/v1/conversations?view={QUESTION}"):
        async with web.get(f"{url}{path}") as answer:
            assert answer.status >= 400


class Keeper:
    """A running house over a Redis with a password, and the secrets that it must keep."""

    def __init__(self, house: House, server: RedisServer) -> None:
        self.house = house
        self.server = server
        self.secrets = [REDIS_PASSWORD, PASSWORD, WRONG, *house.codes.values()]
        self.told = ""

    def opened(self) -> None:
        """Give Redis a user whose password the house has from its environment."""
        self.server.admin("ACL", "SETUSER", "house", "on", f">{REDIS_PASSWORD}", "~*", "&*", "+@all")


async def work(keeper: Keeper, ana: Librarian, pat: Patron, web: aiohttp.ClientSession) -> None:
    """Let both sides talk, Redis die once, and everybody make mistakes."""
    await ana.connected.wait()
    await ana.attend("north/reference")
    await pat.say(QUESTION)
    await ana.until(lambda: bool(ana.rows), PATIENCE)
    talk = next(iter(ana.rows))
    assert (await ana.do(f"/conversations/{talk}/claim"))[0] == 200
    assert (await ana.do(f"/conversations/{talk}/messages", {"text": ANSWER}))[0] == 200
    assert (await ana.do(f"/conversations/{talk}/identify", {"name": "Zebra", "contact": CONTACT}))[0] == 200
    await pat.until(lambda: pat.answers() == [ANSWER], PATIENCE)
    await misuse(web, keeper.house.url)
    await asyncio.to_thread(keeper.server.kill)
    await pat.say("Second-confidential-question")
    await ana.until(lambda: "down" in ana.stands, PATIENCE)
    await asyncio.to_thread(keeper.server.start)
    keeper.opened()
    await pat.until(lambda: not pat.unsent(), PATIENCE)
    keeper.told = await everything_told(ana, talk)
    keeper.secrets += [pat.token, ana.token]


@pytest.mark.timeout(200)
async def test_nothing_that_is_secret_is_written_told_or_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RedisServer(tcp=True) as server:
        monkeypatch.setenv("HOUSE_REDIS", f"redis://house:{REDIS_PASSWORD}@127.0.0.1:{server.port}")
        server.admin("ACL", "SETUSER", "house", "on", f">{REDIS_PASSWORD}", "~*", "&*", "+@all")
        with House(tmp_path / "house", ("ana",), more='[redis]\nurl = { env = "HOUSE_REDIS" }\n') as house:
            await house.start()
            keeper = Keeper(house, server)
            ana = Librarian(house.url, "ana")
            await ana.sign_in(house.codes["ana"])
            async with aiohttp.ClientSession() as web, browsing(ana, pat := Patron(web, house.url)):
                await work(keeper, ana, pat, web)
                shown = command_lines(house.pid)
                assert house.stop() == 0, "sockets stand open meanwhile"
            await ana.close()
            written = house.log + house.run("check") + house.run("desk", "dump") + house.run("librarian", "list")
            for secret in keeper.secrets:
                assert len(secret) > 8
                assert secret not in written
                assert secret not in keeper.told
                assert secret not in shown
            for word in ("zebrafinch", "confidential", "discreet", CONTACT):
                assert word.casefold() not in written.casefold()
            assert "redis://" not in shown
            events = [json.loads(line) for line in house.log.splitlines() if line.startswith("{")]
            assert {"serving", "store-away"} <= {each["event"] for each in events}


@pytest.mark.timeout(200)
async def test_told_to_stop_it_says_good_bye_and_leaves_nobody_behind(tmp_path: Path) -> None:
    """SIGTERM with sockets open on both sides: exit code 0, every socket closed in words, no process left, data kept."""
    with House(tmp_path / "house", ("ana",)) as house:
        await house.start()
        ana = Librarian(house.url, "ana")
        await ana.sign_in(house.codes["ana"])
        async with aiohttp.ClientSession() as web:
            patrons = [await web.ws_connect(f"{house.url}/channels/web/live") for _ in range(50)]
            pages = [await ana.web.ws_connect(f"{ana.api}/live") for _ in range(5)]
            family = list(tree(house.pid))
            assert len(family) > 1, "Redis is a child"
            stopping = asyncio.create_task(asyncio.to_thread(house.stop))
            patrons_told, pages_told = await asyncio.gather(last_words(patrons), last_words(pages))
            assert 1012 in patrons_told
            assert patrons_told <= {1012, 1006}, "who is too slow to hear it is cut after a moment"
            assert pages_told <= {1001, 1006}
            assert await stopping == 0
        await ana.close()
        await until(lambda: not [pid for pid in family if alive(pid)], "no process of the house is left")
        assert "Traceback" not in house.log
        assert not re.search(r'"level": "(error|critical)"', house.log)
        await house.start()
        assert house.stop() == 0


async def last_words(sockets: list[aiohttp.ClientWebSocketResponse]) -> set[int | None]:
    """Read sockets to their ends; return the codes they were closed with."""

    async def to_the_end(socket: aiohttp.ClientWebSocketResponse) -> None:
        async with asyncio.timeout(PATIENCE):
            async for _ in socket:
                pass

    await asyncio.gather(*map(to_the_end, sockets))
    return {socket.close_code for socket in sockets}


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
