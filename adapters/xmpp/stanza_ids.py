"""Which message of the desk's a stanza became, beyond a restart: a correction or a retraction names a stanza by the id it bore.

The rule (XEP-0308, XEP-0424): the id is the stanza's own, and counts for its sender alone. Sender and id are kept as a seal, so
what is kept tells nothing about anybody; the newest are remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from bridge.contract.adapter import Busy
from bridge.contract.memory import Memory, MemoryKind, MemoryRow, former_lines
from bridge.contract.sealed_token import Seal

SEAL = Seal("stanza", 12)


def _former(raw: bytes, written: int) -> Iterator[MemoryRow]:
    """Read the lines of an earlier version: seal, message."""
    for seal, message in former_lines(raw, tuple[str, str]):
        yield MemoryRow(seal, message.encode(), written)


STANZAS = MemoryKind(name="stanzas", most=5_000, former="stanzas", read=_former)


class StanzaIds:
    """Remembers ids of messages by sender and stanza."""

    def __init__(self, secret: bytes, memory: Memory) -> None:
        self._secret = secret
        self._memory = memory

    async def put(self, sender: str, stanza: str, message: str) -> None:
        """Remember that `sender`'s stanza became `message`; a correction of it is shown by itself where that cannot be kept."""
        if stanza:
            with suppress(Busy):
                await self._memory.put(STANZAS, [MemoryRow(self._key(sender, stanza), message.encode())])

    async def get(self, sender: str, stanza: str) -> str:
        """Return the message that `sender`'s stanza became, "" for one that is not known. Raises Busy."""
        rows = await self._memory.rows(STANZAS, [self._key(sender, stanza)])
        return rows[0].value.decode() if rows else ""

    def _key(self, sender: str, stanza: str) -> str:
        return SEAL.text(self._secret, sender, stanza)
