"""What leaves a conversation when a librarian sends it on: plain words put together from what its patron sees, and nothing else.

Staff notes and system lines are left out, should any come here. The patron goes by the name that
they gave, and no address of theirs is written. Who got copies is left out, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from bridge.sql.transcripts.lines import PATRON_SEES, TranscriptLine
from routing.organisation import Library
from routing.wording import fill, words

MOST = 200_000  # characters of a transcript
RULE = "-" * 10


def leaves(line: TranscriptLine) -> bool:
    """Say whether a line may leave the desk at all: words or files between patron and desk."""
    return line.who in PATRON_SEES and bool(line.text or line.attachments)


def message_text(line: TranscriptLine, patron: str, library: Library, note: str) -> str:
    """Return a message as it is sent on, below the librarian's own words."""
    at = datetime.fromtimestamp((line.sent_at or line.at) / 1000, _zone(library.timezone))
    head = [
        f"{RULE} {words(library, 'forward.message')} {RULE}",
        fill(words(library, "forward.from"), {"who": _who(line, patron, library)}),
        fill(words(library, "forward.date"), {"when": f"{at:%Y-%m-%d %H:%M} ({library.timezone})"}),
    ]
    if line.subject:
        head.append(fill(words(library, "forward.subject"), {"subject": line.subject}))
    return _joined([note.strip(), "\n".join(head), line.text])


def transcript_text(lines: Sequence[TranscriptLine], patron: str, library: Library, note: str) -> str:
    """Return a transcript, oldest first; of one that no mail should carry the oldest lines are left out, and that is said."""
    zone, kept, room = _zone(library.timezone), list[str](), MOST
    shown = [line for line in lines if leaves(line)]
    for line in reversed(shown):
        said = _said(line, patron, library, zone)
        room -= len(said)
        if room < 0:
            break
        kept.append(said)
    if not kept:
        return ""
    head = [f"{RULE} {words(library, 'forward.transcript')} {RULE}"]
    head.append(fill(words(library, "transcript.times"), {"timezone": str(zone)}))
    if left_out := len(shown) - len(kept):
        head.append(fill(words(library, "transcript.cut"), {"count": str(left_out)}))
    return _joined([note.strip(), "\n".join(head), *reversed(kept)])


def _said(line: TranscriptLine, patron: str, library: Library, zone: tzinfo) -> str:
    at = datetime.fromtimestamp(line.at / 1000, zone)
    files = [fill(words(library, "transcript.file"), {"name": one.name}) for one in line.attachments]
    head = f"{at:%Y-%m-%d %H:%M} {_who(line, patron, library)}:"
    return "\n".join([head, *([line.text] if line.text else []), *files])


def _who(line: TranscriptLine, patron: str, library: Library) -> str:
    desk = library.name or words(library, "transcript.desk")
    if line.who == "patron":
        return words(library, "forward.somebody") if "other-sender" in line.marks else patron
    return line.author or desk if line.who == "librarian" else desk


def _joined(parts: Sequence[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # one that this machine does not know
        return ZoneInfo("UTC")
