"""The limit over all files together: what is refused is refused before a byte of it is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.contract.adapter import Busy
from bridge.files.blobs import FileBlobs
from bridge.files.quota import FULL_S, LimitedFiles

MB = 1 << 20


async def _bytes(one: bytes, size: int) -> AsyncIterator[bytes]:
    yield one * size


async def test_files_are_taken_up_to_the_limit_and_again_once_there_is_room(tmp_path: Path) -> None:
    now = [0.0]
    folder = FileBlobs(tmp_path)
    files = LimitedFiles(folder, 2 * MB, lambda: now[0])
    first = await files.save(_bytes(b"a", MB), "a", 4 * MB)
    await files.save(_bytes(b"b", MB + 1), "b", 4 * MB)
    with pytest.raises(Busy, match="quota_mb"):
        await files.save(_bytes(b"c", 1), "c", 4 * MB)
    assert await folder.total() == 2 * MB + 1
    assert await files.path(first.digest), "what is kept is read as ever"

    await files.remove(first.digest)
    now[0] += FULL_S
    await files.save(_bytes(b"c", 1), "c", 4 * MB)
    assert await folder.total() == MB + 2


async def test_what_was_there_before_counts(tmp_path: Path) -> None:
    await FileBlobs(tmp_path).save(_bytes(b"a", MB), "a", 4 * MB)
    with pytest.raises(Busy):
        await LimitedFiles(FileBlobs(tmp_path), MB).save(_bytes(b"b", 1), "b", 4 * MB)
