"""The library's account at Synapse: its identity, its chats, and what happens when a key or a server is missing."""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from adapters.matrix import timeline
from bridge.testing.rig import soon
from bridge.testing.scene import Scene, eventually
from tests.conformance.rig_matrix import MatrixPatron, MatrixRig
from tests.conformance.scenes import opened


@pytest_asyncio.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """An account of the library's, not signed in yet."""
    async with opened(MatrixRig, tmp_path) as opened_scene:
        yield opened_scene
        await opened_scene.leave()


def rig_of(scene: Scene) -> MatrixRig:
    """The rig, as what it is."""
    assert isinstance(scene.rig, MatrixRig)
    return scene.rig


async def patron_of(scene: Scene, name: str) -> MatrixPatron:
    """A patron, as what they are."""
    patron = await scene.patron(name)
    assert isinstance(patron, MatrixPatron)
    return patron


def vouches(signer: dict[str, Any], user: str, signed: dict[str, Any]) -> bool:
    """Say whether a published key has signed something, by the specification's words alone (appendix 3.3)."""
    ((name, key),) = signer["keys"].items()
    signature = signed.get("signatures", {}).get(user, {}).get(name, "")
    if not signature:
        return False
    assert "=" not in signature
    bare = {each: value for each, value in signed.items() if each not in ("signatures", "unsigned")}
    public = Ed25519PublicKey.from_public_bytes(b64decode(key + "="))
    public.verify(b64decode(signature + "=="), msgspec.json.encode(bare, order="sorted"))
    return True


async def test_the_account_vouches_for_its_one_device(scene: Scene) -> None:
    """Else clients may keep their keys from us (MSC4153). After a restart it is the same device, with the same identity."""
    await scene.begin()
    ada = await patron_of(scene, "ada")
    await scene.talk(ada)
    library = rig_of(scene).library

    async def published() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        found = await asyncio.to_thread(
            ada.client.ask, "POST", "/_matrix/client/v3/keys/query", {"device_keys": {library: []}}
        )
        return found["master_keys"][library], found["self_signing_keys"][library], found["device_keys"][library]

    master, signing, devices = await published()
    ((device, keys),) = devices.items()
    assert vouches(master, library, signing)
    assert vouches(signing, library, keys)
    assert vouches({"keys": {f"ed25519:{device}": keys["keys"][f"ed25519:{device}"]}}, library, master)
    await scene.ring.stop()
    scene.ring.elsewhere()
    await scene.again()
    await scene.talk(ada)
    assert await published() == (master, signing, devices)


async def test_a_chat_in_clear_is_answered_in_clear_until_it_is_encrypted(scene: Scene) -> None:
    """From then on no word of ours goes out in clear."""
    await scene.begin()
    ada = await patron_of(scene, "ada")
    await ada.client.meet(rig_of(scene).library, encrypted=False)
    await scene.talk(ada)
    where = f"/_matrix/client/v3/rooms/{ada.client.room}/state/m.room.encryption/"
    await asyncio.to_thread(ada.client.ask, "PUT", where, {"algorithm": "m.megolm.v1.aes-sha2"})

    async def encrypts() -> bool:
        return bool(ada.client.client.rooms[ada.client.room].encrypted)

    assert await eventually(encrypts, 20)
    await scene.talk(ada)
    kinds = [each["type"] for each in await ada.client.events() if each["sender"] == rig_of(scene).library]
    assert kinds[0] == "m.room.encrypted"
    assert "m.room.message" in kinds


async def test_a_third_person_ends_a_chat(scene: Scene) -> None:
    """Others would read along: we say so where it can be said, and leave."""
    await scene.begin()
    ada, bob = await patron_of(scene, "ada"), await patron_of(scene, "bob")
    library = rig_of(scene).library
    await ada.client.meet(library, encrypted=False)
    await scene.talk(ada)
    await ada.client.client.room_invite(ada.client.room, bob.address)

    async def left() -> bool:
        return await ada.client.membership(library) == "leave"

    assert await eventually(left, 20)
    assert "direct chat" in (await scene.heard(ada)).text


async def test_a_message_without_its_key_is_told_and_asked_for_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The librarian sees that there is one; the patron is asked to send it again; what they write then comes in."""
    monkeypatch.setattr(timeline, "KEY_S", 0.5)
    await scene.begin()
    ada = await patron_of(scene, "ada")
    await scene.talk(ada)
    olm = ada.client.client.olm
    olm.create_outbound_group_session(ada.client.room)
    olm.outbound_group_sessions[ada.client.room].mark_as_shared()  # with nobody
    await ada.client.say({"msgtype": "m.text", "body": "who can read this?"}, secrets.token_hex(8))
    shown = await soon("a sign of it comes in", scene.ring.message(""))
    assert shown.marks == ("encrypted", "unshown")
    assert "send it again" in (await scene.heard(ada)).text
    del olm.outbound_group_sessions[ada.client.room]
    await scene.talk(ada)


async def test_a_key_that_comes_late_opens_what_waited(scene: Scene) -> None:
    """Also over a restart: what waits is kept."""
    await scene.begin()
    ada = await patron_of(scene, "ada")
    await scene.talk(ada)
    olm, room = ada.client.client.olm, ada.client.room
    del olm.outbound_group_sessions[room]
    held = list(olm.share_group_session_parallel(room, [rig_of(scene).library], ignore_unverified_devices=True))
    olm.outbound_group_sessions[room].mark_as_shared()
    source = await ada.client.say({"msgtype": "m.text", "body": "the key follows"}, secrets.token_hex(8))
    assert await scene.acknowledged(ada, source)
    await scene.ring.stop()
    await scene.again()
    for _, content in held:
        where = f"/_matrix/client/v3/sendToDevice/m.room.encrypted/{secrets.token_hex(8)}"
        await asyncio.to_thread(ada.client.ask, "PUT", where, content)
    assert (await scene.ring.message("the key follows")).source == source


async def test_more_than_a_page_written_while_we_were_down_comes_in_whole_and_in_order(scene: Scene) -> None:
    """The server cuts a long gap out of its answer; we ask for the rest."""
    await scene.begin()
    ada = await patron_of(scene, "ada")
    await scene.talk(ada)
    await scene.ring.stop()
    lines = [f"line {n}" for n in range(130)]
    for line in lines:
        await ada.say(line)
    await scene.again()
    came = await scene.ring.texts(131, sender=ada.address)
    assert came[1:] == lines


async def test_a_server_that_dies_doubles_and_loses_nothing(scene: Scene) -> None:
    """It is killed while answers go out, and comes back; each arrives once, in order."""
    await scene.begin()
    ada = await patron_of(scene, "ada")
    message = await scene.hello(ada)
    server = rig_of(scene).server
    lines = [f"answer {n}" for n in range(20)]
    await scene.ring.answers(message, lines[:10])
    await scene.hears(ada, lines[0])
    await asyncio.to_thread(server.kill)
    await scene.ring.answers(message, lines[10:])
    await scene.ring.down()
    await asyncio.to_thread(server.start)
    await scene.ring.up(deadline=90)  # a busy machine takes its time
    await scene.hears(ada, *lines[1:])
    await scene.hears_nothing(ada)
    await scene.talk(ada)


async def test_a_token_that_is_taken_away_is_asked_for_again_under_the_same_device(scene: Scene) -> None:
    """A second device would double what the first one has sent."""
    await scene.begin()
    ada = await patron_of(scene, "ada")
    await scene.talk(ada)
    rig = rig_of(scene)
    before = await asyncio.to_thread(_devices, ada, rig.library)
    await asyncio.to_thread(rig.sign_out_everywhere)
    await soon("the channel is down", scene.ring.down())
    await scene.talk(await patron_of(scene, "bob"))
    after = await asyncio.to_thread(_devices, ada, rig.library)
    assert list(before) == list(after)
    assert before[next(iter(before))]["keys"] == after[next(iter(after))]["keys"]


def _devices(patron: MatrixPatron, library: str) -> dict[str, Any]:
    found = patron.client.ask("POST", "/_matrix/client/v3/keys/query", {"device_keys": {library: []}})
    devices: dict[str, Any] = found["device_keys"][library]
    return devices
