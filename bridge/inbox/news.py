"""What a batch of log entries means for the pages that look on, worked out once for all of them."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from bridge.follower import Entry
from routing import events as ev

# These change a line's tick or nothing at all, never a row.
_NO_ROW = (ev.Progressed, ev.Relayed, ev.Refused, ev.Done)


@dataclass(slots=True)
class News:
    """Which conversations, follow-ups and people were touched; steps of the conversations that somebody watches."""

    rows: set[str] = field(default_factory=set)
    follow_ups: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    steps: dict[str, list[tuple[int, ev.Step]]] = field(default_factory=dict)
    lost: set[tuple[str, str]] = field(default_factory=set)  # connections that the core believes gone
    merged: set[str] = field(default_factory=set)  # whose timelines became one, or two again
    organisation: bool = False  # presence or channels changed
    libraries: bool = False  # names, rights and targets may all have changed
    took_over: bool = False


def news_of(entries: Sequence[Entry], watched: Container[str]) -> News:
    """Return what these entries mean."""
    news = News()
    for entry in entries:
        for step in entry.steps:
            for event in step.events:
                _take(news, event)
            for conversation in _conversations(step):
                if conversation in watched:
                    news.steps.setdefault(conversation, []).append((entry.seq, step))
    return news


def _conversations(step: ev.Step) -> set[str]:
    return {getattr(event, "conversation", "") for event in step.events}


def _take(news: News, event: ev.Event) -> None:
    conversation = getattr(event, "conversation", "")
    if conversation and not isinstance(event, _NO_ROW):
        news.rows.add(conversation)
    match event:
        case ev.Merged() | ev.Unmerged():
            news.rows.add(event.other)
            news.merged |= {event.conversation, event.other}
        case ev.FollowUpOpened() | ev.FollowUpChanged():
            news.follow_ups.add(event.id)
        case ev.Disconnected():
            news.people.add(event.librarian)
            news.lost.add((event.process, event.connection))
            news.organisation = True
        case ev.Connected() | ev.Left() | ev.AvailabilitySet():
            news.people.add(event.librarian)
            news.organisation = True
        case ev.ChannelChanged():
            news.organisation = True
        case ev.LibraryChanged():
            news.libraries = True
        case ev.TookOver():
            news.took_over = True
        case _:
            pass
