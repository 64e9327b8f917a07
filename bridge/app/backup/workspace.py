"""Where a backup or a restore works: a folder of its own in the data folder, one at a time, gone at the end.

It may hold transcripts that are not encrypted. What one that was killed left is deleted by the next.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bridge.app.backup.sealing import Unsealable

LOCK = "backup.lock"
PREFIX = ".backup-"


@contextmanager
def workspace(data: Path) -> Iterator[Path]:
    """Give an empty folder that we alone can open. Raises Unsealable while another backup or restore works here."""
    lock = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unsealable("another backup or restore is under way") from None
        for left in data.glob(f"{PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=PREFIX, dir=data) as folder:
            yield Path(folder)
    finally:
        os.close(lock)
