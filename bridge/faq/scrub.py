"""Persons taken out of words before they become an entry of the FAQ, or a search that found nothing.

A rule cannot know every name, so a librarian looks the words over and sees what was taken out. Taken out are mail addresses, phone
numbers, numbers of 8 to 14 digits (cards, matriculation, phones), queries of web addresses, the names that the conversation
knows, and the names after which people greet or sign (RUSA asks for care with questions that are used again).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

import msgspec

Kind = Literal["name", "mail", "number", "query"]
PLACES: dict[Kind, str] = {"name": "[name]", "mail": "[address]", "number": "[number]", "query": ""}

_MAIL = re.compile(r"(?:mailto:|xmpp:)?[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+", re.I)
_QUERY = re.compile(r"(https?://[^\s?#<>()]+)[?#][^\s<>()]*", re.I)
_NUMBER = re.compile(r"(?<![\w/])[+(]?\d(?:(?:[ ()/-]{0,2}|\.)\d){6,}(?!\w)")
_KEPT = re.compile(r"(?:1[0-9]|20)\d\d ?[-/–] ?(?:1[0-9]|20)\d\d|97[89](?:[ -]?\d){10}")  # years from and to, ISBN
_GREETING = re.compile(
    r"\b(?:my name is|i am called|ich heiße|mein name ist|je m'appelle|me llamo|regards,?|sincerely,?|cheers,?|grüßen?,?|dear|"
    r"mrs?\.|ms\.|herr|frau|prof\.|dr\.)\s+(?P<name>[^\W\d_][\w'-]+(?:\s+(?-i:[A-ZÀ-ÞА-Я])[\w'-]+){0,2})",
    re.I,
)
_ALLOWED_AFTER_DEAR = frozenset(("librarian", "librarians", "library", "sir", "madam", "all", "team", "colleagues"))
_SHORTEST_NAME = 2


class Removed(msgspec.Struct, frozen=True):
    """Something that was taken out, as it was."""

    kind: Kind
    text: str


def scrub(text: str, names: Iterable[str] = ()) -> tuple[str, list[Removed]]:
    """Return a text without persons, and what was taken out. `names` are those that the conversation knows."""
    removed: list[Removed] = []

    def out(kind: Kind, found: str) -> str:
        removed.append(Removed(kind, found))
        return PLACES[kind]

    def query(found: re.Match[str]) -> str:
        out("query", found[0][len(found[1]) :])
        return found[1]

    def number(found: re.Match[str]) -> str:
        digits = sum(char.isdigit() for char in found[0])
        kept = _KEPT.fullmatch(found[0]) or digits > 19
        return found[0] if kept else out("number", found[0])

    def greeted(found: re.Match[str]) -> str:
        if found["name"].casefold() in _ALLOWED_AFTER_DEAR:
            return found[0]
        return found[0][: -len(found["name"])] + out("name", found["name"])

    text = _QUERY.sub(query, text)
    text = _MAIL.sub(lambda found: out("mail", found[0]), text)
    text = _NUMBER.sub(number, text)
    text = _GREETING.sub(greeted, text)
    if pattern := _names(names):
        text = pattern.sub(lambda found: out("name", found[0]), text)
    return text, removed


def _names(names: Iterable[str]) -> re.Pattern[str] | None:
    """Return what finds the names whole and each of their parts, the longest first."""
    parts = {
        part for name in names for part in (name.strip(), *re.split(r"[\s,;@._-]+", name)) if len(part) > _SHORTEST_NAME
    }
    if not parts:
        return None
    return re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(parts, key=len, reverse=True))) + r")\b", re.I)
