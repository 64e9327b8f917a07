"""The FAQ for machines: a feed (Atom, RFC 4287), a sitemap (sitemaps.org 0.9), titles for the chat, schema.org's words for a
page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import msgspec

from bridge.faq.public_list import PublicEntry, PublicList

FEED_ENTRIES = 50
SITEMAP_ENTRIES = 49_000  # of one file


def entry_path(library: str, language: str, slug: str) -> str:
    """Return where an entry is, below the installation's own address."""
    return f"/faq/{quote(library, safe='')}/{quote(language)}/{quote(slug)}"


def titles(found: PublicList) -> bytes:
    """Return every public title and phrasing with its address, as JSON: the chat searches them in the patron's browser."""
    entries = [
        {"id": entry.id, "l": language, "t": title, "a": asked, "u": entry_path(found.library, language, slug)}
        for entry in found.entries
        for language, slug, title, asked in entry.texts
    ]
    return msgspec.json.encode({"version": found.version, "entries": entries})


def atom(found: PublicList, name: str, base: str) -> str:
    """Return the newest entries as a feed. `base` is the installation's own address."""
    newest = sorted(found.entries, key=lambda one: (-one.changed_at, one.id))[:FEED_ENTRIES]
    home = f"{base}/faq/{quote(found.library, safe='')}/"
    changed = _moment(max((one.changed_at for one in newest), default=0))
    rows = "".join(_atom_entry(one, found.library, base) for one in newest)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{_text(name)}</title><id>{_text(home)}</id><updated>{changed}</updated>"
        f'<author><name>{_text(name)}</name></author><link href="{_text(home)}"/>'
        f'<link rel="self" href="{_text(home)}feed.atom"/>{rows}</feed>\n'
    )


def _atom_entry(one: PublicEntry, library: str, base: str) -> str:
    language, slug, title, _ = one.texts[0]
    address = _text(base + entry_path(library, language, slug))
    return (
        f'<entry xml:lang="{_text(language)}"><title>{_text(title)}</title><id>{_text(base)}/faq/id/{_text(one.id)}</id>'
        f'<updated>{_moment(one.changed_at)}</updated><link href="{address}"/></entry>'
    )


def sitemap(lists: Iterable[PublicList], base: str) -> str:
    """Return the addresses of all public entries."""
    rows: list[str] = []
    for found in lists:
        for one in found.entries:
            for language, slug, _, _ in one.texts:
                if len(rows) < SITEMAP_ENTRIES:
                    where = _text(base + entry_path(found.library, language, slug))
                    rows.append(f"<url><loc>{where}</loc><lastmod>{_moment(one.changed_at)[:10]}</lastmod></url>")
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"{''.join(rows)}</urlset>\n"
    )


def described(title: str, answer: str, language: str) -> dict[str, Any]:
    """Return an entry in the words of schema.org (FAQPage, Question, Answer)."""
    question = {"@type": "Question", "name": title, "acceptedAnswer": {"@type": "Answer", "text": answer}}
    return {"@context": "https://schema.org", "@type": "FAQPage", "inLanguage": language, "mainEntity": [question]}


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(text: str) -> str:
    """Return a text that may stand in XML: without the signs that XML 1.0 has no place for."""
    return escape("".join(char for char in text if char >= " " or char in "\t\n"), {'"': "&quot;"})
