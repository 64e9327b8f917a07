"""Objects of a large JSON file, one at a time: an array, an array inside an answer of an interface, or object after object.

Only the brackets and strings are looked at to find where an object ends, so that memory holds one object. An object that is no
JSON is a fault, and the next one is tried. Behind a file that ends in the middle nothing can be said.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from bridge.exchange.record import FilePlace, RowFault
from bridge.exchange.table_files import Cells, FoundRow

CHUNK = 256 * 1024
MOST_OBJECT = 32 * 2**20  # bytes
PEEKED = 64 * 1024
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[{}\[\]]', re.DOTALL)
_BOM = b"\xef\xbb\xbf"


class _Source:
    """The bytes of a file that are held: those behind what was dropped."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.held = b""
        self.line = 1
        self._portion = CHUNK

    def more(self) -> bool:
        """Read on; the more is held, the more is read, so that a long string isn't looked through again and again."""
        self._portion = max(CHUNK, len(self.held))
        read = self._file.read(self._portion)
        self.held += read
        return bool(read)

    def drop(self, upto: int) -> None:
        self.line += self.held.count(b"\n", 0, upto)
        self.held = self.held[upto:]


def json_objects(path: Path, wrappers: Collection[str] = ()) -> Iterator[FoundRow | RowFault]:
    """Yield the objects of a file; in one that is a single object, those in the array under one of the keys `wrappers`."""
    decode = msgspec.json.Decoder(Cells).decode
    with path.open("rb") as file:
        source = _Source(file)
        while len(source.held) < PEEKED and source.more():
            pass
        source.drop(_begin(source.held, wrappers))
        nth = 0
        while True:
            nth += 1
            try:
                end = _next_object(source)
            except ValueError as error:
                yield RowFault(FilePlace(path.name, source.line, nth), "file", str(error))
                return
            if not end:
                return
            place = FilePlace(path.name, source.line, nth)
            raw = source.held[:end]
            source.drop(end)
            try:
                yield place, decode(raw)
            except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
                why = str(error) if isinstance(error, msgspec.DecodeError) else "it is not UTF-8, or nested too deeply"
                yield RowFault(place, "object", f"it is no JSON: {why}")


def _begin(head: bytes, wrappers: Collection[str]) -> int:
    """Return where the first object may begin."""
    start = len(_BOM) if head.startswith(_BOM) else 0
    first = head[start:].lstrip()[:1]
    if first == b"[":
        return head.index(b"[") + 1
    if first == b"{" and wrappers:
        names = "|".join(map(re.escape, wrappers))
        found = re.search(rf'"(?:{names})"\s*:\s*\['.encode(), head)
        if found is not None:
            return found.end()
    return start


def _next_object(source: _Source) -> int:
    """Drop what is before the next object and return where it ends, 0 = there is none. Raises ValueError."""
    while True:
        ahead = source.held.lstrip(b" \t\r\n,")
        if ahead:
            break
        source.drop(len(source.held))
        if not source.more():
            return 0
    source.drop(len(source.held) - len(ahead))
    if ahead[:1] == b"]":
        return 0
    if ahead[:1] != b"{":
        raise ValueError("there should be a JSON object; the rest of the file is skipped")
    depth, at = 0, 0
    while True:
        found = _TOKEN.search(source.held, at)
        whole = found is not None and (found[0][:1] != b'"' or bool(found[1]))
        if found is None or not whole:
            at = found.start() if found is not None else len(source.held)
            if len(source.held) > MOST_OBJECT:
                raise ValueError(f"an object is larger than {MOST_OBJECT // 2**20} MB; the rest of the file is skipped")
            if not source.more():
                raise ValueError("the file ends in the middle of an object")
            continue
        at = found.end()
        if found[0] in b"{[":
            depth += 1
        elif found[0] in b"}]":
            depth -= 1
            if not depth:
                return at
