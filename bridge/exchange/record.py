"""What a file of another desk holds, before it is ours: conversations, counted questions, entries of a FAQ, and what is wrong.

A reader of a format yields records and faults in the order of the file. A fault names file, line, field and reason; the row is
skipped and the rest goes on. Nothing that a file says is trusted: texts lose control characters and are cut at a length, and
no name in a file opens a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from bridge.sql.counter.question import CountedQuestion
from bridge.sql.transcripts.imported import ImportedHop

MOST_TEXT = 100_000  # characters of one line
MOST_WORD = 500  # of a name, an address, a subject
MOST_LINES = 20_000  # of one conversation
CUT = "…"

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class FilePlace(msgspec.Struct, frozen=True, gc=False):
    """Where in a file something is: the line (0 = the whole file), and which object of a JSON file (0 = it isn't one)."""

    file: str
    line: int = 0
    nth: int = 0

    def __str__(self) -> str:
        """Return it as compilers do."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where} (object {self.nth})" if self.nth else where


class RowFault(msgspec.Struct, frozen=True, gc=False):
    """What is wrong with a row, which is skipped."""

    place: FilePlace
    field: str
    why: str

    def __str__(self) -> str:
        """Return one line for people, which quotes nothing of the file."""
        return f"{self.place}: {self.field}: {self.why}"


class UnreadableField(ValueError):
    """A field cannot be read; `field` is its name."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


class SpokenLine(msgspec.Struct, frozen=True, gc=False):
    """One line of a transcript. `who`: patron, librarian, desk, note; `at` in ms, None = the file doesn't say."""

    who: str
    text: str
    author: str = ""
    at: int | None = None


class ConversationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as another desk had it; times in ms.

    `way` is how it was asked; `queue` and `librarian` are that desk's words.
    """

    place: FilePlace
    id: str
    opened_at: int
    closed_at: int | None = None
    accepted_at: int | None = None
    answered_at: int | None = None
    way: str = "chat"
    live: bool = True
    queue_entered: str = ""
    queue: str = ""
    librarian: str = ""
    name: str = ""
    contact: str = ""
    language: str = ""
    subject: str = ""
    page: str = ""
    code: str | None = None
    by_default: bool = True
    topics: tuple[str, ...] = ()
    read_scale: int | None = None
    reference: bool | None = None
    questions: str | None = None
    rating: int | None = None
    comment: str = ""
    lines: tuple[SpokenLine, ...] = ()
    hops: tuple[ImportedHop, ...] = ()
    numbers_only: bool = False  # the other desk had forgotten its words


class QuestionRecord(msgspec.Struct, frozen=True):
    """A counted question; `question.id` and its library are set by who imports."""

    place: FilePlace
    question: CountedQuestion


class FaqRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a FAQ. `body` is Markdown; `old` are addresses by which it was known, such as its number."""

    place: FilePlace
    id: str
    title: str
    body: str
    topics: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    old: tuple[str, ...] = ()


class FileRemark(msgspec.Struct, frozen=True):
    """Something that the operator should know: columns that nothing is made of."""

    text: str


Item = ConversationRecord | QuestionRecord | FaqRecord | RowFault | FileRemark
Items = Iterator[Item]


def clean(text: str, most: int = MOST_TEXT) -> str:
    """Return a text without control characters and half characters, its line ends as ours, cut at `most` characters."""
    plain = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    plain = _SURROGATE.sub("\ufffd", plain).strip()
    return plain if len(plain) <= most else plain[: most - 1] + CUT


def word(text: str) -> str:
    """Return a short text in one line."""
    return " ".join(clean(text, MOST_WORD).split())
