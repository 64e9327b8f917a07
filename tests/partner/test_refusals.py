"""What a partner says is refused when it isn't theirs, isn't of now, isn't whole, or is of no conversation that is with them."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from bridge.contract.partners import Partner
from bridge.testing.rig import soon
from bridge.testing.ring import Ring
from tests.conformance.rig_partner import ID, Peer

PATH = "v1/messages"
LINE = {"id": "l1", "position": "000001", "who": "patron", "text": "Where is the map room?", "at": 0}
PASS: dict[str, Any] = {"k": "pass", "conversation": "c1", "opening": "o1", "lines": [LINE]}


def body(said: dict[str, Any]) -> bytes:
    return json.dumps(said).encode()


async def partner(ring: Ring) -> Partner:
    assert ring.partners is not None
    found = await ring.partners.book.find(ID)
    assert found is not None
    return found


async def doubt(ring: Ring, word: str) -> None:
    """Return once the doubt is shown."""

    async def shown() -> None:
        while (await partner(ring)).doubt != word:
            await asyncio.sleep(0.01)

    await soon(f"the doubt {word} is shown", shown())


def still(peer: Peer) -> None:
    """Have the peer say nothing by itself."""
    assert peer.beating is not None
    peer.beating.cancel()


async def test_a_changed_body_is_refused(ring: Ring, peer: Peer) -> None:
    headers = peer.signed("POST", PATH, body(PASS))
    other = body({**PASS, "conversation": "c2"})
    assert await peer.throw(PATH, other, headers) == 401
    assert (
        await peer.throw(PATH, other, headers | peer.signed("POST", PATH, other) | {"Signature": headers["Signature"]})
        == 401
    )
    assert ring.messages() == []


async def test_a_message_for_another_address_is_refused(ring: Ring, peer: Peer) -> None:
    base, peer.base = peer.base, "http://elsewhere.example/channels/here/"
    headers = peer.signed("POST", PATH, body(PASS))
    peer.base = base
    assert await peer.throw(PATH, body(PASS), headers) == 401


async def test_a_repeated_request_is_refused_and_shown(ring: Ring, peer: Peer) -> None:
    still(peer)
    headers = peer.signed("POST", PATH, body(PASS))
    assert await peer.throw(PATH, body(PASS), headers) == 200
    assert await peer.throw(PATH, body(PASS), headers) == 401
    await doubt(ring, "replayed")
    assert len(ring.messages()) == 1


async def test_a_nonce_is_remembered_over_a_restart(ring: Ring, peer: Peer) -> None:
    headers = peer.signed("POST", PATH, body(PASS))
    assert await peer.throw(PATH, body(PASS), headers) == 200
    await ring.stop()
    await ring.start(ring.rig.config())  # type: ignore[attr-defined]  # see conftest
    await ring.up()
    while (answer := await peer.throw(PATH, body(PASS), headers)) in (0, 503):
        await asyncio.sleep(0.01)
    assert answer == 401


async def test_the_same_message_signed_again_counts_once(ring: Ring, peer: Peer) -> None:
    for _ in range(3):
        assert await peer.say(PASS) == 200
    assert (
        await peer.say({**PASS, "opening": "", "after": "000001", "lines": [{**LINE, "id": "l2", "position": "2"}]})
        == 200
    )
    assert [one.text for one in ring.messages()] == [LINE["text"]] * 2


async def test_a_wrong_clock_is_refused_and_shown(ring: Ring, peer: Peer) -> None:
    still(peer)
    for minutes in (-6, 6):
        assert await peer.say(PASS, created=datetime.now() + timedelta(minutes=minutes)) == 401
    await doubt(ring, "clock")
    assert await peer.say(PASS, created=datetime.now() + timedelta(minutes=4)) == 200


async def test_another_version_is_refused_politely_and_shown(ring: Ring, peer: Peer) -> None:
    still(peer)
    headers = peer.signed("POST", PATH, body(PASS)) | {"deskbridge-partner": "2"}
    assert await peer.throw(PATH, body(PASS), headers) == 426
    await doubt(ring, "version")


async def test_too_much_at_once_is_refused(ring: Ring, peer: Peer) -> None:
    assert await peer.say({**PASS, "note": "x" * (600 * 1024)}) == 413
    many = [{**LINE, "id": str(n), "position": f"{n:06}"} for n in range(1, 202)]
    assert await peer.say({**PASS, "lines": many}) == 422
    assert ring.messages() == []


@pytest.mark.parametrize(
    "change",
    [
        {"conversation": "a/b"},
        {"conversation": ""},
        {"conversation": "x" * 101},
        {"lines": [{**LINE, "id": ""}]},
        {"lines": [{**LINE, "position": "1 2"}]},
        {"days": -1},
        {
            "lines": [
                {**LINE, "files": [{"k": "attachment", "digest": "../x", "media_type": "", "size": 1, "name": "x"}]}
            ]
        },
    ],
)
async def test_what_is_no_id_is_refused(ring: Ring, peer: Peer, change: dict[str, Any]) -> None:
    assert await peer.say({**PASS, **change}) == 422
    assert ring.messages() == []


async def test_a_line_before_the_one_that_we_have_is_asked_for(ring: Ring, peer: Peer) -> None:
    assert await peer.say(PASS) == 200
    gap = {**PASS, "opening": "", "after": "000002", "lines": [{**LINE, "id": "l3", "position": "000003"}]}
    assert await peer.say(gap) == 409
    assert len(ring.messages()) == 1


async def test_a_conversation_that_is_not_with_the_partner_is_left_alone(ring: Ring, peer: Peer) -> None:
    said = {
        "k": "said",
        "id": "s1",
        "conversation": "somebody-elses",
        "name": "Mallory",
        "text": "Your password, please",
    }
    assert await peer.say(said) == 409
    for word in ("claimed", "waiting", "back", "declined", "ended"):
        await peer.say({"k": word, "id": "s2", "conversation": "somebody-elses", "name": "Mallory", "code": "answered"})
    assert ring.actions() == []


async def test_lines_of_a_conversation_that_was_never_passed_open_nothing(ring: Ring, peer: Peer) -> None:
    assert await peer.say({**PASS, "opening": ""}) == 409
    assert ring.messages() == []


async def test_a_stranger_is_refused(ring: Ring, peer: Peer) -> None:
    headers = peer.signed("POST", PATH, body(PASS), key_id="nobody")
    assert await peer.throw(PATH, body(PASS), headers) == 401
    assert await peer.throw(PATH, body(PASS), {"deskbridge-partner": "1"}) == 401
    assert await peer.throw(PATH, body(PASS), {}) == 400


async def test_a_revoked_partner_is_refused_at_once_and_its_copies_end(ring: Ring, peer: Peer) -> None:
    assert await peer.say(PASS) == 200
    assert ring.partners is not None
    await ring.partners.archive.partners(ring.channel).revoke(ID, "ana")
    assert await peer.say(PASS) == 403
    await ring.until(ring.recalls, "the copy ends")
    late = await ring.answer(ring.messages()[0], "Too late")
    assert (await ring.reached(late, "failed")).reason == "partner-revoked"


async def test_a_file_is_lent_to_those_who_share_its_conversation(ring: Ring, peer: Peer) -> None:
    assert await peer.say(PASS) == 200

    async def bytes_() -> Any:
        yield b"a map"

    kept = await ring.blobs.save(bytes_(), "map.txt", 100)
    path = f"v1/files/c1/{kept.digest}"
    session = peer.session
    assert session is not None

    async def asked(path: str) -> int:
        async with session.get(peer.base + path, headers=peer.signed("GET", path, b"")) as answer:
            return answer.status

    assert await asked(path) == 404
    await ring.answer(ring.messages()[0], "Here", attachments=(kept,))
    assert await asked(path) == 200
    assert await asked(path.replace("c1", "c2")) == 404
    async with session.get(peer.base + path) as answer:
        assert answer.status == 400
