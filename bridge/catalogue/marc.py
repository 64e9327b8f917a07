"""MARC 21 in XML as a record that people read: the dozen fields that a desk needs (loc.gov/marc/bibliographic).

Records of real catalogues are broken in every way: leaders too short, subfields without a code, no title. What can be read is
read; a record without a title is told as broken by the caller. ISBD punctuation at the end of a subfield is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

MOST_CHARACTERS = 600
MOST_NAMES = 10

RecordKind = Literal["book", "journal", "article", "map", "score", "recording", "video", "other"]


class CatalogueRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One record. `authors` and `editors` are as catalogued ("Family, Given", or a body's name); `year` as digits, "" = none."""

    id: str = ""
    kind: RecordKind = "book"
    title: str = ""
    authors: list[str] = []
    editors: list[str] = []
    year: str = ""
    publisher: str = ""
    place: str = ""
    edition: str = ""
    isbn: str = ""
    issn: str = ""
    pages: str = ""
    language: str = ""
    series: str = ""
    container: str = ""
    container_part: str = ""
    call_number: str = ""
    url: str = ""


class _Field:
    """One data field: its second indicator, and its subfields in order."""

    __slots__ = ("second", "subfields")

    def __init__(self, second: str, subfields: list[tuple[str, str]]) -> None:
        self.second = second
        self.subfields = subfields

    def all(self, codes: str) -> list[str]:
        return [text for code, text in self.subfields if code in codes and text]

    def one(self, code: str) -> str:
        return next(iter(self.all(code)), "")


_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")
_END = re.compile(r"[\s/:;,=]+$")
_STOP = re.compile(r"(?<=[^\s.]{3})\.$")
_YEAR = re.compile(r"(?<!\d)(1[0-9]{3}|20[0-9]{2})(?!\d)")
_ISBN = re.compile(r"[0-9][0-9 -]{8,16}[0-9Xx]")
_PAGES = re.compile(r"(\d+)\s*(?:p|pages?|S|Seiten)\b", re.I)
_EDITORS = {"edt", "ed", "editor", "hrsg", "herausgeber", "herausgeberin"}
_KINDS: dict[str, RecordKind] = {
    "e": "map", "f": "map", "c": "score", "d": "score", "i": "recording", "j": "recording", "g": "video", "k": "other",
    "m": "other", "o": "other", "p": "other", "r": "other",
}  # fmt: skip


def record_of(element: Any) -> CatalogueRecord:
    """Read one `record` element; whatever is missing stays empty."""
    leader, control, fields = _parts(element)
    names = _names(fields)
    title = next(iter([*fields.get("245", []), *fields.get("246", []), *fields.get("130", [])]), None)
    published = _publication(fields)
    host = next(iter(fields.get("773", [])), None)
    link = next((one for field in fields.get("856", []) for one in field.all("u") if _is_link(one)), "")
    return CatalogueRecord(
        id=control.get("001", ""),
        kind=_kind(leader, host is not None),
        title=_title(title) if title is not None else "",
        authors=names["author"],
        editors=names["editor"],
        year=_year(control.get("008", ""), published),
        publisher=_tidy(published.one("b")),
        place=_tidy(published.one("a")).strip("[]"),
        edition=_tidy(_first(fields, "250", "a")),
        isbn=_isbn(fields),
        issn=_first(fields, "022", "a"),
        pages=_pages(_first(fields, "300", "a")),
        language=_language(control.get("008", "")) or _first(fields, "041", "a")[:3],
        series=_tidy(_first(fields, "490", "a") or _first(fields, "830", "a")),
        container=_tidy(host.one("t")) if host is not None else "",
        container_part=_tidy(host.one("g")) if host is not None else "",
        call_number=_call_number(fields),
        url=link,
    )


def _parts(element: Any) -> tuple[str, dict[str, str], dict[str, list[_Field]]]:
    leader, control, fields = "", dict[str, str](), dict[str, list[_Field]]()
    for child in element:
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
        tag = str(child.get("tag") or "")
        if name == "leader":
            leader = child.text or ""
        elif name == "controlfield":
            control.setdefault(tag, (child.text or "")[:MOST_CHARACTERS] if tag == "008" else _clean(child.text))
        elif name == "datafield":
            subfields = [(str(one.get("code") or ""), _clean(one.text)) for one in child if isinstance(one.tag, str)]
            fields.setdefault(tag, []).append(_Field(str(child.get("ind2") or ""), [s for s in subfields if s[0]]))
    return leader, control, fields


def _clean(text: str | None) -> str:
    return _SPACE.sub(" ", text or "").strip()[:MOST_CHARACTERS]


def _tidy(text: str) -> str:
    return _STOP.sub("", _END.sub("", text)).strip()


def _first(fields: dict[str, list[_Field]], tag: str, code: str) -> str:
    return next((text for field in fields.get(tag, []) for text in field.all(code)), "")


def _title(field: _Field) -> str:
    title, *more = [*field.all("a"), *field.all("bnp")] or [""]
    sub = [_tidy(one) for one in more]
    return _tidy(": ".join([_tidy(title), *sub]) if title else ": ".join(sub))


def _names(fields: dict[str, list[_Field]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"author": [], "editor": []}
    for tag in ("100", "110", "111", "700", "710", "711"):
        for field in fields.get(tag, []):
            name = _tidy(field.one("a"))
            roles = {_tidy(role).lower().rstrip(".") for role in field.all("e4")}
            if name and not field.all("t"):  # with a title it's a work that is part of this one
                found["editor" if roles & _EDITORS else "author"].append(name)
    return {role: list(dict.fromkeys(names))[:MOST_NAMES] for role, names in found.items()}


def _publication(fields: dict[str, list[_Field]]) -> _Field:
    modern = [field for field in fields.get("264", []) if field.second in ("1", " ", "")]
    return next(iter([*modern, *fields.get("260", []), *fields.get("264", [])]), _Field("", []))


def _year(coded: str, published: _Field) -> str:
    year = coded[7:11]
    if _YEAR.fullmatch(year):
        return year
    told = _YEAR.search(published.one("c"))
    return told[0] if told else ""


def _kind(leader: str, part: bool) -> RecordKind:
    kind, level = (leader[6:7], leader[7:8]) if len(leader) >= 8 else ("a", "m")
    if kind in _KINDS:
        return _KINDS[kind]
    if level in ("i", "s"):
        return "journal"
    return "article" if level == "b" or (level == "a" and part) else "book"


def _isbn(fields: dict[str, list[_Field]]) -> str:
    for field in fields.get("020", []):
        if found := _ISBN.match(field.one("a")):
            digits = re.sub(r"[ -]", "", found[0])
            if len(digits) in (10, 13):
                return digits.upper()
    return ""


def _pages(extent: str) -> str:
    found = _PAGES.search(extent)
    return found[1] if found else ""


def _language(coded: str) -> str:
    code = coded[35:38]
    return code if re.fullmatch(r"[a-z]{3}", code) else ""


def _call_numbers(fields: dict[str, list[_Field]]) -> Iterator[str]:
    for tag, codes in (("852", "hij"), ("952", "o"), ("980", "d"), ("090", "ab"), ("050", "ab"), ("082", "a")):
        for field in fields.get(tag, []):
            yield " ".join(field.all(codes))


def _call_number(fields: dict[str, list[_Field]]) -> str:
    return next((found for found in _call_numbers(fields) if found), "")[:100]


def _is_link(text: str) -> bool:
    return text.startswith(("https://", "http://")) and " " not in text
