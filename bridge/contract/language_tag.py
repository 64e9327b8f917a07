"""Language tags (BCP 47), read from what networks, mails and people write."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from babel.core import get_global

_SUBTAGS = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*", re.ASCII | re.IGNORECASE)
_TAG = re.compile(
    r"(?P<language>[a-z]{2,3}(?:-[a-z]{3}(?![a-z0-9]))?)(?:-(?P<script>[a-z]{4})(?![a-z0-9]))?"
    r"(?:-(?P<region>[a-z]{2}|[0-9]{3})(?![a-z0-9]))?",
    re.ASCII | re.IGNORECASE,
)
_LONGEST_TAG = 100
FROM_RIGHT = frozenset({"Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"})  # scripts (ISO 15924)


@lru_cache(1024)
def language_tag(text: str) -> str:
    """Return a language as a BCP 47 tag (RFC 5646 2.1): language, script and region, in the usual case; "" for a text that is none.

    Variants, extensions and private parts are dropped: none of our texts differs by them, and a name could hide in them. A locale
    of POSIX (`pt_BR.UTF-8@euro`) is read as its tag.
    """
    if len(text) > _LONGEST_TAG:
        return ""
    named = re.split(r"[.@]", text.strip(), maxsplit=1)[0].replace("_", "-")
    found = _TAG.match(named) if _SUBTAGS.fullmatch(named) else None
    if found is None:
        return ""
    parts = (found["language"].lower(), (found["script"] or "").title(), (found["region"] or "").upper())
    return "-".join(part for part in parts if part)


def nearest(wanted: Iterable[str], there: Collection[str]) -> str:
    """Return the tag of `there` that serves the first of `wanted` that can be served, "" for none (RFC 4647 3.4).

    A language in another script is another language to a reader: `zh-Hans` serves zh, zh-CN and zh-SG, but not zh-TW (CLDR's likely
    subtags say which script a region writes). Regions serve each other.
    """
    for one in wanted:
        tag = language_tag(one)
        if not tag:
            continue
        if tag in there:
            return tag
        for candidate in there:
            if _written(candidate) == _written(tag):
                return candidate
    return ""


def direction(tag: str) -> str:
    """Return in which direction a language is written, for the `dir` of HTML."""
    return "rtl" if _written(tag)[1] in FROM_RIGHT else "ltr"


@lru_cache(1024)
def _written(tag: str) -> tuple[str, str]:
    """Return the language of a tag and the script that it is written in, "" where CLDR doesn't know it."""
    language, *rest = language_tag(tag).split("-")
    script = next((part for part in rest if len(part) == 4), "")
    region = next((part for part in rest if len(part) in (2, 3) and not part.islower()), "")
    likely = get_global("likely_subtags")
    found = likely.get(f"{language}_{region}") or likely.get(language) or ""
    return language, script or next((part for part in found.split("_")[1:] if len(part) == 4), "")
