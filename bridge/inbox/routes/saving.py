"""Keeping a changed library and telling the core: one way for the editor, the people, the history and new libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from bridge.contract.adapter import Busy
from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call
from bridge.inbox.views.faults import refusal
from bridge.sql.people.organisation import Faulty, LibraryEntry, NotYours, Outdated
from routing.organisation import Library

TRIES = 5  # edits of one person that meet others'


def channel_queues(call: Call) -> dict[str, str]:
    """Return the queue of each channel that the desk knows."""
    return {name: one.queue for name, one in call.state.channels.items()}


@contextmanager
def refusing() -> Iterator[None]:
    """Answer what the organisation refuses: 422 with each field, 409 where somebody was quicker."""
    try:
        yield
    except Faulty as faulty:
        raise refusal("not-yours" if isinstance(faulty, NotYours) else "faulty", faulty.found) from None
    except Outdated:
        detail = "Somebody else saved this library meanwhile; load it again."
        body = schema.Clash(error="refused", detail=detail, reason="outdated")
        raise Refusal(409, "refused", detail, body=body) from None


async def told(call: Call, saved: Iterable[Library]) -> None:
    """Tell the core of libraries that were kept; it hears of them later where the store is away."""
    with suppress(Busy):
        await call.services.gathering.ingest(list(saved))


async def entry_of(call: Call, library: str) -> LibraryEntry:
    """Return a library as it is kept. Raises Refusal 404."""
    for entry in await call.services.organisation.entries():
        if entry.library.id == library:
            return entry
    raise not_found()


async def changed(call: Call, change: Callable[[Library], Library]) -> schema.Saved:
    """Change the library `{id}` as it is kept now, and again where somebody else saved meanwhile. `change` may raise Refusal."""
    for attempt in range(TRIES):
        entry = await entry_of(call, call.id)
        with refusing():
            try:
                saved = await call.services.organisation.put(
                    change(entry.library),
                    entry.calendar,
                    expected=entry.library.revision,
                    by=call.me,
                    channels=channel_queues(call),
                )
            except Outdated:
                if attempt == TRIES - 1:
                    raise
                continue
        await told(call, [saved])
        return schema.Saved(library=saved.id, revision=saved.revision)
    raise RuntimeError("a change was tried too often")
