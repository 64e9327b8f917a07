"""Servers that take long to start: one of each kind for a test process, started when a test first asks for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class KeptServer(ABC):
    """A server that all tests of a process share; each test makes accounts of its own there."""

    _kept: dict[type[KeptServer], KeptServer] = {}  # noqa: RUF012 -- one of each kind for the process

    @classmethod
    def kept(cls) -> Self:
        """Return the server of this process."""
        found = KeptServer._kept.get(cls)
        if found is None:
            found = KeptServer._kept[cls] = cls()
        assert isinstance(found, cls)
        return found

    @staticmethod
    def end_kept() -> None:
        """End all that were started."""
        while KeptServer._kept:
            KeptServer._kept.popitem()[1].stop()

    @abstractmethod
    def stop(self) -> None:
        """End it and delete what it kept."""
