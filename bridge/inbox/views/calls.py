"""What of calls a library's librarians may offer."""

from __future__ import annotations

from bridge.contract.message import CallKind
from bridge.inbox.services import InboxServices

MEDIA: tuple[CallKind, ...] = ("voice", "video", "patron-screen", "librarian-screen")


def offered_kinds(services: InboxServices, library: str, channel: str = "") -> list[CallKind]:
    """Return what librarians may offer the patrons of a library."""
    if channel in services.replica.state.partnered:
        return []  # the patron is at another desk
    kinds: list[CallKind] = ["meeting"] if services.replica.state.roster.library(library).meeting_url else []
    return [*kinds, *(MEDIA if services.calls.offered else ())]
