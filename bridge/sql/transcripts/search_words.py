"""How a text is cut into the words by which it is found: one rule for text and for queries, on both databases.

Words are compared without case, accents, vowel signs of Arabic and Hebrew, ligatures, widths and kinds of digits.

Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese have no spaces, or have them elsewhere than people search. Their runs are
cut into pairs of characters that overlap, and the last character is alone. So each character begins one word: a run is found as a
phrase of its pairs, and one character as the beginning of a pair.

Vowel signs of the scripts of India and South-East Asia are parts of their words and stay. The databases' own word breakers would
break there. So such a sign is put into the index as a private-use character, which both take for a letter.

Sources: Unicode NFKD and full case folding (Unicode 3.13), Unicode Standard Annex 29 on scripts without spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

MOST_WORDS = 12  # of a question
MOST_TOKENS = 16_000  # of a text: PostgreSQL knows 16,383 positions
MOST_PAIRS = 60  # of a question's run
LONGEST = 100  # characters of a word; what is longer is known by its beginning

_RUN = (
    "\u0e01-\u0eff\u0f00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u19e0-\u19ff\u2e80-\u2fd5\u3005-\u3007\u3021-\u3035"
    "\u303b\u303c\u3041-\u318f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\ua9e0-\ua9ff\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff"
    "\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
RUN = re.compile(f"[{_RUN}]+")
_PIECES = re.compile(f"[{_RUN}]+|[^{_RUN}]+")

_LETTERS = {
    "œ": "oe",
    "æ": "ae",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
    "ı": "i",
    "ĸ": "k",
    "ی": "ي",
    "ى": "ي",
    "ې": "ي",
    "ک": "ك",
    "ہ": "ه",
    "ھ": "ه",
    "ۀ": "ه",
    "ـ": "",
    "ٱ": "ا",
}
# Accents, and the vowel signs and points of Hebrew, Arabic and Syriac: a word is the same word without them.
_SIGNS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u08d3-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufb1e\ufe00-\ufe2f]"
)
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\uffa0\U000e0000-\U000e0fff]")
_PRIVATE = 0xF0000


class _Fold(dict[int, str]):
    """What each character becomes in a word, " " for one that ends it; worked out when first met."""

    def __missing__(self, code: int) -> str:
        self[code] = found = self._of(chr(code))
        return found

    @staticmethod
    def _of(char: str) -> str:
        category = unicodedata.category(char)
        if char in _LETTERS:
            return _LETTERS[char]
        if category in ("Cf", "Cs") or _SIGNS.match(char) or _INVISIBLE.match(char):
            return ""
        if category == "Nd":
            return str(unicodedata.decimal(char))
        return char if category[0] in "LNM" else " "


class _Stored(dict[int, str]):
    """A sign that is part of its word, as a character that no database's word breaker breaks at."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = found = chr(_PRIVATE + code) if code < 0xF000 and unicodedata.category(char)[0] == "M" else char
        return found


_fold, _stored = _Fold(), _Stored()


def plain(text: str) -> str:
    """Return a text as words are compared, with spaces between them."""
    bare = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", bare.translate(_fold))


def pieces(text: str) -> Iterator[str]:
    """Yield the words of a text as they are compared; where runs without spaces begin and end is a word's end, too."""
    for word in plain(text).split():
        yield from _PIECES.findall(word)


def tokens(text: str) -> list[str]:
    """Return what a text is found by, in order."""
    found: list[str] = []
    for piece in pieces(text):
        found += _pairs(piece) if RUN.match(piece) else [piece[:LONGEST]]
        if len(found) > MOST_TOKENS:
            break
    return [token.translate(_stored) for token in found[:MOST_TOKENS]]


def _pairs(run: str) -> list[str]:
    return [run[n : n + 2] for n in range(len(run))]


def for_sqlite(text: str) -> str:
    """Return what the full-text index of SQLite is given in place of a text; "" = the text itself, which comes to the same."""
    return "" if text.isascii() else " ".join(tokens(text))


def for_postgresql(text: str) -> str:
    """Return a text's words and their positions as PostgreSQL writes a tsvector."""
    return " ".join(f"'{token}':{n}" for n, token in enumerate(tokens(text), 1))


FOLDED = {"sqlite": for_sqlite, "postgresql": for_postgresql}


class Term(msgspec.Struct, frozen=True):
    """A part of a question: words that follow each other. `opens`: the last of them may be unfinished."""

    pieces: tuple[str, ...]
    opens: bool = False

    def tokens(self) -> tuple[list[str], bool]:
        """Return the tokens that follow each other, and whether the last of them may go on."""
        found: list[str] = []
        opens = self.opens
        for n, piece in enumerate(self.pieces, 1):
            ends = n == len(self.pieces)
            if not RUN.match(piece):
                found.append(piece[:LONGEST])
                continue
            pairs = _pairs(piece[: MOST_PAIRS + 1])
            found += (pairs[:-1] or pairs) if ends else pairs
            opens = len(piece) == 1 if ends else opens
        return [token.translate(_stored) for token in found], opens

    def sqlite(self) -> str:
        """Return the term as FTS5 reads one."""
        tokens, opens = self.tokens()
        return f'"{" ".join(tokens)}"{"*" * opens}'

    def postgresql(self) -> str:
        """Return the term as PostgreSQL writes a tsquery."""
        tokens, opens = self.tokens()
        return "(" + " <-> ".join([f"'{token}'" for token in tokens]) + ":*" * opens + ")"

    def pattern(self) -> re.Pattern[str]:
        """Return what the term looks like in a folded text."""
        begins = "" if RUN.match(self.pieces[0]) else rf"(?:(?<=[ {_RUN}])|^)"
        last = self.pieces[-1]
        goes_on = rf"[^ {_RUN}]*" if self.opens else rf"(?=[ {_RUN}]|$)"
        return re.compile(begins + " *".join(map(re.escape, self.pieces)) + ("" if RUN.match(last) else goes_on))


def phrase(text: str, *, opens: bool = False) -> Term | None:
    """Return words that are to follow each other, None where a text has none."""
    found = tuple(pieces(text))[:MOST_WORDS]
    return Term(found, opens) if found else None


def words(text: str, *, opens: bool = False) -> list[Term]:
    """Return the words of a text, each by itself; `opens`: the last may be unfinished."""
    found = list(pieces(text))[:MOST_WORDS]
    return [Term((piece,), opens and n == len(found)) for n, piece in enumerate(found, 1)]


class Wanted:
    """A question: all of its terms are to be found, and none of those `without`."""

    def __init__(self, asked: str | Sequence[Term], without: Sequence[Term] = ()) -> None:
        self.terms = words(asked, opens=True) if isinstance(asked, str) else list(asked)[:MOST_WORDS]
        self.without = list(without)[:MOST_WORDS]

    def __bool__(self) -> bool:
        return bool(self.terms)

    def match(self, dialect: str) -> str:
        """Return the question as the full-text index of a database reads one."""
        return self.postgresql() if dialect == "postgresql" else self.sqlite()

    def sqlite(self) -> str:
        """Return the question as FTS5 reads one."""
        wanted = " AND ".join(term.sqlite() for term in self.terms)
        return f"({wanted})" + "".join(f" NOT {term.sqlite()}" for term in self.without)

    def postgresql(self) -> str:
        """Return the question as PostgreSQL writes a tsquery."""
        return " & ".join([term.postgresql() for term in self.terms] + [f"!{one.postgresql()}" for one in self.without])

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the question's words stand in a text: beginnings and ends, in order, not overlapping."""
        folded, origin = _aligned(text)
        found: list[tuple[int, int]] = []
        for term in self.terms:
            found += [(origin[hit.start()], origin[hit.end() - 1]) for hit in term.pattern().finditer(folded)]
        return _apart(text, found)


# A character with the signs that belong to it; the voiced marks of half-width kana, too.
_CLUSTER = re.compile(
    "[\\s\\S](?:[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u08d3-\u08ff\u1160-\u11ff"
    "\u1dc0-\u1dff\u20d0-\u20f0\u3099\u309a\uff9e\uff9f\u200b-\u200f\u2060\u00ad\ufe00-\ufe0f])*"
)


def _aligned(text: str) -> tuple[str, list[int]]:
    """Return a text as words are compared, and for each of its characters which cluster of the text it comes from."""
    folded: list[str] = []
    origin: list[int] = []
    for match in _CLUSTER.finditer(text):
        found = _cluster(match[0])
        folded.append(found)
        origin += [match.start()] * len(found)
    return "".join(folded), origin


@lru_cache(4096)
def _cluster(char: str) -> str:
    return plain(char)


def _apart(text: str, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans (beginning, beginning of the last cluster) as beginnings and ends that do not overlap."""
    apart: list[tuple[int, int]] = []
    for begin, last in sorted(found):
        cluster = _CLUSTER.match(text, last)
        end = cluster.end() if cluster is not None else last + 1
        if apart and begin < apart[-1][1]:
            apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
        else:
            apart.append((begin, end))
    return apart
