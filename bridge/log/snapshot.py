"""Snapshots of the core's state: a start reads the newest snapshot and replays the log after it.

A snapshot is a list of parts: first its log position; then tables, a few hundred records a part; last a checksum over all before
it. Records are replaced, never changed. So the state must not change only while the dictionaries are copied. All work is done in
slices of a few milliseconds, between which the event loop does its other work.

Two snapshots are kept. The newest may be damaged, or have a form that this release does not read. Then the older one and the longer
log after it serve. A snapshot is right when replaying the log from the one before gives the same tables (`verify`).
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from itertools import islice
from types import GenericAlias
from typing import Any

import msgspec
import structlog

from bridge.redis.store import LogEntry, Store
from routing import core, wire
from routing.state import State

FORM = 1  # of this file's parts; the records look after themselves (fields are only ever added)
SLICE_S = 0.004
RECORDS = 200  # of one part
COPIED = 5_000  # records at a time
READ = 32  # log entries read at once

_log = structlog.get_logger(__name__)
_pack = msgspec.msgpack.Encoder().encode
_TABLES = {name: msgspec.msgpack.Decoder(GenericAlias(dict, (str, kind))) for name, kind in State.TYPES.items()}


class Unrecoverable(Exception):
    """Neither a snapshot nor the whole log is there to build the state from."""


class SnapshotMark(msgspec.Struct, frozen=True):
    """The log position of a snapshot."""

    form: int
    epoch: str
    seq: int
    last_input: str
    owes: int = 0  # the entry of an erasure whose traces are not gone yet: see core/erasure_trim.py


class _Part(msgspec.Struct, frozen=True, array_like=True):
    table: str
    records: msgspec.Raw


_mark = msgspec.msgpack.Decoder(SnapshotMark).decode
_part = msgspec.msgpack.Decoder(_Part).decode


class Loaded:
    """A state and its log position; seq 0 = the state of a desk that was never used."""

    def __init__(self, state: State, *, epoch: str = "", seq: int = 0, last_input: str = "0-0", owes: int = 0) -> None:
        self.state = state
        self.epoch = epoch
        self.seq = seq
        self.last_input = last_input
        self.owes = owes


class TimeSlice:
    """Lets the event loop work whenever SLICE_S has passed."""

    def __init__(self) -> None:
        self._began = time.perf_counter()

    async def draw(self) -> None:
        """Give way if it is time."""
        if time.perf_counter() - self._began > SLICE_S:
            await asyncio.sleep(0)
            self._began = time.perf_counter()


# ---- writing


async def copied(state: State) -> dict[str, dict[str, Any]]:
    """Return copies of the tables; the records are shared. The state must not change meanwhile."""
    time_slice = TimeSlice()
    copies: dict[str, dict[str, Any]] = {}
    for name, table in state.tables().items():
        copy = copies[name] = {}
        items = iter(table.items())
        while len(copy) < len(table):
            copy.update(islice(items, COPIED))
            await time_slice.draw()
    return copies


async def parts(tables: Mapping[str, Mapping[str, Any]], mark: SnapshotMark) -> AsyncIterator[bytes]:
    """Write tables down part by part."""
    time_slice = TimeSlice()
    head = _pack(mark)
    checksum = zlib.crc32(head)
    yield head
    for name, table in tables.items():
        for records in _chunks(table):
            part = _pack(_Part(name, msgspec.Raw(_pack(records))))
            checksum = zlib.crc32(part, checksum)
            yield part
            await time_slice.draw()
    yield _pack(checksum)


def _chunks(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    items = iter(table.items())
    while chunk := dict(islice(items, RECORDS)):
        yield chunk


# ---- reading


async def load_state(store: Store, *, before: bool = False) -> Loaded:
    """Return the newest snapshot that can be read (`before`: only the one before it), or a fresh state when there is none.

    The caller replays the log from there. Raises StoreError.
    """
    for older in (True,) if before else (False, True):
        raw = await store.read_snapshot(before=older)
        if not raw:
            continue
        try:
            return await _read(raw)
        except (msgspec.DecodeError, ValueError, KeyError) as error:
            _log.error("snapshot-unreadable", before=older, error=type(error).__name__, detail=str(error))
    return Loaded(State.fresh())


async def _read(raw: list[bytes]) -> Loaded:
    time_slice, checksum = TimeSlice(), 0
    for written in raw[:-1]:
        checksum = zlib.crc32(written, checksum)
        await time_slice.draw()
    if _pack(checksum) != raw[-1]:
        raise ValueError("the checksum does not agree")
    mark = _mark(raw[0])
    if mark.form != FORM:
        raise ValueError(f"form {mark.form} is not {FORM}")
    state = State.fresh()
    tables = state.tables()
    for encoded in raw[1:-1]:
        part = _part(encoded)
        tables[part.table].load(_TABLES[part.table].decode(part.records))
        await time_slice.draw()
    return Loaded(state, epoch=mark.epoch, seq=mark.seq, last_input=mark.last_input, owes=mark.owes)


async def replay(store: Store, loaded: Loaded, until: int) -> None:
    """Fold the log into a loaded state up to and including entry `until`. Raises Unrecoverable on a gap, StoreError."""
    time_slice = TimeSlice()
    async with aclosing(_entries(store, loaded.seq, until)) as entries:
        async for entry in entries:
            if entry.seq != loaded.seq + 1:
                raise Unrecoverable(f"the log holds nothing between entry {loaded.seq} and {entry.seq}")
            for step in wire.decode_steps(entry.steps):
                core.apply(loaded.state, step)
            loaded.epoch, loaded.seq, loaded.last_input = entry.epoch, entry.seq, entry.last_input
            await time_slice.draw()


async def _entries(store: Store, after: int, until: int) -> AsyncGenerator[LogEntry, None]:
    """Read the log after entry `after` up to and including `until`; read the next entries while the caller folds some."""
    reading = asyncio.create_task(store.read_log(after, count=READ))
    try:
        while after < until:
            entries = await reading
            if not entries:
                raise Unrecoverable(f"the log holds nothing after entry {after}, but ends at {until}")
            after = entries[-1].seq
            if after < until:
                reading = asyncio.create_task(store.read_log(after, count=READ))
            for entry in entries:
                if entry.seq <= until:
                    yield entry
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def verify(store: Store) -> list[str]:
    """Replay the log from the older snapshot to the newest and return the records that differ. Raises Unrecoverable, StoreError.

    [] when they agree, or when there are not two.
    """
    newest, rebuilt = await load_state(store), await load_state(store, before=True)
    if not newest.seq or (not rebuilt.seq and (await store.log_range())[0] > 1):
        return []
    await replay(store, rebuilt, newest.seq)
    return differences(rebuilt.state, newest.state)


def differences(one: State, other: State) -> list[str]:
    """Return `table/key` of every record in which two states differ."""
    found = []
    for name, table in one.tables().items():
        second = other.tables()[name]
        found += [f"{name}/{key}" for key in table.keys() | second.keys() if table.get(key) != second.get(key)]
    return found
