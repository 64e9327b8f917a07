"""A patron asks to be forgotten: a secret that was put into every field is found nowhere any more, in no file of the house.

The house is whole, with the Redis of its own; the patron writes through a real socket and uploads through the web, the librarians
work through their interface. Only the minutes for which web chat's streams are kept are shortened.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bridge.app.commands import Wish, forget
from bridge.app.config import ChannelConfig, Config, Http
from bridge.app.daemon import Daemon, opened
from bridge.contract.message import Message, message_id
from bridge.sql.people.calendar import Calendar
from bridge.testing.rig import SentFile
from tests.journeys.indoors import LIBRARY, until
from tests.journeys.librarian import Librarian
from tests.webchat.browserless import Browserless

SECRET = "Quintessenzzyklotron"
TONGUE = "zyklotr"
OTHER = "Nachbarskind"
PEOPLE = ("ana", "ben")
AWAY = {"address": "ask@north.example", "password": "unused"} | {
    f"{one}_{key}": value for one in ("imap", "smtp") for key, value in (("host", "127.0.0.1"), ("port", 1))
}

pytestmark = pytest.mark.timeout(180)


def lying(folder: Path, *words: str) -> list[str]:
    """The files in which one of these words lies, in whatever case; those that go away meanwhile hold nothing."""
    found = []
    for file in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):
            held = file.read_bytes().lower() if file.is_file() else b""
            found += [f"{file.relative_to(folder)}: {word}" for word in words if word.lower().encode() in held]
    return found


async def gone(folder: Path, *words: str) -> None:
    """Wait until none of these words lies in any file."""
    end = time.monotonic() + 30
    while found := lying(folder, *words):
        assert time.monotonic() < end, found
        await asyncio.sleep(0.1)


@asynccontextmanager
async def a_house(data: Path) -> AsyncIterator[Daemon]:
    """Open a house with its own Redis, a web chat, a mailbox that is away, and two librarians who coordinate its library."""
    web = ChannelConfig(name="web", kind="webchat", queue="north/reference", settings={})
    mail = ChannelConfig(name="mail", kind="email", queue="north/reference", settings=AWAY)
    http = Http(listen="127.0.0.1:0")
    config = Config(path=data / "x.toml", data=data, one_process=True, http=http, channels=(web, mail))
    async with opened(config) as house:
        people = tuple(msgspec.structs.replace(one, coordinator=True) for one in LIBRARY.librarians)
        desk = house.desks[0]
        await desk.organisation.put(
            msgspec.structs.replace(LIBRARY, librarians=people, contact_channel="mail"), Calendar()
        )
        await desk.tell_core()
        for name in PEOPLE:
            with suppress(ValueError):  # it is there since the first start
                await house.archive.accounts.add(name, name, "north")
        await until(lambda: desk.replica.state.roster.home.get("ana"), "the library is known")
        yield house


async def signed_in(house: Daemon, name: str) -> Librarian:
    found = Librarian(house.server.url, name)
    found.come(*await house.archive.accounts.open_session(name))
    return found


async def archived(house: Daemon) -> None:
    """Wait until everybody here has read what was decided."""
    desk = house.desks[0]
    head = await desk.store.head()
    readers = (desk.writer, desk.replica, desk.tail)
    await until(lambda: min(one.position.seq for one in readers) >= head.seq, "everybody has read it")


async def did(one: Librarian, talk: str, verb: str, body: dict[str, Any] | None = None) -> Any:
    status, found = await one.do(f"/conversations/{talk}/{verb}", body)
    assert status == 200, (verb, status, found)
    return found


async def told_in_every_field(house: Daemon, ana: Librarian, patron: Browserless) -> str:
    """Let a patron and librarians put the secret wherever one can, and end it; return the conversation."""
    desk = house.desks[0]
    essay = SentFile(f"{SECRET}.pdf", f"%PDF-1.4 An essay on the {SECRET}".encode())
    source = patron.say(
        f"What is a {SECRET}?",
        [essay],
        name=f"Jane {SECRET}",
        contact=f"{SECRET}@patron.example",
        page=f"https://library.example/{SECRET}",
        language=f"en-x-{TONGUE}",
    )
    await patron.until(lambda: source in patron.acks)
    talk = str(await until(lambda: next(iter(desk.replica.state.conversations), ""), "it is open"))
    await did(ana, talk, "claim")
    await did(ana, talk, "messages", {"text": f"The {SECRET} is upstairs."})
    await until(lambda: desk.replica.state.conversations[talk].answered_at, "it is answered")
    await patron.send({"t": "mail", "id": secrets.token_hex(8), "address": f"{SECRET}@hidden.example"})
    await until(lambda: desk.replica.state.conversations[talk].mailed, "the transcript waits for the mailbox")
    await did(ana, talk, "notes", {"text": f"Asks for the {SECRET}", "mentions": ["ben"]})
    await ana.do(f"/conversations/{talk}/draft", {"text": f"Of the {SECRET}"}, method="PUT")
    await did(ana, talk, "identify", {"name": f"{SECRET} Jane", "contact": f"{SECRET}@home.example"})
    plan = {"address": f"{SECRET}@work.example", "question": f"The {SECRET} of 1790"}
    await did(ana, talk, "close", {"code": "follow_up_library", "follow_up": plan})
    await patron.send({"t": "rate", "id": secrets.token_hex(8), "score": 3, "text": f"Good {SECRET}"})
    mail = Message(
        id=message_id("mail", f"{SECRET}@mail.example", "m1"),
        channel="mail",
        sender=f"{SECRET}@mail.example",
        source="m1",
        text=f"About the {SECRET} again",
        subject=f"Re: {SECRET}",
        name=SECRET,
        reply=f"<{SECRET}@mail.example>",
        thread=talk,
    )
    await until(lambda: desk.replica.state.conversations[talk].rating == 3, "it is rated")
    await did(ana, talk, "block", {"reason": f"Wrote of a {SECRET}"})
    await desk.gathering.ingest([mail])
    await until(lambda: desk.replica.state.conversations[talk].state != "closed", "the mail opened it again")
    await did(ana, talk, "close", {})
    await desk.store.ingest([("", b"no input, but it names " + msgspec.msgpack.encode(f"{SECRET}@mail.example"))])
    await until(lambda: desk.replica.state.conversations[talk].last_text, "it is decided")
    return talk


async def test_a_secret_in_every_field_is_nowhere_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bridge.core.leadership.FANOUT_AGE_S", 1.0)
    monkeypatch.setattr("bridge.privacy.erasure_worker.LOOK_S", 0.1)
    async with a_house(tmp_path) as house:
        ana, ben = await signed_in(house, "ana"), await signed_in(house, "ben")
        patron = Browserless(f"{house.server.url}/channels/web/", secrets.token_hex(16))
        neighbour = Browserless(f"{house.server.url}/channels/web/", secrets.token_hex(16))
        talk = await told_in_every_field(house, ana, patron)
        place = next(iter(house.desks[0].replica.state.conversations[talk].routes)).address
        kept = neighbour.say(f"I am the {OTHER}")
        await neighbour.until(lambda: kept in neighbour.acks)
        await archived(house)
        where = {found.split("/")[0] for found in lying(tmp_path, SECRET)}
        assert where >= {"redis", "blobs"}
        assert any(name.startswith("archive.sqlite") for name in where)

        status, found = await ben.do(f"/conversations/{talk}/forget", {"everything": True})
        assert (status, found["refused"], found["elsewhere"]) == (200, [], 0), found
        assert found["forgotten"] == [talk]
        await gone(tmp_path, SECRET, TONGUE, place)
        await until(lambda: lying(tmp_path, OTHER), "the neighbour is still there")
        for one in (patron, neighbour):
            await one.close()
        for each in (ana, ben):
            await each.close()
    assert not lying(tmp_path, SECRET, TONGUE, place)
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err


async def test_a_transcript_that_could_not_be_mailed_yet_is_withdrawn_with_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits in a channel at which its patron has no place."""
    monkeypatch.setattr("bridge.core.leadership.FANOUT_AGE_S", 1.0)
    monkeypatch.setattr("bridge.privacy.erasure_worker.LOOK_S", 0.1)
    async with a_house(tmp_path) as house:
        desk, ana = house.desks[0], await signed_in(house, "ana")
        patron = Browserless(f"{house.server.url}/channels/web/", secrets.token_hex(16))
        source = patron.say("Where are the maps?")
        await patron.until(lambda: source in patron.acks)
        talk = str(await until(lambda: next(iter(desk.replica.state.conversations), ""), "it is open"))
        await did(ana, talk, "claim")
        await did(ana, talk, "messages", {"text": "Upstairs."})
        await until(lambda: desk.replica.state.conversations[talk].answered_at, "it is answered")
        await patron.send({"t": "mail", "id": secrets.token_hex(8), "address": f"{SECRET}@hidden.example"})
        await until(lambda: desk.replica.state.conversations[talk].mailed, "the transcript waits for the mailbox")
        await did(ana, talk, "close", {})
        await archived(house)
        assert {found.split("/")[0] for found in lying(tmp_path, SECRET)} == {"redis"}, "the archive has no address"
        assert len(await desk.store.read_fanout("mail", "0-0", count=9)) == 1
        await did(ana, talk, "forget", {})
        await gone(tmp_path, SECRET)
        assert await desk.store.read_fanout("mail", "0-0", count=9) == []
        await patron.close()
        await ana.close()


async def test_nothing_comes_back_from_the_files_and_the_log_agrees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.core.leadership.FANOUT_AGE_S", 0.5)
    monkeypatch.setattr("bridge.privacy.erasure_worker.LOOK_S", 0.1)
    async with a_house(tmp_path) as house:
        ana = await signed_in(house, "ana")
        patron = Browserless(f"{house.server.url}/channels/web/", secrets.token_hex(16))
        talk = await told_in_every_field(house, ana, patron)
        await did(ana, talk, "forget", {"follow_ups": True})
        erasures = house.archive.erasures()
        await ana.close()
        await patron.close()
    # The house was stopped at once: whatever was not gone yet goes after its next start.
    async with a_house(tmp_path) as house:
        async with asyncio.timeout(120):
            await house.desks[0].writer.reached(house.desks[0].replica.position)  # before, nobody knows of the erasure
            while await erasures.standing():
                await asyncio.sleep(0.1)
        await gone(tmp_path, SECRET)
        assert talk not in house.desks[0].replica.state.conversations


async def test_the_operator_says_whose_and_has_it_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bridge.privacy.erasure_worker.LOOK_S", 0.1)
    async with a_house(tmp_path) as house:
        ana = await signed_in(house, "ana")
        patron = Browserless(f"{house.server.url}/channels/web/", secrets.token_hex(16))
        talk = await told_in_every_field(house, ana, patron)
        address = f"{SECRET}@mail.example"
        await archived(house)
        assert await forget(house.config, Wish("nobody@mail.example")) == 1
        assert await forget(house.config, Wish(address)) == 0
        assert talk in capfd.readouterr().out
        assert talk in house.desks[0].replica.state.conversations, "nothing is done before --yes"
        await did(ana, talk, "reopen")
        await archived(house)
        assert await forget(house.config, Wish(address, yes=True)) == 1
        assert "it is still open" in capfd.readouterr().err
        plan = {"address": address, "question": "still to be answered"}
        await did(ana, talk, "close", {"code": "follow_up_library", "follow_up": plan})
        await archived(house)
        assert await forget(house.config, Wish(talk, yes=True)) == 1
        assert "a follow-up is open" in capfd.readouterr().err
        assert await forget(house.config, Wish(talk, follow_ups=True, yes=True)) == 0
        assert talk not in house.desks[0].replica.state.conversations
        await ana.close()
        await patron.close()
