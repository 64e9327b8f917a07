"""The daemon's end of a core in its own process: it notices an end, and a silence."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from bridge.core.process import CoreJob, CoreProcess
from bridge.redis.store import Store


def core(store: Store, url: str = "") -> CoreProcess:
    """Return what runs a core over a store."""
    job = CoreJob(
        url=url or store.url, replicas=0, consortium=store.keys.consortium, process="p1", sole=True, fanout=[]
    )
    return CoreProcess(job)


def core_of_ours() -> int:
    """Return the process id of the core that this process started, 0 when there is none."""
    mine = os.getpid()
    children = Path(f"/proc/{mine}/task/{mine}/children").read_text().split()
    cores = [int(child) for child in children if b"bridge.core.process" in Path(f"/proc/{child}/cmdline").read_bytes()]
    return cores[0] if cores else 0


async def decided(store: Store) -> None:
    """Wait until a core has committed something."""
    async with asyncio.timeout(20):
        while (await store.head()).seq == 0:
            await asyncio.sleep(0.02)


async def test_one_that_falls_silent_is_ended_and_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.core.process.SILENT_S", 3.0)
    running = asyncio.create_task(core(store).run())
    await decided(store)
    pid = core_of_ours()
    assert pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(RuntimeError, match="silent for 3 s"):
        await asyncio.wait_for(running, 20)
    assert core_of_ours() == 0


async def test_one_that_cannot_work_says_so_and_ends(store: Store, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="status 1"):
        await asyncio.wait_for(core(store, "unix:///nowhere/redis.sock").run(), 20)
    assert "the core failed" in capfd.readouterr().err


async def test_told_to_end_it_ends_at_once(store: Store) -> None:
    running = asyncio.create_task(core(store).run())
    await decided(store)
    pid = core_of_ours()
    assert pid
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 30)
    assert core_of_ours() == 0
