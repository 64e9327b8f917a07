"""Search and Retrieve by URL (SRU 1.1 and 1.2): one question, and its answer read without trusting it.

The answer is XML of a stranger: no entities, no document type, no network (defusedxml). Elements are found by their local name,
because servers disagree about namespaces. A record may come as XML or as text that holds XML (`recordPacking=string`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from bridge.catalogue.cql import cql_query
from bridge.catalogue.fetching import bounded_get
from bridge.catalogue.marc import CatalogueRecord, record_of
from bridge.catalogue.problems import CatalogueProblem
from bridge.catalogue.profiles import Profile, SearchField

PAGE = 10
MOST_RECORDS = 20


class SruAnswer(msgspec.Struct, frozen=True):
    """How many records there are, those of this page, and how many of them could not be read."""

    total: int
    records: list[CatalogueRecord]
    broken: int = 0


async def ask_sru(profile: Profile, words: str, field: SearchField, start: int, *, own_network: bool) -> bytes:
    """Return the server's answer to `words`, from record `start` (1 = the first) on. Raises CatalogueProblem."""
    query = {
        "version": profile.version,
        "operation": "searchRetrieve",
        "query": cql_query(profile.indexes[field], words, exact=field == "isbn"),
        "startRecord": str(start),
        "maximumRecords": str(PAGE),
        "recordSchema": profile.schema,
        "recordPacking": "xml",
    }
    return await bounded_get(profile.url, query, accept="application/xml, text/xml", own_network=own_network)


def read_sru(body: bytes) -> SruAnswer:
    """Read an answer. Raises CatalogueProblem: `diagnostic` with the server's words, `not-understood` for what is no SRU."""
    root = parsed(body)
    if _local(root) not in ("searchRetrieveResponse", "explainResponse"):
        raise CatalogueProblem("not-understood", _local(root))
    found = [one for one in (_record(data) for data in _record_data(root)) if one is not None]
    if (said := _diagnostic(root)) and not found:
        raise CatalogueProblem("diagnostic", said)
    records = [one for one in found if one.title][:MOST_RECORDS]
    total = _number(_text(root, "numberOfRecords"))
    return SruAnswer(max(total, len(records)), records, broken=len(found[:MOST_RECORDS]) - len(records))


def parsed(body: bytes) -> Any:
    """Return the root of an XML document without entities. Raises CatalogueProblem."""
    try:
        return fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError) as error:
        raise CatalogueProblem("not-understood", type(error).__name__) from None


def _record_data(root: Any) -> Iterator[Any]:
    for records in (one for one in root if _local(one) == "records"):
        for record in (one for one in records if _local(one) == "record"):
            yield from (one for one in record if _local(one) == "recordData")


def _record(data: Any) -> CatalogueRecord | None:
    inside = next(iter(data), None)
    if inside is None and (data.text or "").strip().startswith("<"):
        try:
            inside = parsed(data.text.strip().encode())
        except CatalogueProblem:
            return CatalogueRecord()
    if inside is not None and _local(inside) == "collection":
        inside = next(iter(inside), None)
    if inside is None:
        return None
    return record_of(inside) if _local(inside) == "record" else CatalogueRecord()


def _diagnostic(root: Any) -> str:
    for one in root:
        if _local(one) == "diagnostics":
            for told in one:
                words = [_text(told, name) for name in ("message", "details")]
                return ": ".join(word for word in words if word) or _text(told, "uri") or "diagnostic"
    return ""


def _text(parent: Any, name: str) -> str:
    return next(((one.text or "").strip() for one in parent if _local(one) == name), "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _local(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
