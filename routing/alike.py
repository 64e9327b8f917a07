"""The number that a conversation without a name is told apart by: 4,096 of them, drawn from its id alone.

It says nothing of the patron, and two conversations of one patron have two. The inbox makes a name of it that can be spoken.
"""

from __future__ import annotations

from zlib import crc32

NUMBERS = 4096


def alias_number(conversation: str) -> int:
    """Return a conversation's number, 0 to 4095; on every host the same."""
    return crc32(conversation.encode()) % NUMBERS
