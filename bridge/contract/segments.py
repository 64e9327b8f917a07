"""How a text is cut on its way to a handset, and what that costs.

The rule (3GPP TS 23.038 and 23.040): a text whose every character is in the GSM alphabet travels in septets. One segment holds
160 alone, and 153 where several are joined by a header of 48 bits; a character of the extension table is two septets and never
torn. Any other character turns the whole text into UCS-2: 70 units of 16 bits alone, 67 joined. What a reader sees as one
character is not torn, as in Twilio's own calculator. Such are a surrogate pair, a flag, a family joined by U+200D, a letter and
its accents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from unicodedata import category

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")
WHOLE = 1120  # bits of user data in one message
HEADER = 48  # bits of each that joins several
JOINER = "\u200d"
JOINING = frozenset(
    JOINER + "".join(map(chr, (*range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080))))
)  # skin tones, tags
FLAG_LETTERS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))

_PLAIN = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "“": '"', "”": '"', "„": '"', "‟": '"', "″": '"',
        "«": '"', "»": '"', "‹": "'", "›": "'", "–": "-", "—": "-", "‐": "-", "‑": "-", "−": "-", "…": "...",
        "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u200b": "", "•": "*", "·": "*", "\t": " ",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segments:
    """`count` messages carry the text; `bits` are the text's own, `total_bits` with the headers."""

    encoding: Literal["GSM-7", "UCS-2"]
    count: int
    bits: int
    total_bits: int


def segments(text: str) -> Segments:
    """Return how `text` travels; an empty text is one message."""
    septets = all(char in BASIC or char in EXTENDED for char in text)
    widths = [_septets(char) for char in text] if septets else _clusters(text)
    bits = sum(widths)
    count = 1 if bits <= WHOLE else _filled(widths, WHOLE - HEADER)
    total = bits if count == 1 else bits + count * HEADER
    return Segments("GSM-7" if septets else "UCS-2", count, bits, total)


def plain(text: str) -> str:
    """Return `text` with typographic characters in the spelling of the GSM alphabet, where that says the same."""
    return text.translate(_PLAIN)


def _septets(char: str) -> int:
    return 14 if char in EXTENDED else 7


def _units(char: str) -> int:
    return 32 if ord(char) > 0xFFFF else 16


def _clusters(text: str) -> list[int]:
    """The bits of each character as a reader sees it; one that fills no message whole is counted in its pieces."""
    widths: list[int] = []
    before, flags = "", 0
    for char in text:
        flags = flags + 1 if char in FLAG_LETTERS else 0
        joins = (
            before == JOINER or (flags and flags % 2 == 0) or category(char) in ("Mn", "Me", "Mc") or char in JOINING
        )
        if joins and widths and before != "\n" and widths[-1] + _units(char) <= WHOLE - HEADER:
            widths[-1] += _units(char)
        else:
            widths.append(_units(char))
        before = char
    return widths


def _filled(widths: Iterable[int], room: int) -> int:
    count, used = 1, 0
    for width in widths:
        if used + width > room:
            count, used = count + 1, 0
        used += width
    return count
