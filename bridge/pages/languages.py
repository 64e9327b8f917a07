"""The languages of the public pages (`bridge/words/pages.*.json`), and which of them a reader gets.

The order: what the address asks for (`?language=de`), what the browser prefers (Accept-Language, RFC 9110 12.5.4), the
library's own language, English. A page says in which language it is, and links to itself in the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from babel import Locale
from babel.core import UnknownLocaleError

from bridge.contract import catalogues

CATALOGUE = "pages"
ENGLISH = catalogues.ENGLISH
MOST_ASKED = 20  # of a browser's preferences, however long its header is


def languages() -> Mapping[str, str]:
    """Return the languages that there are words in: their tag and their own name."""
    return {tag: words(tag)["language"] for tag in catalogues.tags(CATALOGUE)}


def words(language: str) -> Mapping[str, str]:
    """Return the words of a language that `languages` names; English where one is missing. Where words hold a number, use `say`."""
    both = {**catalogues.words(CATALOGUE, ENGLISH), **catalogues.words(CATALOGUE, language)}
    return {key: entry if isinstance(entry, str) else entry["other"] for key, entry in both.items()}


def say(language: str, key: str, **values: object) -> str:
    """Return one text filled in, in the plural form that its `n` asks for; numbers are written as the language writes them."""
    return catalogues.say(CATALOGUE, language, key, **values)


def chosen(asked: str, accepted: str, own: str) -> str:
    """Return the language for a reader: `asked` by the address, `accepted` by the browser, `own` of the library."""
    return catalogues.chosen(CATALOGUE, (asked, *_preferred(accepted), own))


def _preferred(accepted: str) -> Iterator[str]:
    """Yield the tags of an Accept-Language header, the most wanted first; what cannot be read is left out."""
    found = []
    for n, part in enumerate(accepted.split(",")[:MOST_ASKED]):
        tag, _, weight = part.partition(";")
        try:
            wanted = float(weight.strip().removeprefix("q=")) if weight else 1.0
        except ValueError:
            continue
        if wanted > 0:
            found.append((-wanted, n, tag.strip()))
    return (tag for _, _, tag in sorted(found))


@cache
def locale(language: str, country: str = "") -> Locale:
    """Return how a language writes dates and numbers (CLDR), as in a country (ISO 3166, two letters) where it is known there."""
    for tag in (f"{language}-{country}" if country else language, language):
        try:
            return Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    return Locale.parse(ENGLISH)
