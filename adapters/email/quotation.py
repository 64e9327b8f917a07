"""What each line of a mail's text is: the patron's words, or a mark of what is answered, a signature, a quotation.

Each line gets one letter, which trim.py reads: `t` text, `e` empty, `q` quoted, `b` the sentence before a quotation, `o` the
line above an original or forwarded mail, `h` a block From/Sent/To/Subject, `c` where HTML put the quotation, `d` a delimiter
line, `s` sent from a device (`S` until confirm.py has decided: from one that nobody knows). A sentence before a quotation is one
that says a time or an address and that somebody wrote; it may be broken over several lines. Words of many languages are in
wording.py. Work is bounded per line, so no text costs more than its length.
"""

from __future__ import annotations

import re

from adapters.email.confirm import confirm
from adapters.email.devices import from_device
from adapters.email.markup import CUT
from adapters.email.wording import (
    ABOVE_LINE,
    BETWEEN_DASHES,
    LABELS,
    MESSAGE_ADJECTIVES,
    MESSAGE_NOUNS,
    ON,
    ON_PHRASES,
    OPENINGS,
    PROCESSED,
    WROTE,
    folded,
)

MAX_SENTENCE = 420
MAX_LINES = 8_000  # what follows is read as text or quotation only
QUOTE = re.compile(r"^[ \t]{0,4}(?:>|\|(?!.*\|\s*$)|[A-Z]{1,3}>[ >])")
DELIMITER = re.compile(r"^[ \t>*]{0,3}(?:[-_=+~#*ᐧ—–‐]{2,}|[-_—–ᐧ])[ \t]*$")
SETEXT = re.compile(r"^(?:={3,}|-{3,})\s*$")
FENCE = re.compile(r"^\s{0,3}```")
DASHES = "-=_*~—–‐"
TWO_DASHES = re.compile(r"[-=_*~]{2}|[—–‐]{2}")
FORWARDED_BY = re.compile(
    r"^(?:forwarded|weitergeleitet|transféré|inoltrato|reenviado) (?:by|von|par|da|por) ", re.IGNORECASE
)
MESSAGE_FROM = re.compile(
    r"(?:message from|nachricht von|message de|mensaje de|mensagem de|messaggio da|bericht van) .*(?:@|\d)",
    re.IGNORECASE,
)
QUOTING = re.compile(
    r"^(?:quoting|zitat von|zitiere|citando|citazione di|citation de|citerar|citeren van) .{0,80}@.{3,60}[:：]$",
    re.IGNORECASE,
)
NAME_THEN_DATE = re.compile(
    r"^[^\d<>]{2,60}\s(?:" + "|".join(map(re.escape, WROTE)) + r").{0,30}\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b.{0,40}[:：]$"
    r"|^.{2,60} said the following on .{6,60}:$",
    re.IGNORECASE,
)
BIDI = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ADDRESS = re.compile(r"(?<![\w.+=-])[\w.+=-]+@[\w-]++(?:\.[\w-]++)*+")
ENDS_WITH_WHO = re.compile(
    ADDRESS.pattern + r"(?:[\s>)]*[(\[][^)\]]{6,40}[)\]])?[^\w@]*+[぀-ヿ㐀-鿿가-힣/]{0,8}[^\w@]*$"
)
BRACKETED = re.compile(r"(?:[<(\[]|&lt;|mailto:)\s*(?:mailto:)?[^<>@]{0,80}?[\w.+=-]+@[\w-]+", re.IGNORECASE)
TIME = re.compile(
    r"\d{1,2}[:.h]\d{2}(?!\d)|(?:19|20)\d\d|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}\s*[ap]\.?m\b|\d{1,2}\s?[時시点點]",
    re.IGNORECASE,
)
DAY = re.compile(
    r"(?:\d{1,2}(?:st|nd|rd|th)?\.?[ -]{1,4}(?:de )?[^\W\d]{3,}|(?<![^\W\d])[^\W\d]{3,}\.?[ -]{1,4}\d{1,2}\b"
    r"|\d{1,4}[./年-]\s?\d{1,2}[./月-]\s?\d{1,4})"
)
STARTS_WITH_DATE = re.compile(r"^\W{0,4}(?:[^\W\d]{2,12}[.,]{0,2}\s+)?(?:" + DAY.pattern + r"|\d{4})")
GROUPWISE = re.compile(
    r"^>>> .{2,120}\d{1,2}[:.]\d{2}\b.{0,12}(?:>>>|(?:in message|in nachricht)\b.{0,90})$", re.IGNORECASE
)
BARE_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d{1,2}:\d\d (?:(?:GMT|UTC)?[+-]\d\d:?\d\d|GMT|UTC) \S.{0,80}$")
CLOSES = re.compile(r"(?:[:：]|[-—]{2}|(?<=wrote)\.)[\s*_>]*$")
SAYS_WHEN_OR_WHO = re.compile(r"[\d@]")
LEAD = re.compile(r"^[\s>*_\-—.]*")
WORD_BREAK = re.compile(r"[\s,.:;*_]+")
LABEL = re.compile(
    r"^[\s>]*[*_]{0,2}([^\W\d][^:：*_<>@]{0,24}?)[*_]{0,2}\s?[:：](?:[*_]{0,2}(?:\s|$|[<\"'*_(]|(?=\S+@))|(?=\S))"
)
URL_LINE = re.compile(r"^\s*(?:[(<\[]\s*)?https?://\S++(?:\s*+>)?\s*$")
MEANING = {word: kind for kind, words in LABELS.items() for word in words}
VERB = re.compile(
    "|".join(
        (r"(?<!\w)" if word[0].isascii() else "")
        + re.escape(word)
        + (r"(?!\w)" if word[-1].isalpha() and word[-1] < "⺀" else "")
        for word in sorted(WROTE, key=len, reverse=True)
    ),
    re.IGNORECASE,
)
SOMEBODY_WROTE = re.compile(r"^\W{0,2}[^\W\d].*(?:\s|さん[はが])(?:" + VERB.pattern + r")\s*:$", re.IGNORECASE)
LONE_VERB = re.compile(r"^>\s*(?:" + VERB.pattern + r")\s*:$", re.IGNORECASE)


def mark_lines(lines: list[str]) -> list[str]:
    """Return one letter for each line; see the module's header."""
    rest = ["e" if not line.strip() else "q" if line.startswith(">") else "t" for line in lines[MAX_LINES:]]
    lines = [BIDI.sub("", line) for line in lines[:MAX_LINES]]
    marks = [_simple(line) for line in lines]
    _fences(lines, marks)
    _headings(lines, marks)
    _blocks(lines, marks)
    _sentences(lines, marks)
    _wrapped(lines, marks)
    confirm(lines, marks)
    return marks + rest


def _simple(line: str) -> str:
    if CUT in line:
        return "c"
    bare = line.strip()
    if not bare:
        return "e"
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
    inner = folded(between_dashes(bare))
    if FORWARDED_BY.match(inner) or inner in BETWEEN_DASHES or MESSAGE_FROM.match(inner):
        return True
    return (
        bool(inner)
        and any(word in inner for word in MESSAGE_ADJECTIVES)
        and any(word in inner for word in MESSAGE_NOUNS)
    )


def between_dashes(bare: str) -> str:
    """Return the words that stand between two rows of dashes, stars or underscores, "" where there are no such rows."""
    rest = bare.lstrip(" \t>" + DASHES)
    words = rest.rstrip(" \t" + DASHES)
    rows = bare[: len(bare) - len(rest)], rest[len(words) :]
    return words if 3 <= len(words) <= 120 and all(TWO_DASHES.search(row) for row in rows) else ""


def _fences(lines: list[str], marks: list[str]) -> None:
    """What stands between two ``` is text, whatever it looks like."""
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


def _meaning(line: str) -> str:
    match = LABEL.match(line[:200])
    return MEANING.get(" ".join(folded(match.group(1)).split()), "") if match else ""


def _blocks(lines: list[str], marks: list[str]) -> None:
    """From, and one of Sent, To, Subject, in one block: the head of the mail that is answered."""
    i = 0
    while i < len(lines):
        if marks[i] in "tb" and _meaning(lines[i]):
            end, kinds = _block(lines, marks, i)
            if _heads_mail(kinds, lines[i:end]):
                marks[i:end] = ["h" if mark != "e" else "e" for mark in marks[i:end]]
            i = max(end, i + 1)
        else:
            i += 1


def _heads_mail(kinds: set[str], block: list[str]) -> bool:
    """Whether these labels head a mail and no timetable: an address is among them, or From opens and Subject follows."""
    known = kinds - {"other"}
    if any(ADDRESS.search(line) for line in block):
        return ("from" in known and len(known) >= 2) or len(known) >= 3
    return len(known) >= 3 and "subject" in known and _meaning(block[0]) == "from"


def _block(lines: list[str], marks: list[str], start: int) -> tuple[int, set[str]]:
    kinds: set[str] = set()
    end = i = start
    loose = 0
    while i < len(lines) and i < start + 40 and loose <= 3:
        meaning = _meaning(lines[i]) if marks[i] in "tbs" else ""
        if meaning:
            kinds.add(meaning)
            end, loose = i + 1, 0
        elif marks[i] not in "te" or (marks[i] == "e" and loose):
            break
        else:
            loose += 1
        i += 1
    while end < len(lines) and marks[end] == "t" and kinds and _continues(lines[end]):
        end += 1
    return end, kinds


def _continues(line: str) -> bool:
    return (line[:1] in " \t" and bool(ADDRESS.search(line))) or (line.strip().startswith("<") and "@" in line)


def _sentences(lines: list[str], marks: list[str]) -> None:
    """Find sentences before a quotation by the line that closes them, looking up to four lines back for where they begin."""
    for j, line in enumerate(lines):
        bare = line.strip()
        if (
            marks[j] == "t"
            and len(bare) <= 200
            and (BARE_STAMP.match(bare) or QUOTING.match(bare) or NAME_THEN_DATE.match(bare))
        ):
            marks[j] = "b"
        elif marks[j] in "tq" and len(line) <= MAX_SENTENCE and CLOSES.search(line):
            start = _sentence_start(lines, marks, j)
            if start is not None and (marks[start] != "q" or _fresh_quote(marks, start)):
                marks[start : j + 1] = ["b"] * (j + 1 - start)
            elif len(bare) <= 60 and "@" not in bare and SOMEBODY_WROTE.search(bare) and _quoted_next(marks, j):
                marks[j] = "b"


def _quoted_next(marks: list[str], place: int) -> bool:
    return next((mark for mark in marks[place + 1 : place + 4] if mark != "e"), "") == "q"


def _fresh_quote(marks: list[str], start: int) -> bool:
    """Inside a quotation an older sentence is only more quotation; the first line of one may be the sentence itself."""
    before = [mark for mark in marks[:start] if mark != "e"]
    return bool(before) and before[-1] == "t"


def _sentence_start(lines: list[str], marks: list[str], close: int) -> int | None:
    weak: int | None = None
    for i in range(close, max(-1, close - 6), -1):
        if marks[i] not in "tqe" or (marks[i] == "q") != (marks[close] == "q"):
            break
        if marks[i] == "e":
            if not lines[min(i + 1, close)].lstrip("> ").startswith(("<", "mailto:", "(")):
                break
            continue
        joined = _joined(lines[i : close + 1])
        if len(joined) > MAX_SENTENCE:
            break
        if not is_sentence(joined):
            continue
        if _starts_strong(lines[i]):
            return i
        if weak is None and _starts_weak(joined):
            weak = i
    return weak


def _joined(lines: list[str]) -> str:
    out = ""
    for line in lines:
        bare = LEAD.sub("", line).rstrip()
        out = out[:-1] + bare if out.endswith("=") else f"{out} {bare}"
    return out.strip()


def is_sentence(text: str) -> bool:
    """Whether `text`, on one line, says that somebody wrote at a time or from an address."""
    if not SAYS_WHEN_OR_WHO.search(text) or not CLOSES.search(text):
        return False
    addressed = ADDRESS.search(text)
    if VERB.search(text):
        return bool(addressed or TIME.search(text) or DAY.search(text))
    return bool(
        addressed
        and TIME.search(text)
        and DAY.search(text)
        and text.rstrip("* ")[-1] in ":："
        and ENDS_WITH_WHO.search(text)
    )


def _starts_strong(line: str) -> bool:
    bare = LEAD.sub("", line)
    text = folded(bare)
    if STARTS_WITH_DATE.match(bare) or line.lstrip().startswith("---- "):
        return True
    first = WORD_BREAK.split(text, maxsplit=1)[0]
    opens = first in ON or text.startswith(ON_PHRASES) or text[:1] in "在于於"
    return opens and bool(TIME.search(bare[:70]) or DAY.search(bare[:70]))


def _starts_weak(text: str) -> bool:
    """`Some One <some@example.org> wrote:`, at the beginning of a line."""
    found = BRACKETED.search(text)
    return (
        bool(found)
        and found is not None
        and 0 < found.start() <= 90
        and not re.search(r"[.!?]\s", text[: found.start()])
    )


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
