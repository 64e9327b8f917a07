"""A notice to all staff of a library or of the consortium: shown to everybody until they have seen it, or until it ends.

Plain text. Each librarian says once that they have seen it; how many have is shown to its sender, never who. It ends at its time,
or when a coordinator takes it back.
"""

from __future__ import annotations

from bridge.contract.message import Acknowledge, Action, Announce, EndAnnouncement, is_blank
from routing.access import administers, coordinates
from routing.decision import Decision
from routing.events import Acknowledged, Announced, AnnouncementEnded
from routing.records import AnnouncementRecord
from routing.refusals import done, refuse
from routing.state import State

MOST = 50  # at a time
MOST_TEXT = 1_000  # characters


def announce(decision: Decision, action: Action, deed: Announce) -> None:
    """Tell all staff of a library, or of all libraries."""
    state = decision.state
    allowed = coordinates(state, action.by, deed.library) if deed.library else administers(state, action.by)
    if deed.library and deed.library not in state.libraries:
        refuse(decision, action, "unknown-library")
    elif not allowed:
        refuse(decision, action, "not-coordinator")
    elif is_blank(deed.text) or len(deed.text) > MOST_TEXT:
        refuse(decision, action, "empty" if is_blank(deed.text) else "too-long")
    elif deed.until <= decision.at:
        refuse(decision, action, "time-passed")
    elif len(state.announcements) >= MOST:
        refuse(decision, action, "too-many-notices")
    else:
        decision.emit(Announced(id=action.id, by=action.by, library=deed.library, text=deed.text, until=deed.until))


def acknowledge(decision: Decision, action: Action, deed: Acknowledge) -> None:
    """Say that I have seen a notice."""
    one = decision.state.announcements.get(deed.announcement)
    if one is None or not concerns(decision.state, action.by, one):
        refuse(decision, action, "unknown-notice")
    elif seen(decision.state, action.by, one.id):
        done(decision, action)
    else:
        decision.emit(Acknowledged(id=one.id, by=action.by))


def end(decision: Decision, action: Action, deed: EndAnnouncement) -> None:
    """Take a notice back."""
    one = decision.state.announcements.get(deed.announcement)
    if one is None:
        refuse(decision, action, "unknown-notice")
    elif not may_end(decision.state, action.by, one):
        refuse(decision, action, "not-coordinator")
    else:
        decision.emit(AnnouncementEnded(id=one.id, by=action.by, library=one.library))


def concerns(state: State, librarian: str, one: AnnouncementRecord) -> bool:
    """Say whether a notice is for a librarian."""
    return (
        not one.library or state.roster.home.get(librarian) == one.library or coordinates(state, librarian, one.library)
    )


def may_end(state: State, librarian: str, one: AnnouncementRecord) -> bool:
    """Say whether a librarian may take a notice back: its sender, and the coordinators of its library."""
    if one.library:
        return coordinates(state, librarian, one.library)
    return administers(state, librarian)


def seen(state: State, librarian: str, announcement: str) -> bool:
    """Say whether a librarian has seen a notice."""
    return librarian in state.acknowledged.get(announcement, ())


# ---- fold ------------------------------------------------------------------------------------------------------------------


def announced(state: State, event: Announced, at: int) -> None:
    """Keep it until it ends."""
    record = AnnouncementRecord(
        id=event.id, by=event.by, at=at, library=event.library, text=event.text, until=event.until
    )
    state.announcements.put(event.id, record)


def acknowledged(state: State, event: Acknowledged, at: int) -> None:
    """Remember who has seen it."""
    state.acknowledgements.put(f"{event.id}|{event.by}", at)


def announcement_ended(state: State, event: AnnouncementEnded, at: int) -> None:
    """Drop it, and who has seen it."""
    state.announcements.drop(event.id)
    for librarian in list(state.acknowledged.get(event.id, ())):
        state.acknowledgements.drop(f"{event.id}|{librarian}")
