"""The contenders, each as good as its makers advise: redis-benchmark, FastStream on the same Redis, Prosody.

FastStream lives in an environment of its own below build/, made by `make bench`; Prosody is Debian's (tests/install-peers).
Every process is started in a group of its own and ended by it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.redis.address import server_at
from bridge.redis.connection import RedisConnection

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / "build" / "peers"
WANTED = ("faststream[redis]==0.7.8", "hiredis==3.5.0", "uvloop")
IN, OUT = "bench:peer:in", "bench:peer:out"


class Missing(Exception):
    """A contender is not here; the text says why."""


def install() -> Path:
    """Make FastStream's environment unless it is there; return its Python. Raises Missing."""
    python = ENVIRONMENT / "bin" / "python"
    stamp = ENVIRONMENT / "installed"
    if stamp.is_file() and stamp.read_text() == "\n".join(WANTED):
        return python
    print(f"  .. installing {WANTED[0]} into {ENVIRONMENT.relative_to(ROOT)}", file=sys.stderr, flush=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", ENVIRONMENT], check=True, timeout=120)
        subprocess.run([python, "-m", "pip", "install", "-q", *WANTED], check=True, timeout=300, capture_output=True)
    except (subprocess.SubprocessError, OSError) as error:
        raise Missing(f"FastStream cannot be installed: {error}") from None
    stamp.write_text("\n".join(WANTED))
    return python


def redis_benchmark(url: str, size: int, count: int) -> float:
    """Return XADD a second of redis-benchmark, 50 clients with 64 commands under way each, `size` bytes a value."""
    command = ["redis-benchmark", "-s", url.removeprefix("unix://"), "-P", "64", "-c", "50", "-n", str(count), "--csv"]
    command += ["XADD", "bench:stream", "*", "b", "x" * size]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    except FileNotFoundError:
        raise Missing("redis-benchmark is not installed (redis-tools)") from None
    last = found.stdout.strip().splitlines()[-1]
    return float(last.split('","')[1].strip('"'))


# ---- FastStream -----------------------------------------------------------------------------------------------------------


class Relay:
    """FastStream between two streams, and the client that puts into one and takes from the other."""

    def __init__(self, url: str, writing: RedisConnection, reading: RedisConnection, size: int) -> None:
        self._url = url
        self._writing = writing
        self._reading = reading
        self._body = b"x" * size
        self._after = "0-0"

    async def rate(self, seconds: float, in_flight: int, *, warm_up: float = 0.5) -> float:
        """Return messages a second that came out, `in_flight` between the two at a time."""
        self._put(in_flight)
        first = await self._taken(time.perf_counter() + warm_up)
        began = time.perf_counter()
        taken = await self._taken(began + seconds)
        rate = taken / (time.perf_counter() - began)
        assert first, "the relay does not relay"
        await self._drained(in_flight)
        return rate

    async def round_trips(self, count: int) -> list[float]:
        """Return the seconds that each of `count` messages took from being put to coming out, one at a time."""
        spent = []
        for _ in range(count):
            began = time.perf_counter()
            self._put(1)
            await self._take(5000)
            spent.append(time.perf_counter() - began)
        return spent

    def _put(self, count: int) -> None:
        for _ in range(count):
            self._writing.call("XADD", IN, "*", "__data__", self._body)

    async def _take(self, block_ms: int) -> int:
        reply = await self._reading.call("XREAD", "COUNT", 256, "BLOCK", block_ms, "STREAMS", OUT, self._after)
        if not reply:
            return 0
        rows = reply[0][1]
        self._after = rows[-1][0].decode()
        return len(rows)

    async def _taken(self, until: float) -> int:
        """Take and put as many again until a time; return how many were taken."""
        count = 0
        while time.perf_counter() < until:
            found = await self._take(1000)
            self._put(found)
            count += found
        return count

    async def _drained(self, in_flight: int) -> None:
        left = in_flight
        while left > 0 and (found := await self._take(2000)):
            left -= found


@asynccontextmanager
async def relaying(python: Path, url: str, form: str, size: int) -> AsyncIterator[Relay]:
    """Run FastStream on a Redis; `form` is "one" or "batch"."""
    address = server_at(url)
    writing = await RedisConnection.connect(address, patience=0, within=10)
    reading = await RedisConnection.connect(address, patience=0, within=10)
    await writing.call("DEL", IN, OUT)
    process = await asyncio.create_subprocess_exec(
        str(python),
        "-P",  # modules beside the script are ours, not its
        str(ROOT / "bench" / "relay.py"),
        url,
        form,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            if (await process.stdout.readline()).strip() != b"ready":
                raise Missing("FastStream did not start")
        yield Relay(url, writing, reading, size)
    finally:
        await ended(process)
        await writing.call("DEL", IN, OUT)
        writing.close()
        reading.close()


async def ended(process: asyncio.subprocess.Process) -> None:
    """End a process's group."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
