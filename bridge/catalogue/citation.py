"""A record cited in a style: APA, MLA, Chicago, DIN 1505-2, ISO 690, written by citeproc-py as plain text.

The styles are files in `styles/`, with their licence in NOTICE there. citeproc-py and lxml are loaded when somebody first cites.
A parsed style is kept; one thread at a time uses it, because it holds what is cited.
"""

from __future__ import annotations

import asyncio
import re
import warnings
from functools import lru_cache
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from bridge.catalogue.csl import csl_item
from bridge.catalogue.marc import CatalogueRecord

CitationStyle = Literal["apa", "mla", "chicago", "din", "iso690"]
STYLES: dict[CitationStyle, str] = {
    "apa": "apa",
    "mla": "modern-language-association",
    "chicago": "chicago-author-date",
    "din": "din-1505-2",
    "iso690": "iso690-author-date-en",
}
WHOLE_NAMES: tuple[CitationStyle, ...] = ("mla", "chicago")
FOLDER = Path(__file__).parent / "styles"
_LOCALES = {"de": "de-DE", "en": "en-US", "fr": "fr-FR", "es": "es-ES", "it": "it-IT", "nl": "nl-NL", "pl": "pl-PL"}
_STOPS = re.compile(r"\.( \.)+")
_INITIALS = re.compile(r' initialize-with="[^"]*"')
_MARKS = re.compile(r"</?(?:i|b|u|sup|sub|span)\b[^>]*>")


class Citations:
    """Cites records, one at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def cite(self, record: CatalogueRecord, style: CitationStyle, language: str = "en") -> str:
        """Return a record in a style, as one line of text; "" where the style makes nothing of it."""
        locale = "de-DE" if style == "din" else _LOCALES.get(language[:2].lower(), "en-US")
        async with self._turn:
            return await asyncio.to_thread(cite, record, style, locale)


def cite(record: CatalogueRecord, style: CitationStyle, locale: str) -> str:
    """Return a record in a style, as one line of text."""
    from citeproc import Citation, CitationItem, CitationStylesBibliography, formatter
    from citeproc.source.json import CiteProcJSON

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of what a style asks for and it does not do
        bibliography = CitationStylesBibliography(
            _style(style, locale), CiteProcJSON([csl_item(record)]), formatter.plain
        )
        bibliography.register(Citation([CitationItem("it")]))
        said = "".join(str(part) for part in bibliography.bibliography()[:1])
    plain = " ".join(_MARKS.sub("", unescape(said)).split())
    return plain if record.authors or record.editors else _title_once(plain, record.title)


def _title_once(said: str, title: str) -> str:
    """Drop the second of two titles: without an author a style begins with the title, and citeproc-py tells it again."""
    first = said.lower().find(title.lower())
    second = said.lower().find(title.lower(), first + 1) if first >= 0 else -1
    once = said if second < 0 else said[:second] + said[second + len(title) :].lstrip(". ")
    return _STOPS.sub(".", once).strip()


@lru_cache(maxsize=16)
def _style(style: CitationStyle, locale: str) -> Any:
    from citeproc import CitationStylesStyle

    text = (FOLDER / f"{STYLES[style]}.csl").read_text("utf-8")
    if (
        style in WHOLE_NAMES
    ):  # they say `initialize="false"`, which citeproc-py does not know: it'd shorten every given name
        text = _INITIALS.sub("", text)
    return CitationStylesStyle(BytesIO(text.encode()), locale=locale, validate=False)
