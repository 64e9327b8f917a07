"""Counted questions are kept once each, taken back by their id, and lose words and names by the library's clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bridge.files.blobs import FileBlobs
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.counter.question import CountedQuestion
from bridge.sql.counter.questions import DAY_MS

NOW = 400 * DAY_MS
SECRET = "Where is Quintessenz?"


def asked(id: str, library: str = "north", at: int = NOW, **more: Any) -> CountedQuestion:
    return CountedQuestion(id=id, library=library, at_ms=at, recorded_ms=NOW, mode="walk_up", **more)


async def test_a_question_counts_once_and_can_be_taken_back(archive: Archive) -> None:
    counted = archive.counted_questions
    full = asked(
        "a",
        place="Desk",
        patron_type="student",
        kind="directional",
        minutes=5,
        read_level=2,
        codes=("hours",),
        by="ana",
    )
    assert await counted.add([full, asked("b", interaction="a")]) == {"a", "b"}
    assert await counted.add([asked("a", kind="other"), asked("c", "south")]) == {"c"}
    assert await counted.between("north", 0, NOW + 1) == [full, asked("b", interaction="a")]
    assert await counted.between("north", 0, NOW + 1, by="ana") == [full]
    await counted.void("a")
    first = await counted.one("a")
    assert first is not None
    assert first.voided_ms
    await counted.void("a")
    assert await counted.one("a") == first


async def test_an_imported_question_is_known_by_its_source(archive: Archive) -> None:
    counted = archive.counted_questions
    many = [asked(f"n{n}", source="old-desk", source_id=str(n)) for n in range(1100)]
    assert len(await counted.add(many)) == 1100
    assert await counted.add([asked("other", source="old-desk", source_id="7")]) == frozenset()
    assert await counted.add([asked("m7", "south", source="old-desk", source_id="7")]) == {"m7"}


async def test_words_and_names_go_after_the_days_of_the_library(archive: Archive, tmp_path: Path) -> None:
    counted = archive.counted_questions
    async with archive.engine.execution_options(sqlite_write=True).begin() as sql:
        rows = [{"consortium": "main", "id": name, "revision": 1, "data": b""} for name in ("north", "south")]
        await sql.execute(insert(tables.library), rows)
    old = NOW - 31 * DAY_MS
    words: dict[str, Any] = {"question": SECRET, "answer": "On the shelf", "by": "ana"}
    places = [("n", "north"), ("s", "south"), ("g", "gone")]
    await counted.add([asked(id, library, old, minutes=3, **words) for id, library in places])
    await counted.add([asked("fresh", **words)])
    await archive.retention(FileBlobs(tmp_path / "blobs")).sweep({"north": 30, "south": 60}, NOW)
    assert await counted.one("n") == asked("n", at=old, minutes=3)
    for id in ("s", "g", "fresh"):
        kept = await counted.one(id)
        assert kept is not None
        assert (kept.question, kept.by) == ((SECRET, "ana") if id != "g" else (None, None))
