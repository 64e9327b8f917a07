"""One read of the database for all who ask at the same moment.

When something is told to every open page at once, each asks for a row of its own. Asked one by one, the reads cost more than the
telling. What is asked while a read is under way waits for the next one, so no answer is older than its question.

A database that hangs is left after `PATIENCE_S`: a lost connection would otherwise hold up all who ask later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

from bridge.sql.database import Away

AT_ONCE = 500  # keys of one read
PATIENCE_S = 30.0

V = TypeVar("V")


class GatheredReads(Generic[V]):
    """Reads by key. `read` returns what is there under the keys it is given; a key without anything is left out."""

    def __init__(self, read: Callable[[Sequence[str]], Awaitable[Mapping[str, V]]]) -> None:
        self._read = read
        self._asked: dict[str, list[asyncio.Future[V | None]]] = {}
        self._task: asyncio.Task[None] | None = None

    async def get(self, key: str) -> V | None:
        """Return what is under a key, None when nothing is. Raises what the read raises."""
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._asked.setdefault(key, []).append(answer)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve(), name="gathered reads")
        return await answer

    async def _serve(self) -> None:
        while self._asked:
            keys = list(islice(self._asked, AT_ONCE))
            waiting = {key: self._asked.pop(key) for key in keys}
            try:
                found = await self._in_time(keys)
            except BaseException as error:
                for answer in _pending(waiting):
                    answer.set_exception(error) if isinstance(error, Exception) else answer.cancel()
                if not isinstance(error, Exception):
                    raise
                continue
            for key, answers in waiting.items():
                for answer in _pending({key: answers}):
                    answer.set_result(found.get(key))

    async def _in_time(self, keys: Sequence[str]) -> Mapping[str, V]:
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._read(keys)
        except TimeoutError:
            raise Away("the database does not answer") from None


def _pending(waiting: Mapping[str, Sequence[asyncio.Future[V]]]) -> list[asyncio.Future[V]]:
    """Return those who still wait: others were cancelled meanwhile."""
    return [answer for answers in waiting.values() for answer in answers if not answer.done()]
