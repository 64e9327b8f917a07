"""Hands for many small jobs of which any may have to wait: tasks that take the next job when they are done with one.

A task for each job costs more than most jobs do. Here a hand that begins a job first calls others for what is left; if its own
job never waits it does all of them itself, and those it called find nothing to do. If jobs do wait, there are soon as many
hands as jobs under way: each that begins calls two. So no job holds up another, and quick ones share one task.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

AT_REST = 256  # hands kept for the next rush
CALLED = 2  # hands called at once
IN_A_ROW = 64  # jobs that one hand does before others get their turn

Job = TypeVar("Job")


class TaskPool(Generic[Job]):
    """Does every job given to `call` by `do` (job, the task it is done in), begun in their order; `muster` gives it a group for
    its tasks first."""

    def __init__(self, do: Callable[[Job, asyncio.Task[None]], Coroutine[Any, Any, None]]) -> None:
        self._do = do
        self._jobs: deque[Job] = deque()
        self._tasks: asyncio.TaskGroup | None = None
        self._coming = 0
        self._resting: list[asyncio.Future[None]] = []
        self._over = False

    def muster(self, tasks: asyncio.TaskGroup) -> None:
        """Work in `tasks`: what fails in a job fails the group."""
        self._tasks = tasks

    def call(self, job: Job) -> None:
        """See that `job` is done, unless we are disbanded."""
        if self._over:
            return
        self._jobs.append(job)
        if not self._coming:
            self._summon()

    def disband(self) -> None:
        """Begin nothing new; who is done goes home."""
        self._over = True
        self._jobs.clear()

    def _summon(self) -> None:
        self._coming += 1
        while self._resting:
            hand = self._resting.pop()
            if not hand.done():  # a cancelled one is on its way out
                hand.set_result(None)
                return
        assert self._tasks is not None
        self._tasks.create_task(self._work())

    async def _work(self) -> None:
        jobs, task = self._jobs, asyncio.current_task()
        assert task is not None
        while True:
            self._coming -= 1
            done = 0
            while jobs:
                job = jobs.popleft()
                for _ in range(min(len(jobs), CALLED) - self._coming):
                    self._summon()
                await self._do(job, task)
                if (done := done + 1) % IN_A_ROW == 0:
                    await asyncio.sleep(0)
            if self._enough():
                return
            hand = asyncio.get_running_loop().create_future()
            self._resting.append(hand)
            await hand

    def _enough(self) -> bool:
        return self._over or len(self._resting) >= AT_REST
