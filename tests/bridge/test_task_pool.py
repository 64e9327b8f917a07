"""The crew: quick jobs share a task, one that waits holds up no other, what fails is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bridge.channels.outbound import task_pool
from bridge.channels.outbound.task_pool import TaskPool

DEADLINE_S = 10.0
Do = Callable[[int, asyncio.Task[None]], Coroutine[Any, Any, None]]


@asynccontextmanager
async def mustered(do: Do) -> AsyncIterator[TaskPool[int]]:
    """A crew at work, sent home at the end."""
    async with asyncio.TaskGroup() as tasks:
        hands = TaskPool(do)
        hands.muster(tasks)
        yield hands
        hands.disband()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():
            await asyncio.sleep(0)


async def test_quick_jobs_are_done_in_order_by_few_tasks() -> None:
    done: list[int] = []
    tasks: set[asyncio.Task[Any] | None] = set()

    async def do(job: int, task: asyncio.Task[None]) -> None:
        assert task is asyncio.current_task()
        done.append(job)
        tasks.add(task)

    async with mustered(do) as hands:
        for job in range(1000):
            hands.call(job)
        await until(lambda: len(done) == 1000)
    assert sorted(done) == list(range(1000))
    assert len(tasks) <= 1000 // task_pool.IN_A_ROW + 4


async def test_jobs_are_begun_in_order_however_long_they_wait() -> None:
    begun: list[int] = []
    gate = asyncio.Event()

    async def do(job: int, _task: asyncio.Task[None]) -> None:
        begun.append(job)
        await gate.wait()

    async with mustered(do) as hands:
        for job in range(200):
            hands.call(job)
        await until(lambda: len(begun) == 200)
        assert begun == list(range(200))
        gate.set()


async def test_the_loop_turns_while_many_quick_jobs_are_done() -> None:
    done: list[int] = []
    seen: list[int] = []

    async def do(job: int, _task: asyncio.Task[None]) -> None:
        done.append(job)

    async with mustered(do) as hands:
        for job in range(5 * task_pool.IN_A_ROW):
            hands.call(job)
        while len(done) < 5 * task_pool.IN_A_ROW:
            await asyncio.sleep(0)
            seen.append(len(done))
    assert len(set(seen)) >= 3


async def test_hands_beyond_those_kept_go_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_pool, "AT_REST", 3)
    gate = asyncio.Event()
    begun: list[int] = []

    async def do(job: int, _task: asyncio.Task[None]) -> None:
        begun.append(job)
        await gate.wait()

    async with mustered(do) as hands:
        before = len(asyncio.all_tasks())
        for job in range(50):
            hands.call(job)
        await until(lambda: len(begun) == 50)
        assert len(asyncio.all_tasks()) >= before + 50
        gate.set()
        await until(lambda: len(asyncio.all_tasks()) <= before + 3)


async def test_what_fails_in_a_job_is_heard() -> None:
    async def do(job: int, _task: asyncio.Task[None]) -> None:
        raise LookupError(job)

    async def at_work() -> None:
        async with asyncio.TaskGroup() as tasks:
            hands = TaskPool(do)
            hands.muster(tasks)
            hands.call(7)
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as heard:
        await at_work()
    assert [str(each) for each in heard.value.exceptions] == ["7"]


async def test_a_crew_that_is_disbanded_begins_nothing_new() -> None:
    begun: list[int] = []
    gate = asyncio.Event()

    async def do(job: int, _task: asyncio.Task[None]) -> None:
        begun.append(job)
        await gate.wait()

    async with asyncio.TaskGroup() as tasks:
        hands = TaskPool(do)
        hands.muster(tasks)
        hands.call(1)
        await until(lambda: begun == [1])
        hands.disband()
        hands.call(2)
        gate.set()
    assert begun == [1]
