"""The new words of a mail: what the patron wrote, without what they answer to and without their signature.

The rules, in order (conventions of the mail programs themselves; where they differ, no new text is lost):
1. A first mail answers nothing: rulers, quotations, tables and originals in it are the patron's, and so is all of a forward.
Only what surely is no word of theirs is cut. That is a signature below `-- ` (RFC 3676 4.3) or in a box that HTML names so,
and the last line of a telephone.
2. In a reply a delimiter line ends the words, as does a line that a telephone adds, unless a quotation follows it; a delimiter
   before any words is passed over.
3. Where an original, a forwarded mail or an answered mail begins and is not marked with `>`, the words end.
4. A quotation marked with `>` ends with its marks: the lines below it are new. At the end of the words it is cut.
5. One attributed quotation in between or above is cut; two or more with answers between them are kept, for the answers need them.
6. Quotations without attribution above or between the words were put there on purpose and are kept.
7. A mail that only forwards is shown whole.
What only looks like one of these is given back by confirm.py. What our rules do not find is asked of mail-parser-reply, whose
tables of languages are kept by others; it is believed where it names an address or an hour.
"""

from __future__ import annotations

import re

import msgspec
from mailparser_reply.constants import MAIL_LANGUAGES
from mailparser_reply.parser import EmailMessage

from adapters.email.classify.reply_signs import Relation
from adapters.email.parse.markup import BOX, CUT
from adapters.email.trimming.confirm import names_hour_or_address
from adapters.email.trimming.quotation import mark_lines

MAX_TEXT = 400_000  # characters that are looked at; what follows them is kept out of the words
MAX_SECOND = 20_000
MAX_ASKED = 30  # lines about which the library is asked
MAX_HEADING = 300  # characters of one line of a heading
MAX_WINDOW = 700
PGP_HEAD = re.compile(r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z]+: [^\n]*\n)*\n?", re.MULTILINE)
PGP_TAIL = ("\n-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----")
SHARED_LINE = re.compile(r"^(.*[^\s-])\s*-{2,}\s?((?:On|Le|Am|El) .{10,200}:)$", re.MULTILINE)
MARKERS = "bohc"
NEARLY_EXACT = "--"  # the delimiter of RFC 3676 after a program stripped its space
MAX_SIGNATURE = 12  # lines of one that is not below an exact delimiter
SENTENCE = re.compile(r"(?:\S+\s+){3}.*[^\W\d_]{2}[.!?。？！]$")
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


def trim(text: str, *, from_html: bool = False, relation: Relation = "reply") -> Trimmed:
    """Return what is new in `text`. Pure quotation gives "" (for HTML, where a quotation box may be a decoration, all of it)."""
    lines = _prepared(text).split("\n")
    if relation == "forward":
        return Trimmed(whole(lines))
    marks = mark_lines(lines)
    if relation == "first":
        return _trimmed_first(lines, marks)
    return _trimmed_reply(lines, marks, from_html)


def whole(lines: list[str]) -> str:
    """Return all of the text, without the marks that html_text left."""
    return _tidy([line.replace(BOX, "") for line in lines if CUT not in line])


def _trimmed_first(lines: list[str], marks: list[str]) -> Trimmed:
    said: list[str] = []
    end = _signature_start(lines, marks)
    if end < len(lines):
        said.append("signature")
    while end and marks[end - 1] in "es":
        end -= 1
        said += ["device"] if marks[end] == "s" else []
    kept = [line for line, mark in zip(lines[:end], marks[:end], strict=True) if mark != "g"]
    said += ["signature"] if "g" in marks[:end] else []
    text = whole(kept)
    return Trimmed(text, tuple(dict.fromkeys(said))) if text else Trimmed(whole(lines))


def _signature_start(lines: list[str], marks: list[str]) -> int:
    """The delimiter below which only a signature follows; the end of the mail where there is none."""
    for i, line in enumerate(lines):
        if marks[i] != "d" or line.rstrip() != NEARLY_EXACT or "t" not in marks[:i]:
            continue
        below = [lines[k] for k in range(i + 1, len(lines)) if marks[k] not in "e"]
        if any(mark in MARKERS + "q" for mark in marks[i + 1 :]):
            continue
        if line == "-- " or (
            len(below) <= MAX_SIGNATURE and not any(SENTENCE.match(one.strip()[:300]) for one in below)
        ):
            return i
    return len(lines)


def _trimmed_reply(lines: list[str], marks: list[str], from_html: bool) -> Trimmed:
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
        result = whole(lines)
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
        if mark == "g":
            said.append("signature")
        elif mark == "s":
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
    """The text above a match in the window that begins with line `first`."""
    return "\n".join([*lines[:first], match.string[: match.start()]]).rstrip()


def _tidy(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines).strip()
