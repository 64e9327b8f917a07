"""One open page, by socket or by long poll: what it has still to hear, and what it says.

A subscription keeps no messages, only *what changed*: ids of rows, and lines of conversations that the page has open. The messages
are worked out from the present state when the page can take them. So a slow page costs a bounded set and hears the newest, not
every step in between. Beyond the bound it hears `reset`. Of the messages told at once only the last carries the new position. A
page that loses the connection half-way asks for all of them again.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from bridge.inbox import schema
from bridge.inbox.live.board_watch import BoardWatch
from bridge.inbox.live.log_changes import LogChanges
from bridge.inbox.live.watched import Watched
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated, libraries_of, sees
from bridge.inbox.views.follow_up_list import follow_up, sees_follow_up
from bridge.inbox.views.lines import shown
from bridge.inbox.views.list_index import ListIndex
from bridge.inbox.views.me import me_of
from bridge.inbox.views.organisation import library_hours, queues_now
from bridge.inbox.views.rooms import Room, in_room, message_view, room_view
from bridge.log.follower import Position
from bridge.sign_on.settings import SignOnSettings
from bridge.sql.people.accounts import Session
from bridge.sql.people.staff_messages import StaffMessage
from routing.events import Consulted, Noted
from routing.state import State

MOST_ROWS = 5_000
MOST_STAFF = 200  # colleagues' messages that a page may be behind
MOST_SIGNS = 64
MOST_WATCHED = 20
DESK_EVERY_S = 1.0

Why = Literal["unknown", "too-old", "slow", "organisation", "merged"]


class Subscription:
    """What one page has not heard yet."""

    def __init__(
        self,
        session: Session,
        connection: str,
        position: Position,
        lists: ListIndex,
        known: set[str],
        sign_on: SignOnSettings,
    ) -> None:
        self.session = session
        self.sign_on = sign_on
        self.me = session.librarian
        self.connection = connection
        self.position = position  # the last entry noted here
        self.told = str(position)  # the last position told
        self.watched: dict[str, Watched] = {}
        self.shown = True  # the page is on a screen, and not in a tab behind others
        self.known = known  # rows and follow-ups that this librarian's pages were ever given by this process
        self.heard_at = time.monotonic()
        self.expires_at = 0.0  # a long poll that does not come again by then is over; 0 = a socket
        self._lists = lists
        self._rows: set[str] = set()
        self._follow_ups: set[str] = set()
        self._staff: list[tuple[Room, StaffMessage | None]] = []
        self._staff_at, self._staff_more = 0, False
        self._asked: deque[Consulted] = deque(maxlen=MOST_SIGNS)
        self._noted_mentions: deque[Noted] = deque(maxlen=MOST_SIGNS)
        self._waited: list[schema.MentionTold] = []
        self._ready: deque[schema.ServerMessage] = deque()
        self._signs: deque[schema.SignalTold] = deque(maxlen=MOST_SIGNS)
        self._reset: Why | None = None
        self._people: set[str] = set()
        self._channels: set[str] = set()
        self._reopened: set[str] = set()
        self._queues_due = False
        self._last_queues: dict[str, schema.QueueNow] = {}
        self._someone = False
        self._unsure = False  # whether the page may hold rows that this process does not know of
        self._desk_at = 0.0
        self._desk_due = False
        self._last_me: schema.Me | None = None
        self._last_desk: schema.Desk | None = None
        self._wake = asyncio.Event()
        self.board: BoardWatch | None = None  # while the page shows it
        self.closed = False
        self.doubted = False  # a session ended: perhaps this one

    # ---- what comes in ------------------------------------------------------------

    def note(self, changes: LogChanges, position: Position) -> None:
        """Remember what a batch of entries changed."""
        self.position = position
        self._mentioned(changes)
        if changes.libraries:
            self.reset("organisation")
            return
        self._rows |= changes.rows
        self._follow_ups |= changes.follow_ups
        self._people |= changes.came_or_left
        self._channels |= changes.channels
        self._reopened |= changes.reopened
        self._someone |= changes.announced or self.me in changes.people or self.me in changes.seen_by
        if self.board is not None:
            self.board.note(changes)
        for watched in list(self.watched.values()):
            for conversation in watched.members:
                if conversation in changes.steps:
                    watched.take(conversation, changes.steps[conversation])
            if not changes.merged.isdisjoint(watched.members):
                self.reset("merged")
        if len(self._rows) > MOST_ROWS:
            self.reset("slow")
        self._wake.set()

    def missed(self, changes: LogChanges, *, sure: bool) -> None:
        """Remember what changed before the page subscribed; rows that are not to be seen any more are told as gone.

        `sure`: this process knows which rows the page may hold. Otherwise a page that holds others fetches again: ids it never
        had are not told.
        """
        self._mentioned(changes)
        self._rows |= changes.rows
        self._follow_ups |= changes.follow_ups
        self._people |= changes.came_or_left
        self._channels |= changes.channels
        self._unsure = not sure
        if changes.libraries or len(self._rows) > MOST_ROWS:
            self.reset("organisation" if changes.libraries else "too-old")
        self._wake.set()

    def _mentioned(self, changes: LogChanges) -> None:
        """Remember the notes of colleagues that name me. A reset does not take them back: no list would show them."""
        self._asked += [event for event in changes.consulted if event.by != self.me]
        self._noted_mentions += [note for note in changes.mentions if self.me in note.mentions and note.by != self.me]

    def reset(self, why: Why) -> None:
        """The page must fetch everything afresh."""
        self._reset = why
        self._rows.clear()
        self._follow_ups.clear()
        self._people.clear()
        self._channels.clear()
        self._reopened.clear()
        self.watched.clear()
        self.board = None
        self._wake.set()

    def remind(self, mentions: list[schema.MentionTold]) -> None:
        """Tell of mentions that waited until their librarian signed in."""
        self._waited += mentions
        self._wake.set()

    def sign(self, sign: schema.SignalTold) -> None:
        """Tell an ephemeral sign; the oldest is lost when the page is slow."""
        self._signs.append(sign)
        self._wake.set()

    def staff(
        self, at: int, messages: Sequence[tuple[Room, StaffMessage]], rooms: Sequence[Room], *, more: bool
    ) -> None:
        """Note what colleagues wrote, up to the change `at`; `more`: the page must read all of it afresh."""
        self._staff_more = more or self._staff_more or len(self._staff) + len(messages) + len(rooms) > MOST_STAFF
        if self._staff_more:
            self._staff.clear()
        else:
            self._staff += [*((room, message) for room, message in messages), *((room, None) for room in rooms)]
        self._staff_at = at
        self._wake.set()

    def _staff_told(self, state: State) -> schema.ColleaguesTold | None:
        """Tell what colleagues wrote where I may see it. That is asked now: I may have been taken out of a room meanwhile."""
        if not self._staff_at:
            return None
        messages, rooms_, gone = [], dict[str, schema.RoomView](), set[str]()
        for room, message in self._staff:
            if in_room(state, self.me, room):
                rooms_[room.id] = room_view(state, self.me, room)
                messages += [message_view(state, message)] if message is not None else []
            elif message is None and self.me in room.former:
                gone.add(room.id)
        told = schema.ColleaguesTold(
            at=self._staff_at,
            messages=messages,
            rooms=list(rooms_.values()),
            gone=sorted(gone),
            more=self._staff_more,
        )
        self._staff.clear()
        self._staff_at, self._staff_more = 0, False
        return told if told.messages or told.rooms or told.gone or told.more else None

    def say(self, message: schema.ServerMessage) -> None:
        """Tell something that is not worked out from the state."""
        if len(self._ready) < MOST_SIGNS:
            self._ready.append(message)
        self._wake.set()

    def doubt(self) -> None:
        """Have the session checked before more is told."""
        self.doubted = True
        self._wake.set()

    def wake(self) -> None:
        """Look again whether there is something to tell."""
        self._wake.set()

    def close(self) -> None:
        """Nothing more is told."""
        self.closed = True
        self._wake.set()

    # ---- what is told ------------------------------------------------------------

    async def listen(self) -> None:
        """Wait until there is something to tell."""
        await self._wake.wait()

    def messages(self, state: State) -> list[schema.ServerMessage]:
        """Return what is to be told now; nothing of it is told again."""
        self._wake.clear()
        found: list[Any] = list(self._ready)
        self._ready.clear()
        staff = self._staff_told(state)
        found += [staff] if staff is not None else []
        changed: list[Any] = self._mentions(state)
        messages = [] if self._reset else self._changes(state)
        changed += [self._told_reset()] if self._reset else messages  # the changes may turn out to be too much to tell
        if self.desk_wait_s() == 0.0:
            changed += self._counts(state)
        if self.board is not None and not self._reset and (told_board := self.board.told(state)) is not None:
            changed.append(told_board)
        told, self.told = self.told, str(self.position)
        positioned = [one for one in changed if one is not None]
        if not positioned and told != self.told:
            positioned = [schema.RowsTold(position="", upsert=[], remove=[])]
        last = len(positioned) - 1
        found += [
            msgspec.structs.replace(one, position=self.told if n == last else told) for n, one in enumerate(positioned)
        ]
        found += self._signs
        self._signs.clear()
        return found

    def _mentions(self, state: State) -> list[Any]:
        """Return the notes that mention me; whether I may see the conversation is asked now, not when the note was written."""
        lines = {note.id for note in self._noted_mentions}
        found: list[Any] = [rows.mention(state, self.me, note) for note in self._noted_mentions]
        found += [rows.told_consult(state, self.me, event) for event in self._asked]
        self._asked.clear()
        found += [one for one in self._waited if one.line not in lines]
        self._noted_mentions.clear()
        self._waited.clear()
        return found

    def _told_reset(self) -> schema.Reset:
        why, self._reset = self._reset or "slow", None
        self._last_me = self._last_desk = None
        self._last_queues = {}
        self._desk_due = True
        return schema.Reset(position="", reason=why)

    def _changes(self, state: State) -> list[Any]:
        touched = bool(self._rows or self._someone or self._follow_ups or self._channels)
        found: list[Any] = [self._lines(state, watched) for watched in self.watched.values() if watched.waiting]
        found.append(self._row_changes(state))
        found.append(self._follow_up_changes(state))
        if touched:
            found.append(self._me(state))
            self._desk_due = True
        self._queues_due |= bool(touched or self._people or self._reopened)
        found.append(self._organisation_changes(state))
        self._someone = self._unsure = False
        return found

    def _lines(self, state: State, watched: Watched) -> schema.LinesTold | None:
        """Tell a conversation's lines. Whether I may see it is asked now: a colleague may have taken it since it was opened."""
        for member in watched.members:
            it = state.conversations.get(member)
            if it is not None:  # what the core has forgotten stays as it was
                watched.show(member, visible=sees(state, self.me, it))
        if watched.hidden:
            return None
        answer = not watched.answered
        lines = [shown(state, line, self.me) for line in watched.changed_lines()]
        if not lines and not answer:
            return None
        return schema.LinesTold(position="", conversation=watched.conversation, lines=lines)

    def _row_changes(self, state: State) -> schema.RowsTold | None:
        upsert, remove = [], []
        for conversation in sorted(self._rows):
            it = state.conversations.get(conversation)
            row = rows.row(state, self.me, it) if it is not None else None
            if row is not None and row.views:
                upsert.append(row)
                self.known.add(conversation)
            elif self._may_hold(state, conversation):
                remove.append(conversation)
            elif self._unsure:
                self.reset("unknown")
                return None
        self._rows.clear()
        if not upsert and not remove:
            return None
        return schema.RowsTold(position="", upsert=upsert, remove=remove)

    def _may_hold(self, state: State, conversation: str) -> bool:
        """Whether a page of mine may show a row that is none of mine to see now. Nobody else learns of it, not even its id."""
        it = state.conversations.get(conversation)
        if conversation in self.known or (it is not None and it.queue in state.roster.serves.get(self.me, ())):
            return True
        return self._lists.library_of(state, conversation) in libraries_of(state, self.me)

    def _follow_up_changes(self, state: State) -> schema.FollowUpsTold | None:
        upsert, remove = [], []
        for name in sorted(self._follow_ups):
            it = state.follow_ups.get(name)
            if it is not None and sees_follow_up(state, self.me, it):
                upsert.append(follow_up(state, self.me, it))
                self.known.add(name)
            elif name in self.known:
                remove.append(name)
            elif self._unsure:
                self.reset("unknown")
                return None
        self._follow_ups.clear()
        if not upsert and not remove:
            return None
        return schema.FollowUpsTold(position="", upsert=upsert, remove=remove)

    def _organisation_changes(self, state: State) -> schema.OrganisationTold | None:
        if not (self._people or self._channels or self._reopened):
            return None
        people = [
            schema.PresenceView(id=name, present=rows.is_present(state, name))
            for name in sorted(self._people)
            if name in state.roster.librarians
        ]
        channels = [
            rows.channel_view(state.channels[name]) for name in sorted(self._channels) if name in state.channels
        ]
        now = time.time_ns() // 1_000_000
        libraries = [library_hours(state, name, now) for name in sorted(self._reopened) if name in state.libraries]
        self._people.clear()
        self._channels.clear()
        self._reopened.clear()
        if not people and not channels and not libraries:
            return None
        as_of = str(self.position)
        return schema.OrganisationTold(position="", as_of=as_of, people=people, channels=channels, libraries=libraries)

    def _me(self, state: State) -> schema.MeTold | None:
        found = self.who(state)
        if found == self._last_me:
            return None
        self._last_me = found
        return schema.MeTold(position="", me=found)

    def _counts(self, state: State) -> list[schema.DeskTold | schema.OrganisationTold]:
        """Tell the counts of the rail and the queues, where they changed."""
        told: list[schema.DeskTold | schema.OrganisationTold] = []
        if self._desk_due and (found := self._lists.desk(state, self.me)) != self._last_desk:
            self._last_desk = found
            told.append(schema.DeskTold(position="", desk=found))
        if queues := self._queue_changes(state):
            as_of = str(self.position)
            told.append(schema.OrganisationTold(position="", as_of=as_of, people=[], channels=[], queues=queues))
        self._desk_due, self._queues_due, self._desk_at = False, False, time.monotonic()
        return told

    def _queue_changes(self, state: State) -> list[schema.QueueNow]:
        """Return the queues that differ from what was told last; all where nothing was: nobody knows what the page holds."""
        before, self._last_queues = self._last_queues, queues_now(state, self.me, time.time_ns() // 1_000_000)
        return [one for name, one in self._last_queues.items() if before.get(name) != one]

    def desk_wait_s(self) -> float | None:
        """Return in how many seconds counts are due that were held back, None when none were."""
        if not self._desk_due and not self._queues_due:
            return None
        return max(0.0, DESK_EVERY_S - (time.monotonic() - self._desk_at))

    def held_s(self) -> float | None:
        """Return in how many seconds something is due that was held back, counts or the board; None when nothing was."""
        due = [self.desk_wait_s(), self.board.wait_s() if self.board is not None else None]
        return min((one for one in due if one is not None), default=None)

    def who(self, state: State) -> schema.Me:
        """Return who sits here."""
        return me_of(state, self.session, libraries_of(state, self.me), coordinated(state, self.me), self.sign_on)

    def hello(self, state: State, ping_s: float, dead_s: float) -> schema.Hello:
        """Return the first message."""
        self._last_me = self.who(state)
        self._last_desk = self._lists.desk(state, self.me)
        return schema.Hello(
            position=str(self.position),
            connection=self.connection,
            me=self._last_me,
            desk=self._last_desk,
            ping_s=int(ping_s) or 1,
            dead_s=int(dead_s) or 1,
        )
