"""What a batch of log entries means for the pages that look on, worked out once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, get_args

from bridge.log.follower import Entry
from routing import events as ev


@dataclass(slots=True)
class LogChanges:
    """Which conversations, follow-ups and people were touched, whom notes name; steps of conversations that are watched."""

    rows: set[str] = field(default_factory=set)
    follow_ups: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    steps: dict[str, list[tuple[int, ev.Step]]] = field(default_factory=dict)
    lost: set[tuple[str, str]] = field(default_factory=set)  # connections that the core believes gone
    merged: set[str] = field(default_factory=set)  # whose timelines became one, or two again
    mentions: list[ev.Noted] = field(default_factory=list)  # notes that name colleagues
    consulted: list[ev.Consulted] = field(default_factory=list)  # colleagues who were asked about a conversation
    channels: set[str] = field(default_factory=set)  # that changed
    board_queues: set[str] = field(default_factory=set)  # of the board, that were touched: see `board_changes`
    board_people: set[str] = field(default_factory=set)
    came_or_left: set[str] = field(default_factory=set)  # people who came to the desk or left it: see `hub`
    libraries: bool = False  # names, rights and targets may all have changed
    reopened: set[str] = field(default_factory=set)  # libraries of which only the hours changed: see `hub`
    took_over: bool = False
    erased: set[str] = field(default_factory=set)  # forgotten by everybody
    queues: set[str] = field(default_factory=set)  # that were closed or opened for now
    signed_out: set[str] = field(default_factory=set)  # people whose sessions a coordinator ended
    announced: bool = False  # a notice to staff came or ended
    seen_by: set[str] = field(default_factory=set)  # people who have seen a notice to staff


def changes_of(entries: Sequence[Entry], watched: Set[str]) -> LogChanges:
    """Return what these entries mean; of the conversations `watched`, also the steps."""
    changes = LogChanges()
    rows = changes.rows
    for entry in entries:
        for step in entry.steps:
            for event in step.events:
                if type(event) in _ROW:
                    rows.add(event.conversation)  # type: ignore[union-attr]  # that is what _ROW means
                if (take := _TAKE.get(type(event))) is not None:
                    take(changes, event)
            if watched:
                for conversation in {getattr(event, "conversation", "") for event in step.events}:
                    if conversation in watched:
                        changes.steps.setdefault(conversation, []).append((entry.seq, step))
    rows.discard("")
    return changes


def _joined(changes: LogChanges, event: ev.Merged | ev.Unmerged) -> None:
    changes.rows.add(event.other)
    changes.merged |= {event.conversation, event.other}


def _noted(changes: LogChanges, event: ev.Noted) -> None:
    if event.mentions:
        changes.mentions.append(event)


def _consulted(changes: LogChanges, event: ev.Consulted) -> None:
    changes.consulted.append(event)


def _followed_up(changes: LogChanges, event: ev.FollowUpOpened | ev.FollowUpChanged) -> None:
    changes.follow_ups.add(event.id)


def _person(
    changes: LogChanges,
    event: ev.Connected | ev.Left | ev.AvailabilitySet | ev.Disconnected | ev.LibrarianPlaced | ev.SessionsEnded,
) -> None:
    changes.people.add(event.librarian)


def _disconnected(changes: LogChanges, event: ev.Disconnected) -> None:
    changes.lost.add((event.process, event.connection))
    _person(changes, event)


def _signed_out(changes: LogChanges, event: ev.SessionsEnded) -> None:
    changes.signed_out.add(event.librarian)
    _person(changes, event)


def _queue(changes: LogChanges, event: ev.QueueSet) -> None:
    changes.queues.add(event.queue)


def _announced(changes: LogChanges, event: ev.Announced | ev.AnnouncementEnded) -> None:
    changes.announced = True


def _seen(changes: LogChanges, event: ev.Acknowledged) -> None:
    changes.seen_by.add(event.by)


def _channel(changes: LogChanges, event: ev.ChannelChanged) -> None:
    changes.channels.add(event.status.channel)


def _library(changes: LogChanges, event: ev.LibraryChanged) -> None:
    changes.libraries = True


def _erased(changes: LogChanges, event: ev.Erased) -> None:
    changes.erased.add(event.conversation)


def _took_over(changes: LogChanges, event: ev.TookOver) -> None:
    changes.took_over = True


_TAKE: dict[type, Callable[[LogChanges, Any], None]] = {
    ev.Merged: _joined,
    ev.Unmerged: _joined,
    ev.Noted: _noted,
    ev.Consulted: _consulted,
    ev.FollowUpOpened: _followed_up,
    ev.FollowUpChanged: _followed_up,
    ev.Disconnected: _disconnected,
    ev.Connected: _person,
    ev.Left: _person,
    ev.AvailabilitySet: _person,
    ev.LibrarianPlaced: _person,
    ev.SessionsEnded: _signed_out,
    ev.QueueSet: _queue,
    ev.Announced: _announced,
    ev.Acknowledged: _seen,
    ev.AnnouncementEnded: _announced,
    ev.ChannelChanged: _channel,
    ev.LibraryChanged: _library,
    ev.TookOver: _took_over,
    ev.Erased: _erased,
}

# Events that change nothing in a list: they change a line's tick, or nothing that a page shows.
NO_CHANGE: frozenset[type] = frozenset(
    {
        *(ev.Progressed, ev.Relayed, ev.Parked),
        *(ev.Turned, ev.Rested),
        *(ev.Refused, ev.Done, ev.Faulted),
    }
)
# All others that name a conversation change its row.
_ROW = frozenset(
    kind for kind in get_args(ev.Event) if "conversation" in kind.__struct_fields__ and kind not in NO_CHANGE
)
