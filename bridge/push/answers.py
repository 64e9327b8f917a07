"""Tells patrons' browsers that the library answered, while the page of their chat is closed or hidden.

The rules:
- A browser is told after the patron asked for it, of their own conversation alone: the channel has proof of who they are.
- An answer calls nobody who reads it within `PAUSE_S`: a page that is looked at says so at once.
- A patron is told once in `EVERY_S`, however much is written; the device shows one notice, the latest.
- A notice says that the library answered, and which library. No word of anybody's and no name leaves by it.
- Subscriptions end with the conversation. What ended while no process looked is found at the next start, and now and then.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial

import msgspec
import structlog

from bridge.contract.adapter import Busy
from bridge.contract.answer_notices import NoOpenConversation, PushTarget
from bridge.contract.message import Delivery
from bridge.log.follower import Entry
from bridge.log.replica import Replica
from bridge.push.outlet import Push, PushOutlet
from bridge.push.sending import PushSender, subscription_faults
from bridge.sql.people.patron_subscriptions import PatronSubscription, PatronSubscriptions
from routing import events as ev
from routing.records import at_key

PAUSE_S = 3.0
EVERY_S = 60.0
LOOK_S = 1.0
TIDY_S = 600.0
MOST_WAITING = 5_000
MOST_TOLD = 5_000

log = structlog.get_logger("bridge.push.answers")


class _Answer(msgspec.Struct):
    delivery: Delivery
    due: float


class AnswerPush:
    """The answer notices of one consortium.

    `leads` says whether the core runs in this process, `offers` whether a channel has such notices.
    """

    def __init__(
        self,
        subscriptions: PatronSubscriptions,
        sender: PushSender,
        replica: Replica,
        leads: Callable[[], bool],
        offers: Callable[[str], bool],
        pause_s: float = PAUSE_S,
        every_s: float = EVERY_S,
    ) -> None:
        self.subscriptions = subscriptions
        self.sender = sender
        self._replica = replica
        self._leads = leads
        self._offers = offers
        self._pause_s, self._every_s = pause_s, every_s
        self._outlet = PushOutlet(sender)
        self._waiting: OrderedDict[str, _Answer] = OrderedDict()  # by conversation
        self._told: OrderedDict[str, float] = OrderedDict()  # when the patron of a conversation was told
        self._over: set[str] = set()  # conversations whose subscriptions end
        self._stirred = asyncio.Event()

    async def run(self) -> None:
        """Tell browsers until cancelled."""
        self._replica.on_entries.append(self._heard)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tidy())
                group.create_task(self._look())
                group.create_task(self._outlet.run())
        finally:
            self._replica.on_entries.remove(self._heard)

    def of(self, channel: str) -> ChannelAnswerNotices:
        """Return the port of one channel."""
        return ChannelAnswerNotices(self, channel)

    def conversation(self, channel: str, sender: str) -> str:
        """Return the conversation of a patron that goes on. Raises NoOpenConversation."""
        state = self._replica.state
        it = state.conversations.get(state.addresses.get(at_key(channel, sender)) or "")
        if it is None or it.state == "closed":
            raise NoOpenConversation
        return it.id

    # ---- what the log says ------------------------------------------------------------

    def _heard(self, entries: Sequence[Entry]) -> None:
        if not self._leads():
            return
        for entry in entries:
            for step in entry.steps:
                for event in step.events:
                    self._note(event)

    def _note(self, event: ev.Event) -> None:
        match event:
            case ev.Said() if event.delivery.kind == "text" and self._offers(event.delivery.channel):
                self._wait(event.conversation, event.delivery)
            case ev.Progressed() if event.stage == "read":
                self._told.pop(event.conversation, None)
                waiting = self._waiting.get(event.conversation)
                if waiting is not None and waiting.delivery.id == event.delivery:
                    del self._waiting[event.conversation]
            case ev.Received():  # who writes has seen what was said
                self._waiting.pop(event.conversation, None)
                self._told.pop(event.conversation, None)
            case ev.Closed():
                it = self._replica.state.conversations.get(event.conversation)
                self._over |= {event.conversation, *(it.merged if it is not None else ())}
                self._stirred.set()
            case _:
                pass

    def _wait(self, conversation: str, delivery: Delivery) -> None:
        due = time.monotonic() + self._pause_s
        if conversation in self._told:
            due = max(due, self._told[conversation] + self._every_s)
        self._waiting[conversation] = _Answer(delivery, due)
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
        self._stirred.set()

    # ---- to whom ------------------------------------------------------------

    async def _look(self) -> None:
        while True:
            await self._stirred.wait()
            await asyncio.sleep(min(LOOK_S, self._pause_s / 2))
            try:
                await self._tell_due(time.monotonic())
            except Exception as error:  # the database is away: at the next look
                log.warning("answers-not-told", error=type(error).__name__)
            if not self._waiting and not self._over:
                self._stirred.clear()

    async def _tell_due(self, now: float) -> None:
        for conversation, one in [each for each in self._waiting.items() if each[1].due <= now]:
            found = await self.subscriptions.of(one.delivery.channel, one.delivery.to)
            if self._waiting.get(conversation) is not one:  # read meanwhile
                continue
            del self._waiting[conversation]
            if found:
                self._told[conversation] = now
                self._told.move_to_end(conversation)
            for browser in found:
                self._outlet.put(self._push(browser, conversation))
        while len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)
        if over := self._over - self._waiting.keys():
            await self.subscriptions.end_all([id for id in over if not self._goes_on(id)])
            self._over -= over

    def _push(self, browser: PatronSubscription, conversation: str) -> Push:
        state = self._replica.state
        it = state.conversations.get(conversation)
        library = (state.roster.library(it.library).name or it.library) if it is not None else ""
        notice = msgspec.json.encode({"kind": "answer", "conversation": "", "library": library[:100]})

        def still() -> bool:  # else they read it, or wrote, meanwhile
            return conversation in self._told

        return Push(browser, notice, conversation, "high", still, partial(self.subscriptions.drop, browser))

    def _goes_on(self, conversation: str) -> bool:
        """Whether a conversation is open, or the one that it was merged into."""
        state = self._replica.state
        it = state.conversations.get(conversation)
        if it is not None and it.into:
            it = state.conversations.get(it.into)
        return it is not None and it.state != "closed"

    async def _tidy(self) -> None:
        """End what belongs to no conversation that goes on; drop what nobody renews."""
        while True:
            try:
                await self._replica.ready.wait()
                if self._leads():
                    await self.subscriptions.expire()
                    kept = await self.subscriptions.conversations()
                    await self.subscriptions.end_all([id for id in kept if not self._goes_on(id)])
            except Exception as error:  # the database is away: at the next look
                log.info("patron-subscriptions-unread", error=type(error).__name__)
            await asyncio.sleep(TIDY_S)


class ChannelAnswerNotices:
    """`bridge.contract.answer_notices.AnswerNotices` of one channel."""

    def __init__(self, push: AnswerPush, channel: str) -> None:
        self._push, self._channel = push, channel

    @property
    def key(self) -> str:
        """See `bridge.contract.answer_notices.AnswerNotices`."""
        return self._push.sender.key.public

    async def keep(self, sender: str, browser: PushTarget) -> None:
        """See `bridge.contract.answer_notices.AnswerNotices`."""
        if found := subscription_faults(browser, self._push.sender.allowed):
            raise ValueError("; ".join(str(one) for one in found))
        one = PatronSubscription(
            endpoint=browser.endpoint,
            p256dh=browser.p256dh,
            auth=browser.auth,
            conversation=self._push.conversation(self._channel, sender),
            channel=self._channel,
            address=sender,
        )
        try:
            await self._push.subscriptions.keep(one)
        except Exception as error:
            raise Busy(f"the subscription cannot be kept now ({type(error).__name__})") from error

    async def end(self, sender: str) -> None:
        """See `bridge.contract.answer_notices.AnswerNotices`."""
        try:
            await self._push.subscriptions.end(self._channel, sender)
        except Exception as error:
            raise Busy(f"the subscription cannot be ended now ({type(error).__name__})") from error
