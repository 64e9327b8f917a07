"""Channels and libraries as the core is told of them: the newest word counts, an older revision is ignored.

A library's new timers and tiers hold at once, also for open conversations. One that waits is offered in a tier that was added,
and does not wait for a team that the change has left empty, nor for a partner that takes its agreement back. What that partner's
people hold already stays theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.contract.message import ChannelStatus
from routing.deadlines import settled
from routing.decision import Decision
from routing.events import ChannelChanged, LibraryChanged
from routing.librarians import staff_changed
from routing.offers import agreements_changed
from routing.organisation import Library
from routing.queue_service import QueueService
from routing.records import Conversation
from routing.state import State


def status(decision: Decision, channel: ChannelStatus) -> None:
    """Note a channel that changed."""
    if decision.state.channels.get(channel.channel) != channel:
        decision.emit(ChannelChanged(status=channel))


def library(decision: Decision, one: Library) -> None:
    """Note a newer revision of a library, and what it means for those at work."""
    standing = decision.state.libraries.get(one.id)
    if standing is None or standing.revision < one.revision:
        before = decision.state.roster.before(one.id, one)
        decision.emit(LibraryChanged(library=one))
        staff_changed(decision, before)
        agreements_changed(decision, before)


# ---- fold -------------------------------------------------------------------------------------------------------------------


def channel_changed(state: State, event: ChannelChanged, at: int) -> None:
    """Keep the newest word."""
    state.channels.put(event.status.channel, event.status)


def library_changed(state: State, event: LibraryChanged, at: int) -> None:
    """Keep the newest revision, and work out again what falls due by it."""
    before = state.roster.library(event.library.id)
    queues = state.roster.before(event.library.id, event.library).services
    state.libraries.put(event.library.id, event.library)
    for it in _timed_again(state, queues, before, event.library):
        after = settled(state, it)
        if after is not it:
            state.conversations.put(it.id, after)


def _timed_again(
    state: State, queues: Mapping[str, QueueService], before: Library, after: Library
) -> Iterator[Conversation]:
    """Iterate over the conversations whose deadlines may have changed; new hours and partners change only those of who waits.

    `queues`: those that depend on the library, as they were.
    """
    if before.timers != after.timers:
        yield from [it for it in state.conversations.values() if it.library == after.id]
    for queue in queues:
        yield from [state.conversations[one] for line in state.lines.get(queue, {}).values() for _, one in line]
