"""Conversations that an interface gives as JSON, with what was said inside, or in further objects that name the conversation.

Both products read so: `talks` gathers what stands alone first, on the disk, and gives each conversation all that was said in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from bridge.exchange.fields import Reading
from bridge.exchange.json_files import json_objects
from bridge.exchange.moments import moment
from bridge.exchange.record import (
    ConversationRecord,
    FilePlace,
    FileRemark,
    Items,
    RowFault,
    SpokenLine,
    UnreadableField,
    word,
)
from bridge.exchange.shelf import PieceShelf

Object = dict[str, Any]
Made = Callable[[FilePlace, str, Object, list[Object]], ConversationRecord]


class TalkShape(msgspec.Struct, frozen=True):
    """How a product names things.

    wrappers  the keys around its lists
    ids       where the id of a conversation stands, the first that says something
    inside    the list of its pieces, inside the conversation
    whose     in a piece that stands alone: the id of its conversation
    """

    wrappers: tuple[str, ...]
    ids: tuple[str, ...]
    inside: str
    whose: str

    def stands_alone(self, found: Object) -> bool:
        """Say whether an object is a piece of a conversation that is elsewhere."""
        return self.whose in found and self.inside not in found


def talks(files: Sequence[Path], shape: TalkShape, made: Made) -> Items:
    """Yield what `made` makes of each conversation with its pieces; a conversation that can't be read as a fault."""
    with PieceShelf() as shelf:
        for file in files:
            for row in json_objects(file, shape.wrappers):
                if not isinstance(row, RowFault) and shape.stands_alone(row[1]):
                    shelf.put(str(row[1][shape.whose]), msgspec.json.encode(row[1]))
        for file in files:
            for row in json_objects(file, shape.wrappers):
                if isinstance(row, RowFault):
                    yield row
                elif not shape.stands_alone(row[1]):
                    yield _whole(*row, shape, shelf, made)
        if len(shelf):
            yield FileRemark(f"{shape.inside} of {len(shelf)} conversations belong to none of these files")


def _whole(
    place: FilePlace, found: Object, shape: TalkShape, shelf: PieceShelf, made: Made
) -> ConversationRecord | RowFault:
    try:
        id = word(str(next((found[key] for key in shape.ids if found.get(key)), "")))
        if not id:
            raise UnreadableField(shape.ids[0], "it is missing")
        inside = found.get(shape.inside)
        pieces = [one for one in inside if isinstance(one, dict)] if isinstance(inside, list) else []
        pieces += [msgspec.json.decode(one, type=Object) for one in shelf.take(id)]
        return made(place, id, found, list({str(one.get("id", n)): one for n, one in enumerate(pieces)}.values()))
    except UnreadableField as error:
        return RowFault(place, error.field, str(error))


def part(found: Object, key: str) -> Object:
    """Return an object inside another, an empty one where there is none."""
    inside = found.get(key)
    return inside if isinstance(inside, dict) else {}


def topics(found: Object, key: str) -> tuple[str, ...]:
    """Return a list of labels, the first 50."""
    listed = found.get(key)
    return tuple(word(str(one)) for one in listed[:50]) if isinstance(listed, list) else ()


def at_of(found: Object, key: str, reading: Reading) -> int | None:
    """Return a time in ms, None where there is none. Raises UnreadableField."""
    value = found.get(key)
    if value in (None, "", 0):
        return None
    try:
        return moment(str(value), reading.zone, reading.mapping.time.format)
    except ValueError as error:
        raise UnreadableField(key, str(error)) from None


def opened(found: Object, lines: Sequence[SpokenLine], reading: Reading) -> int:
    """Return when a conversation began: as it says, else its first line. Raises UnreadableField where neither says."""
    at = at_of(found, "created_at", reading) or min((one.at for one in lines if one.at), default=None)
    if at is None:
        raise UnreadableField("created_at", "it is missing")
    return at


def last(lines: Sequence[SpokenLine]) -> int | None:
    """Return when the last line was said, None where no line says."""
    return max((one.at for one in lines if one.at), default=None)
