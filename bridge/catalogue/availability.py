"""Whether copies of a record are in, as the catalogue says it: DAIA 1.0 (JSON) or Koha's public interface.

Nothing is guessed: a copy of which the server says neither is told as unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from bridge.catalogue.fetching import bounded_get
from bridge.catalogue.problems import CatalogueProblem
from bridge.catalogue.settings import CatalogueConfig

MOST_COPIES = 50
_LENT = ("loan", "interloan")

CopyStatus = Literal["in", "on-loan", "here-only", "online", "away", "unknown"]


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """One copy: where it stands, and whether it's in. `due` is a date as the catalogue writes it, `waiting` people before one."""

    status: CopyStatus = "unknown"
    place: str = ""
    call_number: str = ""
    due: str = ""
    waiting: int = 0


async def copies_of(config: CatalogueConfig, record: str) -> list[Copy]:
    """Return the copies of a record, [] where this catalogue tells none. Raises CatalogueProblem."""
    if not config.availability or not record:
        return []
    daia = config.availability == "daia"
    base = config.availability_url.rstrip("/")
    url = config.availability_url if daia else f"{base}/api/v1/public/biblios/{quote(record, safe='')}/items"
    query = {"id": record, "format": "json"} if daia else {"_per_page": str(MOST_COPIES)}
    body = await bounded_get(url, query, accept="application/json", own_network=config.own_network)
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise CatalogueProblem("not-understood", "json") from None
    found = list(_daia(answer) if daia else _koha(answer))
    return found[:MOST_COPIES]


def _daia(answer: Any) -> Iterator[Copy]:
    for document in _tables(answer, "document"):
        for item in _tables(document, "item"):
            free = {re.split(r"[/#]", str(one.get("service", "")))[-1].lower() for one in _tables(item, "available")}
            taken = _tables(item, "unavailable")
            place = " ".join(filter(None, (_content(item, "department"), _content(item, "storage"))))
            yield Copy(
                status=_daia_status(free, taken),
                place=place,
                call_number=_text(item.get("label")),
                due=next((_text(one.get("expected")) for one in taken if one.get("expected")), ""),
                waiting=max((_count(one.get("queue")) for one in taken), default=0),
            )


def _daia_status(free: set[str], taken: list[dict[str, Any]]) -> CopyStatus:
    if free & set(_LENT):
        return "in"
    if free & {"openaccess", "remote"}:
        return "online"
    if "presentation" in free:
        return "here-only"
    if any(one.get("expected") for one in taken):
        return "on-loan"
    return "away" if taken else "unknown"


def _koha(answer: Any) -> Iterator[Copy]:
    for item in answer if isinstance(answer, list) else []:
        if isinstance(item, dict):
            yield Copy(
                status=_koha_status(item),
                place=" ".join(filter(None, (_text(item.get("holding_library_id")), _text(item.get("location"))))),
                call_number=_text(item.get("callnumber")),
                due=_text(item.get("checked_out_date"))[:10],
            )


def _koha_status(item: dict[str, Any]) -> CopyStatus:
    if item.get("lost_status") or item.get("withdrawn"):
        return "away"
    if item.get("checked_out_date"):
        return "on-loan"
    return "here-only" if item.get("not_for_loan_status") else "in"


def _tables(parent: Any, name: str) -> list[dict[str, Any]]:
    found = parent.get(name) if isinstance(parent, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _content(item: dict[str, Any], name: str) -> str:
    found = item.get(name)
    return _text(found.get("content")) if isinstance(found, dict) else ""


def _text(value: object) -> str:
    return " ".join(value.split())[:200] if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10_000 else 0
