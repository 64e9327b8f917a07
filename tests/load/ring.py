"""The whole ring, as many inputs a second as it takes: half patrons' messages, half librarians' answers.

A message counts when a follower has seen it in the log; an answer when its delivery is settled, known by the receipt of that
settlement in the log (later than the settlement itself). Receipts do not count. So many are in flight at a time, each
waiting for its own end.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence

from bridge.adapter import Busy
from bridge.follower import Entry
from bridge.message import Say, delivery_id
from routing.events import Progressed, Received
from tests.load.house import ANSWER, Site


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
        half = self._in_flight // 2
        loops = [self._ask() for _ in range(half)] + [self._answer() for _ in range(self._in_flight - half)]
        tasks = [asyncio.create_task(loop) for loop in loops]
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
        return rate

    def _hear(self, entries: Sequence[Entry]) -> None:
        opened = self._open
        for entry in entries:
            for step in entry.steps:
                for event in step.events:
                    if type(event) is Received:
                        end = opened.pop(event.message.id, None)
                    elif type(event) is Progressed:
                        end = opened.pop(event.delivery, None)
                    else:
                        continue
                    if end is not None and not end.done():
                        self.done += 1
                        end.set_result(None)

    async def _ask(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping:
            message = self._site.message(next(self._talks).sender, self._channel)
            end = self._open[message.id] = loop.create_future()
            try:
                await self._inlet.receive(message)
            except Busy:
                del self._open[message.id]
                continue
            await end

    async def _answer(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping:
            talk = next(self._talks)
            action = self._site.action(talk.librarian, Say(conversation=talk.conversation, text=ANSWER))
            end = self._open[delivery_id(action.id, 0)] = loop.create_future()
            await self._site.desk.gathering.ingest_action(action)
            await end
