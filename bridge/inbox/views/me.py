"""Who is signed in, and the notices to staff that they have not seen yet."""

from __future__ import annotations

from bridge.inbox.schema import Me, StaffNotice
from bridge.inbox.views import rows
from bridge.inbox.views.access import second_factor_due
from bridge.sign_on.settings import SignOnSettings
from bridge.sql.people.accounts import Session
from routing import announcements
from routing.access import active
from routing.records import AnnouncementRecord
from routing.state import State


def me_of(state: State, session: Session, libraries: list[str], coordinates: list[str], settings: SignOnSettings) -> Me:
    """Return who is signed in."""
    one = state.roster.librarians.get(session.librarian)
    return Me(
        id=session.librarian,
        name=one.name if one is not None else session.login,
        shown=one.shown if one is not None else "",
        libraries=libraries or [session.library],
        coordinates=coordinates,
        role=one.role if one is not None else "librarian",
        csrf=session.csrf,
        availability=rows.availability(state, session.librarian),
        must_change_password=session.must_change,
        second_factor=second_factor_due(state, session, settings.second_factor),
        passwords=settings.passwords,
        way=session.way,
        notices=unseen(state, session.librarian),
        language=session.language,
    )


def notice(state: State, one: AnnouncementRecord) -> StaffNotice:
    """Return a notice to staff."""
    return StaffNotice(
        id=one.id,
        text=one.text,
        by_name=rows.name_of(state, one.by),
        library=one.library,
        library_name=state.roster.library(one.library).name if one.library else "",
        at=one.at,
        until=one.until,
    )


def unseen(state: State, me: str) -> list[StaffNotice]:
    """Return the notices to staff that I have not seen yet, oldest first; a counter, who serves nobody, gets none."""
    if not state.announcements or not active(state, me):
        return []
    return [
        notice(state, one)
        for one in state.announcements.values()
        if announcements.concerns(state, me, one) and not announcements.seen(state, me, one.id)
    ]
