"""Texts about privacy and accessibility that a library can make its own: proposals, never shown before somebody took them.

They name what is true of this library: its name, for how many days transcripts are kept, where it can be asked. They are no legal
advice, and the editor says so.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

from bridge.contract import catalogues
from routing.organisation import Library

CATALOGUE = "notices"  # bridge/words/notices.*.json
NoticeKind = Literal["privacy", "accessibility"]


def proposal(kind: NoticeKind, library: Library) -> str:
    """Return a text in Markdown for a library, in its language where there is one, else in English."""
    say = partial(catalogues.say, CATALOGUE, catalogues.chosen(CATALOGUE, [library.language]))
    days, where = library.retention_days, library.portal.mail or library.portal.phone
    kept = say("kept.days", days=days) if days else say("kept.always")
    contact = say("contact", where=where) if where else ""
    return say(kind, library=library.name, kept=kept, contact=contact).strip()
