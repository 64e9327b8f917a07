"""The organisation as one TOML file, for `deskbridge desk load` and `dump`.

    [[library]]
    id = "north"
    name = "North Library"
    timezone = "Europe/Berlin"
    hours = { weekly = { monday = ["09:00-18:00"] }, dates = { "2026-12-25" = [] } }
    [[library.queues]]   id = "north/reference", name = "Reference", tiers = [{ teams = ["north/desk"], after_s = 40 }]
    [[library.teams]]    id = "north/desk", name = "Desk", members = ["ana"]
    [[library.agreements]] queue = "south/reference", teams = ["north/desk"], when = "while-closed"
    [[library.librarians]] id = "ana", name = "Ana Ito", shown = "Ana"
    [[library.scripts]]  key = "greeting", title = "Greeting", text = "Hello!"

The ids of queues and teams begin with their library's. An agreement lets this library's teams answer in a partner's queue:
"always", "while-closed" (the partner) or "our-hours". Without the key `agreements`, a library keeps those it has; a new one agrees
to what the others ask of it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import msgspec
import tomli_w
from msgspec.structs import replace

from bridge.sql.people.calendar import Calendar, overlaps
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.people.organisation import Faulty, LibraryEntry, check
from bridge.sql.people.validation import own_faults
from routing.organisation import Library

_HIDDEN = ("revision", "removed", "openings", "opening_words", "since", "k")


def parse(text: str) -> list[LibraryEntry]:
    """Read libraries from TOML. Raises Faulty with everything that is wrong."""
    try:
        tables = tomllib.loads(text).get("library", [])
    except tomllib.TOMLDecodeError as error:
        raise Faulty([FieldFault("", f"not TOML: {error}")]) from None
    if not isinstance(tables, list) or not tables:
        raise Faulty([FieldFault("library", "no [[library]] in the file")])
    found: list[LibraryEntry] = []
    wrong: list[FieldFault] = []
    for n, table in enumerate(tables, 1):
        if not isinstance(table, dict):
            raise Faulty([FieldFault("library", "not a list of tables: begin each with [[library]]")])
        try:
            entry = _entry(table)
            faults = check(entry.library, entry.calendar) + own_faults(entry.library) + overlaps(entry.calendar)
            faults += [FieldFault("unknown key", key) for key in _unknown(table, entry)]
            wrong += [replace(fault, library=f"library {entry.library.id}") for fault in faults]
            found.append(entry)
        except msgspec.ValidationError as error:
            wrong.append(FieldFault("", str(error), f"library number {n}"))
    if wrong:
        raise Faulty(wrong)
    return found


def _entry(table: dict[str, Any]) -> LibraryEntry:
    rest = {key: value for key, value in table.items() if key != "hours"}
    library = msgspec.convert({"k": "library", "revision": 0} | rest, Library)
    return LibraryEntry(library=library, calendar=msgspec.convert(table.get("hours", {}), Calendar))


def _unknown(table: dict[str, Any], entry: LibraryEntry) -> Iterator[str]:
    """Yield the keys that nothing was made of, wherever they stand: hours that are not understood would be hours that never end."""
    rest = {key: value for key, value in table.items() if key != "hours"}
    yield from _lost(table.get("hours", {}), entry.calendar, "hours.")
    yield from _lost(rest, entry.library, "")


def _lost(given: Any, made: Any, where: str) -> Iterator[str]:
    if isinstance(made, tuple | list):
        for n, (one, other) in enumerate(zip(given, made, strict=True), 1):
            yield from _lost(one, other, f"{where.rstrip('.')}[{n}].")
    elif isinstance(made, dict):
        for key, value in given.items():
            yield from _lost(value, made[key], f"{where}{key}.")
    elif isinstance(made, msgspec.Struct):
        for key, value in given.items():
            if key in made.__struct_fields__:
                yield from _lost(value, getattr(made, key), f"{where}{key}.")
            elif key != "k":
                yield f"{where}{key}"


def dump(entries: list[LibraryEntry]) -> str:
    """Write libraries as TOML that `parse` reads back to the same."""
    return tomli_w.dumps({"library": [_table(entry) for entry in entries]})


def _table(entry: LibraryEntry) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(entry.library)
    table = {key: value for key, value in built.items() if key not in _HIDDEN and value is not None}
    hours = msgspec.to_builtins(entry.calendar)
    found: dict[str, Any] = _plain(table | ({"hours": hours} if hours else {}))
    return found


def _plain(value: Any) -> Any:
    """Drop what TOML has no word for, and the tags of our own types."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None and key != "k"}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
