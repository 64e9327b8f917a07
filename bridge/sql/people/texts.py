"""Scripts and the desk's own sentences: which there are, which names are filled in in them, and what is wrong with a library's.

A script whose key is a moment of the desk ("greeting", "closed") is said by the desk itself and may be empty, to say nothing.
Every other script is put into an answer by a librarian; there the composer fills in the names that it knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from bridge.sql.people.field_fault import FieldFault
from routing.organisation import Library, Script
from routing.wording import ENGLISH, NAME

IN_SCRIPTS = frozenset({"librarian", "library", "patron"})  # what the composer fills in
_ALWAYS = IN_SCRIPTS | {"home"}  # what the desk knows whenever it says something to a patron
_NOTICE = "notice."
_KEY = re.compile(r"[\w-]{1,40}")
_EDITED = ("notice.", "transcript.", "staff.")  # sentences that a library may say its own way
LONGEST_NAME = 80
LONGEST = 4000  # characters: of a script, of a sentence


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of the desk as it is without a library's own, and the names that are filled in in it."""

    key: str
    text: str
    names: list[str]


def moments() -> list[str]:
    """Return the moments at which the desk speaks by itself: each may have a script of that key."""
    return [key.removeprefix(_NOTICE) for key in ENGLISH if key.startswith(_NOTICE) and "offer-" not in key]


def sentences(catalogue: Mapping[str, str]) -> list[Sentence]:
    """Return the sentences that a library may change, in the language of `catalogue` where it has them."""
    return [
        Sentence(key=key, text=catalogue.get(key) or text, names=sorted(_names(key)))
        for key, text in ENGLISH.items()
        if key.startswith(_EDITED)
    ]


def _names(key: str) -> frozenset[str]:
    """Return the names that may stand in a sentence: those of its default, and in a notice what is known at each moment."""
    own = frozenset(NAME.findall(ENGLISH.get(key, "")))
    return own | _ALWAYS if key.startswith(_NOTICE) else own


def _names_of_script(key: str) -> frozenset[str]:
    """Return the names that may stand in a script: at a moment of the desk those of any sentence that it takes the place of."""
    kin = [one for one in moments() if one == key or one.startswith(f"{key}-")]
    return frozenset().union(*(_names(_NOTICE + one) for one in kin)) if kin else IN_SCRIPTS


def text_faults(library: Library) -> list[FieldFault]:
    """Return what is wrong with a library's scripts and its own sentences."""
    return [*script_faults(library.scripts), *_wording(library.wording)]


def script_faults(scripts: Sequence[Script]) -> Iterator[FieldFault]:
    """Yield what is wrong with scripts, of a library or of one librarian."""
    keys = [script.key for script in scripts]
    said_by_desk = frozenset(moments())
    for n, script in enumerate(scripts, 1):
        where = f"scripts[{n}]"
        if not _KEY.fullmatch(script.key):
            yield FieldFault(f"{where}.key", "a short word is needed: letters, digits, - and _, at most 40")
        elif script.key in keys[: n - 1]:
            yield FieldFault(f"{where}.key", f"{script.key!r} stands twice")
        if len(script.folder) > LONGEST_NAME or len(script.title) > LONGEST_NAME:
            yield FieldFault(f"{where}.title", f"title and folder have at most {LONGEST_NAME} characters each")
        if not script.title.strip():
            yield FieldFault(f"{where}.title", "a title is needed")
        if not script.text.strip() and script.key not in said_by_desk:
            yield FieldFault(f"{where}.text", "a text is needed")
        yield from _unfilled(f"{where}.text", script.text, _names_of_script(script.key))


def _wording(wording: Mapping[str, str]) -> Iterator[FieldFault]:
    for key, text in wording.items():
        if key.startswith(_NOTICE) and key not in ENGLISH:
            yield FieldFault(f"wording.{key}", "the desk has no such sentence any more: take it out")
        elif key in ENGLISH:
            yield from _unfilled(f"wording.{key}", text, _names(key))


def _unfilled(where: str, text: str, known: frozenset[str]) -> Iterator[FieldFault]:
    """Yield the names in braces that nothing fills in: patrons would read the braces."""
    if len(text) > LONGEST:
        yield FieldFault(where, f"it is longer than {LONGEST} characters")
    for name in dict.fromkeys(NAME.findall(text)):
        if name not in known:
            choices = ", ".join(f"{{{one}}}" for one in sorted(known)) or "none"
            yield FieldFault(where, f"{{{name}}} is never filled in here. Known names: {choices}")
