"""A small desk for tests of the core's loop: its inputs, and what the log says became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from bridge.contract.message import Message, message_id
from bridge.redis.store import Store
from routing import wire
from routing.events import Event, Input, Received, Step
from routing.organisation import Librarian, Library, Queue, Team, Timers

DEADLINE = 30.0
E = TypeVar("E", bound=Event)

LIBRARY = Library(
    id="central",
    revision=1,
    name="Central Library",
    queues=(Queue(id="central/desk", name="Desk"),),
    teams=(Team(id="central/staff", name="Staff", members=("ada",)),),
    librarians=(Librarian(id="ada", name="Ada"),),
    timers=Timers(grace_s=1),
)


def patron_says(sender: str, n: int) -> Message:
    """Return the n-th message of a patron."""
    source = str(n)
    return Message(
        id=message_id("web", sender, source), channel="web", sender=sender, source=source, text=f"{sender} {n}"
    )


async def hand_in(store: Store, *inputs: Input) -> list[bool]:
    """Take inputs in as the inlet does."""
    return await store.ingest([(wire.source_key(given), wire.encode(given)) for given in inputs])


async def steps(store: Store) -> list[Step]:
    """Return every step of the log."""
    found: list[Step] = []
    seq = (await store.log_range())[0] - 1
    while entries := await store.read_log(seq, count=200):
        assert [entry.seq for entry in entries] == list(range(seq + 1, seq + 1 + len(entries)))
        found += [step for entry in entries for step in wire.decode_steps(entry.steps)]
        seq = entries[-1].seq
    return found


async def happened(store: Store, kind: type[E]) -> list[E]:
    """Return every event of a kind, in order."""
    return [event for step in await steps(store) for event in step.events if isinstance(event, kind)]


async def texts(store: Store) -> list[str]:
    """Return what patrons are known to have written, in order."""
    return [event.message.text for event in await happened(store, Received)]


async def until(asked: Callable[[], Awaitable[Any]], wanted: str) -> Any:
    """Ask until the answer is true, and return it."""
    try:
        async with asyncio.timeout(DEADLINE):
            while True:
                if answer := await asked():
                    return answer
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"it did not happen: {wanted}") from None


def one_by_one(said: Sequence[str]) -> dict[str, list[int]]:
    """Return the numbers of each patron's messages in the order of the log."""
    talk: dict[str, list[int]] = {}
    for text in said:
        sender, n = text.split()
        talk.setdefault(sender, []).append(int(n))
    return talk
