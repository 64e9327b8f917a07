"""A record as CSL-JSON, which citation styles read (citation style language 1.0.2, "Citing in CSL-JSON")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.catalogue.marc import CatalogueRecord, RecordKind

_TYPES: Mapping[RecordKind, str] = {
    "book": "book",
    "journal": "book",
    "article": "article-journal",
    "map": "map",
    "score": "musical_score",
    "recording": "song",
    "video": "motion_picture",
    "other": "book",
}
_DATES = re.compile(r",\s*(?:ca?\.\s*)?\d{3,4}\??\s*-?\s*(?:\d{3,4}\??)?$")
_PART_PAGES = re.compile(r"(\d+\s*[-–]\s*\d+)")


def csl_item(record: CatalogueRecord) -> dict[str, Any]:
    """Return the item that a style is given; empty fields are left out. Where no author is, the editors stand for them."""
    authors, editors = (record.authors, record.editors) if record.authors else (record.editors, [])
    item: dict[str, Any] = {
        "id": "it",
        "type": _TYPES[record.kind],
        "title": record.title,
        "author": [_name(name) for name in authors],
        "editor": [_name(name) for name in editors],
        "issued": {"date-parts": [[int(record.year)]]} if record.year else {},
        "publisher": record.publisher,
        "publisher-place": record.place,
        "edition": record.edition,
        "ISBN": record.isbn,
        "ISSN": record.issn,
        "number-of-pages": record.pages,
        "collection-title": record.series,
        "container-title": record.container,
        "page": _part_pages(record.container_part),
        "URL": record.url if record.kind in ("article", "journal") else "",
    }
    return {key: value for key, value in item.items() if value}


def _name(name: str) -> dict[str, str]:
    """Return a name in parts; one without a comma is a body's, or a single name, and stays whole."""
    plain = _DATES.sub("", name).strip(" ,")
    family, comma, given = plain.partition(",")
    return {"family": family.strip(), "given": given.strip()} if comma and given.strip() else {"literal": plain}


def _part_pages(part: str) -> str:
    found = _PART_PAGES.search(part)
    return found[1] if found else ""
