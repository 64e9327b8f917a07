"""What colleagues write, told to the pages of this process.

Each process holds the number of the last change that it told, and reads from SQL what came after it: at a notice over the live
signals, which any process gives after a commit, and every few seconds, since a notice may be lost. Whether a librarian may see a
room is asked for each page when it is told. A page that comes back asks for what it missed by its own number.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from bridge.contract.adapter import Signal
from bridge.inbox.live.subscription import Subscription
from bridge.inbox.services import InboxServices
from bridge.inbox.views.rooms import MADE, Days, Room, plain_room, room_of
from bridge.sql.people.staff_messages import StaffChanges, kind_of

LOOK_S = 5.0

log = structlog.get_logger("bridge.inbox.live.staff_news")


class StaffNews:
    """Reads what changed and hands it to the subscriptions of this process."""

    def __init__(self, services: InboxServices, subscriptions: Mapping[str, Subscription]) -> None:
        self._services = services
        self._subscriptions = subscriptions
        self._due = asyncio.Event()
        self.position = -1  # the last change that was told; -1 = not known yet

    def look(self) -> None:
        """Look now: somebody said that there is more."""
        self._due.set()

    async def tell(self, n: int) -> None:
        """Say to all processes that there is a change of this number. Best effort: they look by themselves, too."""
        self._due.set()
        await self._services.signs.tell(Signal(kind="staff", text=str(n)))

    async def run(self) -> None:
        """Tell what changes, until cancelled."""
        while True:
            self._due.clear()
            try:
                await self._read()
            except Exception as error:  # the database is away, in one of many ways: the next look reads the same
                log.warning("staff-news-wait", error=type(error).__name__)
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._due.wait()
            except TimeoutError:
                pass

    async def _read(self) -> None:
        store = self._services.staff_messages
        if self.position < 0:
            self.position = await store.position()
            return
        changes = await store.since(self.position)
        if changes.upto == self.position:
            return
        days = Days(self._services.replica.state)
        rooms = await self._rooms(changes, days)
        self.position = changes.upto
        messages = [(rooms[one.room], one) for one in changes.messages if one.room in rooms]
        changed = [room_of(one, days) for one in changes.rooms]
        for subscription in self._subscriptions.values():
            subscription.staff(changes.upto, messages, changed, more=changes.more)

    async def _rooms(self, changes: StaffChanges, days: Days) -> dict[str, Room]:
        """Return the rooms of what was written, those with members as they are now."""
        found = {one.room: plain_room(one.room, days) for one in changes.messages if kind_of(one.room) not in MADE}
        made = {one.id: one for one in changes.rooms}
        for name in {one.room for one in changes.messages} - found.keys():
            room = made.get(name) or await self._services.staff_messages.room(name)
            if room is not None:
                found[name] = room_of(room, days)
        return found
