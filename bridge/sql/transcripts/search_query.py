"""The language of the search box: words, "words in quotes", -without, and filters such as `from:jane` or `before:2026-03`.

Every text is a question; none is an error. A filter that is not understood becomes a `QueryFault`, which names it, so that a page
can say what is wrong. Nothing is looked for then, since a filter that is left out would find too much.

A word with a colon that is no filter's name is only a word: "10:30", "re:" and addresses of pages are pasted often. A name that is
almost a filter's is taken for a slip of the finger.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Literal, get_args

import msgspec

from bridge.sql.transcripts.search_words import MOST_WORDS, Term, phrase, words

FilterKey = Literal["from", "library", "channel", "by", "before", "after", "code", "has", "is"]
KEYS: tuple[FilterKey, ...] = get_args(FilterKey)
HAS = ("file",)
IS = ("open", "waiting", "active", "snoozed", "closed")
WhyNot = Literal["no-filter", "no-value", "no-such", "no-day", "only-without", "too-many"]

LONGEST = 400  # characters of a question
MOST_FILTERS = 20
LIKE = 0.75  # of 1: how alike a name must be to be taken for a filter's

_QUOTES = str.maketrans("“”„«»＂：", '"""""":')
_TOKEN = re.compile(r'(?P<minus>-?)(?:(?P<key>[A-Za-z]{1,20}):)?(?P<value>"[^"]*(?:"|$)|[^\s"]*)')
_NUMBER = re.compile(r"\+?[\d\s()./-]{6,}")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


class QueryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """One filter as it was typed. `token` is the text of it; `excluded`: with a minus before it."""

    key: FilterKey
    value: str
    token: str
    excluded: bool = False


class QueryFault(msgspec.Struct, frozen=True, kw_only=True):
    """What was not understood, and why. `near`: what may have been meant, or what there is to choose from."""

    token: str
    reason: WhyNot
    near: tuple[str, ...] = ()


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A question, understood: all `terms`, none of those `without`, within the `filters`."""

    terms: tuple[Term, ...] = ()
    without: tuple[Term, ...] = ()
    filters: tuple[QueryFilter, ...] = ()
    faults: tuple[QueryFault, ...] = ()


def parse(text: str) -> SearchQuery:
    """Return what a text asks for. Never raises."""
    asked = text[:LONGEST].translate(_QUOTES)
    if asked.lstrip().startswith(("+", "00")) and _is_number(asked):
        return SearchQuery(terms=tuple(words(digits(asked), opens=True)))
    terms: list[Term] = []
    without: list[Term] = []
    filters: list[QueryFilter] = []
    faults: list[QueryFault] = []
    for match in _TOKEN.finditer(asked):
        if not match[0]:
            continue
        key = (match["key"] or "").lower()
        if key in KEYS:
            one = _filter(key, match)
            if isinstance(one, QueryFilter):
                filters.append(one)
            else:
                faults.append(one)
        elif key and (near := get_close_matches(key, KEYS, 1, LIKE)) and match["value"] and not _is_page(match):
            faults.append(QueryFault(token=match[0], reason="no-filter", near=(f"{near[0]}:{match['value']}",)))
        else:
            (without if match["minus"] else terms).extend(_terms(match, last=match.end() == len(asked)))
    if without and not terms:
        faults.append(QueryFault(token="", reason="only-without"))
    if len(filters) > MOST_FILTERS:
        faults.append(QueryFault(token="", reason="too-many"))
    return SearchQuery(
        terms=tuple(terms[:MOST_WORDS]),
        without=tuple(without[:MOST_WORDS]),
        filters=tuple(filters[:MOST_FILTERS]),
        faults=tuple(faults),
    )


def _is_page(match: re.Match[str]) -> bool:
    return match["value"].startswith("//")


def _terms(match: re.Match[str], *, last: bool) -> list[Term]:
    """Return the terms of a word or a phrase; a name before a colon that is no filter's is a word, too."""
    value = match["value"]
    if not value.startswith('"'):
        return words(f"{match['key'] or ''} {value}", opens=last and not match["minus"])
    one = phrase(value.strip('"'))
    return [*words(match["key"] or ""), *([one] if one is not None else [])]


def _filter(key: FilterKey, match: re.Match[str]) -> QueryFilter | QueryFault:
    value = match["value"].strip('"').strip()
    if not value:
        return QueryFault(token=match[0], reason="no-value")
    if key in ("has", "is"):
        known = HAS if key == "has" else IS
        if value.lower() not in known:
            return QueryFault(token=match[0], reason="no-such", near=tuple(f"{key}:{one}" for one in known))
        value = value.lower()
    return QueryFilter(key=key, value=value, token=match[0], excluded=bool(match["minus"]))


def _is_number(text: str) -> bool:
    """Whether a text is a telephone number, which people write in groups."""
    return bool(_NUMBER.fullmatch(text.strip())) and len(digits(text)) >= 6 and not _DAY.fullmatch(text.strip())


def digits(text: str) -> str:
    """Return the digits of a telephone number alone."""
    return "".join(char for char in text if char.isdigit())


def sender_terms(value: str) -> list[Term]:
    """Return the words of a name or an address of which each may be unfinished; a telephone number is one word."""
    if _is_number(value):
        return words(digits(value), opens=True)
    return [Term(one.pieces, True) for one in words(value)]


def day_of(value: str, today: date) -> date | None:
    """Return the first day of what a text names: a day, a month or a year, "today" or "yesterday"; None for what is none."""
    if value.lower() in ("today", "yesterday"):
        return today - timedelta(days=value.lower() == "yesterday")
    found = _DAY.fullmatch(value)
    if found is None or not 1900 <= int(found[1]) < 3000:
        return None
    try:
        return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))
    except ValueError:
        return None
