"""The sentence before a quotation: `On 5 May Jane <jane@example.org> wrote:`, in any language and broken over lines.

The rule: a sentence says a time or an address, and that somebody wrote; words of many languages are in wording.py. A language
that nobody taught is known by its shape: date, hour, address and a name, short, in one paragraph, right above a quotation. Work is
bounded per line, so no text costs more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from adapters.email.trimming.wording import ON, ON_PHRASES, WROTE, folded

MAX_SENTENCE = 420
MAX_SHAPE = 260  # characters of a sentence that is known by its shape alone
MAX_WORDS = 24
MAX_ALONE = 16  # words of one above which nothing but its own shape speaks for
QUOTING = re.compile(
    r"^(?:quoting|zitat von|zitiere|citando|citazione di|citation de|citerar|citeren van) .{0,80}@.{3,60}[:：]$",
    re.IGNORECASE,
)
NAME_THEN_DATE = re.compile(
    r"^[^\d<>]{2,60}\s(?:" + "|".join(map(re.escape, WROTE)) + r").{0,30}\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b.{0,40}[:：]$"
    r"|^.{2,60} said the following on .{6,60}:$",
    re.IGNORECASE,
)
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
    r"(?:\d{1,2}(?:st|nd|rd|th)?\.?[ -]{1,4}(?:[^\W\d]{2} )?[^\W\d]{3,}|(?<![^\W\d])[^\W\d]{3,}\.?[ -]{1,4}\d{1,2}\b"
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
HOUR = re.compile(r"(?<![\d.])\d{1,2}[:.h]\d{2}(?!\.?\d)|\d\s*[ap]\.?m\b|\d\s?[時时시点點]", re.IGNORECASE)
PROSE = re.compile(
    r"[^\W\d_]{4}[!?.][ ]+[^\W\d_]{2}|[?!？！。؟][ ]?$|[^\W\d_]{4}[.][ ]?$"
)  # one sentence after the other
CLOSES_WHO = re.compile(r"(?:[>)\]]|@[\w.-]{1,200})[\s:：,*_]{0,6}$")
OPENS_WITH_DATE = re.compile(r"^\W{0,4}(?:[^\W\d]{1,12}[.,]{0,2} {1,2}){0,3}(?:" + DAY.pattern + ")")
NAME_ADDRESS = re.compile(
    r"^\W?[^\W\d_a-z][^\s<]{0,30}(?: [^\W\d_a-z][^\s<]{0,30}){0,3}\W? <[^<>\s@]{1,64}@[^<>\s@]{1,90}>"
)
NAME_ADDRESS_VERB = re.compile(NAME_ADDRESS.pattern + r"(?: \w{2,20}){1,2} ?[:：]?$")
VERB_LAST = re.compile(r"(?:" + VERB.pattern + r")[\s:：.,*_-]{0,6}$", re.IGNORECASE)


def mark_sentences(lines: list[str], marks: list[str]) -> None:
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


def mark_announcements(lines: list[str], marks: list[str]) -> None:
    """Find by its shape the line right above a quotation, or alone above an original that nothing marks as quoted."""
    for i, mark in enumerate(marks):
        if mark != "t" or len(lines[i]) > MAX_SHAPE:
            continue
        below = next((k for k in range(i + 1, min(i + 4, len(marks))) if marks[k] != "e"), None)
        if below is None or marks[below] not in "qct" or (marks[below] == "t" and below == i + 1):
            continue
        start = _shape_start(lines, marks, i, announces if marks[below] in "qc" else heads_original)
        if start is not None:
            marks[start : i + 1] = ["b"] * (i + 1 - start)


def _shape_start(lines: list[str], marks: list[str], close: int, fits: Callable[[str], bool]) -> int | None:
    """Where an announcement begins that ends with line `close`, at most three lines above.

    Best is a line with a date at its head and an address further on, then a name with its address, then a date alone.
    """
    found: list[tuple[int, int]] = []
    for i in range(close, max(-1, close - 4), -1):
        if marks[i] == "e" and lines[close].lstrip().startswith(">"):
            continue  # a program broke off the end of the sentence
        if marks[i] != "t":
            break
        joined = _joined(lines[i : close + 1])
        if len(joined) > MAX_SHAPE or not fits(joined):
            continue
        bare = LEAD.sub("", lines[i])
        dated, named = OPENS_WITH_DATE.match(bare), NAME_ADDRESS.match(bare)
        rank = 0 if dated and ADDRESS.search(joined) else 1 if named else 2 if dated else 3
        if rank == 3 and found and lines[found[-1][1]].lstrip().startswith(("<", "(")) and len(bare.split()) <= 6:
            rank = 2
        found.append((rank, i))
    best = min((rank for rank, _ in found), default=9)
    return next((i for rank, i in found if rank == best), None)


def announces(text: str) -> bool:
    """Whether `text` has the shape of what a program writes right above a quotation, in any language."""
    if len(text.split()) > MAX_WORDS or PROSE.search(text):
        return False
    closed = text.rstrip("* ")[-1:] in (":", "：")
    when = bool(DAY.search(text) or TIME.search(text))
    if ADDRESS.search(text):
        known = CLOSES_WHO.search(text) or NAME_ADDRESS_VERB.match(text) or (when and HOUR.search(text))
        return closed or bool(known)
    if VERB.search(text) and (when or (VERB_LAST.search(text) and len(text.split()) <= 6)):
        return True
    return bool(DAY.search(text) and HOUR.search(text))


def heads_original(text: str) -> bool:
    """Whether `text` can only be the line above an original. A date comes first, an hour and an address, closed by one of
    them or a colon; or a name, its address, a word and a colon."""
    if len(text.split()) > MAX_WORDS or PROSE.search(text) or not ADDRESS.search(text):
        return False
    closed = text.rstrip("* ")[-1:] in (":", "：")
    if closed and NAME_ADDRESS_VERB.match(text):
        return True
    dated = bool(OPENS_WITH_DATE.match(text) and HOUR.search(text))
    return dated and (closed or (bool(CLOSES_WHO.search(text)) and len(text.split()) <= MAX_ALONE))


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
