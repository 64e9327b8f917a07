"""Rows of a file by our names of columns: by a mapping, or by what the file's own columns are called."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from bridge.exchange.fields import Reading, RowFields
from bridge.exchange.json_files import json_objects
from bridge.exchange.record import FilePlace, FileRemark, Item, Items, RowFault, UnreadableField, word
from bridge.exchange.table_files import Cells, FoundRow, csv_rows, jsonl_rows


def rows_of(file: Path, reading: Reading, wrappers: Sequence[str] = ()) -> Iterator[FoundRow | RowFault]:
    """Yield the rows of a file by what its name ends with: .json, .jsonl or .ndjson; a table otherwise."""
    mapping = reading.mapping
    match file.suffix.casefold():
        case ".jsonl" | ".ndjson":
            return jsonl_rows(file, mapping.encoding)
        case ".json":
            return json_objects(file, wrappers)
        case _:
            return csv_rows(file, mapping.encoding, mapping.delimiter)


def mapped(
    rows: Iterator[FoundRow | RowFault], reading: Reading, made: Callable[[RowFields, Reading, FilePlace], Item]
) -> Items:
    """Yield what is made of each row. Columns that the mapping names and the first row lacks are a fault of the file."""
    columns = reading.mapping.columns
    first = True
    for row in rows:
        if isinstance(row, RowFault):
            yield row
            continue
        place, cells = row
        if first:
            first = False
            yield from _unused(columns, cells, place)
        try:
            yield made(RowFields(picked(columns, cells), reading), reading, place)
        except UnreadableField as error:
            yield RowFault(place, named(columns, error.field), str(error))


def named(columns: Mapping[str, str], field: str) -> str:
    """Return a field as the file and we call it."""
    theirs = columns.get(field, "")
    return f"{field} ({theirs})" if theirs and theirs != field else field


def _unused(columns: Mapping[str, str], cells: Cells, place: FilePlace) -> Items:
    missing = [f"{ours} ({theirs})" for ours, theirs in columns.items() if _missing(cells, theirs)]
    if missing and place.nth == 0 and place.line <= 2:
        yield FileRemark(f"{place.file}: no column for {', '.join(missing)}")
    unused = [
        name
        for name in cells
        if name not in {theirs.partition(".")[0] for theirs in columns.values()} | set(columns.values())
    ]
    if unused:
        yield FileRemark(f"{place.file}: nothing is made of {', '.join(map(word, unused))}")


def _missing(cells: Cells, name: str) -> bool:
    return name not in cells and name.partition(".")[0] not in cells


def picked(columns: Mapping[str, str], cells: Cells) -> dict[str, Any]:
    """Return the cells by our names; a name with dots goes into objects."""
    return {ours: reached(cells, theirs) for ours, theirs in columns.items()}


def reached(cells: Any, name: str) -> Any:
    if isinstance(cells, dict) and name in cells:
        return cells[name]
    head, dot, rest = name.partition(".")
    return reached(cells[head], rest) if dot and isinstance(cells, dict) and head in cells else None


def columns_by_header(names: Sequence[str], known: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Return our names with the columns whose names fit, spaces and case aside; the first of a list that fits counts."""
    folded = {re.sub(r"[^a-z0-9]", "", name.casefold()): name for name in reversed(names)}
    return {ours: folded[one] for ours, many in known.items() for one in reversed(many) if one in folded}


def headed(
    file: Path, reading: Reading, known: dict[str, tuple[str, ...]], wrappers: Sequence[str] = ()
) -> tuple[Iterator[FoundRow | RowFault], Reading]:
    """Return the rows of a file, and the rules with its columns: those that the mapping names, else those whose names fit."""
    rows = rows_of(file, reading, wrappers)
    before: list[FoundRow | RowFault] = []
    names: list[str] = []
    for row in rows:
        before.append(row)
        if not isinstance(row, RowFault):
            names = list(row[1])
            break
    columns = columns_by_header(names, known) | reading.mapping.columns
    return chain(before, rows), replace(reading, mapping=replace(reading.mapping, columns=columns))
