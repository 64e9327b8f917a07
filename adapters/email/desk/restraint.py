"""How often the desk itself writes to one address: a few automatic mails a day, and none to a machine (RFC 3834).

The rule ends a loop that no header prevented: one address gets `most` mails in any 24 hours, and then silence. What was
counted outlives a restart, for a loop that crashes us would else begin again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import msgspec

DAY_S = 86_400.0
MOST_PEERS = 10_000


class Restraint:
    """Counts automatic mails by address; `folder` keeps the count (None = memory alone)."""

    def __init__(self, most: int, folder: Path | None, now: Callable[[], float] = time.time) -> None:
        self._most = most
        self._place = folder / "automatic.json" if folder is not None else None
        self._now = now
        self._sent: dict[str, list[float]] | None = None

    def allows(self, address: str) -> bool:
        """Whether one more may go to `address` now."""
        return len(self._recent(address)) < self._most

    def count(self, address: str) -> None:
        """Count one that goes out."""
        sent = self._known()
        sent[_peer(address)] = [*self._recent(address), self._now()]
        while len(sent) > MOST_PEERS:
            del sent[next(iter(sent))]
        if self._place is not None:
            draft = self._place.with_suffix(".new")
            with suppress(OSError):  # a full disk: memory still counts
                draft.write_bytes(msgspec.json.encode(sent))
                draft.replace(self._place)

    def _recent(self, address: str) -> list[float]:
        after = self._now() - DAY_S
        return [at for at in self._known().get(_peer(address), ()) if at > after]

    def _known(self) -> dict[str, list[float]]:
        if self._sent is None:
            self._sent = self._read()
        return self._sent

    def _read(self) -> dict[str, list[float]]:
        try:
            kept = msgspec.json.decode(self._place.read_bytes(), type=dict[str, list[float]]) if self._place else {}
        except (OSError, msgspec.DecodeError):
            return {}
        after = self._now() - DAY_S
        return {peer: at for peer, at in kept.items() if at and at[-1] > after}


def _peer(address: str) -> str:
    """Addresses are counted, not kept."""
    return sha256(address.strip().casefold().encode("utf-8", "replace")).hexdigest()[:24]
