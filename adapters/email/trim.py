"""The new words of a mail: what the patron wrote, without what he answers to and without his signature.

The rules, in order (conventions of the mail programs themselves; where they differ, no new text is lost):
1. A delimiter line ends the words (`-- ` and its many variants, RFC 3676 4.3), as does a line that a telephone adds, unless a
   quotation follows it; a delimiter before any words is passed over.
2. Where an original, a forwarded mail or an answered mail begins and is not marked with `>`, the words end.
3. A quotation marked with `>` ends with its marks: what stands below it is new. At the end of the words it is cut.
4. One attributed quotation in between or above is cut; two or more with answers between them are kept, for the answers need them.
5. Quotations without attribution above or between the words were put there on purpose and are kept.
6. A mail that only forwards is shown whole.
What only looks like one of these is given back by confirm.py. What our rules do not find is asked of mail-parser-reply, whose
tables of languages are kept by others; it is believed where it names an address or an hour.
"""

from __future__ import annotations

import re

import msgspec
from mailparser_reply.constants import MAIL_LANGUAGES
from mailparser_reply.parser import EmailMessage

from adapters.email.confirm import names_hour_or_address
from adapters.email.markup import CUT
from adapters.email.quotation import mark_lines

MAX_TEXT = 400_000  # characters that are looked at; what follows them is kept out of the words
MAX_SECOND = 20_000
MAX_ASKED = 30  # lines about which the library is asked
MAX_HEADING = 300  # characters of one line of a heading
MAX_WINDOW = 700
PGP_HEAD = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]+: [^\n]*\n)*\n?", re.MULTILINE)
PGP_TAIL = ("\n-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----")
SHARED_LINE = re.compile(r"^(.*[^\s-])\s*-{2,}\s?((?:On|Le|Am|El) .{10,200}:)$", re.MULTILINE)
MARKERS = "bohc"
LANGUAGES = [language for language in MAIL_LANGUAGES if language != "david"]
HEADINGS = EmailMessage("", languages=[*LANGUAGES]).HEADER_REGEX


class Trimmed(msgspec.Struct, frozen=True):
    """The new words, and what was cut: "quotation", "signature", "device", "forward", "second opinion", "kept quotes"."""

    text: str
    cut: tuple[str, ...] = ()


class Segment(msgspec.Struct):
    """Lines that belong together: `words` or a quotation, which may be attributed."""

    lines: list[str]
    words: bool
    attributed: bool = False


def trim(text: str, *, from_html: bool = False) -> Trimmed:
    """Return what is new in `text`. Pure quotation gives "" (for HTML, where a quotation box may be a decoration, all of it)."""
    lines = _prepared(text).split("\n")
    marks = mark_lines(lines)
    said: list[str] = []
    first = _lead(marks)
    if first and any(mark in "oh" for mark in marks[:first]):
        said.append("forward")
    segments = _segments(lines, marks, first, said)
    forward = "forward" in said and bool(segments) and segments[0].words
    result = "" if forward else _tidy(_kept(segments, said, from_html))
    if not any(mark in MARKERS for mark in marks):
        result = _second_opinion(result, said)
    if not result and (from_html or forward):
        result = _tidy([line for line in lines if CUT not in line])
    return Trimmed(result, tuple(dict.fromkeys(said)))


def _prepared(text: str) -> str:
    text = text[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "")
    if "-----BEGIN PGP" in text:
        text = _without_pgp(PGP_HEAD.sub("", text))
    return SHARED_LINE.sub(r"\1\n\2", text) if "--" in text and len(text) < 100_000 else text


def _without_pgp(text: str) -> str:
    start = text.find(PGP_TAIL[0])
    end = text.find(PGP_TAIL[1], start)
    return text if start < 0 or end < 0 else text[:start] + text[end + len(PGP_TAIL[1]) :]


def _lead(marks: list[str]) -> int:
    """Where the first words or quoted lines are: marks above them have nothing to cut off."""
    for i, mark in enumerate(marks):
        if mark in "tq":
            return i
    return len(marks)


def _segments(lines: list[str], marks: list[str], first: int, said: list[str]) -> list[Segment]:
    segments: list[Segment] = []
    attributed = any(mark in MARKERS for mark in marks[:first])
    i = first
    while i < len(lines):
        mark = marks[i]
        written = any(segment.words for segment in segments)
        if mark == "d" and written:
            said.append("signature")
            break
        if mark == "s":
            said.append("device")
            if written and _next(marks, i + 1) == "t":
                break
        elif mark in MARKERS:
            if _next_beyond(marks, i) != "q" and written:
                said.append("quotation")
                break
            attributed = True
        elif mark == "q":
            _append(segments, lines[i], words=False, attributed=attributed)
        elif mark == "t":
            attributed = False
            _append(segments, lines[i], words=True)
        elif mark == "e" and segments:
            segments[-1].lines.append("")
        i += 1
    return segments


def _append(segments: list[Segment], line: str, *, words: bool, attributed: bool = False) -> None:
    if segments and segments[-1].words == words:
        segments[-1].lines.append(line)
    else:
        segments.append(Segment([line], words, attributed))


def _next(marks: list[str], start: int) -> str:
    return next((mark for mark in marks[start:] if mark != "e"), "")


def _next_beyond(marks: list[str], start: int) -> str:
    """What follows a mark, other marks and delimiters passed over."""
    return next((mark for mark in marks[start:] if mark not in MARKERS + "ed"), "")


def _kept(segments: list[Segment], said: list[str], from_html: bool) -> list[str]:
    while (
        segments and not segments[-1].words and (len(segments) > 1 or segments[-1].attributed or _only_quotes(segments))
    ):
        said.append("quotation")
        segments.pop()
    quotes = [segment for segment in segments if not segment.words]
    inline = len(quotes) >= 2
    out: list[str] = []
    for segment in segments:
        if segment.words or inline or not (segment.attributed or from_html):
            out.extend(segment.lines)
        else:
            said.append("quotation")
    if inline:
        said.append("kept quotes")
    return out


def _only_quotes(segments: list[Segment]) -> bool:
    return not any(segment.words for segment in segments)


def _second_opinion(text: str, said: list[str]) -> str:
    """Ask the library's table of headings, on the words that are left; it cuts below the first words only.

    Its pattern costs the square of what it is given: it gets a few lines around each that names an address or an hour.
    """
    lines = text[:MAX_SECOND].split("\n")
    places = [i for i, line in enumerate(lines) if len(line) <= MAX_HEADING and names_hour_or_address(line)]
    for i in places[:MAX_ASKED]:
        first = max(0, i - 2)
        for match in HEADINGS.finditer("\n".join(line[:MAX_HEADING] for line in lines[first : i + 4])[:MAX_WINDOW]):
            above, found = _above(lines, first, match), match.group(0).strip()
            if above and not found.startswith(">") and names_hour_or_address(found):
                said.append("second opinion")
                return above
    return text


def _above(lines: list[str], first: int, match: re.Match[str]) -> str:
    """What stands above a match in the window that begins with line `first`."""
    return "\n".join([*lines[:first], match.string[: match.start()]]).rstrip()


def _tidy(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip()
