"""Who was forgotten, as a list that outlives the desk: so nobody comes back with an older backup.

It holds ids of conversations and times, no word and no address. It is encrypted as backups are and lies beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from bridge.app.backup.sealing import Sealing, Unsealable
from bridge.sql.archive import Archive

DAYS = 100  # longer than any backup is kept
MEMBER = "forgotten/conversations.msgpack"


async def add_forgotten(sealing: Sealing, archive: Archive, now: int) -> int:
    """Write the list; returns how many conversations it names."""
    found = await archive.forgotten_since(now - DAYS * 86_400_000)
    await sealing.add_bytes(MEMBER, msgspec.msgpack.encode(found))
    return len(found)


def read_forgotten(folder: Path) -> Sequence[str]:
    """Return the conversations of an unpacked list. Raises Unsealable."""
    try:
        found: list[str] = msgspec.msgpack.decode((folder / MEMBER).read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError):
        raise Unsealable("it is no list of who was forgotten") from None
    return found
