"""TypeScript interfaces written from msgspec structs: what the inbox's and the widget's types have in common.

Only shapes travel (names, fields, which are always present); limits stay with the server, which enforces them.
"""

from __future__ import annotations

import inspect
import re

import msgspec

SIMPLE = {
    "StrType": "string",
    "IntType": "number",
    "FloatType": "number",
    "BoolType": "boolean",
    "NoneType": "null",
    "AnyType": "unknown",
    "RawType": "unknown",
}


def interface(struct: type[msgspec.Struct], *, tagged: bool, defaults_left_out: bool) -> str:
    """Return a struct as an interface. `tagged`: with its tag `t`. `defaults_left_out`: a field with a default may be absent."""
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    tag = [f'  t: "{info.tag}";'] if tagged else []
    fields = [
        f"  {field.encode_name}{'?' if defaults_left_out and not field.required else ''}: {_type(field.type)};"
        for field in info.fields
    ]
    doc = re.sub(r"\s+", " ", inspect.getdoc(struct) or "")
    return f"/** {doc} */\nexport interface {struct.__name__} {{\n" + "\n".join([*tag, *fields]) + "\n}\n"


def union(name: str, kinds: object) -> str:
    """Return a union of structs as a type of that name."""
    return f"export type {name} = {' | '.join(part.__name__ for part in getattr(kinds, '__args__', ()))};\n"


def structs_in(kind: msgspec.inspect.Type) -> list[type[msgspec.Struct]]:
    """Return the structs that a field's type is made of."""
    match kind:
        case msgspec.inspect.StructType(cls=cls):
            return [cls]
        case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item):
            return structs_in(item)
        case msgspec.inspect.UnionType(types=types):
            return [found for one in types for found in structs_in(one)]
        case _:
            return []


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
