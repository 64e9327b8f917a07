"""Marks of lines that nothing around them confirms are the patron's words again.

The rule: losing a patron's words is worse than showing old ones. Librarians are asked about dated letters ("On 5 May 1890 Darwin
wrote:"), timetables ("From: London, To: Paris") and lists with lines between. Those look like what mail programs write. So a
sentence that names neither an address nor an hour needs a quotation below it. A device that nobody knows needs to be last. A
line of dashes ends no words where a question follows.
"""

from __future__ import annotations

import re

ADDRESS = re.compile(r"(?<![\w.+=-])[\w.+=-]+@[\w-]+(?:\.[\w-]+)*")
CLOCK = re.compile(r"(?<![\d.])\d{1,2}[:.h]\d{2}(?!\.?\d)|\d\s*[ap]\.?m\b|\d\s?[時时시點点]", re.IGNORECASE)
ENDS_PART = "dbohcq"
EXACT = "-- "


def confirm(lines: list[str], marks: list[str]) -> None:
    """Change in `marks` what is only probable into text; `S` (a device that nobody knows) becomes `s` or `t`."""
    for i, mark in enumerate(marks):
        if mark == "S":
            marks[i] = "t" if _next(marks, i) == "t" else "s"
        elif mark == "d" and lines[i] != EXACT and _asks_below(lines, marks, i):
            marks[i] = "t"
    _sentences(lines, marks)


def _next(marks: list[str], place: int) -> str:
    return next((mark for mark in marks[place + 1 :] if mark != "e"), "")


def _asks_below(lines: list[str], marks: list[str], place: int) -> bool:
    """Whether a question is between this line and the next mark, within the length of a signature."""
    for i in range(place + 1, min(place + 20, len(lines))):
        if marks[i] in ENDS_PART:
            return False
        if marks[i] == "t" and lines[i].rstrip().endswith(("?", "？", "؟")):
            return True
    return False


def _sentences(lines: list[str], marks: list[str]) -> None:
    start = 0
    while start < len(marks):
        end = start
        while end < len(marks) and marks[end] == "b":
            end += 1
        if (
            end > start
            and _next(marks, end - 1) == "t"
            and (not set(marks[:start]) - {"e"} or not _surely_wrote(" ".join(lines[start:end])))
        ):
            marks[start:end] = ["t" if mark == "b" else mark for mark in marks[start:end]]
        start = max(end, start + 1)


def _surely_wrote(sentence: str) -> bool:
    """Whether it says who by address, or the hour, as programs do; a person closes with a full stop."""
    return names_hour_or_address(sentence) and not sentence.rstrip().endswith(".")


def names_hour_or_address(text: str) -> bool:
    """Whether `text` is as exact as what mail programs write."""
    return bool(ADDRESS.search(text) or CLOCK.search(text))
