"""Hands notices to push services, some at once.

One that is not taken now is tried again when its push service says, three times in all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from bridge.contract.answer_notices import PushTarget
from bridge.push.sending import PushSender, Urgency

AT_ONCE = 8
MOST_WAITING = 5_000
TRIES = 3

log = structlog.get_logger("bridge.push.outlet")


class Push(msgspec.Struct):
    """One notice for one browser. `still`: whether it is needed when it is tried again; `drop`: its browser is gone for good."""

    to: PushTarget
    notice: bytes
    topic: str
    urgency: Urgency
    still: Callable[[], bool]
    drop: Callable[[], Awaitable[None]]
    tries: int = 0


class PushOutlet:
    """What waits to be handed over. `run` hands it over until cancelled."""

    def __init__(self, sender: PushSender) -> None:
        self._sender = sender
        self._pushes: asyncio.Queue[Push] = asyncio.Queue(MOST_WAITING)

    def put(self, push: Push) -> None:
        """Let a notice wait for its turn; it is dropped where too many wait."""
        try:
            self._pushes.put_nowait(push)
        except asyncio.QueueFull:
            log.warning("push-dropped", why="too many wait")

    async def run(self) -> None:
        """Hand notices over until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._deliver())

    async def _deliver(self) -> None:
        while True:
            push = await self._pushes.get()
            try:
                await self._try(push)
            except Exception as error:
                log.warning("push-failed", error=type(error).__name__)

    async def _try(self, push: Push) -> None:
        if push.tries and not push.still():
            return
        push.tries += 1
        came = await self._sender.send(push.to, push.notice, push.topic, push.urgency)
        if came.what in ("gone", "refused"):
            await push.drop()
        elif came.what == "later" and push.tries < TRIES:
            asyncio.get_running_loop().call_later(came.again_s, self.put, push)
