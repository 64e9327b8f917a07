"""What a component must remember, since no server keeps a roster for it: buddies, and librarians who linked an address."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bridge.contract.held_rows import HeldRows
from bridge.contract.memory import MAX_KEY, Memory, MemoryKind, MemoryRow, former_lines


def _former(raw: bytes, written: int) -> Iterator[MemoryRow]:
    """Read the lines of an earlier version: an address and a word about it."""
    for address, about in former_lines(raw, tuple[str, str]):
        yield MemoryRow(address, msgspec.json.encode(about), written)


BUDDIES = MemoryKind(name="buddies", most=50_000, former="buddies", read=_former)
LINKED = MemoryKind(name="linked", most=10_000, full="refuse", former="staff", read=_former)


class BuddyList(HeldRows[str]):
    """Addresses with a word about each: "" for a buddy, a librarian's id for an address that was linked."""

    def __init__(self, memory: Memory, kind: MemoryKind) -> None:
        super().__init__(memory, kind, str)

    def add(self, address: str, about: str = "") -> None:
        """Remember an address; one that is longer than any server's is not remembered (RFC 7622)."""
        if self.get(address) != about and len(address.encode()) <= MAX_KEY:
            self.put(address, about)
