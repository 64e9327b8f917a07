"""The FAQ as a file: JSON with everything, CSV for spreadsheets, both ways.

A file is read whole and looked over before anything is kept: one entry that is wrong, and nothing changes. An entry with an id that
the library has, or with the same question in the same language, is changed; others are new. A second import of one file changes
nothing. Cells that a spreadsheet would take for a formula get an apostrophe before them (OWASP, CSV injection), which the import
takes away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from msgspec.structs import replace

from bridge.sql.faq.entries import AddressTaken, FaqEntries
from bridge.sql.faq.entry import FaqEntry, entry_faults
from bridge.sql.people.field_fault import FieldFault

Format = Literal["json", "csv"]
FORMAT, VERSION = "deskbridge-faq", 1
MOST_BYTES, MOST_ENTRIES = 50 * 1024 * 1024, 20_000
COLUMNS = ("id", "state", "topics", "language", "title", "body", "asked", "slug", "review_by", "owner", "featured")
_FORMULA = frozenset("=+-@\t\r\n\u2212＝＋－＠")


class FaultyFile(Exception):
    """A file that cannot be taken in; `found` says what is wrong, by entry and field."""

    def __init__(self, found: Sequence[FieldFault]) -> None:
        super().__init__("; ".join(map(str, found)))
        self.found = tuple(found)


class Imported(msgspec.Struct, frozen=True):
    """How many entries an import made, changed, and found as they are."""

    made: int = 0
    changed: int = 0
    same: int = 0


class _File(msgspec.Struct):
    format: str
    version: int
    entries: list[dict[str, Any]]


def to_json(entries: Sequence[FaqEntry]) -> str:
    """Return entries as a file, without what only this installation knows: revisions, times, conversations, files."""
    kept = ("id", "state", "owner", "review_by", "topics", "related", "featured", "texts")
    rows = [{name: msgspec.to_builtins(getattr(entry, name)) for name in kept} for entry in entries]
    body = msgspec.json.encode({"format": FORMAT, "version": VERSION, "entries": rows})
    return msgspec.json.format(body, indent=1).decode() + "\n"


def to_csv(entries: Sequence[FaqEntry]) -> str:
    """Return entries as a table: a row for each text."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(COLUMNS)
    for entry in entries:
        for text in entry.texts:
            cells = (
                entry.id, entry.state, "; ".join(entry.topics), text.language, text.title, text.body, "\n".join(text.asked),
                text.slug, entry.review_by, entry.owner, "yes" if entry.featured else "",
            )  # fmt: skip
            table.writerow([_defused(cell) for cell in cells])
    return out.getvalue()


def _defused(cell: str) -> str:
    return f"'{cell}" if cell[:1] in _FORMULA or cell.startswith("'") else cell


def read(raw: bytes, kind: Format, library: str) -> list[FaqEntry]:
    """Return the entries of a file, looked over. Raises FaultyFile."""
    if len(raw) > MOST_BYTES:
        raise FaultyFile([FieldFault("file", f"at most {MOST_BYTES // 2**20} MB")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FaultyFile([FieldFault("file", "write it in UTF-8")]) from None
    if "\x00" in text:
        raise FaultyFile([FieldFault("file", "it holds NUL, which no text has")])
    entries = list(_from_json(text, library) if kind == "json" else _from_csv(text, library))
    if len(entries) > MOST_ENTRIES:
        raise FaultyFile([FieldFault("entries", f"at most {MOST_ENTRIES}")])
    found = [
        FieldFault(f"entries[{n}].{fault.field}", fault.says)
        for n, entry in enumerate(entries, 1)
        for fault in entry_faults(entry)
    ]
    if found:
        raise FaultyFile(found[:100])
    return entries


def _from_json(text: str, library: str) -> Iterator[FaqEntry]:
    try:
        file = msgspec.json.decode(text, type=_File)
    except msgspec.DecodeError as error:
        raise FaultyFile([FieldFault("file", str(error))]) from None
    if file.format != FORMAT or file.version != VERSION:
        raise FaultyFile([FieldFault("format", f"it is not {FORMAT} version {VERSION}")])
    for n, one in enumerate(file.entries, 1):
        known = {
            name: one[name] for name in one if name in FaqEntry.__struct_fields__ and name not in ("files", "source")
        }
        try:
            yield replace(
                msgspec.convert({**known, "library": library}, FaqEntry),
                revision=0,
                made_at=0,
                changed_at=0,
                changed_by="",
            )
        except msgspec.ValidationError as error:
            raise FaultyFile([FieldFault(f"entries[{n}]", str(error))]) from None


def _from_csv(text: str, library: str) -> Iterator[FaqEntry]:
    csv.field_size_limit(2**20)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise FaultyFile([FieldFault("file", str(error))]) from None
    if missing := {"language", "title", "body"} - {name for row in rows[:1] for name in row if name}:
        raise FaultyFile([FieldFault("columns", f"missing: {', '.join(sorted(missing))}")])
    grouped: dict[str, list[dict[str, str]]] = {}
    for n, row in enumerate(rows, 1):
        cells = {name: _plain(cell) for name, cell in row.items() if name and isinstance(cell, str)}
        grouped.setdefault(cells.get("id") or f"row {n}", []).append(cells)
    for same in grouped.values():
        yield _entry(same, library)


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell


def _entry(rows: list[dict[str, str]], library: str) -> FaqEntry:
    first = rows[0]
    texts = [
        {
            "language": row.get("language", ""), "title": row.get("title", ""), "body": row.get("body", ""),
            "slug": row.get("slug", ""), "asked": [line.strip() for line in row.get("asked", "").splitlines() if line.strip()],
        }
        for row in rows
    ]  # fmt: skip
    values = {
        "library": library, "id": first.get("id", ""), "state": first.get("state") or "draft", "texts": texts,
        "topics": [one.strip() for one in first.get("topics", "").split(";") if one.strip()],
        "review_by": first.get("review_by", ""), "owner": first.get("owner", ""),
        "featured": first.get("featured", "").casefold() in ("yes", "true", "1"),
    }  # fmt: skip
    try:
        return msgspec.convert(values, FaqEntry)
    except msgspec.ValidationError as error:
        raise FaultyFile([FieldFault(first.get("title", "")[:60] or "entries", str(error))]) from None


async def take_in(store: FaqEntries, library: str, entries: Sequence[FaqEntry], by: str) -> Imported:
    """Keep entries; see the module's header. Raises FaultyFile for an address that another entry has: those before it are kept."""
    held = await store.of_library(library)
    by_id = {one.id: one for one in held}
    by_question = {(text.language, text.title): one for one in held for text in one.texts}
    done = {"made": 0, "changed": 0, "same": 0}
    for n, entry in enumerate(entries, 1):
        before = by_id.get(entry.id) or by_question.get((entry.texts[0].language, entry.texts[0].title))
        wanted = _merged(before, entry) if before is not None else replace(entry, id="")
        if wanted == before:
            done["same"] += 1
            continue
        try:
            await store.save(wanted, by)
        except AddressTaken as taken:
            raise FaultyFile([FieldFault(f"entries[{n}].slug", f"another entry has {taken.slug}")]) from None
        done["changed" if before is not None else "made"] += 1
    return Imported(**done)


def _merged(before: FaqEntry, entry: FaqEntry) -> FaqEntry:
    """Return what is kept with what the file says: files, and addresses where the file names none, stay."""
    slugs = {text.language: text.slug for text in before.texts}
    texts = tuple(replace(text, slug=text.slug or slugs.get(text.language, "")) for text in entry.texts)
    changed = {name: getattr(entry, name) for name in ("state", "owner", "review_by", "topics", "related", "featured")}
    return replace(before, texts=texts, **changed)
