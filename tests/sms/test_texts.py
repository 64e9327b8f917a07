"""Texts in: webhooks believed and not, repeats, numbers nobody knows, what no webhook brought."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec
import pytest
from twilio.request_validator import RequestValidator

from bridge.contract.message import message_id
from bridge.testing.limits import PNG
from bridge.testing.scene import Scene
from tests.conformance.rig_sms import OURS, SmsRig

ADA = "+14155550123"


async def posted(url: str, data: Any, signature: str, **headers: str) -> int:
    """Call the desk as `signature` says, and return what it answers."""
    told = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded", **headers}
    async with aiohttp.ClientSession() as session, session.post(url, data=data, headers=told) as answer:
        return answer.status


async def test_the_same_webhook_five_times_at_once_is_one_message(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    record = rig.twilio.text(ADA, "Do you have this book?")
    fields = record.webhook(rig.twilio.base)
    signature = RequestValidator(rig.twilio.token).compute_signature(rig.twilio.inbound, fields)
    answers = await asyncio.gather(*(posted(rig.twilio.inbound, fields, signature) for _ in range(5)))
    assert answers == [200] * 5
    await scene.hello(await scene.patron("bob"))
    texts = [message.text for message in scene.ring.messages()]
    assert texts.count("Do you have this book?") == 1


async def test_what_was_missed_goes_before_a_webhook_that_comes_before_the_session_stands(
    scene: Scene, rig: SmsRig
) -> None:
    rig.twilio.text(ADA, "missed while the desk was down")
    assert rig.wire is not None
    rig.wire.freeze()  # the desk is called, and cannot call yet
    await scene.ring.start(rig.config())
    rig.twilio.text(ADA, "and now this")
    with suppress(AssertionError):
        await scene.ring.texts(1, deadline=1.0)
    await rig.wire.heal()
    assert await scene.ring.texts(2) == ["missed while the desk was down", "and now this"]


async def test_who_has_no_token_is_refused_and_learns_nothing(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    url, record = rig.twilio.inbound, rig.twilio.text(ADA, "first")
    await scene.ring.message("first")
    fields = record.webhook(rig.twilio.base) | {"MessageSid": "SM" + "9" * 32, "Body": "forged"}
    right = RequestValidator(rig.twilio.token).compute_signature(url, fields)
    wrong = RequestValidator("0" * 32).compute_signature(url, fields)
    stranger = fields | {"To": "+15005550177"}
    foreign = fields | {"AccountSid": "AC" + "0" * 32}
    assert await posted(url, fields, wrong) == 403
    assert await posted(url, fields, "") == 403
    assert await posted(url, fields | {"Body": "changed"}, right) == 403
    assert await posted(url, stranger, wrong) == 403
    assert await posted(url, foreign, RequestValidator(rig.twilio.token).compute_signature(url, foreign)) == 403
    assert await posted(url.replace("inbound", "status"), fields, wrong) == 403
    assert await posted(url, fields, right) == 200
    assert [message.text for message in scene.ring.messages()] == ["first", "forged"]


async def test_json_is_believed_by_its_digest(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    inbound, rig.twilio.inbound = rig.twilio.inbound, "http://127.0.0.1:9/"
    record = rig.twilio.text(ADA, "as JSON: Größe")
    rig.twilio.inbound = inbound
    await rig.twilio.call(record, as_json=True)
    assert record.answered == 200
    message = await scene.ring.message("as JSON: Größe")
    assert message.id == message_id("here", ADA, record.sid)
    body = json.dumps(record.webhook(rig.twilio.base)).encode()
    signature = RequestValidator(rig.twilio.token).compute_signature(inbound, {})
    assert await posted(inbound, body, signature, **{"Content-Type": "application/json"}) == 403


@pytest.mark.parametrize(
    "called, headers",
    [
        ("https://desk.example.org/channels/here/inbound", {"Host": "desk.example.org"}),
        ("https://desk.example.org:443/channels/here/inbound", {"Host": "desk.example.org"}),
        ("https://desk.example.org/channels/here/inbound", {"X-Forwarded-Host": "desk.example.org"}),
    ],
)
async def test_proxies_may_stand_between(scene: Scene, rig: SmsRig, called: str, headers: dict[str, str]) -> None:
    await scene.begin()
    inbound, rig.twilio.inbound = rig.twilio.inbound, "http://127.0.0.1:9/"
    fields = rig.twilio.text(ADA, "through a proxy").webhook(rig.twilio.base)
    signature = RequestValidator(rig.twilio.token).compute_signature(called, fields)
    assert await posted(inbound, fields, signature, **headers) == 200
    await scene.ring.message("through a proxy")


async def test_a_text_to_an_unknown_number_is_parked_and_comes_in_later(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    rig.twilio.numbers += ("+15005550111",)
    record = rig.twilio.text(ADA, "to the new number", to="+15005550111")
    assert await scene.acknowledged(await scene.patron("ada"), record.sid)
    await scene.hello(await scene.patron("bob"))
    assert "to the new number" not in [message.text for message in scene.ring.messages()]
    assert await scene.ring.kept(record.sid) == ["parked"]
    await scene.ring.stop()
    await scene.ring.start(msgspec.structs.replace(rig.config(), numbers=(OURS, "+1 (500) 555-0111")))
    message = await scene.ring.message("to the new number")
    assert message.reply.startswith("+15005550111 ")
    await scene.talk(await scene.patron("bob"))
    assert await scene.ring.kept(record.sid) == []


async def test_a_messaging_service_brings_texts_to_any_of_its_numbers(scene: Scene, rig: SmsRig) -> None:
    rig.twilio.service = "MG" + "a" * 32
    rig.twilio.numbers += ("+15005550111",)
    config = msgspec.structs.replace(rig.config(), numbers=(), messaging_service=rig.twilio.service)
    await scene.begin(config)
    rig.twilio.text(ADA, "by the pool", to="+15005550111")
    message = await scene.ring.message("by the pool")
    await scene.ring.answer(message, "from the number you know")
    shown = await asyncio.wait_for(rig.twilio.handset(ADA).arriving.get(), 20)
    assert (shown.text, shown.sender) == ("from the number you know", "+15005550111")
    await scene.ring.stop()
    rig.twilio.text(ADA, "while away", to="+15005550111")
    await scene.ring.start(config)
    await scene.ring.message("while away")


async def test_an_hour_of_texts_with_the_webhook_down(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    await scene.talk(await scene.patron("ada"))
    await scene.ring.stop()
    missed = [f"missed {number}" for number in range(500)]
    for text in missed:
        rig.twilio.text(ADA, text)
    await scene.again()
    assert await scene.ring.texts(500, sender=ADA) == missed
    rig.twilio.text(ADA, "and now")
    assert await scene.ring.texts(501, sender=ADA) == [*missed, "and now"]


async def test_what_a_webhook_failed_to_bring_is_found_while_the_desk_runs(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    inbound, rig.twilio.inbound = rig.twilio.inbound, "http://127.0.0.1:9/"
    rig.twilio.text(ADA, "nobody called", [("cat.png", PNG)])
    message = await scene.ring.message("nobody called")
    assert [file.media_type for file in message.attachments] == ["image/png"]
    rig.twilio.inbound = inbound
    rig.twilio.text(ADA, "somebody called")
    await scene.ring.message("somebody called")
    assert [each.text for each in scene.ring.messages()] == ["nobody called", "somebody called"]


async def test_a_picture_that_cannot_be_had_is_left_out_at_last(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    await scene.talk(await scene.patron("bob"))
    rig.twilio.base = "https://elsewhere.example"
    rig.twilio.text(ADA, "look!", [("cat.png", PNG)])
    message = await scene.ring.message("look!")
    assert message.attachments == ()
    assert message.marks == ("file-missing",)
