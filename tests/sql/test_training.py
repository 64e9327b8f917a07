"""Sheets go after seven days unless they are kept; scenarios keep their versions."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from bridge.files.blobs import FileBlobs
from bridge.sql.archive import Archive
from bridge.sql.people.accounts import now_ms
from bridge.sql.training.first_days import FirstDay
from bridge.sql.training.scenarios import ScenarioOutdated
from bridge.sql.training.sheets import DAY_MS, TrainingSheet


def sheet(id: str, trainee: str = "ana", at: int = DAY_MS) -> TrainingSheet:
    return TrainingSheet(
        conversation=id,
        trainee=trainee,
        library="north",
        scenario="paper",
        title="A paper",
        manners="web",
        made_at=at,
        counted="[]",
    )


async def test_a_sheet_is_its_trainees_and_goes_with_its_words(archive: Archive, tmp_path: Path) -> None:
    sheets = archive.training_sheets
    for id in ("a", "b"):
        await sheets.add(sheet(id))
        await sheets.write(id, "ana", '{"closure":{"level":2}}')
    assert [one.conversation for one in await sheets.seen_by("ana", [])] == ["a", "b"]
    assert await sheets.seen_by("cora", ["north"]) == []
    await sheets.share("a", coordinators=True, peer="ben")
    again = await sheets.add(msgspec.structs.replace(sheet("a"), counted="[1]"))
    assert (again.counted, again.shared, again.peer) == ("[1]", True, "ben")
    assert [one.conversation for one in await sheets.seen_by("cora", ["north"])] == ["a"]
    assert [one.conversation for one in await sheets.seen_by("ben", [])] == ["a"]
    assert await sheets.seen_by("cora", ["south"]) == []
    await sheets.keep("b", keep=True)
    retention = archive.retention(FileBlobs(tmp_path))
    await retention.sweep({"north": 90}, 8 * DAY_MS - 1)
    assert await sheets.one("a") is not None
    await retention.sweep({"north": 90}, 8 * DAY_MS)
    assert (await sheets.one("a"), await sheets.words("a")) == (None, [])
    assert [one.by for one in await sheets.words("b")] == ["ana"]
    await sheets.keep("b", keep=False)
    kept = await sheets.one("b")
    assert kept is not None
    assert kept.until > now_ms()
    await sheets.drop("b")
    assert (await sheets.one("b"), await sheets.words("b")) == (None, [])


async def test_scenarios_keep_their_versions_and_refuse_the_second_editor(archive: Archive) -> None:
    kept = archive.scenarios
    await kept.save("north", "maps", "title = 1", by="cora", after=0)
    await kept.save("north", "maps", "title = 2", by="ben", after=1)
    with pytest.raises(ScenarioOutdated):
        await kept.save("north", "maps", "title = 3", by="cora", after=1)
    assert [(one.version, one.by) for one in await kept.versions("north", "maps")] == [(2, "ben"), (1, "cora")]
    await kept.save("south", "maps", "title = 9", by="eve", after=0)
    assert [one.toml for one in await kept.of("north")] == ["title = 2"]
    await kept.save("north", "maps", "", by="cora", after=2)
    assert (await kept.of("north"), await kept.one("north", "maps")) == ([], None)
    assert (await kept.save("north", "maps", "title = 4", by="cora", after=0)).version == 4


async def test_a_first_day_is_kept(archive: Archive) -> None:
    assert await archive.first_days.of("ana") == FirstDay()
    await archive.first_days.keep("ana", FirstDay(state="begun", done=("one",)))
    await archive.first_days.keep("ana", FirstDay(state="skipped", done=("one",)))
    assert await archive.first_days.of("ana") == FirstDay(state="skipped", done=("one",))
