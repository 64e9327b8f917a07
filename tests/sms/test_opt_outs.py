"""What a disk that is full, or without power, leaves of facts that are kept."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from adapters.sms.codec import Inbound
from adapters.sms.parking import Parking
from bridge.contract.journal import Journal, Row

PAIR = ("+15005550100", "+15005550111")


async def test_a_row_is_on_the_disk_with_its_name_before_anybody_relies_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noted(file: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{file}")).name)
        fsync(file)

    monkeypatch.setattr("bridge.contract.journal.os.fsync", noted)
    journal = Journal(tmp_path, "rows")
    await journal.add(["one", 1])
    assert synced == ["rows", tmp_path.name]
    await journal.add(["two", 2])
    assert synced[2:] == ["rows"]
    assert await journal.read(lambda row: row[0] == "two") == [["two", 2]]
    assert synced[3:] == ["rows.new", tmp_path.name]


async def test_half_a_row_spoils_no_other(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "rows")
    await journal.add(["one", 1])
    with (tmp_path / "rows").open("a") as file:
        file.write('["two", ')  # the disk was full
    await journal.add(["three", 3])
    assert await journal.read() == [["one", 1], ["three", 3]]


class FullOnce(Journal):
    """A journal whose disk is full at the first row."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder, name)
        self.full = True

    async def add(self, row: Row) -> None:
        """Refuse the first."""
        if self.full:
            self.full = False
            raise OSError("no space left on device")
        await super().add(row)


async def test_what_could_not_be_written_is_written_when_it_comes_again(tmp_path: Path) -> None:
    parking = Parking(tmp_path)
    parking._journal = FullOnce(tmp_path, "parked")
    text = Inbound("SM1", "AC", "", *PAIR, "words", 1)
    with pytest.raises(OSError, match="space"):
        await parking.park(text)
    await parking.park(text)
    assert await Parking(tmp_path).parked() == [text]


async def test_a_text_that_is_parked_twice_at_once_is_parked_once_and_both_times_on_the_disk(tmp_path: Path) -> None:
    parking, text = Parking(tmp_path), Inbound("SM1", "AC", "", *PAIR, "words", 1)

    async def parked() -> list[Inbound]:
        await parking.park(text)
        return list(await Parking(tmp_path).parked())

    for found in await asyncio.gather(parked(), parked()):
        assert found == [text]
