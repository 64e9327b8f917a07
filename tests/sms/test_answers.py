"""Answers out: statuses in any order, refusals in words, doubt, STOP and START, WhatsApp."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from itertools import permutations
from typing import Any

import msgspec
import pytest

from adapters.sms.submissions import SUBMISSIONS
from bridge.contract.adapter import Retry
from bridge.contract.message import Delivery, Message, message_id
from bridge.testing.scene import Scene
from bridge.testing.twilio_records import HandsetText
from tests.conformance.rig_sms import OURS, SmsRig

ADA = "+14155550123"


async def asked(scene: Scene, rig: SmsRig, text: str = "A question", **fields: Any) -> Message:
    """Have Ada text, and return it as it came in."""
    rig.twilio.text(fields.pop("number", ADA), text, **fields)
    return await scene.ring.message(text)


async def shown(rig: SmsRig, number: str = ADA) -> HandsetText:
    """Return what a handset shows next."""
    return await asyncio.wait_for(rig.twilio.handset(number).arriving.get(), 20)


async def quiet(rig: SmsRig, scene: Scene, number: str = ADA) -> None:
    """See that a handset has nothing more to show once something else went through."""
    await scene.talk(await scene.patron("bob"))
    assert rig.twilio.handset(number).arriving.empty()


async def test_statuses_come_in_any_order_and_twice(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    message = await asked(scene, rig)
    for order in permutations(("queued", "sent", "delivered", "read")):
        delivery = await scene.ring.answer(message, f"An answer {order}")
        record = rig.twilio.find((await shown(rig)).sid)
        for status in (*order, *reversed(order)):
            await rig.twilio.report(record, status)
        for stage in ("sent", "delivered", "read"):
            await scene.ring.reached(delivery, stage)
        reported = [receipt.stage for receipt in scene.ring.receipts(delivery)]
        assert sorted(set(reported)) == ["delivered", "read", "sent"], order
        assert len(reported) <= 4, order  # "sent" is the server's answer, too


@pytest.mark.parametrize(
    "status, code, reason",
    [
        ("undelivered", 30003, "unreachable"),
        ("undelivered", 30005, "no-such-address"),
        ("undelivered", 30006, "no-mobile"),
        ("undelivered", 30007, "spam"),
        ("undelivered", 30008, "refused"),
        ("failed", 99999, "refused"),
    ],
)
async def test_a_text_that_failed_says_why(scene: Scene, rig: SmsRig, status: str, code: int, reason: str) -> None:
    await scene.begin()
    rig.twilio.fates[ADA] = (status, code)
    delivery = await scene.ring.answer(await asked(scene, rig), "An answer")
    receipt = await scene.ring.reached(delivery, "failed")
    assert (receipt.reason, receipt.detail) == (reason, f"Twilio {code}")


async def test_an_address_that_cannot_be_is_refused_before_it_goes(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    delivery = await scene.ring.answer(await asked(scene, rig, number="LIBRARYNEWS"), "An answer")
    assert (await scene.ring.reached(delivery, "failed")).reason == "no-such-address"


async def test_a_text_that_waits_for_its_turn_waits_no_longer_than_the_session(scene: Scene, rig: SmsRig) -> None:
    await scene.begin(msgspec.structs.replace(rig.config(), rate=1 / 25))  # a text in 25 s
    first = await scene.ring.answer(await asked(scene, rig), "At once")
    await scene.ring.reached(first, "sent")
    second = msgspec.structs.replace(first, id="d" * 32, text="In its turn")
    waits = asyncio.create_task(scene.ring.runner().adapter.send(second))
    await asyncio.sleep(0)
    await scene.ring.break_session()
    assert await waits == Retry("no-session")


@pytest.mark.parametrize("mishap", ["429", "503", "500", "lost"])
async def test_each_text_arrives_once_whatever_the_server_answers(scene: Scene, rig: SmsRig, mishap: Any) -> None:
    await scene.begin()
    message = await asked(scene, rig)
    await scene.ring.answer(message, "Yes")
    assert (await shown(rig)).text == "Yes"
    rig.twilio.mishaps.append(mishap)
    delivery = await scene.ring.answer(message, "Yes")
    assert (await shown(rig)).text == "Yes"
    await scene.ring.reached(delivery, "sent", "delivered")
    await quiet(rig, scene)


async def test_stop_and_start_are_honoured_and_shown(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    message = await asked(scene, rig)
    assert (await asked(scene, rig, "Stop ")).marks == ("opted-out",)
    assert "no more texts" in (await shown(rig)).text
    delivery = await scene.ring.answer(message, "Are you there?")
    assert (await scene.ring.reached(delivery, "failed")).reason == "opted-out"
    assert rig.twilio.refusals == []  # never even sent
    await scene.ring.stop()
    await scene.again()
    delivery = await scene.ring.answer(message, "And after a restart?")
    assert (await scene.ring.reached(delivery, "failed")).reason == "opted-out"
    assert (await asked(scene, rig, "START")).marks == ("opted-in",)
    assert "again" in (await shown(rig)).text
    await scene.ring.answer(message, "Good to see you")
    assert (await shown(rig)).text == "Good to see you"


async def test_ordinary_answers_that_are_carriers_words(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    message = await asked(scene, rig, "yes")
    assert message.marks == ()
    await scene.ring.answer(await asked(scene, rig, "Please cancel my hold"), "Done")
    assert (await shown(rig)).text == "Done"


async def test_an_opt_out_that_only_the_network_knew_is_remembered(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    message = await asked(scene, rig)
    rig.twilio.opted_out.add((OURS, ADA))
    for _ in range(2):
        delivery = await scene.ring.answer(message, "Hello?")
        assert (await scene.ring.reached(delivery, "failed")).reason == "opted-out"
    assert len(rig.twilio.refusals) == 1


async def test_help_is_answered_once(scene: Scene, rig: SmsRig) -> None:
    await scene.begin(msgspec.structs.replace(rig.config(), help_text="Ask <us> & we answer."))
    await scene.talk(await scene.patron("bob"))
    record = rig.twilio.text(ADA, "help")
    assert (await shown(rig)).text == "Ask <us> & we answer."
    await rig.twilio.call(record)
    await quiet(rig, scene)


async def test_typographic_characters_may_go_out_plainly(scene: Scene, rig: SmsRig) -> None:
    await scene.begin(msgspec.structs.replace(rig.config(), plain=True))
    message = await asked(scene, rig)
    rig.twilio.mishaps.append("lost")
    await scene.ring.answer(message, "“It’s here” – yes")
    assert (await shown(rig)).text == '"It\'s here" - yes'
    await quiet(rig, scene)


async def test_whatsapp_has_a_name_and_a_window(scene: Scene, rig: SmsRig) -> None:
    ours, theirs = "whatsapp:+15005550100", "whatsapp:" + ADA
    rig.twilio.numbers += (ours,)
    config = msgspec.structs.replace(rig.config(), numbers=(OURS, ours))
    await scene.begin(config)
    await scene.talk(await scene.patron("bob"))
    message = await asked(scene, rig, "STOP it!", number=theirs, to=ours, profile="Ada L.")
    assert (message.sender, message.name, message.marks) == (theirs, "Ada L.", ())
    delivery = await scene.ring.answer(message, "By WhatsApp")
    assert (await shown(rig, theirs)).sender == ours
    await rig.twilio.report(rig.twilio.records[-1], "read")
    await scene.ring.reached(delivery, "read")
    await scene.ring.stop()
    before = int(time.time() * 1000) - 25 * 3_600_000
    next(each for each in rig.twilio.records if each.sender == theirs).made -= timedelta(hours=25)
    await scene.ring.start(config)
    await scene.ring.up()
    late = Delivery(
        id="late", channel="here", conversation="c", to=theirs, kind="text", at=int(time.time() * 1000),
        text="A day later", reply=f"{ours} {before}",
    )  # fmt: skip
    await scene.ring.put([late])
    assert (await scene.ring.reached(late, "failed")).reason == "window-closed"
    await scene.ring.stop()
    await scene.ring.start(msgspec.structs.replace(config, template="HX" + "b" * 32))
    await scene.ring.put([msgspec.structs.replace(late, id="template")])
    await scene.ring.reached(msgspec.structs.replace(late, id="template"), "sent")
    assert rig.twilio.records[-1].template


async def test_a_status_finds_its_delivery_without_our_memory(scene: Scene, rig: SmsRig) -> None:
    await scene.begin()
    message = await asked(scene, rig)
    assert message.id == message_id("here", ADA, rig.twilio.records[0].sid)
    delivery = await scene.ring.answer(message, "An answer")
    record = rig.twilio.find((await shown(rig)).sid)
    await scene.ring.reached(delivery, "sent")
    await scene.ring.stop()
    await scene.ring.memory.drop(SUBMISSIONS, [f"d {delivery.id}", f"s {record.sid}"])
    await scene.again()
    await rig.twilio.report(record, "delivered")
    await scene.ring.reached(delivery, "delivered")
