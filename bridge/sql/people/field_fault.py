"""One thing that is wrong with a library, and its field: the editor, the file and the interface say the same."""

from __future__ import annotations

import msgspec


class FieldFault(msgspec.Struct, frozen=True):
    """`field` is a path as in `queues[1].tiers[2].teams`, counted from 1 as people count; `says` is for people.

    `library` says which library it is about, "" where that is clear.
    """

    field: str
    says: str
    library: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.library, self.field, self.says) if part)
