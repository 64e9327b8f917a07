"""Cut a text that is too long for its network into parts that each fit.

A cut falls at a blank line, else at a line's end, else at a space. It never leaves less than half a part for that. Where a
script has no spaces it falls between graphemes. That approximates UAX #29: combining marks, joined emoji, flags, skin tones,
Hangul syllables and CRLF stay whole. White space at a cut is dropped, nothing else is. A single grapheme longer
than the limit is cut by code points: the limit is the network's and wins. No part is blank, unless the text is.
"""

from __future__ import annotations

import re
import unicodedata

_ZWJ = "\u200d"
_BREAKS = (re.compile(r"\n[ \t]*\n\s*"), re.compile(r"\n\s*"), re.compile(r"\s+"))


def split(text: str, limit: int) -> list[str]:
    """Return `text` in parts of at most `limit` code points, in order; one part when `limit` is 0."""
    parts = []
    while limit and len(text) > limit:
        end, start = _cut(text, limit)
        if text[:end].strip():
            parts.append(text[:end])
        text = text[start:]
    if text or not parts:
        parts.append(text)
    return parts


def boundary(text: str, at: int) -> bool:
    """Whether a grapheme may end before code point `at`."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before == "\r" and after == "\n":
        return False
    if after == _ZWJ or before == _ZWJ or _extends(after):
        return False
    if _hangul(before) and _hangul(after):
        return not _syllable(before, after)
    return not (_flag(after) and _flags_before(text, at) % 2 == 1)


def _cut(text: str, limit: int) -> tuple[int, int]:
    """Return where the part ends and where the rest starts."""
    for pattern in _BREAKS:
        found = None
        for match in pattern.finditer(text, limit // 2, limit + 1):
            if match.start() > 0 and boundary(text, match.start()):
                found = match
        if found is not None and found.start() <= limit:
            rest = re.compile(r"\s*").match(text, found.end())
            return found.start(), rest.end() if rest else found.end()
    at = limit
    while at > 0 and not boundary(text, at):
        at -= 1
    at = at or limit
    return at, at


def _extends(char: str) -> bool:
    point = ord(char)
    return (
        unicodedata.category(char) in ("Mn", "Me", "Mc")
        or 0xFE00 <= point <= 0xFE0F
        or 0x1F3FB <= point <= 0x1F3FF
        or 0xE0020 <= point <= 0xE007F
    )


def _flag(char: str) -> bool:
    return 0x1F1E6 <= ord(char) <= 0x1F1FF


def _flags_before(text: str, at: int) -> int:
    count = 0
    while at > 0 and _flag(text[at - 1]):
        at -= 1
        count += 1
    return count


def _hangul(char: str) -> str:
    """Return the jamo class of a character (L, V, T, LV, LVT) or ""."""
    point = ord(char)
    if 0x1100 <= point <= 0x115F or 0xA960 <= point <= 0xA97C:
        return "L"
    if 0x1160 <= point <= 0x11A7 or 0xD7B0 <= point <= 0xD7C6:
        return "V"
    if 0x11A8 <= point <= 0x11FF or 0xD7CB <= point <= 0xD7FB:
        return "T"
    if 0xAC00 <= point <= 0xD7A3:
        return "LVT" if (point - 0xAC00) % 28 else "LV"
    return ""


def _syllable(before: str, after: str) -> bool:
    joins = {"L": {"L", "V", "LV", "LVT"}, "V": {"V", "T"}, "LV": {"V", "T"}, "T": {"T"}, "LVT": {"T"}}
    return _hangul(after) in joins[_hangul(before)]
