"""What became of the actions handed in here: 200 with the event, 409 with the reason, 202 when there is none yet.

An action's id comes from librarian and Idempotency-Key, so handing it in again is dropped by the core's seen-window, and the
answer is looked up among the last ones heard. Every action yields exactly one event that answers it; `Step.answer` names it.
A process that starts, or missed entries, reads the last ones of the log once more: a page whose answer was lost with the
process before it asks again, and is to hear the same.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence, Set

import msgspec

from bridge.log.follower import Entry, Position, decoded
from bridge.redis.store import Store
from routing.erasure import without
from routing.events import Step

KEPT = 20_000
RECALLED = 2_000  # entries
AT_ONCE = 64


class Answered(msgspec.Struct, frozen=True, gc=False):
    """A step that answers an action, and where it stands in the log."""

    position: Position
    step: Step


class ActionResults:
    """The steps that answered librarians' actions lately, whoever asked; listens to the replica."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Answered] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def take(self, entries: Sequence[Entry]) -> None:
        """Keep the answers among new entries and wake who waits for them."""
        found, waiting = self._found, self._waiting
        for entry in entries:
            for step in entry.steps:
                if step.answer < 0:
                    continue
                found[step.cause] = Answered(entry.position, step)
                if waiting and (waits := waiting.pop(step.cause, None)) is not None and not waits.done():
                    waits.set_result(None)
        while len(found) > KEPT:
            found.popitem(last=False)

    def forget(self, gone: Set[str]) -> None:
        """Let go of what was answered about erased conversations; that they were erased may still be asked."""
        for cause, found in self._found.items():
            if any(getattr(event, "conversation", "") in gone for event in found.step.events):
                self._found[cause] = Answered(found.position, without(found.step, gone))

    async def recall(self, store: Store) -> None:
        """Take the answers among the last entries that the log still holds. Raises StoreError."""
        first, last = await store.log_range()
        seq = max(first - 1, last - RECALLED)
        while seq < last:
            entries = [decoded(raw) for raw in await store.read_log(seq, count=AT_ONCE)]
            if not entries:
                return
            self.take(entries)
            seq = entries[-1].seq
            await asyncio.sleep(0)

    async def of(self, action: str, timeout: float) -> Answered | None:
        """Return the answer to an action, None when it does not come within `timeout` seconds."""
        if action not in self._found:
            waiting = self._waiting.get(action)
            if waiting is None:
                waiting = self._waiting[action] = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(timeout):
                    await asyncio.shield(waiting)
            except TimeoutError:
                if self._waiting.get(action) is waiting:
                    del self._waiting[action]
        return self._found.get(action)
