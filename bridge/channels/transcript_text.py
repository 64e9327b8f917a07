"""A conversation as its patron takes it away: plain words, oldest first, with days, times and names as they saw them.

Whole, but for one so long that no mail should carry it: then the oldest are left out, and that is said. A rating is no line of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from bridge.contract.adapter import HistoryLine
from bridge.contract.formatting import plain as plain_words
from routing.organisation import Library
from routing.wording import fill, words

MOST = 1_000_000  # characters


def plain(lines: Sequence[HistoryLine], library: Library) -> str:
    """Return the words of `lines`, "" when there are none left; times are the library's."""
    zone = _zone(library.timezone)
    kept, room = list[tuple[datetime, str]](), MOST
    shown = [line for line in lines if line.text or line.attachments if not line.event.startswith("rated:")]
    for line in reversed(shown):
        text = _said(line, library, at := datetime.fromtimestamp(line.at / 1000, zone))
        room -= len(text)
        if room < 0:
            break
        kept.append((at, text))
    if not kept:
        return ""
    head = [fill(words(library, "transcript.times"), {"timezone": str(zone)})]
    if left_out := len(shown) - len(kept):
        head.append(fill(words(library, "transcript.cut"), {"count": str(left_out)}))
    return "\n\n".join([*head, *_by_day(kept[::-1])])


def _by_day(said: Sequence[tuple[datetime, str]]) -> list[str]:
    found, day = list[str](), ""
    for at, text in said:
        if (today := at.date().isoformat()) != day:
            found.append(day := today)
        found.append(text)
    return found


def _said(line: HistoryLine, library: Library, at: datetime) -> str:
    desk = library.name or words(library, "transcript.desk")
    names = {"patron": words(library, "transcript.you"), "desk": desk, "librarian": line.author or desk}
    text = plain_words(line.text) if line.who == "librarian" else line.text
    files = [fill(words(library, "transcript.file"), {"name": file.name}) for file in line.attachments]
    return "\n".join([f"{at:%H:%M} {names[line.who]}:", *([text] if text else []), *files])


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # one that this machine does not know
        return ZoneInfo("UTC")
