"""Questions that staff count by hand: what they choose from, what they hand in, and what was counted on a day."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.contract.message import QuestionKind
from bridge.inbox.schema.types import Asked, Identifier, Moment, Name, Shown
from bridge.sql.counter.question import QuestionMode

CountId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
ListWord = Annotated[str, Meta(max_length=80)]
CountedWords = Annotated[str, Meta(max_length=4000)]


class CounterCode(Shown):
    """A descriptive code and the kind of question that it is for, "" = it says none."""

    code: str
    kind: QuestionKind | Literal[""]


class CounterLibrary(Shown):
    """A library that I count for, and its lists."""

    id: str
    name: str
    places: list[str]
    patron_types: list[str]
    codes: list[CounterCode]
    coordinated: bool  # I may take back what colleagues counted


class CounterView(Shown):
    """What I count with; my own library comes first."""

    libraries: list[CounterLibrary]


class QuestionCounted(Asked):
    """One question.

    `id` is made by who counts, and a repeat of it counts once; `interaction` groups the questions of one encounter ("" = a single
    one). `at`: when it was asked (ms); a time to come is taken for now. `minutes` null = not said; `read_level` null = not rated.
    A place or patron type that left the library's list meanwhile is kept.
    """

    id: CountId
    library: Identifier
    at: Moment
    mode: QuestionMode
    kind: QuestionKind
    interaction: CountId | Literal[""] = ""
    place: ListWord = ""
    patron_type: ListWord = ""
    minutes: Annotated[int, Meta(ge=0, le=1440)] | None = None
    read_level: Annotated[int, Meta(ge=1, le=6)] | None = None
    codes: Annotated[list[Name], Meta(max_length=4)] = []
    question: CountedWords = ""
    answer: CountedWords = ""


class CountAsked(Asked):
    """Count these questions: all, or none where one of them can't be."""

    questions: Annotated[list[QuestionCounted], Meta(min_length=1, max_length=20)]


class Counted(Shown):
    """The ids that count now; those that were known already are left out."""

    fresh: list[str]


class CountedView(Shown):
    """A question that was counted. `mine`: by me. It has no colleague's name."""

    id: str
    interaction: str
    at: int
    mode: QuestionMode
    place: str
    patron_type: str
    kind: QuestionKind
    minutes: int | None
    read_level: int | None
    codes: list[str]
    question: str
    answer: str
    mine: bool
    taken_back: bool


class CountedDay(Shown):
    """What was counted on a day by the library's clock, newest first; 500 at most. `total` leaves out what was taken back."""

    library: str
    day: str
    total: int
    questions: list[CountedView]


class EndedQuestion(Shown):
    """One question of a conversation, as it was said at its end: `kind` "" = what the codes say, `read` 0 = not rated."""

    kind: QuestionKind | Literal[""]
    read: int


class CountedEnd(Shown):
    """What was said of a conversation at its end. `reference`: said against the rule of kinds; null = the rule holds."""

    descriptive: list[str]
    questions: list[EndedQuestion]
    reference: bool | None
