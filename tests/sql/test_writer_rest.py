"""The archive rests by a clock that nobody sets."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bridge.log.follower import Entry, Follower, Position
from bridge.redis.store import Store
from bridge.sql.database import engine_for
from bridge.sql.transcripts.writer import LATE_S, Writer


async def test_a_clock_that_is_set_forward_makes_no_archive_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rested nine times as long as a transaction had taken, by the clock of the wall: for days after a correction."""
    store = Store("unix:///nowhere", "main")
    writer = Writer(engine_for(f"sqlite:///{tmp_path / 'archive.sqlite'}"), store, Follower(store), "main")
    began, now = time.monotonic(), time.time()
    monkeypatch.setattr("bridge.sql.transcripts.writer.time.time", lambda: now + 7_200)
    assert writer._rest(Entry("epoch", 1, []), Position("epoch", 1), began) < LATE_S
