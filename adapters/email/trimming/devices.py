"""The line that a telephone or a program adds below a text: "Sent from my iPhone", "Get Outlook for Android".

The rule: a verb of sending opens the line, and what it was sent from follows; a device that is known by name makes it `sure`, "my"
and a short name that nobody knows make it `likely`. A line that only begins like one ("Sent you the form last week") is the
patron's. Words of many languages are in wording.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from adapters.email.trimming.wording import (
    DEVICE_FIRST,
    DEVICES,
    ENDS_SENT,
    GET,
    GET_LAST,
    LINKS,
    MINE,
    PLATFORMS,
    PROGRAMS,
    SENT,
    SURE_DEVICES,
    WHOLE_SENT,
    folded,
)

MAX_LINE = 160
MAX_WORDS = 16
ASIDE = re.compile(r"<[^<>]*>|\([^()]*\)|\[[^\[\]]*\]")


def _one_of(words: Iterable[str]) -> str:
    return "(?:" + "|".join(map(re.escape, sorted(words, key=len, reverse=True))) + ")"


OPENS = re.compile(rf"^\W{{0,3}}{_one_of(SENT)}(?!\w)\W*(.*)$", re.IGNORECASE)
OPENS_ASIAN = re.compile(rf"^\W{{0,3}}{_one_of(word for word in SENT if word[0] >= '฀')}\W*(.*)$")  # no spaces there
WHOLE_VERBS = ("von meinem", "diese nachricht")
DEVICE = re.compile(rf"(?<![^\W\d_]){_one_of(DEVICES)}")
GETS = re.compile(rf"^\W{{0,3}}(?:{_one_of(GET)}(?![^\W\d_]).*|.*{_one_of(GET_LAST)}\W*)$")
PROGRAM = re.compile(rf"(?<!\w){_one_of(PROGRAMS)}")
PLATFORM = re.compile(rf"(?<![^\W\d_]){_one_of(PLATFORMS)}(?![a-z])")
LINK = re.compile(rf"^(?:{_one_of(LINKS)}(?!\w)|dall?[’']|d[’'])")
SURE_DEVICE = re.compile(rf"^.{{0,12}}{_one_of(SURE_DEVICES)}")
OF_MINE = re.compile(rf"^(?:{_one_of(LINKS)}\s+)?{_one_of(MINE)}(?!\w)")


def from_device(line: str) -> Literal["", "likely", "sure"]:
    """Return whether a device or program added this line."""
    bare = line.strip()
    if not bare or len(bare) > MAX_LINE:
        return ""
    text = folded(bare).rstrip(" .。")
    if len(text) <= 60 and (text.startswith(WHOLE_SENT) or text.endswith(ENDS_SENT)):
        return "sure"
    if text.endswith(DEVICE_FIRST) and DEVICE.search(text[:60]) and len(text.split()) <= 8:
        return "sure"
    if _advert(ASIDE.sub(" ", text)):
        return "sure"
    match = OPENS.match(bare) or OPENS_ASIAN.match(bare)
    return _sent_from(ASIDE.sub(" ", match.group(1)).strip(), bare) if match else ""


def _advert(text: str) -> bool:
    return bool(GETS.match(text) and PROGRAM.search(text) and PLATFORM.search(text)) and len(text.split()) <= 9


def _sent_from(rest: str, bare: str) -> Literal["", "likely", "sure"]:
    """Judge what follows the verb; after a comma a person may go on ("my iPhone, sorry for typos"), before it they may not."""
    text, name = folded(rest), folded(rest.partition(",")[0])
    linked = bool(LINK.match(name) or OF_MINE.match(name)) or folded(bare).startswith(WHOLE_VERBS)
    named = SURE_DEVICE.match(name) and not folded(bare).startswith("sent")
    if len(text.split()) <= MAX_WORDS and ((linked and DEVICE.search(name)) or named):
        return "sure"
    short = linked and len(text.split()) <= 6 and "," not in text and not bare.endswith((".", "!", "?", ":"))
    return "likely" if short and (OF_MINE.match(name) or _named(rest)) else ""


def _named(rest: str) -> bool:
    """Whether all words after the link begin like a name's: a program that nobody knows."""
    names = rest.split()[1:]
    return bool(names) and all(not name[:1].islower() for name in names)
