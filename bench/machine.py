"""The machine while it is measured: how much of it others took, so that noise can be told from change."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path


class Watch:
    """What happened to the machine's processors since this was made."""

    def __init__(self) -> None:
        self._began = _ticks()
        self._at = time.monotonic()

    def found(self) -> dict[str, object]:
        """Return shares of all processors' time, the load and what the machine is."""
        before, after = self._began, _ticks()
        spent = [b - a for a, b in zip(before, after, strict=True)]
        whole = sum(spent[:8]) or 1
        return {
            "processors": os.cpu_count(),
            "python": platform.python_version(),
            "steal": round(spent[7] / whole, 4),
            "idle": round((spent[3] + spent[4]) / whole, 4),
            "load": [round(one, 2) for one in os.getloadavg()],
            "seconds": round(time.monotonic() - self._at, 1),
        }


def _ticks() -> list[int]:
    return [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]


def rss_kb(pid: int) -> int:
    """Return a process's resident memory in kB (Pss where the kernel tells it: shared pages counted once)."""
    for file, word in ((f"/proc/{pid}/smaps_rollup", "Pss:"), (f"/proc/{pid}/status", "VmRSS:")):
        try:
            lines = Path(file).read_text().splitlines()
        except OSError:
            continue
        found = [line for line in lines if line.startswith(word)]
        if found:
            return int(found[0].split()[1])
    return 0
