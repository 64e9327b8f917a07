"""The words the desk itself says, and the words for reasons: `bridge/words/desk.*.json`. English is complete; others come with
`Library.wording`.

A text is looked up in this order: the library's own script of that key ("greeting", "goodbye", ...; an empty one keeps the desk
silent), the library's catalogue, then English. Names in braces are filled in one pass, so that no patron's own name is
ever read as a name in braces.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bridge.contract import catalogues
from bridge.contract.language_tag import nearest
from routing.events import WhyRefused
from routing.organisation import Library

NAME = re.compile(r"\{([a-z_]+)\}")

CATALOGUE = "desk"
ENGLISH: Mapping[str, str] = {key: str(text) for key, text in catalogues.words(CATALOGUE, catalogues.ENGLISH).items()}


def words(library: Library, key: str, language: str = "") -> str:
    """Return the text of a catalogue key in a patron's `language` where we have it, else in the library's, else in English.

    A sentence that the library says its own way is said so to everybody.
    """
    here = library.wording.get(key) or ENGLISH.get(key, key)
    spoken = tongue(library, language)
    if not spoken or here != _in(catalogues.chosen(CATALOGUE, [library.language]), key):
        return here
    return _in(spoken, key) or here


def tongue(library: Library, language: str) -> str:
    """Return the language of ours that a patron's `language` is said in, "" where that is the library's."""
    if not language or language == library.language:
        return ""
    spoken = nearest([language], catalogues.tags(CATALOGUE))
    return "" if spoken == catalogues.chosen(CATALOGUE, [library.language]) else spoken


def _in(tag: str, key: str) -> str:
    found = catalogues.words(CATALOGUE, tag).get(key)
    return found if isinstance(found, str) else ENGLISH.get(key, "")


def opening(library: Library, language: str, at: int, told: str, timezone: str) -> str:
    """Return an opening at `at` (ms) in a patron's language; `told` is how the library tells it."""
    spoken = tongue(library, language)
    if not spoken or not told or not timezone:
        return told
    return catalogues.moment(at, timezone, spoken)


def fill(text: str, values: dict[str, str]) -> str:
    """Return `text` with each {name} filled from `values`; a name that is not there stays as it is."""
    return NAME.sub(lambda match: values.get(match[1], match[0]), text)


def notice(
    library: Library, event: str, variant: str, values: dict[str, str], *, elsewhere: bool = False, language: str = ""
) -> str:
    """Return what the desk says at `event`; "" when the library has chosen to say nothing.

    A variant ("greeting-nonlocal-named") has its own words, unless the library has a script of the plain event ("greeting").
    A script may say less than a patron must know. Then a sentence follows it: who has taken over, and from where; or which
    library a librarian from `elsewhere` works at, and which one they are helping.
    """
    key = f"{event}-{variant}" if variant else event
    scripts = {script.key: script.text for script in library.scripts if script.key in (key, event)}
    text = scripts.get(key, scripts.get(event))
    if text is None:
        return fill(words(library, f"notice.{key}", language), values)
    said = fill(text, values)
    missing = ""
    if event == "transferred":
        missing = "" if _names(said, values, "librarian", "home") else "notice.transferred"
    elif elsewhere and not _names(said, values, "home", "library"):
        missing = "notice.elsewhere"
    return f"{said} {fill(words(library, missing), values)}" if said and missing else said


def _names(said: str, values: dict[str, str], *names: str) -> bool:
    return all(values.get(name, "") in said for name in names)


def offer(library: Library, event: str, variant: str, kinds: str, language: str = "") -> str:
    """Return the sentence that offers to take an address of these kinds, "" where the library has words of its own."""
    key = f"{event}-{variant}" if variant else event
    own = any(script.key in (key, event) for script in library.scripts)
    translated = f"notice.{key}" in library.wording and f"notice.offer-{kinds}" not in library.wording
    return "" if own or translated or not kinds else words(library, f"notice.offer-{kinds}", language)


def reason(library: Library, why: WhyRefused, values: dict[str, str] | None = None) -> str:
    """Return the words for why an action was refused."""
    return fill(words(library, f"reason.{why}"), values or {})
