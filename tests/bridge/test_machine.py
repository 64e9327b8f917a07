"""What is left of disk, descriptors and memory is seen, and nothing new is taken in before memory is gone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridge.app import machine_watch
from bridge.app.machine_watch import MachineWatch
from bridge.redis.store import Full, Store
from bridge.runtime import machine
from bridge.runtime.health import DaemonHealth
from bridge.runtime.machine import MachineUse


def group(folder: Path, facts: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in facts.items():
        (folder / name).write_text(text)


@pytest.mark.parametrize("kind", ["v2", "v1", "a container's root"])
def test_the_limit_of_our_own_control_group_counts(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROC", tmp_path / "proc")
    monkeypatch.setattr(machine, "GROUPS", tmp_path / "groups")
    line = {"v2": "0::/system.slice/desk.service", "v1": "4:memory:/desk", "a container's root": "0::/host/path"}[kind]
    group(tmp_path / "proc/self", {"cgroup": line + "\n"})
    if kind == "v1":
        group(
            tmp_path / "groups/memory/desk",
            {"memory.limit_in_bytes": "1000\n", "memory.stat": "cache 700\ntotal_rss 200\n"},
        )
    elif kind == "v2":
        group(tmp_path / "groups/system.slice", {"memory.max": "1000\n", "memory.stat": "anon 200\nfile 700\n"})
        group(tmp_path / "groups/system.slice/desk.service", {"memory.max": "max\n", "memory.stat": "anon 100\n"})
    else:
        group(tmp_path / "groups", {"memory.max": "1000\n", "memory.stat": "anon 200\n"})
    assert machine.memory() == MachineUse(200, 1000)
    assert machine.memory_limit() == 1000


async def test_a_crowded_memory_refuses_new_work_until_there_is_more(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_watch, "LOOK_S", 0.01)
    used, health = [500], DaemonHealth()
    monkeypatch.setattr(machine, "memory", lambda: MachineUse(used[0], 1000))
    running = asyncio.create_task(MachineWatch(tmp_path, [store], health).run())

    async def shown(*, ready: bool) -> None:
        async with asyncio.timeout(20):
            while health.part("memory").ready is not ready:
                await asyncio.sleep(0.01)

    await shown(ready=True)
    await store.ingest([("", b"one")])
    used[0] = 950
    await shown(ready=False)
    with pytest.raises(Full):
        await store.ingest([("", b"two")])
    await store.prompt(b"what the core itself has to note")
    used[0] = 870  # a little below is not enough: it would come and go
    with pytest.raises(Full):
        await store.ingest([("", b"two")])
    used[0] = 500
    await shown(ready=True)
    await store.ingest([("", b"two")])
    running.cancel()
    await asyncio.wait([running])


async def test_a_full_disk_and_used_up_descriptors_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    health = DaemonHealth()
    monkeypatch.setattr(machine, "disk", lambda folder: MachineUse(990_000_000_000, 990_010_000_000))
    monkeypatch.setattr(machine, "descriptors", lambda: MachineUse(1000, 1024))
    running = asyncio.create_task(MachineWatch(tmp_path, [], health).run())
    async with asyncio.timeout(20):
        while "LimitNOFILE" not in health.status() or "MB are left" not in health.status():
            await asyncio.sleep(0.01)
    assert health.report()[0].required is False
    running.cancel()
    await asyncio.wait([running])
