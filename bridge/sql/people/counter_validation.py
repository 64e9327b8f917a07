"""What a library may say of its counter: short lists of different words, and a kind for codes that it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from bridge.contract.message import QuestionKind
from bridge.sql.people.field_fault import FieldFault
from routing.organisation import Library

MOST_WORDS = 36  # of a list: a digit or a letter for each
LONGEST_WORD = 80  # characters


def counter_faults(library: Library) -> Iterator[FieldFault]:
    """Yield what is wrong with the lists that staff count with."""
    yield from _words("counter.places", library.counter.places)
    yield from _words("counter.patron_types", library.counter.patron_types)
    for code, kind in library.counter.code_kinds.items():
        if code not in library.descriptive:
            yield FieldFault("counter.code_kinds", f"{code!r} is no descriptive code of this library")
        if kind not in get_args(QuestionKind):
            yield FieldFault("counter.code_kinds", f"{kind!r} is none of {', '.join(get_args(QuestionKind))}")


def _words(where: str, words: Sequence[str]) -> Iterator[FieldFault]:
    if len(words) > MOST_WORDS:
        yield FieldFault(where, f"there are more than {MOST_WORDS}")
    for n, one in enumerate(words, 1):
        if not 0 < len(one.strip()) <= LONGEST_WORD or not one.isprintable():
            yield FieldFault(f"{where}[{n}]", f"a text of at most {LONGEST_WORD} characters is needed")
        elif one in words[: n - 1]:
            yield FieldFault(f"{where}[{n}]", f"{one!r} stands twice")
