"""The block of `From: ... Sent: ... To: ... Subject: ...` that mail programs put above the mail that is answered.

The rule: two or more lines `Word: value`, with an address or a date among them. Labels of many languages are in wording.py. In a
language that nobody taught the shape decides: three such lines or more, an address first, a date among them, alone in their
paragraph.
"""

from __future__ import annotations

import re

from adapters.email.trimming.attributions import ADDRESS, DAY, HOUR, TIME
from adapters.email.trimming.wording import LABELS, folded

LABEL = re.compile(
    r"^[\s>]*[*_]{0,2}([^\W\d][^:：*_<>@]{0,24}?)[*_]{0,2}\s?[:：](?:[*_]{0,2}(?:\s|$|[<\"'*_(]|(?=\S+@))|(?=\S))"
)
ANY_LABEL = re.compile(r"^[\s>*_]{0,4}[^\W\d_][^:：<>@\d]{0,24}[:：][*_]{0,2}\s{0,4}\S")
FEW_WORDS = 3
DASHES = "-=_*~—–‐"
TWO_DASHES = re.compile(r"[-=_*~]{2}|[—–‐]{2}")
MEANING = {word: kind for kind, words in LABELS.items() for word in words}


def between_dashes(bare: str) -> str:
    """Return the words that stand between two rows of dashes, stars or underscores, "" where there are no such rows."""
    rest = bare.lstrip(" \t>" + DASHES)
    words = rest.rstrip(" \t" + DASHES)
    rows = bare[: len(bare) - len(rest)], rest[len(words) :]
    return words if 3 <= len(words) <= 120 and all(TWO_DASHES.search(row) for row in rows) else ""


def _meaning(line: str) -> str:
    match = LABEL.match(line[:200])
    return MEANING.get(" ".join(folded(match.group(1)).split()), "") if match else ""


def mark_blocks(lines: list[str], marks: list[str]) -> None:
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


def mark_unknown_blocks(lines: list[str], marks: list[str]) -> None:
    """Find blocks with labels of a language that nobody taught, by their shape; see the module's header."""
    i = 0
    while i < len(lines):
        end = i
        while end < len(lines) and end < i + 12 and marks[end] in "tb" and (_labelled(lines[end]) or end > i):
            if not _labelled(lines[end]) and not (end > i and lines[end][:1] in " \t<"):
                break
            end += 1
        if end - i >= 2 and _has_shape(lines, marks, i, end):
            marks[i:end] = ["h"] * (end - i)
        i = max(end, i + 1)


def _labelled(line: str) -> bool:
    match = ANY_LABEL.match(line[:200])
    return match is not None and len(match.group(0).partition(":")[0].split()) <= FEW_WORDS


def _has_shape(lines: list[str], marks: list[str], start: int, end: int) -> bool:
    """An address first and a date, with an edge above; below a line of dashes they may stand anywhere in the block."""
    block = lines[start:end]
    dashed = start > 0 and bool(between_dashes(lines[start - 1].strip()[:160]))
    if start and marks[start - 1] == "t" and not dashed:
        return False
    values = [line.replace("：", ":").partition(":")[2] for line in block]
    dated = [bool(DAY.search(value) and TIME.search(value)) for value in values]
    addressed = [bool(ADDRESS.search(value)) for value in values]
    above = next((mark for mark in reversed(marks[max(0, start - 3) : start]) if mark != "e"), "")
    if above in ("d", "o") or dashed:
        return any(dated) and any(addressed)
    who_first = addressed[0] or (dated[0] and addressed[1])
    if len(block) == 2:
        below = marks[end] if end < len(marks) else ""
        return who_first and any(dated) and bool(HOUR.search(" ".join(values))) and below == "e" and "t" in marks[end:]
    return who_first and any(dated)


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
