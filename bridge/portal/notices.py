"""Texts about privacy and accessibility that a library can make its own: proposals, never shown before somebody took them.

They name what is true of this library: its name, for how many days transcripts are kept, where it can be asked. They are no legal
advice, and the editor says so.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from routing.organisation import Library

PROPOSALS = Path(__file__).parent / "proposals"
NoticeKind = Literal["privacy", "accessibility"]
_KEPT = {
    "en": (
        "Until somebody deletes it: no time limit is set.",
        "For {days} days after the end of the conversation. Then it is deleted. Only numbers remain.",
    ),
    "de": (
        "Bis es jemand löscht: Eine Frist ist nicht gesetzt.",
        "{days} Tage nach dem Ende des Gesprächs. Dann wird es gelöscht. Nur Zahlen bleiben.",
    ),
}
_CONTACT = {"en": "Write to {where}.", "de": "Schreiben Sie an {where}."}


def proposal(kind: NoticeKind, library: Library) -> str:
    """Return a text in Markdown for a library, in its language where there is one, else in English."""
    language = library.language.partition("-")[0]
    language = language if language in _KEPT else "en"
    for_ever, limited = _KEPT[language]
    kept = limited.replace("{days}", str(library.retention_days)) if library.retention_days else for_ever
    where = library.portal.mail or library.portal.phone
    filled = {
        "library": library.name,
        "kept": kept,
        "contact": _CONTACT[language].replace("{where}", where) if where else "",
    }
    text = _source(kind, language)
    for name, value in filled.items():
        text = text.replace(f"{{{name}}}", value)
    return text.strip()


@cache
def _source(kind: str, language: str) -> str:
    return (PROPOSALS / f"{kind}.{language}.md").read_text(encoding="utf-8")
