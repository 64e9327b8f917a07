"""What channels remember: durable rows, the later one counts, bounded, and the files of earlier versions moved into the store."""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path

import pytest

from bridge.channels import former_folder
from bridge.channels.memory import PAGE, StoreMemory
from bridge.contract.adapter import Busy, Undeclared
from bridge.contract.held_rows import HeldRows
from bridge.contract.memory import MemoryKind, MemoryRow
from bridge.contract.opt_outs import OPT_OUTS, OptOuts
from bridge.redis.store import Store

PAIR = ("+15005550100", "+15005550111")
NEWEST = MemoryKind(name="newest", most=3)
FULL = MemoryKind(name="full", most=3, full="refuse")
SHORT = MemoryKind(name="short", most=9, keep_ms=60_000)
MANY = MemoryKind(name="many", most=3 * PAGE)


def now() -> int:
    return int(time.time() * 1000)


def memory(store: Store, folder: Path | None = None) -> StoreMemory:
    """Return what one host sees of a channel."""
    return StoreMemory(store, "text", (NEWEST, FULL, SHORT, MANY, OPT_OUTS), folder)


def keys(rows: list[MemoryRow]) -> list[str]:
    return [row.key for row in rows]


async def test_the_row_with_the_later_time_counts_whoever_writes_it(store: Store) -> None:
    here, there = memory(store), memory(store)
    await here.put(NEWEST, [MemoryRow("a", b"2", 2_000), MemoryRow("b", b"b", 1_500)])
    await there.put(NEWEST, [MemoryRow("a", b"1", 1_000)])
    assert await there.rows(NEWEST) == [MemoryRow("b", b"b", 1_500), MemoryRow("a", b"2", 2_000)]
    await there.put(NEWEST, [MemoryRow("a", b"3", 2_000)])
    assert await here.rows(NEWEST, ["a", "nobody"]) == [MemoryRow("a", b"3", 2_000)]
    await here.put(NEWEST, [MemoryRow("a", b"ahead", now() + 3_600_000)])
    assert (await here.rows(NEWEST, ["a"]))[0].at <= now()
    await there.drop(NEWEST, ["a"])
    assert keys(await here.rows(NEWEST)) == ["b"]


async def test_each_kind_is_bounded_in_its_own_way(store: Store) -> None:
    host = memory(store)
    for kind in (NEWEST, FULL):
        await host.put(kind, [MemoryRow(f"{n}", at=n) for n in (1, 2, 3)])
    await host.put(NEWEST, [MemoryRow("4", at=4), MemoryRow("5", at=5)])
    assert keys(await host.rows(NEWEST)) == ["3", "4", "5"]
    with pytest.raises(Busy, match="keeps no more"):
        await host.put(FULL, [MemoryRow("3", b"x", 3), MemoryRow("4", at=4)])
    assert await host.rows(FULL, ["3"]) == [MemoryRow("3", b"", 3)]
    await host.put(FULL, [MemoryRow("3", b"x", 3)])
    assert await host.rows(FULL, ["3"]) == [MemoryRow("3", b"x", 3)]
    await host.put(
        SHORT, [MemoryRow("old", at=now() - 59_000), MemoryRow("older", at=now() - 61_000), MemoryRow("new")]
    )
    assert keys(await host.rows(SHORT)) == ["old", "new"]
    for bad in (MemoryRow(""), MemoryRow("é" * 1025), MemoryRow("a", bytes(65_537))):
        with pytest.raises(ValueError, match="bytes"):
            await host.put(NEWEST, [bad])
    with pytest.raises(Undeclared):
        await host.rows(MemoryKind(name="newest", most=4))


async def test_rows_grow_old_without_a_new_one(store: Store) -> None:
    host, brief = memory(store), MemoryKind(name="short", most=9, keep_ms=1_000)
    await host.put(SHORT, [MemoryRow("old", at=now() - 30_000)])
    await StoreMemory(store, "text", [brief]).expire()
    assert await host.rows(SHORT) == []


async def test_many_rows_are_read_and_dropped_in_pages(store: Store) -> None:
    host = memory(store)
    await host.put(MANY, [MemoryRow(f"{n}", b"%d" % n, 7) for n in range(2 * PAGE + 1)])  # all of one moment
    assert sorted(keys(await host.rows(MANY)), key=int) == [f"{n}" for n in range(2 * PAGE + 1)]
    await host.drop(MANY, [f"{n}" for n in range(1, 2 * PAGE + 1)])
    assert keys(await host.rows(MANY)) == ["0"]


async def test_held_rows_are_saved_together_and_what_could_not_be_saved_is_saved_later(store: Store) -> None:
    held, channel = HeldRows(memory(store), NEWEST, int), next(_channels)
    for number in range(4):
        held.put(f"{number}", number)
    held.drop("1")
    assert held.held() == ["2", "3"]
    away = await Store.open(store.url, channel)
    await away.close()
    lost = HeldRows(StoreMemory(away, "text", [NEWEST]), NEWEST, int)
    lost.put("x", 1)
    with pytest.raises(Busy):
        await lost.save()
    assert lost.changed
    await held.save()
    other = HeldRows(memory(store), NEWEST, int)
    await other.load()
    assert (other.held(), other.get("3")) == (["2", "3"], 3)
    await other.forget(["3"])
    await held.load()
    assert held.held() == ["2"]


_channels = (f"away{n}" for n in itertools.count())


# ---- what every channel of texts remembers


async def test_a_stop_holds_on_every_host_and_a_start_that_comes_twice_is_the_same_start(store: Store) -> None:
    here, there = OptOuts(memory(store)), OptOuts(memory(store))
    assert await here.obey("SM1", *PAIR, 1_000, "STOP") == ["opted-out"]
    assert await there.opted_out(*PAIR)
    assert not await there.opted_out(PAIR[1], PAIR[0])
    for host in (here, there):
        assert await host.obey("SM2", *PAIR, 2_000, "START") == ["opted-in"]
        assert await host.obey("SM1", *PAIR, 1_000, "STOP") == ["opted-out"]  # late, by the list
        assert not await host.opted_out(*PAIR)
    assert await there.obey("SM3", *PAIR, 3_000, "START") == []


# ---- folders of earlier versions


def former(folder: Path) -> Path:
    """Write opt-outs as the last release did; its process died over the last line."""
    rows = [["SM1", *PAIR, 1_000, True], ["SM2", *PAIR, 2_000, False], ["SM3", PAIR[0], "+1", 3_000, True]]
    file = folder / "opt-outs"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows) + '["SM4", "+15')
    return file


async def test_a_former_file_is_moved_once_before_anything_is_read(store: Store, tmp_path: Path) -> None:
    file, host = former(tmp_path), OptOuts(memory(store, tmp_path))
    assert await host.opted_out(PAIR[0], "+1")
    assert not await host.opted_out(*PAIR)
    assert not file.exists()
    assert await OptOuts(memory(store)).opted_out(PAIR[0], "+1")  # a host that never had the folder


async def test_a_move_that_breaks_off_is_done_again_and_undoes_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, host = former(tmp_path), memory(store, tmp_path)

    def died(_: Path) -> None:
        raise OSError(5, os.strerror(5))

    with monkeypatch.context() as broken:
        broken.setattr(former_folder, "_delete", died)
        with pytest.raises(Busy, match="Input/output error"):
            await host.begin()
    assert file.exists()
    await OptOuts(memory(store)).obey("SM5", PAIR[0], "+1", 5_000, "START")  # on another host, meanwhile
    again = OptOuts(memory(store, tmp_path))
    assert not await again.opted_out(PAIR[0], "+1")
    assert not file.exists()


async def test_a_former_file_stays_while_the_store_is_away(store: Store, tmp_path: Path) -> None:
    file, away = former(tmp_path), await Store.open(store.url, next(_channels))
    await away.close()
    with pytest.raises(Busy):
        await memory(away, tmp_path).begin()
    assert file.exists()
    assert await OptOuts(memory(store, tmp_path)).opted_out(PAIR[0], "+1")
