"""One counted question: where and when it was asked, what kind it was, and what it took.

Kinds follow the field (ANSI/NISO Z39.7, ISO 2789): only "reference" counts as a reference transaction; directional questions and
help with equipment are counted apart. READ (Gerlich, Berard) is said for each question. Questions with one `interaction` were
asked in one encounter with one patron.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from bridge.contract.message import QuestionKind

QuestionMode = Literal["walk_up", "phone", "roving", "consultation", "chat", "email", "sms", "other"]

MODES: tuple[QuestionMode, ...] = get_args(QuestionMode)
KINDS: tuple[QuestionKind, ...] = get_args(QuestionKind)


class CountedQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question that was counted.

    id            made by who counts: the same one counts once
    interaction   the encounter that it belongs to; of a single question, its own id
    library       whose desk it was asked at
    at_ms         when it was asked (ms since the epoch)
    recorded_ms   when the desk heard of it (ms)
    mode          how it was asked
    place         where, "" = not said; a word of the library's own list when it was counted
    patron_type   who asked, "" = not said; a word of the library's own list
    kind          which kind of question it was
    minutes       how long it took, None = not said
    read_level    1-6 on the READ scale, None = not rated
    codes         descriptive codes of the library
    question      what was asked, and `answer` what was said; None = not written, or forgotten by the library's retention
    by            who counted it; None = not known, or forgotten
    source        where it was imported from, with `source_id`, its id there; None = counted here
    voided_ms     when it was taken back (ms); such a one counts nowhere
    """

    id: str
    library: str
    at_ms: int
    recorded_ms: int
    mode: QuestionMode
    interaction: str = ""
    place: str = ""
    patron_type: str = ""
    kind: QuestionKind = "reference"
    minutes: int | None = None
    read_level: int | None = None
    codes: tuple[str, ...] = ()
    question: str | None = None
    answer: str | None = None
    by: str | None = None
    source: str | None = None
    source_id: str | None = None
    voided_ms: int | None = None

    def __post_init__(self) -> None:
        """A single question is an encounter of its own."""
        if not self.interaction:
            msgspec.structs.force_setattr(self, "interaction", self.id)
