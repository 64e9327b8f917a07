"""Write ui/inbox/src/schema.ts from the structs of bridge/inbox: the pages and the interface cannot drift apart unseen.

    python -m tests.browser.inbox_types        writes the file; test_inbox_types.py fails when it is out of date

Only shapes travel (names, fields, which are always present); limits stay with the server, which enforces them.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import get_args

import msgspec

from bridge.inbox import schema
from bridge.inbox.schema import privacy
from bridge.inbox.schema import reports as numbers

TARGET = Path(__file__).parents[2] / "ui/inbox/src/schema.ts"
HEADER = """// Written from bridge/inbox/schema by `python -m tests.browser.inbox_types`. Do not edit: a test compares the two.
"""
SIMPLE = {
    "StrType": "string",
    "IntType": "number",
    "FloatType": "number",
    "BoolType": "boolean",
    "NoneType": "null",
    "AnyType": "unknown",
    "RawType": "unknown",
}


def rendered() -> str:
    structs = list(
        dict.fromkeys(
            part
            for room in (schema, privacy, numbers)
            for thing in vars(room).values()
            if _is_ours(thing)
            for part in _with_parts(thing)
        )
    )
    views = " | ".join(f'"{view}"' for view in get_args(schema.View))
    parts = [HEADER, f"export type View = {views};\n", *(_interface(struct) for struct in structs)]
    unions = ("ServerMessage", "ClientMessage")
    parts += [f"export type {name} = {_union(getattr(schema, name))};\n" for name in unions]
    return "\n".join(parts)


def _is_ours(thing: object) -> bool:
    bases = (schema.Shown, schema.Asked, schema.Told, schema.PageFrame)
    return inspect.isclass(thing) and issubclass(thing, bases) and thing not in bases


def _with_parts(struct: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """Return a struct after the structs of other rooms that it is made of."""
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    inside = [found for field in info.fields for found in _structs(field.type)]
    return [part for found in inside if found.__module__ != schema.__name__ for part in _with_parts(found)] + [struct]


def _structs(kind: msgspec.inspect.Type) -> list[type[msgspec.Struct]]:
    match kind:
        case msgspec.inspect.StructType(cls=cls):
            return [cls]
        case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item):
            return _structs(item)
        case msgspec.inspect.UnionType(types=types):
            return [found for one in types for found in _structs(one)]
        case _:
            return []


def _union(union: object) -> str:
    return " | ".join(part.__name__ for part in getattr(union, "__args__", ()))


def _interface(struct: type[msgspec.Struct]) -> str:
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    asked = issubclass(struct, schema.Asked | schema.PageFrame)
    tag = [f'  t: "{info.tag}";'] if issubclass(struct, schema.Told | schema.PageFrame) else []
    fields = [
        f"  {field.encode_name}{'?' if asked and not field.required else ''}: {_type(field.type)};"
        for field in info.fields
    ]
    doc = re.sub(r"\s+", " ", inspect.getdoc(struct) or "")
    return f"/** {doc} */\nexport interface {struct.__name__} {{\n" + "\n".join([*tag, *fields]) + "\n}\n"


def _type(kind: msgspec.inspect.Type) -> str:
    match kind:
        case msgspec.inspect.StructType(cls=cls):
            return cls.__name__
        case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item):
            inner = _type(item)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case msgspec.inspect.TupleType(item_types=items):
            return f"[{', '.join(_type(item) for item in items)}]"
        case msgspec.inspect.DictType(key_type=key, value_type=value):
            return f"Record<{_type(key)}, {_type(value)}>"
        case msgspec.inspect.UnionType(types=types):
            return " | ".join(_type(one) for one in types)
        case msgspec.inspect.LiteralType(values=values):
            return " | ".join(f'"{value}"' if isinstance(value, str) else str(value) for value in values)
        case _:
            return SIMPLE[type(kind).__name__]


if __name__ == "__main__":
    TARGET.write_text(rendered())
