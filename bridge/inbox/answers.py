"""What became of the actions handed in here: 200 with the event, 409 with the reason, 202 when there is none yet.

An action's id comes from librarian and Idempotency-Key, so handing it in again is dropped by the core's seen-window, and the
answer is looked up among the last ones heard. Every action yields exactly one event that answers it; `Step.answer` names it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.follower import Entry, Position
from routing.events import Step

KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Answered:
    """A step that answers an action, and where it stands in the log."""

    position: Position
    step: Step


class Answers:
    """The steps that answered librarians' actions lately, whoever asked; listens to the replica."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Answered] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[None]] = {}

    def take(self, entries: Sequence[Entry]) -> None:
        """Keep the answers among new entries and wake who waits for them."""
        for entry in entries:
            for step in entry.steps:
                if step.answer >= 0:
                    self._keep(step.cause, Answered(entry.position, step))

    def _keep(self, cause: str, answered: Answered) -> None:
        self._found[cause] = answered
        while len(self._found) > KEPT:
            self._found.popitem(last=False)
        waiting = self._waiting.pop(cause, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

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
