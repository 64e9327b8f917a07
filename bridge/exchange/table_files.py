"""Tables of text, CSV and JSON Lines, read a row at a time: memory holds one row, however large the file is.

Files of spreadsheets are met as they are: with a byte order mark, with semicolons, in UTF-16, with NULs. A row that cannot be read
is a fault, and the next one is tried. A quote that is never closed ends where a field becomes too long.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

from bridge.exchange.record import FilePlace, RowFault, word

MOST_FIELD = 4 * 2**20  # characters of a cell
MOST_ROW = 16 * 2**20  # characters of a line of the file
DELIMITERS = ",;\t|"
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_PACKED = {b"PK\x03\x04": "ZIP", b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7-Zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz"}

Cells = dict[str, Any]
FoundRow = tuple[FilePlace, Cells]


def packed(path: Path) -> str:
    """Return the name of the archive format that a file has, "" for none: an archive is unpacked by who trusts it."""
    with path.open("rb") as file:
        head = file.read(8)
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), "")


def opened(path: Path, encoding: str) -> IO[str]:
    """Open a file of text. What isn't in its encoding comes as half characters, which `bad_letters` sees."""
    with path.open("rb") as file:
        head = file.read(4)
    meant = encoding or next((name for bom, name in _BOMS.items() if head.startswith(bom)), "utf-8-sig")
    errors = "replace" if meant.casefold().startswith("utf-16") else "surrogateescape"
    return path.open(encoding=meant, errors=errors, newline="")


def bad_letters(text: str) -> bool:
    """Whether bytes of a text weren't in its encoding."""
    return not text.isascii() and any("\udc80" <= char <= "\udcff" for char in text)


class _Lines:
    """The lines of a file, without NULs. Raises csv.Error for one that is too long, and goes on behind it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MOST_ROW)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) >= MOST_ROW and not line.endswith(("\n", "\r")):
            while (rest := self._file.readline(MOST_ROW)) and not rest.endswith(("\n", "\r")):
                pass
            raise csv.Error("the line is too long")
        return line.replace("\0", "") if "\0" in line else line


def csv_rows(path: Path, encoding: str = "", delimiter: str = "") -> Iterator[FoundRow | RowFault]:
    """Yield the rows of a CSV file by the names in its first line."""
    csv.field_size_limit(MOST_FIELD)
    name = path.name
    with opened(path, encoding) as file:
        lines = _Lines(file)
        try:
            first = next(lines, "")
            header = next(csv.reader([first], delimiter=delimiter or _delimiter(first)), [])
        except csv.Error as error:
            yield RowFault(FilePlace(name, 1), "header", str(error))
            return
        header = [cell.strip() for cell in header]
        if not any(header):
            yield RowFault(FilePlace(name, 1), "header", "there are no names of columns")
            return
        reader = csv.reader(lines, delimiter=delimiter or _delimiter(first))
        while True:
            place = FilePlace(name, lines.number + 1)
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                until = f"; lines to {lines.number} are skipped" if lines.number > place.line else ""
                yield RowFault(place, "row", f"{error}{until}")
                continue
            if any(cells):
                yield _row(place, header, cells)


def _row(place: FilePlace, header: list[str], cells: list[str]) -> FoundRow | RowFault:
    if len(cells) > len(header) and any(cells[len(header) :]):
        return RowFault(place, "row", f"it has {len(cells)} cells, and the first line names {len(header)}")
    for name, cell in zip(header, cells, strict=False):
        if bad_letters(cell):
            return RowFault(place, word(name), "it is not UTF-8: name the file's encoding in the mapping file")
    return place, {name: cell for name, cell in zip(header, cells, strict=False) if name}


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=line.count)


def jsonl_rows(path: Path, encoding: str = "") -> Iterator[FoundRow | RowFault]:
    """Yield the objects of a file that has one a line."""
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with opened(path, encoding) as file:
        lines = _Lines(file)
        while True:
            place = FilePlace(path.name, lines.number + 1)
            try:
                line = next(lines, None)
                if line is None:
                    return
                if line.strip():
                    yield place, decode(line.strip())
            except csv.Error as error:
                yield RowFault(place, "row", str(error))
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                why = str(error) if isinstance(error, msgspec.DecodeError) else "it is not UTF-8, or nested too deeply"
                yield RowFault(place, "row", f"it is no JSON object: {why}")
