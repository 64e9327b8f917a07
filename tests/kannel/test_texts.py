"""Texts through a Kannel that runs, with the fake SMS centre and Debian's own client of it."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bridge.testing.rig import soon
from bridge.testing.scene import Scene, eventually
from tests.conformance.rig_kannel import KannelRig
from tests.peers.kannel import FAKESMSC, NUMBER


async def test_what_came_while_the_desk_was_down_comes_once_with_its_time(scene: Scene, rig: KannelRig) -> None:
    await scene.begin()
    ada = await rig.patron("ada")
    await ada.say("Good morning")
    before = await scene.ring.message("Good morning")
    await scene.ring.crash()
    words = [f"while you were away {n}" for n in range(10)]
    for text in words:
        await soon("a text is on its way", ada.say(text))
    await scene.ring.start(rig.config())
    await scene.ring.until(lambda: len(scene.ring.messages()) == 11, "all of them")
    came = scene.ring.messages()
    assert sorted(each.text for each in came) == sorted(["Good morning", *words])
    assert all(before.sent_at <= each.sent_at for each in came)


async def test_a_kannel_that_was_killed_is_said_to_be_away_until_it_is_back(scene: Scene, rig: KannelRig) -> None:
    """What the desk had taken is there; what it had not answered waits, and goes out afterwards."""
    assert rig.kannel is not None
    assert rig.airwaves is not None
    await scene.begin()
    ada = await rig.patron("ada")
    await ada.say("before the power failed")
    message = await scene.ring.message("before the power failed")
    await rig.airwaves.close()
    await asyncio.to_thread(rig.kannel.kill)
    await scene.ring.down("unavailable")
    delivery = await scene.ring.answer(message, "It's on again.")
    await asyncio.to_thread(rig.kannel.start)
    await rig.airwaves.open()
    assert (await soon("it goes out", ada.hear())).text == "It's on again."
    await scene.ring.reached(delivery, "delivered")
    await ada.say("thanks")
    await scene.ring.message("thanks")


async def test_a_report_settles_a_doubt(scene: Scene, rig: KannelRig) -> None:
    """The answer to a submission is lost, so nobody knows; then the network reports that the text arrived."""
    await scene.begin()
    ada = await rig.patron("ada")
    await ada.say("Is the book in?")
    message = await scene.ring.message("Is the book in?")
    await rig.mute()
    delivery = await scene.ring.answer(message, "Yes, it is.")
    assert (await soon("it arrives all the same", ada.hear())).text == "Yes, it is."
    await scene.ring.reached(delivery, "delivered")
    await rig.heal()


async def test_stop_is_obeyed_until_start_also_after_a_restart(scene: Scene, rig: KannelRig) -> None:
    await scene.begin()
    ada = await rig.patron("ada")
    await ada.say("Stop")
    stopped = await scene.ring.message("Stop")
    assert stopped.marks == ("opted-out",)
    await scene.ring.stop()
    await scene.ring.start(rig.config())
    await scene.ring.up()
    refused = await scene.ring.answer(stopped, "One more thing.")
    assert (await scene.ring.reached(refused, "failed")).reason == "opted-out"
    await ada.say("START")
    started = await scene.ring.message("START")
    assert started.marks == ("opted-in",)
    await scene.ring.answer(started, "Welcome back.")
    assert (await ada.hear()).text == "Welcome back."


async def test_the_answer_comes_from_the_number_that_was_texted(scene: Scene, rig: KannelRig) -> None:
    assert rig.airwaves is not None
    await scene.begin()
    ada = await rig.patron("ada")
    await rig.airwaves.text(ada.address, "to the short code", "1234")
    message = await scene.ring.message("to the short code")
    assert message.reply == "1234"


async def test_a_name_can_text_and_is_not_answered(scene: Scene, rig: KannelRig) -> None:
    assert rig.airwaves is not None
    await scene.begin()
    await rig.airwaves.text("CityLib", "Books are due")
    message = await scene.ring.message("Books are due")
    refused = await scene.ring.answer(message, "Thanks")
    assert (await scene.ring.reached(refused, "failed")).reason == "no-such-address"


async def test_debian_s_fakesmsc_talks_to_the_desk(scene: Scene, rig: KannelRig) -> None:
    """A client that shares no code with us: it texts, and shows what the desk answers."""
    assert rig.kannel is not None
    assert rig.airwaves is not None
    await rig.airwaves.close()
    await scene.begin()
    process = await asyncio.create_subprocess_exec(
        FAKESMSC, "-H", "127.0.0.1", "-r", str(rig.kannel.centre), "-i", "0.1", "-m", "1", "-v", "0",
        f"+43660555777 {NUMBER} text Do you have a scanner?",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        message = await scene.ring.message("Do you have a scanner?")
        assert message.sender == "+43660555777"
        await scene.ring.answer(message, "Two of them.")
        assert process.stdout is not None
        shown = b""
        while b"Two of them." not in shown:
            line = await soon("fakesmsc shows it", process.stdout.readline())
            assert line, shown
            shown += line
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
    await rig.airwaves.open()


async def test_nobody_without_the_password_brings_a_text(scene: Scene, rig: KannelRig) -> None:
    await scene.begin()
    ada = await rig.patron("ada")
    source = await ada.say("mine")
    await scene.ring.message("mine")
    query, words, headers = rig.relay.calls[source]
    rig.relay.calls[source] = (
        query.replace(source, "not-" + source[:20]),
        words,
        headers | {"Authorization": "Basic eA=="},
    )
    await rig.relay.again(source)
    assert rig.relay.answers[source][-1] == 401
    assert await eventually(lambda: _count(scene, 1), 2)


async def _count(scene: Scene, count: int) -> bool:
    return len(scene.ring.messages()) == count


@pytest.mark.parametrize(
    "query", ["delivery=x&seal=0&status=1", "delivery=&seal=&status=1", "status=1", "delivery=%00&seal=%ff"]
)
async def test_nobody_reports_what_we_did_not_ask_for(scene: Scene, rig: KannelRig, query: str) -> None:
    await scene.begin()
    async with aiohttp.ClientSession() as session, session.get(f"{rig.relay.desk}/report?{query}") as answer:
        assert answer.status == 403
