"""The core in a process of its own.

Python does one thing at a time in a process. The core shares only the store with the rest, so it can run in another process.
Patrons' sockets then do not wait while a batch is decided or a snapshot is copied, and a second processor is used.

The process gets its job as one line on standard input, which hides the password of a URL. It logs where the daemon logs. A line on
standard output each second says that its event loop turns, and tells its counts. A process that falls silent is killed, and the
caller of `run` starts it again. It ends when its standard input ends or its parent dies, so it never outlives a daemon.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvloop

from bridge.contract import catalogues
from bridge.core.leadership import CoreCounts
from bridge.core.runner import CoreRunner
from bridge.log.traces import MessageTraces
from bridge.redis.store import Store
from bridge.runtime import logging
from bridge.runtime.garbage import tidy_little, tidy_when_quiet
from bridge.runtime.tracing import TracingConfig

BEAT_S = 1.0
SILENT_S = 30.0  # as systemd's watchdog does with the daemon
PATIENCE_S = 5.0  # for a core that was told to end, to finish its work
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger("bridge.core.process")


class CoreJob(msgspec.Struct, frozen=True, kw_only=True):
    """The job of the process; `process` is the name of its daemon, see `CoreRunner`."""

    url: str
    replicas: int
    consortium: str
    process: str
    sole: bool
    fanout: list[str]
    parent: int = 0
    level: int = 0
    tracing: TracingConfig = TracingConfig()
    words: str = ""  # the operator's folder of languages


class CoreEnded(RuntimeError):
    """The core's process has ended."""


class CoreProcess:
    """The daemon's end: keeps one core running."""

    def __init__(self, job: CoreJob) -> None:
        self._job = job
        self.counts = CoreCounts()  # as the process told them last
        self._process: asyncio.subprocess.Process | None = None

    def restart(self) -> None:
        """End the process, so that the next one begins with what the job says by then."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    async def run(self) -> None:
        """Start the process and listen to it until cancelled. Raises CoreEnded when it ended or fell silent."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "bridge.core.process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True, env=_environment(),
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        try:
            job = msgspec.structs.replace(self._job, parent=os.getpid(), level=logging.level())
            process.stdin.write(msgspec.json.encode(job) + b"\n")
            while told := await asyncio.wait_for(process.stdout.readline(), SILENT_S):
                self.counts = msgspec.json.decode(told, type=CoreCounts)
            raise CoreEnded(f"the core's process ended (status {await process.wait()})")
        except TimeoutError:
            process.kill()
            raise CoreEnded(f"the core's process was silent for {SILENT_S:g} s and was ended") from None
        finally:
            process.stdin.close()
            await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait for a process that was told to end; kill it when it takes too long."""
    try:
        await asyncio.wait_for(process.wait(), PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """Return our environment without the variables that let a process speak to systemd in our name."""
    return {name: value for name, value in os.environ.items() if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}


# ---- the other end


def main() -> None:
    """Take a job from standard input and do it until that ends."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=CoreJob)
    _bind_to(job.parent)
    logging.say_in_lines(job.level)
    catalogues.use(Path(job.words) if job.words else None)
    tidy_little()
    try:
        uvloop.run(_until_told(_decide(job)))
    except Exception:
        log.exception("the core failed")
        sys.exit(1)


def _bind_to(parent: int) -> None:
    """Let the kernel end us with the daemon at once; a terminal's Ctrl-C is the daemon's business."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != parent:
        sys.exit(0)


async def _until_told(part: Coroutine[Any, Any, None]) -> None:
    """Run a part until it ends, until a signal tells us to end, or until standard input ends."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    loop.add_reader(sys.stdin.fileno(), told.set)
    work, end = asyncio.create_task(part), asyncio.create_task(told.wait())
    await asyncio.wait((work, end), return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def _decide(job: CoreJob) -> None:
    store = await Store.open(job.url, job.consortium, replicas=job.replicas)
    traces = MessageTraces(job.tracing, f"{job.process} core") if job.tracing.endpoint else None
    runner = CoreRunner(store, job.process, sole=job.sole, fanout=job.fanout, traces=traces)
    beside = [_say_that_we_turn(runner.counts), tidy_when_quiet(lambda: runner.counts.commits)]
    tasks = [asyncio.create_task(each) for each in beside]
    try:
        await runner.run()
    finally:
        for task in tasks:
            task.cancel()
        if traces is not None:
            await traces.close()
        await store.close()


async def _say_that_we_turn(counts: CoreCounts) -> None:
    while True:
        print(msgspec.json.encode(counts).decode(), flush=True)
        await asyncio.sleep(BEAT_S)


if __name__ == "__main__":
    main()
