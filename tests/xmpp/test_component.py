"""A component's addresses: who they are, whom they refuse, how channels share a connection, and librarians who link their own."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.xmpp import staff
from adapters.xmpp.buddy import Buddy
from adapters.xmpp.codec import PatronWords
from adapters.xmpp.component import XmppComponent
from adapters.xmpp.config import ComponentConfig
from adapters.xmpp.connection import StreamLost
from adapters.xmpp.link_command import xmpp_link
from adapters.xmpp.shared_component import SharedConnection
from bridge.app.cli import unconnected
from bridge.contract.adapter import Busy, Unavailable
from bridge.contract.command import ChannelAccess
from bridge.contract.message import (
    Claim,
    Close,
    Delivery,
    Join,
    Leave,
    Message,
    Note,
    Presence,
    Say,
    SetAvailability,
    derive,
)
from bridge.testing.memory import ProcessMemory
from bridge.testing.rig import soon
from bridge.testing.scene import Scene
from tests.conformance.rig_xmpp import Messenger
from tests.conformance.rig_xmpp_component import ComponentRig
from tests.journeys.house import House
from tests.peers.prosody import COMPONENT, Prosody
from tests.xmpp.plain import BODY, Plain
from tests.xmpp.test_consortium import SECRET, answered, block, housed, signed_in

LAW = f"law@{COMPONENT}"
KINDS = ("xmpp", "xmpp-component")
KEY = hmac.digest(b"s" * 32, b"staff link", "sha256")


def rig(scene: Scene) -> ComponentRig:
    assert isinstance(scene.rig, ComponentRig)
    return scene.rig


async def ada(scene: Scene) -> Messenger:
    patron = await scene.patron("ada")
    assert isinstance(patron, Messenger)
    return patron


async def test_it_says_who_it_is(component: Scene) -> None:
    await component.begin(rig(component).config(title="Law library", url="https://law.library.example/"))
    patron = await ada(component)
    info = await patron.client.ask("<query xmlns='http://jabber.org/protocol/disco#info'/>", to=LAW)
    identity = info.find(".//{http://jabber.org/protocol/disco#info}identity")
    assert identity is not None
    assert identity.get("name") == "Law library"
    items = await patron.client.ask("<query xmlns='http://jabber.org/protocol/disco#items'/>", to=COMPONENT)
    assert [each.get("jid") for each in items.iter("{http://jabber.org/protocol/disco#items}item")] == [LAW]
    card = await patron.client.ask("<vCard xmlns='vcard-temp'/>", to=LAW)
    assert card.findtext(".//{vcard-temp}FN") == "Law library"
    assert (await patron.client.ask("<ping xmlns='urn:xmpp:ping'/>", to=LAW)).get("type") == "result"
    assert (await patron.client.ask("<query xmlns='jabber:iq:search'/>", to=LAW)).get("type") == "error"


async def test_an_address_that_is_nobodys_says_so(component: Scene) -> None:
    await component.begin()
    eve = await rig(component).sign_in("eve")
    try:
        for nobody in (f"medicine@{COMPONENT}", COMPONENT):
            eve.say(nobody, "is anybody there?", id="lost")
            assert await soon("it comes back", eve.errors.get()) == ("lost", "item-not-found")
        assert (await eve.ask("<vCard xmlns='vcard-temp'/>", to=f"medicine@{COMPONENT}")).get("type") == "error"
    finally:
        await eve.close()
    await component.talk(await ada(component))


@pytest.mark.parametrize("signs", ["handed in", "still in line"])
async def test_buddies_are_remembered_and_told_by_the_host_that_takes_over(
    signs: str, component: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    if signs == "still in line":
        monkeypatch.setattr(Buddy, "_hand_signs", lambda self, link: asyncio.Event().wait())
    await component.begin()
    patron = await ada(component)
    await soon("online", patron.client.until(lambda: patron.client.presence.get(LAW, ("?", ""))[0] == ""))
    await component.ring.stop()
    await soon("offline", patron.client.until(lambda: patron.client.presence[LAW][0] == "unavailable"))
    component.ring.elsewhere()
    await component.again()
    await soon("online", patron.client.until(lambda: patron.client.presence[LAW][0] == ""))


def fails_once(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Have the connection refused when it is wanted next; return what is set then."""
    tried, join = asyncio.Event(), SharedConnection.join

    async def refuse_first(config: ComponentConfig, address_channel: Any) -> SharedConnection:
        if not tried.is_set():
            tried.set()
            raise StreamLost("not yet")
        return await join(config, address_channel)

    monkeypatch.setattr(SharedConnection, "join", refuse_first)
    return tried


async def test_what_was_being_fetched_when_a_session_ended_is_no_reason_to_wait() -> None:
    law = XmppComponent(ComponentConfig(jid=LAW, secret=SECRET), unconnected("law"))
    said = PatronWords(
        sender="ada@localhost",
        full="ada@localhost/x",
        to=LAW,
        source="s",
        id="s",
        text="",
        urls=("https://x.example/a",),
    )
    fetching: asyncio.Task[tuple[list[Any], list[str]]] = asyncio.create_task(asyncio.sleep(60, ([], [])))
    fetching.cancel()
    await asyncio.wait([fetching])
    law._letters.put_nowait((0, said, fetching))
    law._begin()
    assert law._letters.get_nowait() == (0, said, None)


@pytest.mark.parametrize("end", ["stopped", "cut", "cut while nothing is taken in"])
async def test_words_that_were_heard_are_handed_in_though_the_session_ends(
    end: str, component: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is being taken in slowly, two stand behind it; a component hears them only once."""
    await component.begin()
    patron = await ada(component)
    inlet, inside, over = component.ring.runner().inlet, asyncio.Event(), asyncio.Event()
    taken = inlet.receive

    async def slowly(message: Message, cursor: Any = None) -> bool:
        if not over.is_set():
            inside.set()
            await asyncio.Event().wait()
        return await taken(message, cursor)

    monkeypatch.setattr(inlet, "receive", slowly)
    adapter = component.ring.runner().adapter
    assert isinstance(adapter, XmppComponent)
    letters = adapter._letters
    for words in ("one", "two", "three"):
        await patron.say(words)
    await soon("the first is being handed in", inside.wait())
    async with asyncio.timeout(30):
        while letters.qsize() < 2:
            await asyncio.sleep(0.01)
    if end == "cut while nothing is taken in":
        tried = fails_once(monkeypatch)
        await component.rig.cut()
        await soon("the next session does not come about", tried.wait())
        await component.rig.heal()
        over.set()
    else:
        over.set()
        await (component.ring.stop() if end == "stopped" else component.rig.cut())
    assert await component.ring.texts(3) == ["one", "two", "three"]


async def test_codes_are_good_once_for_one_librarian_and_a_while() -> None:
    now = time.time()
    code = staff.code(KEY, "lee", now)
    assert staff.linked(KEY, code, now) == "lee"
    assert staff.linked(KEY, code.replace("lee", "ben"), now) == ""
    assert staff.linked(b"another key", code, now) == ""
    assert staff.linked(KEY, code, now + staff.CODE_S + 1) == ""
    for junk in ("", "link:", "link:lee:x:y", "link:lee:99999999999999:z", "link:lee:1:\ud800"):
        assert staff.linked(KEY, junk, now) == ""


async def test_what_librarians_words_mean() -> None:
    talk = derive("talk")
    assert staff.conversation(staff.address(LAW, talk)) == talk
    assert staff.conversation(LAW) == ""
    assert staff.deed(talk, "/claim") == Claim(conversation=talk)
    assert staff.deed(talk, "/close lost") == Close(conversation=talk, code="lost_call")
    assert staff.deed(talk, "/note  see shelf 4") == Note(conversation=talk, text="see shelf 4")
    assert staff.deed(talk, "On the second floor.") == Say(conversation=talk, text="On the second floor.")
    assert staff.deed(talk, "/join") == Join(conversation=talk)
    assert staff.deed(talk, "/leave") == Leave(conversation=talk)
    assert staff.deed(talk, "/clam") is None
    assert staff.at_the_desk("/here north/reference") == SetAvailability(queues=("north/reference",))
    assert staff.at_the_desk("hello?") is None


async def lee_is_here(component: Scene, monkeypatch: pytest.MonkeyPatch) -> tuple[Plain, asyncio.Event]:
    """Have a librarian at the desk by messenger, and memory full; return her messenger, and when a word of hers was not taken."""
    monkeypatch.setattr("adapters.xmpp.component.AGAIN_S", 0.1)
    await component.begin()
    lee = await rig(component).sign_in("lee")
    lee.say(LAW, staff.code(KEY, "lee", time.time()))
    await component.ring.until(lambda: [each.up for each in component.ring.presences()][-1:] == [True], "she is here")
    inlet, refused = component.ring.runner().inlet, asyncio.Event()
    taken = inlet.presence

    async def presence(one: Presence) -> None:
        try:
            await taken(one)
        except Busy:
            if not one.up:
                refused.set()
            raise

    monkeypatch.setattr(inlet, "presence", presence)
    await component.ring.fill()
    return lee, refused


async def test_a_librarian_who_leaves_while_nothing_is_taken_in_is_gone_afterwards(
    component: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    lee, refused = await lee_is_here(component, monkeypatch)
    try:
        lee.write(f"<presence to='{LAW}' type='unavailable'/>")
        await soon("it cannot be taken in", refused.wait())
        await component.ring.relieve()
        await component.ring.until(lambda: not component.ring.presences()[-1].up, "she is gone")
    finally:
        await lee.close()


async def test_a_librarian_who_leaves_while_there_is_no_session_is_gone_afterwards(
    component: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost() -> None:
        raise Unavailable("lost")

    lee, refused = await lee_is_here(component, monkeypatch)
    session = component.ring.runner().session
    assert session is not None
    session.create_task(lost())
    await soon("it cannot be taken in", refused.wait())
    await lee.close()
    await component.ring.relieve()
    await component.ring.until(lambda: not component.ring.presences()[-1].up, "she is gone")


async def test_strangers_cannot_speak_as_librarians(component: Scene) -> None:
    """Neither to a conversation's address, nor with a code that was used."""
    await component.begin()
    await rig(component).staff("lee")
    mallory = await ada(component)
    talk = staff.address(LAW, derive("talk"))
    used = staff.code(KEY, "ben", time.time())
    ben = await rig(component).sign_in("ben")
    try:
        ben.say(talk, "/claim", id="claim")
        assert await soon("refused", ben.errors.get()) == ("claim", "item-not-found")
        ben.say(LAW, used)
        assert "/claim" in ((await soon("linked", ben.messages.get())).findtext(BODY) or "")
        mallory.client.say(LAW, used)
        await component.ring.message(used)  # just words now
        offer = Delivery(
            id=derive("offer"), channel=component.ring.channel, conversation=derive("talk"), to=mallory.address,
            kind="offer", at=int(time.time() * 1000), text="staff only",
        )  # fmt: skip
        await component.ring.put([offer])
        assert (await component.ring.reached(offer, "failed")).reason == "no-such-address"
    finally:
        await ben.close()
    assert component.ring.actions() == []
    await component.hears_nothing(mallory)


async def test_two_channels_of_one_domain_share_its_connection(tmp_path: Path) -> None:
    """A whole daemon: each address goes to its own queue."""

    def channels(folder: Path, server: Any) -> str:
        (folder / "secret").write_text(SECRET)
        text = block("toml", 'kind = "xmpp-component"').replace("/run/secrets/component", str(folder / "secret"))
        first = f"{text}port = {server.component}\n"
        return first + first.replace('"law"', '"art"').replace("law@", "art@").replace(
            "north/reference", "north/second"
        )

    server = Prosody({}, components=block("lua", "component_secret"))
    async with housed(tmp_path, server, channels) as (_, ana):
        await ana.attend("north/reference", "north/second")
        patron = await signed_in(server)
        try:
            for name in ("law", "art"):
                patron.write(f"<presence to='{name}@{COMPONENT}' type='subscribe'/>")
                await answered(ana, patron, f"{name}@{COMPONENT}")
            assert {row["queue"] for row in ana.rows.values()} == {"north/reference", "north/second"}
        finally:
            await patron.close()


def forgotten(client: Plain) -> set[str]:
    """Return who told a patron not to keep them."""
    return {stanza.get("from", "") for stanza in client.stanzas if stanza.get("type") == "unsubscribed"}


async def test_an_address_whose_session_is_down_is_away_and_its_buddies_keep_it() -> None:
    """While another channel holds the connection: words come back to be said later, and nobody is told to forget the address."""
    server, medicine = Prosody({}, components=block("lua", "component_secret")), f"medicine@{COMPONENT}"
    law, art = (
        ComponentConfig(jid=f"{name}@{COMPONENT}", secret=SECRET, host="127.0.0.1", port=server.component)
        for name in ("law", "art")
    )
    await asyncio.to_thread(server.start)
    SharedConnection.expect(law)
    shared = await SharedConnection.join(art, XmppComponent(art, unconnected("art")))
    patron = await signed_in(server)
    try:
        await patron.ask("<query xmlns='jabber:iq:roster'/>")  # who asks hears what becomes of it
        patron.write(f"<presence to='{LAW}' type='subscribe'/><presence to='{LAW}' type='probe'/>")
        patron.say(LAW, "Are you there?", id="asked")
        assert await soon("it comes back", patron.errors.get()) == ("asked", "recipient-unavailable")
        patron.write(f"<presence to='{medicine}' type='subscribe'/>")
        await soon("that is nobody's", patron.until(lambda: forgotten(patron) == {medicine}))
        SharedConnection.give_up(law)
        patron.say(LAW, "Are you there?", id="again")
        assert await soon("it comes back", patron.errors.get()) == ("again", "item-not-found")
    finally:
        await patron.close()
        await shared.leave(art)
        await asyncio.to_thread(server.stop)


async def shown(client: Plain, words: str) -> tuple[str, str]:
    """Return sender and text of the next message that holds these words."""
    while words not in (text := (stanza := await client.messages.get()).findtext(BODY) or ""):
        pass
    return stanza.get("from", "").partition("/")[0], text


def component_of(folder: Path, server: Any) -> str:
    """A channel of the daemon as docs/xmpp.md has it."""
    (folder / "secret").write_text(SECRET)
    text = block("toml", 'kind = "xmpp-component"').replace("/run/secrets/component", str(folder / "secret"))
    return f"{text}port = {server.component}\n"


def bens_messenger_is(name: str) -> Callable[[House], None]:
    """Give a librarian the address of the messenger account `ben`."""

    def prepare(house: House) -> None:
        desk = house.folder / "desk.toml"
        desk.write_text(desk.read_text().replace(f'id = "{name}"\n', f'id = "{name}"\naddress = "law|ben@localhost"\n'))
        house.run("desk", "load", str(desk))

    return prepare


async def test_no_code_is_made_for_what_is_no_component_and_no_librarian() -> None:
    channels = [ChannelAccess(name=kind, kind=kind, memory=ProcessMemory(), secret=b"s" * 32) for kind in KINDS]
    for words in (["xmpp", "ana"], ["xmpp-component", "ana:1"], ["xmpp-component", ""], ["xmpp-component"]):
        assert await xmpp_link(channels, words) == 2


async def test_a_librarian_serves_a_patron_from_a_messenger_of_her_own(tmp_path: Path) -> None:
    """A whole daemon: linked by a printed code, offered, claimed, answered, closed; the inbox shows the same."""
    server = Prosody({}, components=block("lua", "component_secret"))
    async with housed(tmp_path, server, component_of, bens_messenger_is("ana")) as (house, ana):
        await asyncio.to_thread(server.account, "ben", "ben")
        patron, own = await signed_in(server), await signed_in(server, "ben")
        try:
            own.say(LAW, (await asyncio.to_thread(house.run, "xmpp-link", "law", "ana")).strip())
            await soon("she is linked", shown(own, "/claim"))
            own.say(LAW, "/here north/reference")
            question = patron.say(LAW, "Where is the atlas?")
            talk, _ = await soon("the offer", shown(own, "Where is the atlas?"), deadline=60)
            assert talk != LAW
            await soon("the receipt", patron.until(lambda: question in patron.receipts))
            own.say(talk, "/claim")
            await asyncio.sleep(0)
            own.say(talk, "On the second floor.")
            await soon("the answer", shown(patron, "On the second floor."))
            own.say(talk, "/note she wants the old one")
            own.say(talk, "/close answered")

            async def closed() -> None:
                while not any(row["state"] == "closed" for row in ana.rows.values()) and any(
                    row["state"] != "closed" for row in ana.rows.values()
                ):
                    ana.news.clear()
                    await ana.news.wait()

            await soon("the inbox shows it closed", closed())
            patron.say(LAW, "thank you")
            assert not [
                stanza for stanza in patron.stanzas if "old one" in (stanza.findtext(BODY) or "")
            ]  # what is for colleagues stays with them
        finally:
            await patron.close()
            await own.close()


async def test_a_colleague_joins_from_a_messenger_of_his_own(tmp_path: Path) -> None:
    """A whole daemon: Ana has it in the inbox and calls Ben by a note; Ben joins, the patron reads Ben's words, Ana sees who
    is in it."""
    server = Prosody({}, components=block("lua", "component_secret"))
    prepare = bens_messenger_is("ben")
    async with housed(tmp_path, server, component_of, prepare, ("ana", "ben")) as (house, ana):
        await asyncio.to_thread(server.account, "ben", "ben")
        patron, own = await signed_in(server), await signed_in(server, "ben")
        try:
            own.say(LAW, (await asyncio.to_thread(house.run, "xmpp-link", "law", "ben")).strip())
            await soon("he is linked", shown(own, "/claim"))
            patron.write(f"<presence to='{LAW}' type='subscribe'/>")
            await answered(ana, patron, LAW)
            talk = next(iter(ana.rows))
            note = {"text": "@Ben, is there another?", "mentions": ["ben"]}
            assert (await ana.do(f"/conversations/{talk}/notes", note))[0] == 200
            here, _ = await soon("the call", shown(own, "is there another?"))
            own.say(here, "/join")
            await soon("the patron is told", shown(patron, "Ben has joined us"))
            own.say(here, "Another is in the annexe.")
            await soon("the answer", shown(patron, "Another is in the annexe."))
            await ana.until(lambda: [one["id"] for one in ana.rows[talk]["companions"]] == ["ben"])
            assert ana.rows[talk]["owner"] == "ana"
            patron.say(LAW, "How kind.")
            await soon("the patron's words", shown(own, "How kind."))
            own.say(here, "/leave")
            await ana.until(lambda: ana.rows[talk]["companions"] == [])
            own.say(here, "Not mine any more")
            await soon("he is refused", shown(own, "has this conversation already"))
        finally:
            await patron.close()
            await own.close()
