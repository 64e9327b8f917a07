"""Kinds of question, as the field counts them, and what follows from them.

ANSI/NISO Z39.7 and ISO 2789 count information contacts that involve knowledge or use of sources. Directions, schedules and help
with equipment are counted apart. So a question counts as a reference transaction if its kind is "reference". Of a contact with
both, one reference transaction is counted (IMLS, Public Libraries Survey). A librarian who says otherwise is believed.

A library's descriptive codes say which kind of question they are for. Where several say different kinds, "reference" goes first,
else the code that was named first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from bridge.contract.message import Close, QuestionKind, Recode
from routing.organisation import Library

MOST_QUESTIONS = 12  # of one conversation


def kind_of_codes(library: Library, codes: Iterable[str]) -> QuestionKind | Literal[""]:
    """Return the kind that descriptive codes say, "" where none of them says one."""
    said = [kind for code in codes if (kind := library.counter.code_kinds.get(code))]
    return "reference" if "reference" in said else next(iter(said), "")


def read_scale(deed: Close | Recode) -> int:
    """Return the level of a whole conversation: what was said of it, else the highest of its questions."""
    return deed.read_scale or max((one.read for one in deed.questions), default=0)


def counts_as_reference(library: Library, deed: Close | Recode) -> bool | None:
    """Say whether a conversation counts as a reference transaction: as the librarian says, else by its kinds; None = not known.

    A question without a kind of its own has that of the codes.
    """
    if deed.reference is not None:
        return deed.reference
    default = kind_of_codes(library, deed.descriptive)
    kinds = {one.kind or default for one in deed.questions} or {default}
    return "reference" in kinds if kinds != {""} else None
