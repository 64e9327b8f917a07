"""The whole ring, as many inputs a second as it takes: half patrons' messages, half librarians' answers.

A message counts when a follower (the replica, once it has folded it) has seen it in the log; an answer when the store has
settled its delivery. Receipts do not count. So many are in flight at a time, each waiting for its own end.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence

from bench.house import ANSWER, Site
from bridge.contract.adapter import Busy
from bridge.contract.message import Say, delivery_id
from bridge.log.follower import Entry
from routing.events import Received


class Load:
    """A closed loop on one site: as soon as one input has come to its end, the next begins."""

    def __init__(self, site: Site, *, in_flight: int, channel: str = "loop") -> None:
        self._site = site
        self._channel = channel
        self._inlet = site.inlet(channel)
        self._in_flight = in_flight
        self._talks = itertools.cycle(site.talks)
        self._open: dict[str, asyncio.Future[None]] = {}
        self.done = 0
        self._stopping = False

    async def run(self, seconds: float, *, warm_up: float = 0.5) -> float:
        """Return inputs a second over `seconds`, after `warm_up`."""
        listeners = self._site.desk.replica.on_entries
        listeners.append(self._hear)
        store = self._site.desk.store
        settle = store.settle

        async def settled(channel: str, ends: Sequence[tuple[str, str, bytes]]) -> list[bool]:
            found = await settle(channel, ends)
            for _, delivery, _ in ends:
                self._end(delivery)
            return found

        store.settle = settled  # type: ignore[method-assign]  # to hear of it, not to change it
        tasks = [asyncio.create_task(self._take_turns(asks=bool(n % 2))) for n in range(self._in_flight)]
        try:
            await asyncio.sleep(warm_up)
            first, began = self.done, time.perf_counter()
            await asyncio.sleep(seconds)
            rate = (self.done - first) / (time.perf_counter() - began)
            self._stopping = True
            done, late = await asyncio.wait(tasks, timeout=30)
            for task in [*done]:
                task.result()
            if late:
                raise TimeoutError(f"{len(late)} inputs never came to their end")
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            listeners.remove(self._hear)
            store.settle = settle  # type: ignore[method-assign]  # as it was
        return rate

    def _hear(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            for step in entry.steps:
                for event in step.events:
                    if type(event) is Received:
                        self._end(event.message.id)

    def _end(self, id: str) -> None:
        end = self._open.pop(id, None)
        if end is not None and not end.done():
            self.done += 1
            end.set_result(None)

    async def _take_turns(self, *, asks: bool) -> None:
        """Ask and answer in turn, so that there are as many of the one as of the other, whichever takes longer."""
        while not self._stopping:
            await (self._ask() if asks else self._answer())
            asks = not asks

    async def _ask(self) -> None:
        message = self._site.message(next(self._talks).sender, self._channel)
        end = self._open[message.id] = asyncio.get_running_loop().create_future()
        try:
            await self._inlet.receive(message)
        except Busy:
            del self._open[message.id]
        else:
            await end

    async def _answer(self) -> None:
        talk = next(self._talks)
        action = self._site.action(talk.librarian, Say(conversation=talk.conversation, text=ANSWER))
        end = self._open[delivery_id(action.id, 0)] = asyncio.get_running_loop().create_future()
        await self._site.desk.gathering.ingest_action(action)
        await end
