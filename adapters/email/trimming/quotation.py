"""What each line of a mail's text is: the patron's words, or a mark of what is answered, a signature, a quotation.

Each line gets one letter, which trim.py reads: `t` text; `e` empty; `q` quoted; `b` the sentence before a quotation; `o` the line
above an original or forwarded mail; `h` a block From/Sent/To/Subject; `c` where HTML put the quotation; `d` a delimiter line; `s`
sent from a device (`S`: from one that nobody knows, until confirm.py has decided); `g` in a box that HTML names a signature.
Sentences are in attributions.py, blocks in header_blocks.py, words of many languages in wording.py. Work is bounded per line, so
no text costs more than its length.
"""

from __future__ import annotations

import re

from adapters.email.parse.markup import BOX, CUT
from adapters.email.trimming.attributions import (
    ADDRESS,
    GROUPWISE,
    HOUR,
    LONE_VERB,
    OPENS_WITH_DATE,
    VERB_LAST,
    mark_announcements,
    mark_sentences,
)
from adapters.email.trimming.confirm import confirm
from adapters.email.trimming.devices import from_device
from adapters.email.trimming.header_blocks import between_dashes, mark_blocks, mark_unknown_blocks
from adapters.email.trimming.wording import (
    ABOVE_LINE,
    BETWEEN_DASHES,
    MESSAGE_ADJECTIVES,
    MESSAGE_NOUNS,
    OPENINGS,
    PROCESSED,
    folded,
)

MAX_LINES = 8_000  # what follows is read as text or quotation only
QUOTE = re.compile(r"^[ \t]{0,4}(?:>|＞|&gt;|\|[ \t|]*+[^|]*$|[A-Z]{1,4}>(?:[ >]|$))")
NAMED_QUOTE = re.compile(r"^[ \t]{0,4}([^\W\d_]{1,12})>(?:[ >]|$)")
MADE_DASHES = (
    re.compile(  # as Outlook, Thunderbird and telephones, and Gmail write them; people count theirs less exactly
        r"^(?:-{5}(?=[^-\s])(.{4,60})(?<=[^-\s])-{5}|-{8} ([^-\n]{4,60}) -{8}|-{10} ([^-\n]{4,60}) -{9,10})$"
    )
)
CONTINUES = re.compile(r"^>[ \t]{0,3}(?:[:：,;.)]|\S+[ \t]{0,3}[:：]$|$)")
DELIMITER = re.compile(r"^[ \t>*]{0,3}(?:[-_=+~#*ᐧ—–‐]{2,}|[-_—–ᐧ])[ \t]*$")
SETEXT = re.compile(r"^(?:={3,}|-{3,})\s*$")
FENCE = re.compile(r"^\s{0,3}```")
FORWARDED_BY = re.compile(
    r"^(?:forwarded|weitergeleitet|transféré|inoltrato|reenviado) (?:by|von|par|da|por) ", re.IGNORECASE
)
MESSAGE_FROM = re.compile(
    r"(?:message from|nachricht von|message de|mensaje de|mensagem de|messaggio da|bericht van) .*(?:@|\d)",
    re.IGNORECASE,
)
BIDI = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
URL_LINE = re.compile(r"^\s*(?:[(<\[]\s*)?https?://\S++(?:\s*+>)?\s*$")


def mark_lines(lines: list[str]) -> list[str]:
    """Return one letter for each line; see the module's header."""
    rest = ["e" if not line.strip() else "q" if line.startswith(">") else "t" for line in lines[MAX_LINES:]]
    lines = [BIDI.sub("", line) for line in lines[:MAX_LINES]]
    marks = [_simple(line) for line in lines]
    _fences(lines, marks)
    _headings(lines, marks)
    _named_quotes(lines, marks)
    _broken_brackets(lines, marks)
    mark_blocks(lines, marks)
    mark_sentences(lines, marks)
    mark_unknown_blocks(lines, marks)
    _lines_above(lines, marks)
    mark_announcements(lines, marks)
    _wrapped(lines, marks)
    confirm(lines, marks)
    return marks + rest


def _simple(line: str) -> str:
    if CUT in line:
        return "c"
    bare = line.strip()
    if not bare:
        return "e"
    if BOX in line:
        return "t" if bare.endswith(("?", "？", "؟")) else "g"
    if line.startswith(">>> ") and GROUPWISE.match(bare):
        return "o"
    if QUOTE.match(line):
        return "t" if LONE_VERB.match(bare) else "q"
    if DELIMITER.match(line):
        return "d"
    if len(bare) <= 160 and _opens_original(bare):
        return "o"
    sent = from_device(bare)
    if sent:
        return "s" if sent == "sure" else "S"
    return "t"


def _opens_original(bare: str) -> bool:
    text = folded(bare)
    plain = text.strip(" *_#-=:：.–—>®")
    if plain in OPENINGS or text.startswith(PROCESSED):
        return text.rstrip("* ").endswith((":", "：", "®")) or text.startswith(PROCESSED) or plain != text
    if any(plain.endswith(phrase) for phrase in ABOVE_LINE):
        return True
    if MADE_DASHES.match(bare) and len(bare.split()) <= 7:
        return True
    inner = folded(between_dashes(bare))
    if FORWARDED_BY.match(inner) or inner in BETWEEN_DASHES or MESSAGE_FROM.match(inner):
        return True
    return (
        bool(inner)
        and any(word in inner for word in MESSAGE_ADJECTIVES)
        and any(word in inner for word in MESSAGE_NOUNS)
    )


def _named_quotes(lines: list[str], marks: list[str]) -> None:
    """Lines that open with one name and a bracket ("Jane> ") quote it, where there are two of them or more."""
    named: dict[str, list[int]] = {}
    for i, line in enumerate(lines):
        if marks[i] == "t" and (match := NAMED_QUOTE.match(line)):
            named.setdefault(match.group(1), []).append(i)
    for places in named.values():
        if len(places) > 1:
            for i in places:
                marks[i] = "q"


def _broken_brackets(lines: list[str], marks: list[str]) -> None:
    """The end of a sentence that a mail program broke off to a line of its own (`>:`, `> wrote:`) quotes nothing."""
    for i in range(1, len(lines)):
        if marks[i] != "q" or marks[i - 1] not in "te" or not CONTINUES.match(lines[i].lstrip()):
            continue
        above = lines[i - 1] if marks[i - 1] == "t" or i < 2 or marks[i - 2] != "t" else lines[i - 2]
        opened = above.rfind("<")
        broken = opened > above.rfind(">") and ("@" in above[opened:] or "@" in lines[i] or len(above) - opened <= 2)
        if broken or (len(lines[i]) > 3 and OPENS_WITH_DATE.match(above) and HOUR.search(above) and len(above) <= 200):
            marks[i] = "t"


def _lines_above(lines: list[str], marks: list[str]) -> None:
    """A line between dashes is the line above an original, in any language, where such a mail follows or it says of whom."""
    for i, mark in enumerate(marks):
        inner = between_dashes(lines[i].strip()) if mark == "t" and len(lines[i]) <= 160 else ""
        if not inner:
            continue
        below = next((marks[k] for k in range(i + 1, min(i + 4, len(marks))) if marks[k] != "e"), "")
        who = ADDRESS.search(inner) and HOUR.search(inner)
        if below in ("h", "b", "q", "c") or who or (VERB_LAST.search(inner) and len(inner.split()) <= 8):
            marks[i] = "o"


def _fences(lines: list[str], marks: list[str]) -> None:
    """The lines between two ``` are text, also where they look like a quotation."""
    fences = [i for i, line in enumerate(lines) if FENCE.match(line)]
    for first, last in zip(fences[::2], fences[1::2], strict=False):
        for i in range(first, last + 1):
            marks[i] = "t" if lines[i].strip() else "e"


def _headings(lines: list[str], marks: list[str]) -> None:
    """A line of = or - as long as the text right above it underlines a heading."""
    for i in range(1, len(lines)):
        if marks[i] == "d" and marks[i - 1] == "t" and SETEXT.match(lines[i]):
            above = len(lines[i - 1].strip())
            if abs(above - len(lines[i].strip())) <= 2 and any(mark == "t" for mark in marks[i + 1 : i + 3]):
                marks[i] = "t"


def _wrapped(lines: list[str], marks: list[str]) -> None:
    """Text right between two quoted lines that a mail program broke off a quoted line belongs to the quotation."""
    for i in range(1, len(lines)):
        if marks[i] != "t" or marks[i - 1] != "q":
            continue
        after = next((k for k in range(i + 1, min(i + 3, len(lines))) if marks[k] != "t"), None)
        if after is None or marks[after] != "q":
            continue
        above = lines[i - 1]
        cut_off = len(above) >= 60 and lines[i][:1].islower()
        open_bracket = above.count("(") > above.count(")") or above.count("<") > above.count(">") - above[:8].count(">")
        if cut_off or open_bracket or URL_LINE.match(lines[i]):
            marks[i] = "q"
