"""The lists in their order, without a scan: who waits longest, what is open, what was closed recently.

An entry of the log only notes which conversations it touched. They are put in their new places at the next read, so a process
without pages pays next to nothing. Lines are kept by library, whose members see all of it. What waits or is closed is kept by its
last owner, too. A librarian sees elsewhere what waits in the queues they serve, what a transfer asks them to take, and what is
their own. A list is the merge of those lines; for each candidate it is asked whether the librarian may see it.

Orders: waiting, longest first; open and mine, unanswered longest first and then the last answered; closed and set aside, latest
first. What is set aside is the library's own: nobody else has been asked. Practice is in the lines of those who practise alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice

from bridge.contract.message import REMOVED
from bridge.inbox.schema import Desk, Row, View
from bridge.inbox.views.access import libraries_of, sees
from bridge.inbox.views.follow_up_list import follow_up_count
from bridge.inbox.views.rows import asked_about, own, row
from bridge.log.replica import Replica
from routing.practice_queue import trainees
from routing.records import Conversation
from routing.state import State
from routing.waiting_list import Entry, WaitingList

FAR = 1 << 53
SLICE = 2_000
COUNTED = 1_000  # a count goes no further where it has to look at each

WHOSE = ("open|", "closed|", "aside|")  # lines by library; every conversation is in one
MOST_GONE = 10_000

Place = dict[str, int]  # the lines that hold a conversation, and its key there


def urgency(it: Conversation) -> int:
    """Return a key that sorts the unanswered first, longest first; then the answered, latest first; then what is snoozed.

    One that is back from its snooze is among the unanswered.
    """
    if it.deferral is not None:
        return 2 * FAR - it.last_at
    return it.unanswered_since or it.back_at or FAR - it.last_at


def _place(it: Conversation) -> Place:
    if it.practice:
        return _practised(it)
    if it.state == "closed":
        key = FAR - it.closed_at
        if it.aside:
            return {f"aside|{it.library}": key}
        return {f"closed|{it.library}": key} | ({f"helped|{it.helper}": key} if it.helper else {})
    found = {f"open|{it.library}": urgency(it)}
    if it.state == "waiting":
        found |= {f"waiting|{it.library}": it.since} | ({f"left|{it.helper}": it.since} if it.helper else {})
    return found


def _practised(it: Conversation) -> Place:
    names = trainees(it.queue) or ("",)
    if it.state == "closed":
        return {f"closed|~{one}": FAR - it.closed_at for one in names}
    found = {f"open|~{one}": urgency(it) for one in names}
    return found | {f"waiting|~{one}": it.since for one in names} if it.state == "waiting" else found


class ListIndex:
    """Orders of one consortium's conversations, following the replica's state."""

    def __init__(self) -> None:
        self._lines: dict[str, WaitingList] = {}
        self._places: dict[str, Place] = {}
        self._touched: set[str] = set()
        self._gone: dict[str, str] = {}  # what the core holds no more, and whose it was; the latest
        self._built = False
        self._round = 0  # grows when what is being built is of a state that is no more
        self._building = asyncio.Lock()

    def touch(self, conversations: Iterable[str]) -> None:
        """Note that these conversations may have changed."""
        if self._built or self._building.locked():
            self._touched.update(conversations)

    def forget(self) -> None:
        """The state was loaded afresh: build again when somebody looks."""
        self._lines, self._places, self._touched, self._built = {}, {}, set(), False
        self._round += 1

    async def ready(self, replica: Replica) -> None:
        """See that the orders stand; the first time they are built in slices, so that nothing else waits."""
        if self._built:
            return
        async with self._building:
            while not self._built:
                self.forget()
                self._built = await self._build(replica.state, self._round)

    async def _build(self, state: State, round: int) -> bool:
        """Put everything in its place; False when the state was loaded afresh meanwhile."""
        for n, conversation in enumerate(list(state.conversations), 1):
            self._move(state, conversation)
            if n % SLICE == 0:
                await asyncio.sleep(0)
                if self._round != round:
                    return False
        return True

    def _follow(self, state: State) -> None:
        for conversation in self._touched:
            self._move(state, conversation)
        self._touched.clear()

    def _move(self, state: State, conversation: str) -> None:
        it = state.conversations.get(conversation)
        old = self._places.pop(conversation, {})
        new = _place(it) if it is not None else {}
        if new:
            self._places[conversation] = new
        elif old:
            self._gone[conversation] = next(name for name in old if name.startswith(WHOSE)).partition("|")[2]
            if len(self._gone) > MOST_GONE:
                del self._gone[next(iter(self._gone))]
        for name, key in old.items():
            if new.get(name) != key:
                self._lines[name].remove((key, conversation))
        for name, key in new.items():
            if old.get(name) != key:
                self._lines.setdefault(name, WaitingList()).add((key, conversation))

    # ---- what people ask ------------------------------------------------------------

    def page(
        self, state: State, me: str, view: View, after: Entry | None, limit: int
    ) -> tuple[list[Row], Entry | None]:
        """Return one page of a list in order, and the entry to go on after (None at the end)."""
        self._follow(state)
        rows: list[Row] = []
        last: Entry | None = None
        for entry in self._view(state, me, view, after):
            if len(rows) == limit:
                return rows, last
            it = state.conversations.get(entry[1])
            shown = row(state, me, it) if it is not None else None
            if shown is not None and view in shown.views:
                rows.append(shown)
                last = entry
        return rows, None

    def library_of(self, state: State, conversation: str) -> str:
        """Return whose a conversation is, or was until the core dropped it; "" when that is not known."""
        it = state.conversations.get(conversation)
        if it is not None:
            return it.library
        self._follow(state)
        return self._gone.get(conversation, "")

    def waiting(self, state: State, me: str) -> list[Entry]:
        """Return what waits and `me` sees, as (since, conversation), longest first, up to `COUNTED`."""
        self._follow(state)
        return list(islice(self._waiting(state, me, None), COUNTED))

    def desk(self, state: State, me: str) -> Desk:
        """Return the rail's counts for `me`."""
        waiting = self.waiting(state, me)
        home = libraries_of(state, me)
        beside = (state.conversations[name] for name in _beside(state, me, waiting))
        strange = sum(1 for it in beside if it.library not in home and not it.practice)
        return Desk(
            waiting=len(waiting),
            mine=len(own(state, me)),
            open=sum(len(self._lines.get(f"open|{whose}", ())) for whose in (*home, f"~{me}")) + strange,
            aside=sum(len(self._lines.get(f"aside|{library}", ())) for library in home),
            follow_ups=follow_up_count(state, me),
            oldest_since=waiting[0][0] if waiting else 0,
            channels_down=sorted(
                name for name, status in state.channels.items() if not status.up and status.reason != REMOVED
            ),
        )

    def held(self, state: State, me: str) -> set[str]:
        """Return the conversations and follow-ups that pages of `me` may hold and that `me` can lose sight of.

        Those of their own library are left out, but for their own follow-ups.
        """
        mine = set(state.followed.get(f"owner|{me}", ()))
        return (
            mine
            | _beside(state, me, self.waiting(state, me))
            | {name for _, name in self._lines.get(f"helped|{me}", ())}
        )

    def _view(self, state: State, me: str, view: View, after: Entry | None) -> Iterator[Entry]:
        if view == "waiting":
            return self._waiting(state, me, after)
        if view == "mine":
            return _sorted(state, own(state, me), after)
        home = libraries_of(state, me)
        if view == "aside":
            return self._merged([f"aside|{library}" for library in home], [], after)
        if view == "closed":
            return self._merged([*(f"closed|{whose}" for whose in (*home, f"~{me}")), f"helped|{me}"], [], after)
        beside = _beside(state, me, islice(self._waiting(state, me, None), COUNTED))
        return self._merged([f"open|{whose}" for whose in (*home, f"~{me}")], [_sorted(state, beside, after)], after)

    def _waiting(self, state: State, me: str, after: Entry | None) -> Iterator[Entry]:
        names = [*(f"waiting|{library}" for library in libraries_of(state, me)), f"waiting|~{me}", f"left|{me}"]
        served = [line for queue in state.roster.serves.get(me, ()) for line in state.lines.get(queue, {}).values()]
        found = self._merged(names, [_from(line, after) for line in served], after)
        there = (
            (entry, state.conversations.get(entry[1])) for entry in found
        )  # not all, while the state is loaded afresh
        return (entry for entry, it in there if it is not None and sees(state, me, it))

    def _merged(self, names: list[str], more: list[Iterator[Entry]], after: Entry | None) -> Iterator[Entry]:
        lines = [_from(self._lines[name], after) for name in names if name in self._lines]
        return _unique(merge(*lines, *more))


def _beside(state: State, me: str, waiting: Iterable[Entry]) -> set[str]:
    """Return what `me` sees of any library: what waits, what is their own, what they are asked to take or about."""
    asked = (name for queue in state.roster.serves.get(me, ()) for name in state.handed.get(queue, ()))
    return {entry[1] for entry in waiting} | own(state, me) | set(asked) | asked_about(state, me)


def _sorted(state: State, conversations: Iterable[str], after: Entry | None) -> Iterator[Entry]:
    entries = sorted((urgency(state.conversations[name]), name) for name in conversations)
    return (entry for entry in entries if after is None or entry > after)


def _from(line: WaitingList, after: Entry | None) -> Iterator[Entry]:
    return iter(line) if after is None else line.after(after)


def _unique(entries: Iterator[Entry]) -> Iterator[Entry]:
    before: Entry | None = None
    for entry in entries:
        if entry != before:
            yield entry
        before = entry
