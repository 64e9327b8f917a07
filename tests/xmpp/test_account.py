"""An account on a real server: what happens to it in a year."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import msgspec
import pytest

from adapters.xmpp import adapter
from bridge.contract.adapter import ChannelDesk
from bridge.contract.message import message_id
from bridge.testing.rig import soon
from bridge.testing.scene import Scene
from tests.conformance.rig_xmpp import PASSWORD, AccountRig, EjabberdRig, Messenger
from tests.xmpp.conftest import scene_of
from tests.xmpp.plain import Plain
from tests.xmpp.test_codec import examples

LIBRARY = "ask@localhost"


def rig(scene: Scene) -> AccountRig:
    assert isinstance(scene.rig, AccountRig)
    return scene.rig


async def ada(scene: Scene) -> Messenger:
    patron = await scene.patron("ada")
    assert isinstance(patron, Messenger)
    return patron


async def test_what_fifty_patrons_wrote_while_the_daemon_was_down_comes_in_once_and_in_order(account: Scene) -> None:
    await account.begin()
    await account.talk(await account.patron("ada"))
    await account.ring.stop()
    names = [f"patron{number}" for number in range(50)]
    clients = await asyncio.gather(*(rig(account).sign_in(name) for name in names))
    try:
        for turn in range(4):
            for client in clients:
                client.say(LIBRARY, f"{client.bare} {turn}")
        for client in clients:
            await client.ask("<ping xmlns='urn:xmpp:ping'/>")
    finally:
        await asyncio.gather(*(client.close() for client in clients))
    await account.again()
    texts = await soon("all 200", account.ring.texts(201), deadline=60)
    assert len(texts) == 201
    for name in names:
        assert [text for text in texts if text.startswith(f"{name}@")] == [f"{name}@localhost {n}" for n in range(4)]
    sent = [message.sent_at for message in account.ring.messages()[1:]]
    assert all(sent)
    await account.talk(await account.patron("bob"))
    assert len(account.ring.messages()) == 202


async def test_the_first_message_ever_is_not_missed_where_our_clock_is_ahead(
    account: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ahead:
        ahead.setattr(adapter, "time", SimpleNamespace(time=lambda: time.time() + 120, monotonic=time.monotonic))
        await account.begin()
        await soon("the place in the empty archive is kept", kept_place(account))
    await account.ring.stop()
    tls = ssl.create_default_context(cafile=str(rig(account).server.certificate.ca))
    colleague = await Plain("ask", "open-sesame-4711", resource="desk").sign_in(rig(account).server.direct, tls)
    try:  # while somebody is signed in the server keeps nothing offline
        patron = await ada(account)
        await patron.say("while you were down")
        await patron.client.ask("<ping xmlns='urn:xmpp:ping'/>")
    finally:
        await colleague.close()
    await account.again()
    await account.ring.message("while you were down")


async def test_a_correction_finds_its_message_after_a_restart(account: Scene) -> None:
    """A plain client gives no origin-id, so nothing but the stanza's own id names what is corrected."""
    await account.begin()
    patron = await ada(account)
    patron.client.write(f"<message to='{LIBRARY}' type='chat' id='plain-1'><body>the bok</body></message>")
    first = await account.ring.message("the bok")
    await account.ring.stop()
    await account.again()
    replace = "<replace xmlns='urn:xmpp:message-correct:0' id='plain-1'/>"
    patron.client.write(f"<message to='{LIBRARY}' type='chat' id='plain-2'><body>the book</body>{replace}</message>")
    assert (await account.ring.message("the book")).replaces == first.id
    retract = "<retract xmlns='urn:xmpp:message-retract:1' id='plain-1'/><store xmlns='urn:xmpp:hints'/>"
    patron.client.write(f"<message to='{LIBRARY}' type='chat' id='plain-3'>{retract}</message>")
    taken = await account.ring.message("(took back an earlier message)")
    assert (taken.replaces, taken.marks) == (first.id, ("retracted",))
    reactions = "<reactions xmlns='urn:xmpp:reactions:0' id='d1'><reaction>👍</reaction></reactions>"
    patron.client.write(f"<message to='{LIBRARY}' type='chat' id='plain-4'>{reactions}</message>")
    assert (await account.ring.message("👍")).marks == ("reaction",)


@pytest.fixture(scope="module")
def ejabberd() -> Iterator[type[EjabberdRig]]:
    """A server for one test after the other; it is ended with the last."""
    yield EjabberdRig
    EjabberdRig.end_kept()


@pytest.mark.parametrize("place", ["no-such-place", "9999999999999999", "6b3ac2c0-a57a-11e9-b04a-4889e7820c76"])
async def test_a_place_that_the_archive_does_not_know_falls_back_to_time(
    tmp_path: Path, place: str, ejabberd: type[EjabberdRig]
) -> None:
    """ejabberd answers an empty, complete page for a place of another server."""
    async with scene_of(ejabberd, tmp_path) as scene:
        assert isinstance(scene.rig, EjabberdRig)
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        cursor = {"mam": place, "at": (await scene.ring.cursor())["at"]}
        await scene.ring.runner().inlet.advance(cursor)
        await scene.ring.stop()
        assert isinstance(patron, Messenger)
        name = scene.rig.library.partition("@")[0]
        colleague = await Plain(name, PASSWORD, resource="desk").sign_in(scene.rig.server.c2s)
        try:  # while somebody is signed in the server keeps nothing offline
            await patron.say("while you were down")
            await patron.client.ask("<ping xmlns='urn:xmpp:ping'/>")
        finally:
            await colleague.close()
        await scene.again()
        await scene.ring.message("while you were down")


async def kept_place(scene: Scene) -> None:
    while "at" not in await scene.ring.cursor():
        await asyncio.sleep(0.01)


async def test_every_example_of_the_specifications_leaves_the_stream_standing(account: Scene) -> None:
    """Sent as a stranger would; afterwards ordinary people are served."""
    await account.begin()
    patron = await ada(account)
    await account.talk(patron)
    mallory = await rig(account).sign_in("mallory")
    try:
        for stanza in examples():
            stanza.set("to", LIBRARY)
            stanza.attrib.pop("from", None)
            if not stanza.get("id", "x").strip():
                del stanza.attrib["id"]
            mallory.write(ElementTree.tostring(stanza, encoding="unicode"))
        await mallory.ask("<ping xmlns='urn:xmpp:ping'/>")
    finally:
        await mallory.close()
    await account.talk(patron)
    assert account.ring.health().bugs == 0
    assert len(account.ring.statuses()) == 2  # starting, up: the session was open all the time


HOSTILE = (
    "<delay xmlns='urn:xmpp:delay' stamp='{junk}'/>",
    "<delay xmlns='urn:xmpp:delay' stamp='1970-01-01T00:00:00Z'/>",
    "<replace xmlns='urn:xmpp:message-correct:0' id='{junk}'/>",
    "<x xmlns='jabber:x:oob'><url>{junk}</url></x>",
    "<x xmlns='jabber:x:oob'><url>http://127.0.0.1:1/{junk}</url></x>",
    "<received xmlns='urn:xmpp:receipts' id='{junk}'/>",
    "<displayed xmlns='urn:xmpp:chat-markers:0' id='{junk}'/>",
    "<stanza-id xmlns='urn:xmpp:sid:0' by='ask@localhost' id='{junk}'/>",
    "<nick xmlns='http://jabber.org/protocol/nick'>{junk}</nick>",
    "<thread parent='{junk}'>{junk}</thread>",
    "<result xmlns='urn:xmpp:mam:2' queryid='{junk}' id='1'><forwarded xmlns='urn:xmpp:forward:0'/></result>",
    "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>{junk}</body></html>",
    "<body xml:lang='{junk}'>another body</body>",
    "<a xmlns='urn:x'><b><c>{junk}</c></b></a>",
    "<composing xmlns='http://jabber.org/protocol/chatstates'/><gone xmlns='http://jabber.org/protocol/chatstates'/>",
    "<error type='cancel'><{name} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
    "<active xmlns='http://jabber.org/protocol/chatstates'>{junk}</active>",
    "<subject>{junk}</subject>",
)
JUNK = (
    "",
    "../../etc/passwd",
    "\u202eexe",
    "' OR 1=1 --",
    "x" * 3000,
    "&#9;&#10;",
    "👨‍👩‍👧‍👦" * 50,
    "%s%n{0}",
    "<",
    "]]>",
    "\x7f",
)


async def test_two_thousand_hostile_stanzas_and_every_text_arrives(account: Scene) -> None:
    """Twenty strangers, a hundred stanzas each, of everything that means something in places where it means nothing."""
    await account.begin()
    patron = await ada(account)
    await account.talk(patron)
    chance = random.Random(4711)
    strangers = await asyncio.gather(*(rig(account).sign_in(f"stranger{number}") for number in range(20)))
    wanted = []
    try:
        for number in range(2000):
            words = f"hostile {number}"
            parts = [
                chance.choice(HOSTILE)
                .replace("{junk}", escape(chance.choice(JUNK), {"'": "&apos;"}))
                .replace("{name}", "gone")
                for _ in range(chance.randrange(4))
            ]
            place = chance.randrange(len(parts) + 1)
            body = f"<body>{words}</body>"
            inside = "".join([*parts[:place], body, *parts[place:]])
            language = "".join(part for part in parts[:place] if part.startswith("<body"))
            origin = "" if number % 3 else f"<origin-id xmlns='urn:xmpp:sid:0' id='o{number}'/>"
            kind = chance.choice(("chat", "normal", "nonsense"))
            strangers[number % 20].write(
                f"<message to='{LIBRARY}' type='{kind}' id='h{number}'>{inside}{origin}</message>"
            )
            if not language:
                wanted.append(words)
        for stranger in strangers:
            await stranger.ask("<ping xmlns='urn:xmpp:ping'/>")
    finally:
        await asyncio.gather(*(stranger.close() for stranger in strangers))
    await soon("all arrive", account.ring.texts(2001), deadline=90)
    first = Counter(message.text.partition("\n")[0] for message in account.ring.messages())
    assert [words for words in wanted if first[words] != 1] == []
    await account.talk(patron)
    assert account.ring.health().bugs == 0


async def test_a_correction_says_what_it_corrects(account: Scene) -> None:
    await account.begin()
    patron = await ada(account)
    first = await patron.say("where is the libary?")
    await account.ring.message("where is the libary?")
    patron.client.say(
        LIBRARY, "where is the library?", extra=f"<replace xmlns='urn:xmpp:message-correct:0' id='{first}'/>"
    )
    corrected = await account.ring.message("where is the library?")
    assert corrected.replaces == message_id(account.ring.channel, patron.address, first)


async def test_encrypted_words_are_answered_with_a_plain_request_and_not_too_often(account: Scene) -> None:
    await account.begin()
    patron = await ada(account)
    await account.talk(patron)
    for _ in range(5):
        patron.client.write(
            f"<message to='{LIBRARY}' type='chat' xml:lang='de'><encrypted xmlns='eu.siacs.conversations.axolotl'/>"
            "<body>I sent you an OMEMO message</body></message>"
        )
    assert "Verschlüsselung" in (await account.heard(patron)).text
    source = await patron.say("plainly now")
    await account.ring.message("plainly now")
    assert await account.acknowledged(patron, source)
    shown = patron.client.messages.qsize()
    assert shown <= 1  # the second of two that are allowed in a row
    assert not [message for message in account.ring.messages() if "OMEMO" in message.text]


async def test_an_invitation_to_a_room_is_declined(account: Scene) -> None:
    await account.begin()
    patron = await ada(account)
    await account.talk(patron)
    room = "tea@rooms.localhost"
    patron.client.write(f"<presence to='{room}/ada'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
    await patron.client.ask(
        "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query>",
        kind="set",
        to=room,
    )
    space = "http://jabber.org/protocol/muc#user"
    patron.client.write(f"<message to='{room}'><x xmlns='{space}'><invite to='{LIBRARY}'/></x></message>")

    def declined() -> bool:
        return any(stanza.find(f"{{{space}}}x/{{{space}}}decline") is not None for stanza in patron.client.stanzas)

    await soon("the invitation is declined", patron.client.until(declined))
    await account.hello(patron)


async def test_an_answer_to_nobody_fails_with_a_reason(account: Scene) -> None:
    """The patron's account is gone by the time the librarian answers."""
    await account.begin()
    message = await account.hello(await account.patron("ada"))
    gone = msgspec.structs.replace(message, sender="nobody.at.all@nowhere.localhost")
    delivery = await account.ring.answer(gone, "anybody?")
    receipt = await account.ring.reached(delivery, "failed")
    assert receipt.reason in ("unreachable", "no-such-address")
    assert receipt.detail


async def test_a_blocked_address_is_not_heard(account: Scene) -> None:
    await account.begin(rig(account).config(blocked=("mallory@localhost",)))
    mallory = await account.patron("mallory")
    await mallory.say("let me in")
    await account.talk(await account.patron("ada"))
    assert [message for message in account.ring.messages() if message.sender == mallory.address] == []


async def test_the_status_says_when_it_opens(account: Scene) -> None:
    await account.begin(rig(account).config(timezone="Europe/Vienna"))
    patron = await ada(account)
    account.ring.show(ChannelDesk(open=True, online=True, wait_s=180))
    await soon("busy", patron.client.until(lambda: patron.client.presence.get(LIBRARY, ("", ""))[0] == "away"))
    assert "3 min" in patron.client.presence[LIBRARY][1]


async def test_a_server_killed_and_started_again_with_another_certificate(account: Scene) -> None:
    """Same authority, another key: nothing to do. Another authority: unavailable until it is trusted."""
    await account.begin()
    await account.talk(await account.patron("ada"))
    await account.leave()
    server = rig(account).server
    await asyncio.to_thread(server.kill)
    await account.ring.down()
    server.certificate.renew()
    await asyncio.to_thread(server.start)
    await account.ring.up()
    await account.talk(await account.patron("ada"))


async def test_a_password_that_was_changed_blocks_the_channel_until_it_is_known(account: Scene) -> None:
    await account.begin()
    await account.talk(await account.patron("ada"))
    rig(account).server.account("ask", "another password")
    await rig(account).cut()
    await account.ring.down()
    await rig(account).heal()
    await account.ring.down("bad-credentials")
    assert account.ring.health().state == "blocked"


async def test_a_certificate_of_a_stranger_is_never_accepted(account: Scene) -> None:
    await account.ring.start(rig(account).config(ca=""))
    await account.ring.down("unavailable")
    await account.ring.stop()


async def test_direct_tls(account: Scene) -> None:
    """And what is on the wire is TLS from the first byte."""
    server = rig(account).server
    await account.begin(rig(account).config(port=server.direct, security="tls"))
    await account.talk(await account.patron("ada"))


async def test_messages_written_in_the_open_by_another_client_of_ours_are_no_patrons(account: Scene) -> None:
    """Somebody signs in to the library's account with their own client: what they write is not a question."""
    await account.begin()
    patron = await ada(account)
    await account.talk(patron)
    tls = ssl.create_default_context(cafile=str(rig(account).server.certificate.ca))
    colleague = await Plain("ask", "open-sesame-4711", resource="desk").sign_in(rig(account).server.direct, tls)
    try:
        await colleague.ask("<enable xmlns='urn:xmpp:carbons:2'/>", kind="set")
        colleague.say(patron.address, "by hand")
        assert (await account.heard(patron)).text == "by hand"
        await account.talk(patron)
    finally:
        await colleague.close()
    assert [message for message in account.ring.messages() if message.sender != patron.address] == []
