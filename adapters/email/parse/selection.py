"""Which parts are the words of a mail and which are attachments (the algorithm of RFC 8621, section 4.1.4).

Departures, each for the reader's sake: pictures inside the HTML stay listed, marked inline. Machine parts of reports and
signatures are not the patron's words. A nested mail is an attachment with its subject as name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.email.mime.structure import MimePart
from adapters.email.parse.plain_forms import PLAIN

MEDIA = ("image/", "audio/", "video/")
WORDS = PLAIN | {"text/html"}


@dataclass(slots=True)
class Choice:
    """`plain` and `html`: the parts that a reader of text, or of HTML, is shown, in order."""

    plain: list[MimePart] = field(default_factory=list)
    html: list[MimePart] = field(default_factory=list)
    attachments: list[MimePart] = field(default_factory=list)


def choose(root: MimePart) -> Choice:
    """Return what to show of a mail as text and as HTML, and what hangs on it."""
    choice = Choice()
    _choose(choice, [root], "mixed", False, True, True)
    return choice


def _choose(choice: Choice, parts: list[MimePart], kind: str, alternative: bool, plain: bool, html: bool) -> None:
    plain_before, html_before = len(choice.plain), len(choice.html)
    for place, part in enumerate(parts):
        if part.children:
            below = part.media_type.removeprefix("multipart/")
            _choose(choice, part.children, below, alternative or below == "alternative", plain, html)
        elif not _inline(part, place, kind):
            choice.attachments.append(part)
        elif kind == "alternative":
            _alternative(choice, part, parts)
        else:
            if alternative and part.media_type in WORDS:
                plain = plain and part.media_type in PLAIN
                html = html and part.media_type == "text/html"
            _shown(choice, part, plain, html)
    if kind == "alternative" and plain and html:
        _fill(choice, plain_before, html_before)


def _inline(part: MimePart, place: int, kind: str) -> bool:
    if part.disposition == "attachment" or (kind == "report" and place):
        return False
    if part.media_type.startswith(MEDIA):
        return not (part.name and part.disposition != "inline" and not part.content_id)
    return part.media_type in WORDS and (place == 0 or (kind != "related" and not part.name))


def _alternative(choice: Choice, part: MimePart, others: list[MimePart]) -> None:
    first = part.media_type == "text/plain" or not any(one.media_type == "text/plain" for one in others)
    if part.media_type in PLAIN and first:  # a richer form of the same words is listed beside them
        choice.plain.append(part)
    elif part.media_type == "text/html":
        choice.html.append(part)
    else:
        choice.attachments.append(part)


def _shown(choice: Choice, part: MimePart, plain: bool, html: bool) -> None:
    if part.media_type.startswith(MEDIA):
        choice.attachments.append(part)
        return
    if plain:
        choice.plain.append(part)
    if html:
        choice.html.append(part)


def _fill(choice: Choice, plain_before: int, html_before: int) -> None:
    """An alternative with one form only serves as both."""
    if len(choice.plain) == plain_before and len(choice.html) > html_before:
        choice.plain.extend(choice.html[html_before:])
    elif len(choice.html) == html_before and len(choice.plain) > plain_before:
        choice.html.extend(choice.plain[plain_before:])
