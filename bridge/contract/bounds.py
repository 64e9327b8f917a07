"""Numbers from outside have bounds, in every field of every request and file.

A larger number fits no database column, and readers of JSON do not hold it exactly (RFC 8259 6). It is refused by the path of its
field; places in a list count from 1, as people count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LARGEST = (1 << 53) - 1


def out_of_bounds(value: Any, where: str = "") -> Iterator[str]:
    """Yield a sentence for each number in builtins (mappings, lists, …) that is too large; it names the number's path."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        if not -LARGEST <= value <= LARGEST:
            yield f"{where or 'a number'} is out of bounds: at most {LARGEST}"
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from out_of_bounds(one, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple):
        for n, one in enumerate(value, 1):
            yield from out_of_bounds(one, f"{where}[{n}]")
