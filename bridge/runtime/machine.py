"""What this machine still has for us: room on the disk, descriptors, memory.

Memory counts by our control group where that has a limit (systemd's MemoryMax=, a container), else by the machine. A group's caches
do not count: the kernel can take them back. Sources: cgroups(7), Linux's cgroup-v2.rst and cgroup-v1/memory.rst.
"""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import msgspec

PROC, GROUPS = Path("/proc"), Path("/sys/fs/cgroup")
TIME_ERROR = 5  # adjtimex: the clock is not synchronised
SIZEOF_TIMEX = 512  # more than any kernel writes
_V2 = ("memory.max", "anon")
_V1 = ("memory.limit_in_bytes", "total_rss")


class MachineUse(msgspec.Struct, frozen=True):
    """How much of something is in use, of how much."""

    used: int
    most: int

    @property
    def share(self) -> float:
        """The part in use, 0 to 1."""
        return self.used / self.most if self.most else 0.0

    @property
    def left(self) -> int:
        """What is free."""
        return max(0, self.most - self.used)


def disk(folder: Path) -> MachineUse:
    """Return the bytes of the file system that holds a folder, as far as we may use them. Raises OSError."""
    facts = os.statvfs(folder)
    free = facts.f_bavail * facts.f_frsize
    used = (facts.f_blocks - facts.f_bfree) * facts.f_frsize
    return MachineUse(used, used + free)


def descriptors() -> MachineUse:
    """Return the open files and sockets of this process, and how many it may have."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    try:
        return MachineUse(len(os.listdir("/proc/self/fd")), most)
    except OSError:  # none is left to look with
        return MachineUse(most, most)


def memory() -> MachineUse:
    """Return the memory of our control group with the least room, else that of this machine."""
    rooms = [room for room in _groups() if room.most < whole_memory()]
    return max(rooms, key=lambda room: room.share) if rooms else MachineUse(_used(), whole_memory())


def memory_limit() -> int:
    """Return how many bytes of memory all processes of this service may have together."""
    return min([whole_memory(), *(room.most for room in _groups())])


def clock_is_kept() -> bool:
    """Say whether the kernel knows that a program (NTP) keeps the clock; yes where it tells nothing (adjtimex(2))."""
    facts = ctypes.create_string_buffer(SIZEOF_TIMEX)
    return bool(ctypes.CDLL(None, use_errno=True).adjtimex(facts) != TIME_ERROR)


def _groups() -> Iterator[MachineUse]:
    """Yield each group that we are in and that has a limit, from the inner to the outer."""
    for line in _lines(PROC / "self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controllers not in ("", "memory"):
            continue
        root = GROUPS / controllers
        limit, kind = _V1 if controllers else _V2
        inner = root / path.lstrip("/")
        # Inside a container the path may be the host's, and the group's files lie at the root.
        for folder in dict.fromkeys((*(each for each in (inner, *inner.parents) if each.is_relative_to(root)), root)):
            most = next(iter(_lines(folder / limit)), "")
            if most.isdecimal():
                yield MachineUse(_fact(folder / "memory.stat", kind), int(most))


def whole_memory() -> int:
    """Return the bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _used() -> int:
    """Return what all programs of the machine use, 0 where /proc/meminfo is hidden (systemd's ProcSubset=pid)."""
    available = _fact(PROC / "meminfo", "MemAvailable:") * 1024
    return max(0, whole_memory() - available) if available else 0


def _fact(file: Path, name: str) -> int:
    for line in _lines(file):
        found, _, value = line.partition(" ")
        if found == name:
            return int(value.split()[0])
    return 0


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
