"""Follows the log and pushes what it calls for, in the one process that runs the core.

What was pushed and is over since is pushed again as over: the device then shows that nobody is needed. After a take-over a
notice may come twice; the second takes the place of the first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import structlog

from bridge.log.follower import Entry
from bridge.log.replica import Replica
from bridge.push.news import URGENT, PushNews, news_of
from bridge.push.outlet import Push, PushOutlet
from bridge.push.sending import PushSender
from bridge.runtime.backoff import Backoff
from bridge.sql.people.push_subscriptions import PushSubscription, PushSubscriptions
from bridge.sql.people.quiet_hours import QuietHoursStore
from routing import events as ev

MOST_WAITING = 5_000
LEARN_S = 15.0
MOST_CALLED = 2_000

log = structlog.get_logger("bridge.push.worker")


class PushWorker:
    """The notices of one consortium. `leads`: whether the core runs in this process."""

    def __init__(
        self,
        subscriptions: PushSubscriptions,
        quiet: QuietHoursStore,
        sender: PushSender,
        replica: Replica,
        leads: Callable[[], bool],
    ) -> None:
        self.subscriptions = subscriptions
        self.sender = sender
        self._quiet = quiet
        self._replica = replica
        self._leads = leads
        self._librarians: frozenset[str] = frozenset()
        self._called: OrderedDict[str, set[str]] = OrderedDict()  # conversation -> librarians with an urgent notice
        self._news: asyncio.Queue[tuple[PushNews, int]] = asyncio.Queue(MOST_WAITING)
        self._outlet = PushOutlet(sender)

    async def run(self) -> None:
        """Push until cancelled."""
        self._replica.on_entries.append(self._heard)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._learn())
                group.create_task(self._address())
                group.create_task(self._outlet.run())
        finally:
            self._replica.on_entries.remove(self._heard)

    async def _learn(self) -> None:
        """Know who has subscriptions, so that most steps ask the database nothing; drop what nobody renews."""
        while True:
            try:
                await self.subscriptions.expire()
                self._librarians = await self.subscriptions.whose()
            except Exception as error:  # the database is away: at the next look
                log.info("push-subscriptions-unread", error=type(error).__name__)
            await asyncio.sleep(LEARN_S)

    async def keep(self, one: PushSubscription) -> None:
        """Keep a subscription; its librarian is called from now on."""
        await self.subscriptions.keep(one)
        self._librarians |= {one.librarian}

    # ---- what the log says ------------------------------------------------------------

    def _heard(self, entries: Sequence[Entry]) -> None:
        if not self._leads():
            return
        state = self._replica.state
        for entry in entries:
            for step in entry.steps:
                for event in step.events:
                    if type(event) is ev.SessionsEnded:
                        self._put(PushNews("over", "", event.librarian), step.at)
                    for news in news_of(state, event, step.at):
                        self._sort(news, step.at)

    def _sort(self, news: PushNews, at: int) -> None:
        """Remember whom a conversation called, and drop what concerns nobody with a subscription."""
        if news.kind == "over":
            called = self._called.get(news.conversation, set())
            over = called & {news.librarian} if news.librarian else set(called)
            called -= over
            for one in over:
                self._put(PushNews("over", news.conversation, one), at)
        elif news.librarian in self._librarians:
            if news.kind in URGENT:
                self._called.setdefault(news.conversation, set()).add(news.librarian)
                self._called.move_to_end(news.conversation)
                while len(self._called) > MOST_CALLED:
                    self._called.popitem(last=False)
            self._put(news, at)

    def _put(self, news: PushNews, at: int) -> None:
        try:
            self._news.put_nowait((news, at))
        except asyncio.QueueFull:
            log.warning("push-dropped", kind=news.kind)

    # ---- to whom ------------------------------------------------------------

    async def _address(self) -> None:
        again = Backoff(first=0.5, most=10.0)
        while True:
            news, at = await self._news.get()
            try:
                await self._spread(news, at)
                again.reset()
            except Exception as error:  # the database is away: this notice is late, and would only be one more
                log.warning("push-not-addressed", kind=news.kind, error=type(error).__name__)
                await asyncio.sleep(again.next())

    async def _spread(self, news: PushNews, at: int) -> None:
        if not news.conversation:  # signed out everywhere by a coordinator
            await self.subscriptions.end_all([news.librarian])
            return
        it = self._replica.state.conversations.get(news.conversation)
        if it is None:
            return
        if news.kind != "over" and (await self._quiet.of(news.librarian)).cover(at):
            return
        found = await self.subscriptions.of(news.librarian)
        library = self._replica.state.roster.library(it.library).name or it.library
        notice = msgspec.json.encode({"kind": news.kind, "conversation": it.id, "library": library[:100]})
        for one in found:
            self._outlet.put(self._push(one, news, notice))

    def _push(self, one: PushSubscription, news: PushNews, notice: bytes) -> Push:
        urgent, topic = news.kind in URGENT, f"{news.conversation} {news.librarian}"

        def still() -> bool:  # else it is over meanwhile, which was told
            return not urgent or news.librarian in self._called.get(news.conversation, ())

        drop = partial(self.subscriptions.drop, one)
        return Push(one, notice, topic, "high" if urgent else "normal", still, drop)
