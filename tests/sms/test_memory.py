"""What the channel remembers of texts: which were parked, and which message of Twilio's is which delivery."""

from __future__ import annotations

import asyncio
import json
import time

import msgspec
import pytest

from adapters.sms.codec import Inbound
from adapters.sms.parking import KEPT_MS, PARKED, Parking
from adapters.sms.submissions import SUBMISSIONS, Submissions
from bridge.contract.adapter import Busy
from bridge.testing.memory import ProcessMemory
from bridge.testing.scene import Scene
from tests.conformance.rig_sms import OURS, SmsRig

PAIR = ("+14155550121", "+15005550177")


def inbound(sid: str, sender: str = PAIR[0], at: int = 0) -> Inbound:
    return Inbound(sid, "AC", "", sender, PAIR[1], "words", at or int(time.time() * 1000))


async def test_a_text_that_is_parked_twice_at_once_is_parked_once() -> None:
    memory, text = ProcessMemory(), inbound("SM1")
    await asyncio.gather(*(Parking(memory).park(text) for _ in range(2)))
    assert await Parking(memory).parked() == [text]
    memory.away = True
    with pytest.raises(Busy):
        await Parking(memory).park(inbound("SM2"))


async def test_parked_texts_are_kept_no_longer_than_transcripts() -> None:
    days = iter((0, 0, KEPT_MS - 1, KEPT_MS))
    now = int(time.time() * 1000)
    memory = ProcessMemory(lambda: now + next(days))
    await Parking(memory).park(inbound("SM1", at=now))
    assert [len(await Parking(memory).parked()) for _ in range(2)] == [1, 0]


async def test_parked_texts_of_a_patron_who_asks_are_forgotten() -> None:
    parking, texts = Parking(ProcessMemory()), [inbound("SM1"), inbound("SM2", "+14155550122")]
    for text in texts:
        await parking.park(text)
    await parking.forget({PAIR[0]})
    assert await parking.parked() == texts[1:]


async def test_every_host_knows_which_message_is_which_delivery() -> None:
    memory = ProcessMemory()
    here, there = Submissions(memory), Submissions(memory)
    await here.submitted("delivery", "SM1")
    assert await there.sid("delivery") == "SM1"
    assert await there.deliveries(["SM1", "SM2"]) == {"SM1": "delivery"}
    assert await there.sid("another") == ""


async def test_a_desk_that_was_upgraded_knows_what_the_files_of_the_version_before_said(
    scene: Scene, rig: SmsRig
) -> None:
    ada, bob = "+14155550123", "+14155550124"
    scene.ring.former.mkdir()
    now, sid = int(time.time() * 1000), "SM" + "1" * 32
    parked = Inbound(sid, rig.twilio.account, "", bob, OURS, "words from before", now)
    for name, row in (
        ("opt-outs", ["SM" + "2" * 32, OURS, ada, now, True]),
        ("parked", msgspec.to_builtins(parked)),
        ("submissions", ["a delivery", "SM" + "3" * 32, now]),
    ):
        (scene.ring.former / name).write_text(f"{json.dumps(row)}\n")
    await scene.begin()
    assert (await scene.ring.message("words from before")).sender == bob
    rig.twilio.text(ada, "A question")
    refused = await scene.ring.answer(await scene.ring.message("A question"), "An answer")
    assert (await scene.ring.reached(refused, "failed")).reason == "opted-out"
    assert await Submissions(scene.ring.memory).sid("a delivery") == "SM" + "3" * 32
    assert not any(scene.ring.former.iterdir())
    assert await scene.ring.kept(sid) == []


def test_files_of_an_earlier_version_are_read() -> None:
    now = int(time.time() * 1000)
    assert PARKED.read is not None
    assert SUBMISSIONS.read is not None
    (row,) = PARKED.read(msgspec.json.encode(inbound("SM1", at=7)) + b'\n["SM2", "AC"', now)
    assert (row.key, row.at, msgspec.json.decode(row.value, type=Inbound)) == ("SM1", 7, inbound("SM1", at=7))
    rows = SUBMISSIONS.read(b'["delivery", "SM1", 7]\n["cut', now)
    assert [(row.key, row.value, row.at) for row in rows] == [("d delivery", b"SM1", 7), ("s SM1", b"delivery", 7)]
