"""What a channel remembers beyond the process and beyond the host: rows by kind, the same for every process of the channel.

An adapter declares its kinds in `Capabilities.remembers`. A row has a key, a value of the adapter's own (JSON, say) and a time.
The rules:

- A row is durable when `put` returns, also on the replicas that the operator wants. A host that takes the channel over has it.
- One row a key: the one with the later time counts. So a row that comes twice, or late, changes nothing, and `put` may be repeated.
- Each kind is bounded: in number, and where it says so in time. Beyond its number the oldest rows go, or `put` refuses.
- An adapter writes no file of its own. `MemoryKind.former` names the file in which an earlier version kept the rows; the daemon
  moves them once, before anything else is read or written.

A channel that every process serves (`exclusive=False`) asks for single keys, since another process may have written a moment ago.
A channel that one process holds may load a kind at the start of its session and hold it: `held_rows.HeldRows`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

import msgspec

MAX_KEY = 2_048  # bytes
MAX_VALUE = 64 << 10
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """One row. `at` (ms by the daemon's clock) is when it became true; 0 = now, and a time ahead counts as now."""

    key: str
    value: bytes = b""
    at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryKind:
    """One kind of row.

    most      rows kept of one channel; beyond it `full` decides: the oldest go, or `put` raises Busy
    keep_ms   how long a row is kept after its time, 0 = until it is dropped
    former    the file in the channel's folder where earlier versions kept such rows, "" = none; `read` makes rows of its bytes
              and the time (ms) at which it was written. It leaves out what it cannot read: the last line may be cut
    """

    name: str
    most: int
    keep_ms: int = 0
    full: Literal["drop-oldest", "refuse"] = "drop-oldest"
    former: str = ""
    read: Callable[[bytes, int], Iterable[MemoryRow]] | None = None

    def faults(self) -> list[str]:
        """Return in words what is wrong with it."""
        wrong = (
            []
            if NAME.fullmatch(self.name)
            else [f"{self.name!r} is no name of a kind: a-z, 0-9 and hyphens, 40 at most"]
        )
        if self.most <= 0 or self.keep_ms < 0:
            wrong.append(f"{self.name}: it must be bounded by `most`, and `keep_ms` is not below 0")
        if bool(self.former) != (self.read is not None) or "/" in self.former or self.former.startswith("."):
            wrong.append(f"{self.name}: `former` is the plain name of a file, and `read` reads it")
        return wrong


def former_lines(raw: bytes, type_: type[T]) -> Iterator[T]:
    """Iterate over the values of a file with one JSON value a line. A line that is no such value is left out."""
    decode = msgspec.json.Decoder(type_).decode
    for line in raw.splitlines():
        with suppress(msgspec.DecodeError):  # half a line: the process died over it
            yield decode(line)


class Memory(Protocol):
    """The rows of one channel. All raise Busy while the store is away, and Undeclared for a kind that is not declared."""

    async def put(self, kind: MemoryKind, rows: Sequence[MemoryRow]) -> None:
        """Return once the rows are durable. A row that is older than the one under its key is left out.

        Raises Busy also when a kind that refuses is full: nothing was written then. Raises ValueError for a key over `MAX_KEY` or a
        value over `MAX_VALUE` bytes.
        """

    async def rows(self, kind: MemoryKind, keys: Collection[str] | None = None) -> list[MemoryRow]:
        """Return all rows, oldest first, or those of `keys` that are there."""

    async def drop(self, kind: MemoryKind, keys: Collection[str]) -> None:
        """Return once the rows of `keys` are durably gone."""
