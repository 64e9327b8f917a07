"""What differs between two editions of a library, field by field, and how such a change is taken back.

A library is compared as a document: plain values, every default written out, its hours under `hours`. Lists whose entries have an
id (librarians, queues, teams) or another key of their own (scripts) are compared entry by entry. So two people who edit two
entries don't meet. All other lists count whole: the order of tiers or of codes says something.

To undo a change is to put each `before` in place, where the document still has the `after`. A field that somebody changed since is
a conflict: it is named and left as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from bridge.sql.people.calendar import Calendar
from routing.organisation import Library

Document = dict[str, Any]
Kind = Literal["changed", "added", "removed", "moved"]

_UNDO_ORDER: tuple[Kind, ...] = (
    "moved",
    "added",
    "changed",
    "removed",
)  # what was removed comes back last, first place first
_WORKED_OUT = ("revision", "openings", "opening_words", "removed")
_ENTRY_KEYS = ("id", "key", "name", "title", "queue")


class Difference(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field or entry that differs. `path` leads to it by names and entries' keys.

    `moved` has the keys of a list in both orders. `at` is where a removed entry stood.
    """

    path: tuple[str, ...]
    kind: Kind = "changed"
    before: Any = None
    after: Any = None
    at: int = 0


def whole(value: Any) -> Any:
    """Return a struct as plain values with nothing left out; the organisation's own structs omit defaults on the wire."""
    if isinstance(value, msgspec.Struct):
        return {name: whole(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [whole(one) for one in value]
    if isinstance(value, dict):
        return {key: whole(one) for key, one in value.items()}
    return msgspec.to_builtins(value)


def document(library: Library, calendar: Calendar) -> Document:
    """Return a library and its hours as one document, without what is worked out."""
    found: Document = {key: one for key, one in whole(library).items() if key not in _WORKED_OUT}
    for person in found["librarians"]:
        del person["since"], person["coordinator"]
    for queue in found["queues"]:
        del queue["openings"], queue["opening_words"]
    return found | {"hours": whole(calendar)}


def from_document(found: Document) -> tuple[Library, Calendar]:
    """Return the library and the hours of a document. Raises msgspec.ValidationError where it is none of this release."""
    rest = {key: one for key, one in found.items() if key != "hours"}
    library = msgspec.convert({"k": "library", "revision": 0} | rest, Library)
    return library, msgspec.convert(found["hours"], Calendar)


def differences(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[Difference]:
    """Yield what differs between two values of documents."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_mappings(before, after, path)
    elif key := _entry_key(before, after):
        old, new = ({one[key]: one for one in entries} for entries in (before, after))
        yield from _of_mappings(old, new, path)
        stay, now = [key for key in old if key in new], [key for key in new if key in old]
        if stay != now:
            yield Difference(path=path, kind="moved", before=stay, after=now)
    else:
        yield Difference(path=path, before=before, after=after)


def _of_mappings(before: dict[str, Any], after: dict[str, Any], path: tuple[str, ...]) -> Iterator[Difference]:
    for at, (key, value) in enumerate(before.items()):
        if key in after:
            yield from differences(value, after[key], (*path, key))
        else:
            yield Difference(path=(*path, key), kind="removed", before=value, at=at)
    for key, value in after.items():
        if key not in before:
            yield Difference(path=(*path, key), kind="added", after=value)


def _entry_key(*lists: Any) -> str:
    """Return a key that every entry of these lists has, and no two of one list alike; "" where there is none."""
    if not all(isinstance(one, list) for one in lists) or not any(lists):
        return ""
    return next((key for key in _ENTRY_KEYS if all(_names(key, one) for one in lists)), "")


def _names(key: str, entries: list[Any]) -> bool:
    found = [one.get(key) if isinstance(one, dict) else None for one in entries]
    return all(isinstance(name, str) and name for name in found) and len(set(found)) == len(found)


# ---- undo ----------------------------------------------------------------------------------------------------------------------


def undone(now: Document, made: list[Difference]) -> tuple[Document, list[Difference]]:
    """Return the document without a change, and the differences that others have overtaken, which stay."""
    found = msgspec.json.decode(msgspec.json.encode(now))
    in_turn = sorted(made, key=lambda one: (_UNDO_ORDER.index(one.kind), one.at))
    overtaken = [one for one in in_turn if not _take_back(found, one)]
    return found, [one for one in made if one in overtaken]


def _take_back(found: Document, one: Difference) -> bool:
    """Put one difference's `before` in place; False where the document has something else than its `after`."""
    holder = _at(found, one.path[:-1])
    if one.kind == "moved":
        return _reorder(_at(found, one.path), one)
    if isinstance(holder, list):
        return _take_back_entry(holder, one)
    if not isinstance(holder, dict):
        return False
    name = one.path[-1]
    if (name in holder) is (one.kind == "removed") or (name in holder and holder[name] != one.after):
        return False
    if one.kind == "added":
        del holder[name]
    else:
        holder[name] = one.before
    return True


def _take_back_entry(entries: list[Any], one: Difference) -> bool:
    place = _place(entries, one.path[-1])
    if one.kind == "removed":
        if place < 0:
            entries.insert(one.at, one.before)
        return place < 0
    if place < 0 or entries[place] != one.after:
        return False
    if one.kind == "added":
        del entries[place]
    else:
        entries[place] = one.before
    return True


def _reorder(entries: Any, one: Difference) -> bool:
    key = _entry_key(entries)
    if not key:
        return False
    names = [entry[key] for entry in entries]
    if [name for name in names if name in one.after] != [name for name in one.after if name in names]:
        return False
    order = {name: n for n, name in enumerate(one.before)}
    places = [n for n, name in enumerate(names) if name in order]
    moved = sorted((entries[n] for n in places), key=lambda entry: order[entry[key]])
    for n, entry in zip(places, moved, strict=True):
        entries[n] = entry
    return True


def _at(found: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if isinstance(found, dict):
            found = found.get(name)
        elif isinstance(found, list) and (place := _place(found, name)) >= 0:
            found = found[place]
        else:
            return None
    return found


def _place(entries: list[Any], name: str) -> int:
    """Return where a list has an entry of this name, -1 for nowhere."""
    key = _entry_key(entries)
    return next((n for n, one in enumerate(entries) if key and one[key] == name), -1)
