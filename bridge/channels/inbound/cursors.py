"""Which of an adapter's cursors may be saved, and when.

A cursor speaks for everything before it. So it is saved only in the call that makes the last earlier message durable (or
later); while one is owed, cursors are held back. At worst a restart asks the network for too much.
"""

from __future__ import annotations

from collections.abc import Mapping

OWED = 10_000  # more failed messages than this: no cursor is saved until the session starts again


class CursorLedger:
    """Which cursor of a channel may be saved: one that has no message before it still to be made durable."""

    def __init__(self) -> None:
        self.owed: set[str] = set()
        self.held: dict[str, str] = {}
        self._lost = False

    def open(self, id: str) -> None:
        """Note a message before anything is awaited for it."""
        self._lost = self._lost or len(self.owed) >= OWED
        if not self._lost:
            self.owed.add(id)

    def saving(self, ids: set[str]) -> dict[str, str]:
        """Return what may be saved together with the messages `ids`."""
        if not self.held or self._lost:
            return {}
        return dict(self.held) if self.owed <= ids else {}

    def durable(self, ids: set[str], saved: Mapping[str, str]) -> None:
        """Strike out what was written."""
        self.owed -= ids
        for source, position in saved.items():
            if self.held.get(source) == position:
                del self.held[source]
