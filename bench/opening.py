"""(f) How soon a daemon is ready, and how much memory it takes when nobody is there.

`deskbridge run` on a data folder that a start has used before, with one web chat channel, until /readyz says yes. Memory is the
daemon's and its private Redis's together (Pss), a few seconds later. A first start, which makes the archive's tables, stands
beside it.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop

from bench import peers
from bench.figures import REPEATS, Sheet, most, say
from bench.machine import rss_kb

CONFIG = """
[deskbridge]
data = "{folder}/data"
[http]
listen = "127.0.0.1:{port}"
[[channel]]
name = "web"
kind = "webchat"
queue = "north/reference"
"""
REST_S = 3.0


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


async def ready(port: int, process: asyncio.subprocess.Process) -> None:
    """Wait until /readyz says yes."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while process.returncode is None:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.005)
    raise RuntimeError("the daemon ended")


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(one) for one in found]


async def once(folder: Path) -> tuple[float, float]:
    """Return the seconds until ready, and the MB when idle."""
    port = free_port()
    config = folder / "deskbridge.toml"
    config.write_text(CONFIG.format(folder=folder, port=port))
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "deskbridge"), "run", "--config", str(config),
        stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        await ready(port, process)
        spent = time.perf_counter() - began
        await asyncio.sleep(REST_S)
        return spent, sum(rss_kb(pid) for pid in [process.pid, *children(process.pid)]) / 1024
    finally:
        await peers.ended(process)


async def measure(sheet: Sheet) -> None:
    """Measure and put down."""
    with tempfile.TemporaryDirectory(prefix="deskbridge-bench-", dir="/tmp") as folder:
        say(f"starting {REPEATS + 1} times")
        first, _ = await once(Path(folder))
        found = [await once(Path(folder)) for _ in range(REPEATS)]
    sheet.add("start_s", [spent for spent, _ in found], "s", most(1.5))
    sheet.add("first_start_s", [first], "s", None, "makes the archive's tables")
    sheet.add("idle_mb", [memory for _, memory in found], "MB", most(150), "daemon and its Redis")


def main() -> None:
    """Measure in a process of its own."""
    sheet = Sheet()
    uvloop.run(measure(sheet))
    sheet.hand_in()


if __name__ == "__main__":
    main()
