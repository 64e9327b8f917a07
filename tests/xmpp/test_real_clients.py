"""People with real messengers: what their screens show."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bridge.contract.adapter import ChannelDesk, Signal
from bridge.testing.scene import Scene
from bridge.testing.timeline import conversation
from tests.conformance.rig_xmpp import AccountRig
from tests.xmpp.terminal import Profanity

LIBRARY = "ask@localhost"
CLOSED = ChannelDesk(open=False, online=False, library="Central")


@pytest_asyncio.fixture
async def profanity(tmp_path: Path) -> AsyncIterator[Profanity]:
    """A messenger in a terminal."""
    (tmp_path / "profanity").mkdir()
    client = Profanity(tmp_path / "profanity")
    await client.start()
    try:
        yield client
    finally:
        await asyncio.to_thread(client.stop)


async def turn(scene: Scene, client: Profanity, number: int) -> None:
    """The patron asks, the librarian answers."""
    await client.type(f"question {number}, please")
    message = await scene.ring.message(f"question {number}, please")
    delivery = await scene.ring.answer(message, f"answer {number}, gladly")
    await client.sees(f"answer {number}, gladly")
    await scene.ring.reached(delivery, "delivered")


async def test_a_patron_in_a_terminal(account: Scene, profanity: Profanity) -> None:
    """Subscribe, see presence change, talk for ten turns, typing shown, receipts; go on after both sides were restarted."""
    rig = account.rig
    assert isinstance(rig, AccountRig)
    await account.begin()
    rig.server.account("ada", "ada")
    await profanity.sign_in("ada@localhost", "ada", rig.server.c2s)
    for setting in ("/receipts send on", "/receipts request on", "/statuses console all", "/statuses chat all"):
        await profanity.type(setting)
    await profanity.type(f"/roster add {LIBRARY}")
    await profanity.type(f"/sub request {LIBRARY}")
    await profanity.sees('"Ask a librarian"')
    await profanity.type(f"/msg {LIBRARY}")
    for number in range(10):
        await turn(account, profanity, number)
    account.ring.show(CLOSED)
    await profanity.sees(f"{LIBRARY} [xa]")
    await profanity.type(f"/status get {LIBRARY}")
    await profanity.type("/win 1")
    await profanity.sees("Closed: leave a message")
    await profanity.type(f"/msg {LIBRARY}")
    account.ring.show(ChannelDesk(open=True, online=True, library="Central"))
    await profanity.sees(f"{LIBRARY} [online]")
    sign = Signal(
        kind="typing", channel=account.ring.channel, address="ada@localhost", librarian="lee",
        conversation=conversation("ada@localhost"),
    )  # fmt: skip
    await account.ring.sign(sign)
    await profanity.sees("typing...")
    await account.ring.stop()
    await profanity.type("while you were away")
    await account.again()
    await account.ring.message("while you were away")
    await turn(account, profanity, 11)
    await asyncio.to_thread(rig.server.kill)
    await account.ring.down()
    await asyncio.to_thread(rig.server.start)
    await account.ring.up()
    await profanity.sees("re-established", within=60)
    await turn(account, profanity, 12)


async def test_a_script_that_sends_a_message(account: Scene, tmp_path: Path) -> None:
    """go-sendxmpp, as people use it in scripts: once per call."""
    rig = account.rig
    assert isinstance(rig, AccountRig)
    await account.begin()
    rig.server.account("robot", "robot")
    for words in ("the heating is off", "the heating is on again"):
        process = await asyncio.create_subprocess_exec(
            "go-sendxmpp", "-u", "robot@localhost", "-p", "robot", "-j", f"127.0.0.1:{rig.server.direct}", "-t",
            "-n", LIBRARY, env={**os.environ, "HOME": str(tmp_path)}, stdin=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await process.communicate(words.encode())
        assert process.returncode == 0
        message = await account.ring.message(words)
        assert message.sender == "robot@localhost"
