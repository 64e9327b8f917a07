"""The live side of the inbox: all pages that are open in this process, fed from one place.

The replica tells of each batch of entries once. What it means is worked out once (`changes_of`) and noted at every subscription.

A subscription is a librarian's connection, too. The core hears of it as an input when it comes and when it goes. It hears
again when a core has taken over or believes it gone. What could not be told while the store was away is told when it is back.
Signals (typing, viewing) come by publish and subscribe and go only to those who may see the conversation. What a patron types goes
only to those who have joined, where the library shows it. It is passed on and kept nowhere.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec
import structlog
from msgspec.structs import replace

from bridge.contract.adapter import Busy, Signal
from bridge.contract.message import Presence
from bridge.inbox import schema
from bridge.inbox.live.action_results import ActionResults
from bridge.inbox.live.board_changes import BoardChanges
from bridge.inbox.live.board_watch import BoardWatch
from bridge.inbox.live.log_changes import LogChanges, changes_of
from bridge.inbox.live.staff_news import StaffNews
from bridge.inbox.live.subscription import MOST_WATCHED, Subscription
from bridge.inbox.live.watched import Watched
from bridge.inbox.services import MERGED, InboxServices
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated, heard_all, sees
from bridge.inbox.views.list_index import ListIndex
from bridge.log.follower import Entry, Follower, LogReset, Position
from bridge.redis.store import StoreError
from bridge.sql.people.accounts import Session
from routing.access import speaks
from routing.organisation import Library
from routing.records import Conversation, at_key
from routing.state import State

log = structlog.get_logger("bridge.inbox.live.hub")

LOOK_S = 2.0
VIEW_S = 45.0
MOST_KNOWN = 50_000
MOST_AWAY = 200
AWAY = {
    "store": schema.Down(
        reason="store-away", detail="Nothing can be saved right now; what you write stays here until it can."
    ),
    "core": schema.Down(
        reason="core-away", detail="What you and patrons write is kept, but nothing reaches anyone right now."
    ),
    "log": schema.Down(reason="log-behind", detail="What you see here is old right now. What you do is kept."),
    "transcripts": schema.Down(
        reason="transcripts-away",
        detail="Search and older messages may be missing right now, and what you do may have to wait. What patrons write is kept.",
    ),
}


class LiveHub:
    """All subscriptions of this process."""

    def __init__(self, services: InboxServices, lists: ListIndex, answers: ActionResults) -> None:
        self._services = services
        self._lists = lists
        self._answers = answers
        self._subscriptions: dict[str, Subscription] = {}
        self._known: dict[str, set[str]] = {}
        self._remembered: dict[
            str, None
        ] = {}  # librarians whose pages looked on from here, and who are still remembered
        self._untold: dict[str, Presence] = {}
        self._presence_due = asyncio.Event()
        self._stopped_viewing: list[tuple[Subscription, str]] = []
        self._missed = asyncio.Event()
        self._missed.set()
        self._viewers: dict[str, dict[str, tuple[float, bool]]] = {}
        self._kinds: dict[str, tuple[str, bool]] = {}
        self._kinds_changed()
        self._seen: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._present: set[str] = set()
        self._board = BoardChanges()
        self._libraries: dict[str, Library] = {}
        self._reopened()
        self._came_or_left()
        self.away = self._away()
        self.staff_news = StaffNews(services, self._subscriptions)
        services.replica.on_entries.append(self._take)
        services.replica.on_reset.append(self._restart)
        services.store_watch.on_change.append(lambda up, why: self._say_away())
        services.ring_watch.on_change.append(self._say_away)
        services.follower.on_forget.append(answers.forget)
        services.archive.accounts.on_ended.append(self._doubt)

    async def run(self) -> None:
        """Tell presence, hear signs, look after the store, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tell_presence())
            tasks.create_task(self._hear())
            tasks.create_task(self._look())
            tasks.create_task(self._recall())
            tasks.create_task(self._note_seen())
            tasks.create_task(self.staff_news.run())

    async def _recall(self) -> None:
        """Learn the last answers again after a start and after a gap."""
        while True:
            await self._missed.wait()
            self._missed.clear()
            try:
                await self._answers.recall(self._services.store)
            except StoreError:
                self._missed.set()
                await asyncio.sleep(LOOK_S)

    def close(self) -> None:
        """Send everybody away: the process ends."""
        for subscription in list(self._subscriptions.values()):
            self.leave(subscription)

    # ---- the log ------------------------------------------------------------

    def _take(self, entries: Sequence[Entry]) -> None:
        self._answers.take(entries)
        watched = {
            name
            for subscription in self._subscriptions.values()
            for each in subscription.watched.values()
            for name in each.members
        }
        changes = changes_of(entries, watched)
        if changes.libraries:
            reopened = self._reopened()
            changes.libraries = reopened is None
            changes.reopened = reopened or set()
        if changes.channels and self._kinds_changed():
            changes.libraries = True
        if changes.people or changes.took_over:
            changes.came_or_left = self._came_or_left()
        changes.board_queues, changes.board_people = self._board.of(self._services.replica.state, changes)
        self._answers.forget(changes.erased)
        self._lists.touch(changes.rows)
        for subscription in self._subscriptions.values():
            self._seen_by(subscription, changes)
            subscription.note(changes, entries[-1].position)
            if subscription.me in changes.signed_out:
                subscription.doubt()
            if any(name in changes.erased for each in subscription.watched.values() for name in each.members):
                subscription.reset("too-old")  # what the page shows is no more
        self._again(changes)

    def _seen_by(self, subscription: Subscription, changes: LogChanges) -> None:
        open_here = {name for each in subscription.watched.values() for name in each.members}
        for note in changes.mentions:
            if subscription.me in note.mentions and note.conversation in open_here:
                self._seen.put_nowait((subscription.me, note.conversation))

    def _again(self, changes: LogChanges) -> None:
        """Announce connections that a new core does not know, or that the core believes gone."""
        for connection, subscription in self._subscriptions.items():
            if changes.took_over or (self._services.process, connection) in changes.lost:
                self._announce(subscription, up=True)

    def _came_or_left(self) -> set[str]:
        """Return who came to the desk, or left it, since this was asked last: most connections change nothing for colleagues."""
        here = present_in(self._services.replica.state)
        came_or_left, self._present = here ^ self._present, here
        return came_or_left

    def _reopened(self) -> set[str] | None:
        """Return the libraries of which nothing but the hours changed since this was asked last, None when more changed."""
        before, now = self._libraries, self._services.replica.state.roster.libraries
        self._libraries = dict(now)
        changed = {name for name in now if now[name] is not before.get(name)}
        if before.keys() != now.keys() or any(
            without_hours(before[name]) != without_hours(now[name]) for name in changed
        ):
            return None
        return changed

    def _kinds_changed(self) -> bool:
        kinds = {name: (one.kind, one.private) for name, one in self._services.replica.state.channels.items()}
        changed, self._kinds = kinds != self._kinds, kinds
        return changed

    def _restart(self) -> None:
        """The replica was loaded afresh: what was noted before means nothing now."""
        self._missed.set()
        self._lists.forget()
        self._kinds_changed()
        self._reopened()
        self._came_or_left()
        self._board.end()
        for subscription in self._subscriptions.values():
            subscription.position = self._services.replica.position
            subscription.reset("too-old")
            self._announce(subscription, up=True)

    # ---- subscriptions ------------------------------------------------------------

    def known(self, librarian: str) -> set[str]:
        """Return the rows that a librarian's pages were given; a caller who gives more adds them."""
        found = self._known.setdefault(librarian, set())
        if len(found) > MOST_KNOWN:
            found.clear()
            for subscription in self._subscriptions.values():
                if subscription.me == librarian:
                    subscription.reset("slow")
        return found

    async def ready(self) -> None:
        """See that the lists stand; nothing is told before, since it counts them."""
        await self._lists.ready(self._services.replica)

    def subscription(self, connection: str, session: Session) -> Subscription | None:
        """Return a connection's subscription, if it is this librarian's and still there; it goes on with the session that asks."""
        subscription = self._subscriptions.get(connection)
        if subscription is None or subscription.me != session.librarian or subscription.closed:
            return None
        subscription.session = session
        return subscription

    async def subscribe(self, session: Session, connection: str, after: str) -> Subscription:
        """Let a page look on, from the position `after` ("" = from now). Raises StoreError: nobody took the subscription then."""
        services = self._services
        await self.ready()
        remembered = session.librarian in self._remembered
        self._remembered[session.librarian] = None
        subscription = Subscription(
            session,
            connection,
            services.replica.position,
            self._lists,
            self.known(session.librarian),
            services.sign_on,
        )
        subscription.known |= self._lists.held(
            services.replica.state, subscription.me
        )  # it may have been given them by another process
        self._subscriptions[connection] = subscription
        try:
            self._announce(subscription, up=True)
            subscription.say(subscription.hello(services.replica.state, services.ping_s, services.dead_s))
            for sign in self._standing(subscription):
                subscription.sign(sign)
            if self.away:
                subscription.say(AWAY[self.away])
            subscription.remind(await self._waiting_mentions(subscription.me))
            if after:
                await self.resume(subscription, after, sure=remembered)
        except BaseException:
            self.leave(subscription)
            raise
        return subscription

    async def _waiting_mentions(self, librarian: str) -> list[schema.MentionTold]:
        """Return the mentions that wait for a librarian, oldest first."""
        state, found = self._services.replica.state, list[schema.MentionTold]()
        for one in await self._services.archive.mentions.unread(librarian):
            known = one.conversation in state.conversations
            talk = None if known else await self._services.reader.conversation(one.conversation)
            told = rows.waiting_mention(state, librarian, one, talk)
            found += [told] if told is not None else []
        return found

    async def _note_seen(self) -> None:
        """Note the mentions that were told while their conversation was open: they wait no longer."""
        while True:
            librarian, conversation = await self._seen.get()
            await self._services.archive.mentions.seen(librarian, conversation)

    async def resume(self, subscription: Subscription, after: str, *, sure: bool = True) -> None:
        """Note what happened after a position that a page holds; `sure` as in `Subscription.missed`. Raises StoreError."""
        try:
            missed = await missed_since(self._services.follower, Position.parse(after), subscription.position)
            missed.came_or_left = set(self._services.replica.state.staff) if missed.took_over else missed.people
            subscription.missed(missed, sure=sure)
        except (LogReset, TimeoutError):
            subscription.reset("unknown")

    def leave(self, subscription: Subscription) -> None:
        """A page went."""
        subscription.close()
        if self._subscriptions.pop(subscription.connection, None) is None:
            return
        self._announce(subscription, up=False)
        self._stopped_viewing += [(subscription, conversation) for conversation in subscription.watched]
        if not self.taken_by(subscription.me):
            self._forget_longest_away(subscription.me)

    def _forget_longest_away(self, latest: str) -> None:
        """Remember for a while what the pages of those held who went: a page that comes back is told what it must drop."""
        self._remembered[latest] = self._remembered.pop(latest, None)
        here = {subscription.me for subscription in self._subscriptions.values()}
        away = [name for name in self._remembered if name not in here]
        for name in away[: max(0, len(away) - MOST_AWAY)]:
            del self._remembered[name]
            self._known.pop(name, None)

    def _doubt(self) -> None:
        for subscription in self._subscriptions.values():
            subscription.doubt()

    def taken_by(self, librarian: str) -> int:
        """Return how many pages of a librarian look on."""
        return sum(1 for subscription in self._subscriptions.values() if subscription.me == librarian)

    def _leave_silent(self) -> None:
        """End the subscriptions of long polls that nobody came back to."""
        now = time.monotonic()
        for subscription in list(self._subscriptions.values()):
            if subscription.expires_at and subscription.expires_at < now:
                self.leave(subscription)

    # ---- what pages say ------------------------------------------------------------

    async def hear(self, subscription: Subscription, said: schema.ClientMessage) -> None:
        """Take what a page says. What may not be seen is answered by silence."""
        subscription.heard_at = time.monotonic()
        match said:
            case schema.Pong():
                if not said.at:
                    subscription.say(schema.Ping(at=time.time_ns() // 1_000_000))
            case schema.WatchBoard():
                self._watch_board(subscription, said)
            case schema.LeaveBoard():
                subscription.board = None
            case schema.Unwatch():
                if subscription.watched.pop(said.conversation, None) is not None:
                    await self._sign(subscription, "gone", said.conversation)
            case schema.Watch():
                await self._watch(subscription, said)
            case schema.Looking():
                await self._looking(subscription, said.shown)
            case schema.Typing() | schema.Paused():
                to_patron = not (isinstance(said, schema.Typing) and said.note)
                kind = "typing" if isinstance(said, schema.Typing) else "paused"
                await self._sign(subscription, kind, said.conversation, to_patron=to_patron)

    def _watch_board(self, subscription: Subscription, said: schema.WatchBoard) -> None:
        """Tell a coordinator's page what changes on the board. What changed since it was fetched is not known: all is looked at."""
        state = self._services.replica.state
        if not coordinated(state, subscription.me):
            return
        self._board.begin(state)
        fresh = said.position == str(subscription.position)
        subscription.board = BoardWatch(state, subscription.me, fresh=fresh)
        subscription.wake()

    async def _watch(self, subscription: Subscription, said: schema.Watch) -> None:
        if said.conversation not in self._services.replica.state.conversations:
            await heard_all(self._services)
        state = self._services.replica.state
        it = state.conversations.get(said.conversation)
        if it is None or not sees(state, subscription.me, it):
            return
        while len(subscription.watched) >= MOST_WATCHED:
            del subscription.watched[next(iter(subscription.watched))]
        watched = subscription.watched[said.conversation] = Watched(said.conversation, self._merged(subscription, it))
        heard = subscription.position
        try:
            since = Position.parse(said.position) if said.position else None
            await watched.load(self._services, since, heard)
        except (LogReset, TimeoutError):
            subscription.reset("too-old")
        subscription.wake()
        if subscription.shown:
            await self._sign(subscription, "viewing", said.conversation)

    async def _looking(self, subscription: Subscription, shown: bool) -> None:
        """A page came to the front, or went behind others: what it has open is viewed, or is not."""
        if subscription.shown == shown:
            return
        subscription.shown = shown
        for conversation in list(subscription.watched):
            if shown or not self._viewed(subscription.me, conversation):
                await self._sign(subscription, "viewing" if shown else "gone", conversation)

    def _viewed(self, me: str, conversation: str) -> bool:
        """Say whether a librarian has a conversation open in a page that is shown."""
        mine = (each for each in self._subscriptions.values() if each.me == me and each.shown)
        return any(conversation in each.watched for each in mine)

    def _merged(self, subscription: Subscription, it: Conversation) -> list[str]:
        """Return the conversations that stand in one timeline with this one, where the librarian may see them."""
        state = self._services.replica.state
        others = (state.conversations.get(name) for name in it.merged[:MERGED])
        return [other.id for other in others if other is not None and sees(state, subscription.me, other)]

    async def _sign(self, subscription: Subscription, kind: str, conversation: str, *, to_patron: bool = False) -> None:
        state = self._services.replica.state
        it = state.conversations.get(conversation)
        if it is None or (kind != "gone" and not sees(state, subscription.me, it)):
            return
        patron = to_patron and speaks(subscription.me, it)
        sign = Signal(
            kind=kind,  # type: ignore[arg-type]  # one of the words written above
            conversation=conversation,
            channel=it.channel if patron else "",
            address=it.address if patron else "",
            librarian=subscription.me,
            name=state.roster.told(subscription.me) if patron else "",
        )
        await self._services.signs.tell(sign)

    async def still_viewing(self, subscription: Subscription) -> None:
        """Say again what a page that is shown has open; what it may not see any more, it does not view."""
        if not subscription.shown:
            return
        state = self._services.replica.state
        for conversation in list(subscription.watched):
            it = state.conversations.get(conversation)
            shown = it is not None and sees(state, subscription.me, it)
            await self._sign(subscription, "viewing" if shown else "gone", conversation)

    # ---- signs ------------------------------------------------------------

    async def _hear(self) -> None:
        async for signal in self._services.signs.listen():
            if signal.kind == "call":
                continue
            if signal.kind == "wrote":  # the log tells it
                continue
            if signal.kind == "staff":
                self.staff_news.look()
                continue
            state = self._services.replica.state
            conversation = signal.conversation or state.addresses.get(at_key(signal.channel, signal.address), "")
            it = state.conversations.get(conversation)
            if it is None:
                continue
            if signal.librarian:
                self._saw(conversation, signal)
            previewed = signal.kind == "draft" and state.roster.library(it.library).typing_preview
            told = schema.SignalTold(
                kind="typing" if signal.kind == "draft" else signal.kind,
                conversation=conversation,
                librarian=signal.librarian,
                name=rows.name_of(state, signal.librarian) if signal.librarian else "",
            )
            for subscription in self._subscriptions.values():
                if subscription.me != signal.librarian and sees(state, subscription.me, it):
                    joined = previewed and speaks(subscription.me, it)
                    subscription.sign(replace(told, kind="draft", text=signal.text) if joined else told)

    def _saw(self, conversation: str, signal: Signal) -> None:
        viewers = self._viewers.setdefault(conversation, {})
        if signal.kind == "gone":
            viewers.pop(signal.librarian, None)
        else:
            viewers[signal.librarian] = (time.monotonic() + VIEW_S, signal.kind == "typing")
        if not viewers:
            del self._viewers[conversation]

    def viewing(self, conversation: str, me: str) -> list[schema.Viewer]:
        """Return the colleagues who have a conversation before them."""
        now, state = time.monotonic(), self._services.replica.state
        return [
            schema.Viewer(id=name, name=rows.name_of(state, name), typing=typing)
            for name, (until, typing) in self._viewers.get(conversation, {}).items()
            if until > now and name != me
        ]

    def _standing(self, subscription: Subscription) -> list[schema.SignalTold]:
        """Return who is viewing what, for a page that opens."""
        state = self._services.replica.state
        return [
            schema.SignalTold(kind="viewing", conversation=conversation, librarian=viewer.id, name=viewer.name)
            for conversation in self._viewers
            if (it := state.conversations.get(conversation)) is not None and sees(state, subscription.me, it)
            for viewer in self.viewing(conversation, subscription.me)
        ]

    def _forget_viewers(self) -> None:
        now = time.monotonic()
        for conversation, viewers in list(self._viewers.items()):
            for name in [name for name, (until, _) in viewers.items() if until <= now]:
                del viewers[name]
            if not viewers:
                del self._viewers[conversation]

    # ---- presence and the store ------------------------------------------------------------

    def _announce(self, subscription: Subscription, *, up: bool) -> None:
        process, connection = self._services.process, subscription.connection
        self._untold[connection] = Presence(process=process, connection=connection, librarian=subscription.me, up=up)
        self._presence_due.set()

    async def _tell_presence(self) -> None:
        while True:
            await self._presence_due.wait()
            self._presence_due.clear()
            untold, self._untold = self._untold, {}
            await self._part()
            try:
                await self._services.gathering.ingest(list(untold.values()))
            except Busy:
                self._untold = untold | self._untold
                await asyncio.sleep(0.5)
                self._presence_due.set()

    async def _part(self) -> None:
        """Say of pages that went that they view nothing, unless another page of the same librarian does."""
        stopped, self._stopped_viewing = self._stopped_viewing, []
        for subscription, conversation in stopped:
            if not self._viewed(subscription.me, conversation):
                await self._sign(subscription, "gone", conversation)

    async def _look(self) -> None:
        """Forget viewers and subscriptions that fell silent."""
        while True:
            await asyncio.sleep(LOOK_S)
            self._forget_viewers()
            self._leave_silent()
            if not any(one.board is not None for one in self._subscriptions.values()):
                self._board.end()

    def _away(self) -> str:
        """Return the weightiest part that is away now, "" when none is."""
        if not self._services.store_watch.up:
            return "store"
        return next((part for part in AWAY if part in self._services.ring_watch.troubles), "")

    def _say_away(self) -> None:
        """Tell every page what went away or came back; a store that is back takes in what a page held, whatever else is away."""
        before, self.away = self.away, self._away()
        if before == self.away:
            return
        for subscription in self._subscriptions.values():
            if before == "store" or not self.away:
                subscription.say(schema.Up(position=str(subscription.position)))
            if self.away:
                subscription.say(AWAY[self.away])


def without_hours(library: Library) -> Library:
    """Return what of a library does not change when only its hours do."""
    queues = tuple(msgspec.structs.replace(queue, openings=None, opening_words=()) for queue in library.queues)
    return msgspec.structs.replace(library, revision=0, openings=None, opening_words=(), queues=queues)


def present_in(state: State) -> set[str]:
    """Return who is at the desk."""
    return {name for name in state.staff if rows.is_present(state, name)}


async def missed_since(follower: Follower, after: Position, until: Position) -> LogChanges:
    """Return what happened after one position up to another. Raises Reset."""
    changes, position = LogChanges(), after
    while True:
        entries = await follower.since(position, wait=False)
        more = changes_of(entries, frozenset())
        changes.rows |= more.rows
        changes.follow_ups |= more.follow_ups
        changes.mentions += more.mentions
        changes.libraries |= more.libraries
        changes.people |= more.people
        changes.channels |= more.channels
        changes.took_over |= more.took_over
        if not entries or entries[-1].seq >= until.seq:
            return changes
        position = entries[-1].position
        await asyncio.sleep(0)
