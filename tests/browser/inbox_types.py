"""Write ui/inbox/src/schema.ts from the structs of bridge/inbox: the pages and the interface cannot drift apart unseen.

python -m tests.browser.inbox_types        writes the file; test_inbox_types.py fails when it is out of date
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import get_args

import msgspec

from bridge.inbox import schema
from bridge.inbox.schema import catalogue, counter, faq, patron_account, practice, privacy, sign_on, staff, training
from bridge.inbox.schema import reports as numbers
from tests.browser.typescript import interface, structs_in, union

TARGET = Path(__file__).parents[2] / "ui/inbox/src/schema.ts"
HEADER = """// Written from bridge/inbox/schema by `python -m tests.browser.inbox_types`. Do not edit: a test compares the two.
"""


def rendered() -> str:
    structs = list(
        dict.fromkeys(
            part
            for room in (
                schema,
                catalogue,
                counter,
                faq,
                patron_account,
                practice,
                privacy,
                staff,
                sign_on,
                training,
                numbers,
            )
            for thing in vars(room).values()
            if _is_ours(thing)
            for part in _with_parts(thing)
        )
    )
    views = " | ".join(f'"{view}"' for view in get_args(schema.View))
    parts = [HEADER, f"export type View = {views};\n", *(_interface(struct) for struct in structs)]
    unions = ("ServerMessage", "ClientMessage")
    parts += [union(name, getattr(schema, name)) for name in unions]
    return "\n".join(parts)


def _is_ours(thing: object) -> bool:
    bases = (schema.Shown, schema.Asked, schema.Told, schema.PageFrame)
    return inspect.isclass(thing) and issubclass(thing, bases) and thing not in bases


def _with_parts(struct: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    """Return a struct after the structs that it is made of."""
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    inside = [found for field in info.fields for found in structs_in(field.type)]
    return [part for found in inside for part in _with_parts(found)] + [struct]


def _interface(struct: type[msgspec.Struct]) -> str:
    return interface(
        struct,
        tagged=issubclass(struct, schema.Told | schema.PageFrame),
        defaults_left_out=issubclass(struct, schema.Asked | schema.PageFrame),
    )


if __name__ == "__main__":
    TARGET.write_text(rendered())
