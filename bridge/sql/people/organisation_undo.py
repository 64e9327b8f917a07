"""Taking a change of a library back: every field gets what it had before, as a new revision, which is a change of its own.

So an undo can be undone. A field that somebody changed since is named, and nothing happens unless the rest alone is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from bridge.sql.people.document_differences import Difference, document, from_document, undone
from bridge.sql.people.organisation import OrganisationStore
from routing.organisation import Library


class Overtaken(Exception):
    """Fields of a change were changed again since; `all_of_it` where nothing else is left to undo."""

    def __init__(self, conflicts: Sequence[Difference], *, all_of_it: bool) -> None:
        super().__init__(", ".join("/".join(one.path) for one in conflicts))
        self.conflicts = tuple(conflicts)
        self.all_of_it = all_of_it


class NotUndoable(Exception):
    """The change made the library: to take that back is to remove it, which has an order of its own."""


async def undo(
    store: OrganisationStore,
    library: str,
    n: int,
    *,
    by: str,
    channels: Mapping[str, str] | None = None,
    partly: bool = False,
) -> Library:
    """Take change `n` of a library back. Raises LookupError, NotUndoable, Overtaken, and what `OrganisationStore.put` raises.

    `partly`: fields that were changed since stay, the others are taken back.
    """
    change, removed = await store.change(library, n)
    if removed is not None:
        kept, calendar = from_document(removed)
        return await store.put(kept, calendar, expected=0, by=by, channels=channels, undoes=n)
    if change.what == "made":
        raise NotUndoable
    entry = next((one for one in await store.entries() if one.library.id == library), None)
    if entry is None:
        raise LookupError(f"no library {library!r}")
    found, overtaken = undone(document(entry.library, entry.calendar), change.differences)
    if overtaken and (not partly or len(overtaken) == len(change.differences)):
        raise Overtaken(overtaken, all_of_it=len(overtaken) == len(change.differences))
    kept, calendar = from_document(found)
    kept = msgspec.structs.replace(kept, revision=entry.library.revision)
    return await store.put(kept, calendar, expected=entry.library.revision, by=by, channels=channels, undoes=n)
