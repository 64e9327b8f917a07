"""The answers to librarians' actions: 200 with the event, 409 with the reason, 202 when there is none yet.

An action's id comes from librarian, Idempotency-Key and request. The ring drops an action whose key it has seen, and the
answer is looked up here among the last ones heard, by key. So a repeat costs no write, in whichever process it arrives.
Every action yields exactly one event that answers it; `Step.answer` names it. A process that starts, or missed entries,
reads the last entries of the log again. So a page that lost its answer with an earlier process asks again and hears the same.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence, Set

import msgspec

from bridge.contract.message import key_of, request_of
from bridge.log.follower import Entry, Position, decoded
from bridge.redis.store import Store
from bridge.sql.people.idempotency import KeyReused
from routing.erasure import without
from routing.events import Erased, Event, Step

KEPT = 20_000
RECALLED = 2_000  # entries
AT_ONCE = 64


def events_of(entries: Sequence[Entry]) -> Iterator[Event]:
    """Yield every event of these entries."""
    return (event for entry in entries for step in entry.steps for event in step.events)


class Answered(msgspec.Struct, frozen=True, gc=False):
    """A step that answers an action, and its position in the log."""

    position: Position
    step: Step


class ActionResults:
    """The steps that answered librarians' actions last, by the actions' keys; listens to the replica."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Answered] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def take(self, entries: Sequence[Entry]) -> None:
        """Keep the answers among new entries and wake the requests that wait for them."""
        found, waiting = self._found, self._waiting
        for entry in entries:
            for step in entry.steps:
                if step.answer < 0:
                    continue
                key = key_of(step.cause)
                found[key] = Answered(entry.position, step)
                if waiting and (waits := waiting.pop(key, None)) is not None and not waits.done():
                    waits.set_result(None)
        while len(found) > KEPT:
            found.popitem(last=False)

    def forget(self, gone: Set[str]) -> None:
        """Drop what was answered about erased conversations; that they were erased may still be asked."""
        if not gone:
            return
        for key, found in self._found.items():
            if any(getattr(event, "conversation", "") in gone for event in found.step.events):
                self._found[key] = Answered(found.position, without(found.step, gone))

    async def recall(self, store: Store) -> None:
        """Take the answers among the last entries that the log still holds. Raises StoreError."""
        first, last = await store.log_range()
        seq = max(first - 1, last - RECALLED)
        while seq < last:
            entries = [decoded(raw) for raw in await store.read_log(seq, count=AT_ONCE)]
            if not entries:
                return
            self.take(entries)
            self.forget({event.conversation for event in events_of(entries) if isinstance(event, Erased)})
            seq = entries[-1].seq
            await asyncio.sleep(0)

    def known(self, action: str) -> Answered | None:
        """Return the answer to an action if it was heard here. Raises KeyReused when it answers another request."""
        found = self._found.get(key_of(action))
        if found is not None and request_of(found.step.cause) not in ("", request_of(action)):  # "": an older release's
            raise KeyReused
        return found

    async def of(self, action: str, timeout: float) -> Answered | None:
        """Return the answer to an action, None when it does not come within `timeout` seconds. Raises KeyReused."""
        key = key_of(action)
        if key not in self._found:
            waiting = self._waiting.get(key)
            if waiting is None:
                waiting = self._waiting[key] = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await asyncio.shield(waiting)
            except TimeoutError:
                if self._waiting.get(key) is waiting:
                    del self._waiting[key]
        return self.known(action)
