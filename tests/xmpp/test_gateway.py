"""An account behind a gateway of Slidge: people of another network write as puppets of their own address."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from adapters.xmpp.adapter import XmppAdapter
from adapters.xmpp.config import XmppConfig
from bridge.testing.rig import soon
from bridge.testing.ring import Ring
from tests.peers.prosody import Prosody
from tests.xmpp.plain import Plain

PYTHON = Path(__file__).parents[2] / ".venv" / "peers" / "slidge" / "bin" / "python"
PROGRAM = Path(__file__).parents[1] / "peers" / "toy_gateway.py"
GATEWAY, SECRET, PASSWORD = "toy.localhost", "the-gateway-secret-0815", "open-sesame-4711"
COMPONENT = f'Component "{GATEWAY}"\n    component_secret = "{SECRET}"'


class ToyNetwork:
    """The network behind the gateway: a line for each registered account."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.connected = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hear what the gateway carries, until it hangs up."""
        self._writer = writer
        self.connected.set()
        with suppress(ConnectionError, asyncio.CancelledError):
            while line := await reader.readline():
                self.told.put_nowait(json.loads(line))
        writer.close()

    def say(self, who: str, id: str, text: str) -> None:
        """Have a person write to the library."""
        assert self._writer is not None
        self._writer.write(json.dumps({"from": who, "id": id, "text": text}).encode() + b"\n")


def started(arguments: list[str], home: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start the gateway's program."""
    return subprocess.Popen(
        [PYTHON, "-W", "ignore", PROGRAM, *arguments, "--home-dir", home, "--user-jid-validator", ".*@localhost"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        cwd=home,
        start_new_session=True,
    )


@asynccontextmanager
async def gateway(server: Prosody) -> AsyncIterator[ToyNetwork]:
    """Run a gateway at which the library's account is registered, as an operator does it once."""
    if not PYTHON.exists():
        pytest.skip("Slidge is not installed: run tests/install-peers")
    network = ToyNetwork()
    toy = await asyncio.start_server(network.serve, "127.0.0.1", 0)
    home = tempfile.mkdtemp(prefix="deskbridge-slidge-")
    arguments = ["--secret", SECRET, "--jid", GATEWAY, "--server", "127.0.0.1", "--port", str(server.component)]
    environment = {**os.environ, "TOY_PORT": str(toy.sockets[0].getsockname()[1]), "SLIDGE_CONF_DIR": home}
    process = started(arguments, home, environment)
    try:
        tls = ssl.create_default_context(cafile=str(server.certificate.ca))
        operator = await Plain("ask", PASSWORD, resource="operator").sign_in(server.direct, tls)
        async with asyncio.timeout(60):
            while (await operator.ask("<query xmlns='jabber:iq:register'/>", kind="set", to=GATEWAY)).get(
                "type"
            ) == "error":
                await asyncio.sleep(0.1)  # it is not there yet
            await network.connected.wait()
            await operator.messages.get()  # its thanks
        await operator.close()
        yield network
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)
        toy.close()
        shutil.rmtree(home, ignore_errors=True)


async def test_people_behind_a_gateway_are_patrons_of_the_account(tmp_path: Path) -> None:
    """Each has an address of their own; answers, receipts and what came while we were down go through."""
    server = Prosody({"ask": PASSWORD}, components=COMPONENT)
    await asyncio.to_thread(server.start)
    ring = Ring(XmppAdapter, tmp_path)
    config = XmppConfig(
        jid="ask@localhost",
        password=PASSWORD,
        host="127.0.0.1",
        port=server.c2s,
        ca=server.certificate.ca.read_text(),
    )
    await ring.open()
    try:
        async with gateway(server) as network:
            await ring.start(config)
            await soon("the channel up", ring.up())
            network.say("ada", "1", "Do you have this book?")
            asked = await ring.message("Do you have this book?")
            assert asked.sender == f"ada@{GATEWAY}"
            answer = await ring.answer(asked, "We do")
            assert await soon("the answer arrives", network.told.get()) == {"to": "ada", "id": "toy-1", "text": "We do"}
            await ring.reached(answer, "delivered")
            network.say("bob", "2", "And this one?")
            other = await ring.message("And this one?")
            assert other.sender == f"bob@{GATEWAY}"
            await ring.stop()
            network.say("ada", "3", "Are you there?")
            await asyncio.sleep(0.5)
            await ring.start(config)
            again = await ring.message("Are you there?")
            assert again.sender == asked.sender
            await ring.answer(again, "Yes")
            assert (await soon("the answer arrives", network.told.get()))["text"] == "Yes"
    finally:
        await ring.close()
        await asyncio.to_thread(server.remove)
