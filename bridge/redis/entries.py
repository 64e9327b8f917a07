"""The entries of the streams, as the store returns them, and how deliveries are packed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

PACK = 64  # deliveries of one out entry, as in store.lua

_unpack = msgspec.msgpack.Decoder(list[bytes]).decode


class InputEntry(msgspec.Struct, frozen=True, gc=False):
    """One batch of inputs. `at` is the server's millisecond: the only clock of the core."""

    id: str
    at: int
    payloads: list[bytes]


class LogEntry(msgspec.Struct, frozen=True, gc=False):
    """One commit: all steps of the `in` entries up to and including `last_input`."""

    epoch: str
    seq: int
    last_input: str
    steps: bytes


class OutEntry(msgspec.Struct, frozen=True, gc=False):
    """One delivery; `id` is `<seq>-<n>`, which orders deliveries as the log does."""

    id: str
    payload: bytes


STREAM_ID = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")


def check_id(id: str) -> None:
    """Raise ValueError for what is no id of a stream's entry: Redis reads "-" and "+" as the ends."""
    if not STREAM_ID.fullmatch(id):
        raise ValueError(f"not an id: {id[:40]!r}")


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
    """The inputs of commit `seq` that could not be decided. `at`: when they were set aside, ms."""

    id: str
    at: int
    seq: int
    payloads: list[bytes]

    @classmethod
    def read(cls, id: str, fields: Sequence[bytes]) -> DeadLetter:
        """Read an entry of `dead`."""
        named = dict(zip(fields[::2], fields[1::2], strict=True))
        return cls(id, int(id.partition("-")[0]), int(named[b"seq"]), _unpack(named[b"faulted"]))


class Pulse(msgspec.Struct, frozen=True, gc=False):
    """How the core looks from the store: its last commit, what its lease has left (ms, 0 = nobody holds it), and for how many ms
    the oldest input has waited for it (0 = none waits)."""

    seq: int
    epoch: str
    lease_ms: int
    waiting_ms: int
    waits: bool


class Head(msgspec.Struct, frozen=True, gc=False):
    """The last entry of the log; seq 0 = nothing was committed yet."""

    seq: int = 0
    epoch: str = ""
    last_input: str = "0-0"


def unpacked(rows: Iterable[Any], after: tuple[int, int] = (0, -1)) -> list[OutEntry]:
    """Unpack out entries without the deliveries up to `after`."""
    entries = []
    for id, fields in rows:
        seq, last = map(int, id.split(b"-"))
        payloads = _unpack(fields[1])
        first = last + 1 - len(payloads)
        skip = max(after[1] + 1 - first, 0) if seq == after[0] else 0
        entries += [OutEntry(f"{seq}-{first + i}", payloads[i]) for i in range(skip, len(payloads))]
    return entries


def unsettled(entry: str, left: Mapping[bytes, bytes]) -> bool:
    """Say whether the delivery `entry` is not settled: its mark in `left`, the hash of its channel, is not turned."""
    seq, n = entry.split("-")
    pack, place = divmod(int(n), PACK)
    return left.get(b"%s-%d" % (seq.encode(), pack), b"")[place : place + 1] == b"."
