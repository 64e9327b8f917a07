"""Parts of a consortium that run in a process of their own: the core, and what writes the archive.

Python does one thing at a time in a process. These two share nothing with the others but the store (and the database), so they can
stand beside: patrons' sockets are not kept waiting while a batch is decided or a snapshot copied, and a second
processor is used. The archive's process gives way to the others: who reads has the tail meanwhile.

An annex is told its job in one line on standard input, says how far it has come a line at a time on standard output, and logs
where the daemon logs. It ends when its standard input does, so it never outlives a daemon, however that ended.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from bridge import logs
from bridge.follower import Follower, Position
from bridge.store import Store

PATIENCE_S = 5.0  # an annex that was told to end may finish what it is at
RARELY = (20_000, 20, 50)  # see daemon.rarely_collect
GIVES_WAY = 10  # nice(2)
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger("bridge.annex")


class Streams(msgspec.Struct, frozen=True, kw_only=True):
    """Where a consortium's streams are; the URL may hold a password, which is why a job goes by a pipe."""

    url: str
    replicas: int
    consortium: str

    async def open(self) -> Store:
        """Connect. Raises Unavailable."""
        return await Store.open(self.url, self.consortium, replicas=self.replicas)


class Core(msgspec.Struct, frozen=True, kw_only=True, tag_field="part", tag="core"):
    """Run the core, as `Partition` describes."""

    streams: Streams
    process: str
    sole: bool
    fanout: list[str]
    parent: int = 0
    level: int = 0


class Archiving(msgspec.Struct, frozen=True, kw_only=True, tag_field="part", tag="archive"):
    """Write the log to the database at the URL `archive`."""

    streams: Streams
    archive: str
    parent: int = 0
    level: int = 0


Job = Core | Archiving


class Annex:
    """The daemon's end: keeps one process at its job. `hear` is told each line that it says."""

    def __init__(self, job: Job, hear: Callable[[str], None] = lambda line: None) -> None:
        self._job = job
        self._hear = hear
        self.pid = 0

    async def run(self) -> None:
        """Start the process and listen until it ends, or until cancelled. Raises RuntimeError when it ended by itself."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge.annex",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True, env=_environment(),
        )  # fmt: skip
        self.pid = process.pid
        try:
            job = msgspec.structs.replace(self._job, parent=os.getpid(), level=logs.level())
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(msgspec.json.encode(job) + b"\n")
            async for line in process.stdout:
                self._hear(line.decode().rstrip())
            raise RuntimeError(f"the process ended (status {await process.wait()})")
        finally:
            self.pid = 0
            await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Tell a process to end, and see that it does."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    """Return our environment without what lets a process speak to systemd for us."""
    return {name: value for name, value in os.environ.items() if name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}


# ---- the other end


def main() -> None:
    """Take a job from standard input and do it until that ends."""
    import uvloop

    job: Job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    _bind_to(job.parent)
    logs.say_in_lines(job.level)
    _collect_rarely()
    uvloop.run(_serve(_core(job) if isinstance(job, Core) else _archive(job)))


def _bind_to(parent: int) -> None:
    """Let the kernel end us with the daemon at once; a terminal's Ctrl-C is the daemon's business."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != parent:
        sys.exit(0)


def _collect_rarely() -> None:
    import gc

    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)


async def _serve(part: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    loop.add_reader(sys.stdin.fileno(), told.set)  # nothing more is ever written there: it can only end
    work, end = asyncio.create_task(part), asyncio.create_task(told.wait())
    await asyncio.wait((work, end), return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()
        return
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def _core(job: Core) -> None:
    from bridge.partition import Partition

    store = await job.streams.open()
    try:
        await Partition(store, job.process, sole=job.sole, fanout=job.fanout).run()
    finally:
        await store.close()


async def _archive(job: Archiving) -> None:
    from bridge.archive.archive import Archive
    from bridge.archive.progress import Progress

    with suppress(OSError):  # a hardened unit may not let us
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    store = await job.streams.open()
    archive = Archive(job.archive)
    follower = Follower(store)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follower.run())
            tasks.create_task(archive.writer(store, follower, Progress(_say), job.streams.consortium).run())
    finally:
        await archive.close()
        await store.close()


def _say(position: Position) -> None:
    print(position, flush=True)


if __name__ == "__main__":
    main()
