"""Channels and libraries as the core is told of them: the newest word counts, an older revision is ignored."""

from __future__ import annotations

from bridge.message import ChannelStatus
from routing.events import ChannelChanged, LibraryChanged
from routing.librarians import dismissed
from routing.organisation import Library
from routing.state import State
from routing.turn import Turn


def status(turn: Turn, channel: ChannelStatus) -> None:
    """Note a channel that changed."""
    if turn.state.channels.get(channel.channel) != channel:
        turn.emit(ChannelChanged(status=channel))


def library(turn: Turn, one: Library) -> None:
    """Note a newer revision of a library, and what it means for those at work."""
    standing = turn.state.libraries.get(one.id)
    if standing is None or standing.revision < one.revision:
        turn.emit(LibraryChanged(library=one))
        dismissed(turn)


# ---- fold -------------------------------------------------------------------------------------------------------------------


def channel_changed(state: State, event: ChannelChanged, at: int) -> None:
    """Keep the newest word."""
    state.channels.put(event.status.channel, event.status)


def library_changed(state: State, event: LibraryChanged, at: int) -> None:
    """Keep the newest revision."""
    state.libraries.put(event.library.id, event.library)
