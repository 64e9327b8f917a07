"""Which releases share the streams, and whether this one may work beside them.

A word of the streams is a kind of input or event, or a table of the snapshot. A new field has a default and is no word: old and new
daemons read it alike. Each process tells which words it reads. Each core tells, before it may lead, which words it may write, and
that is never taken back. From this follows, without a number that a person must raise:

    a daemon finds a spoken word that it does not read   it is too old: it refuses to start, or stops
    a core knows words that a process which lives lacks  it leaves the lead to an older core; if there is none, it leads, and the
                                                         process that lacks the words stops

So hosts are upgraded one after the other while the desk works, in any order.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import get_args

import msgspec
import structlog

from bridge.redis.holders import HOST
from bridge.redis.store import Store, StoreError
from routing.events import Event, Input
from routing.state import State

LOOK_S = 5.0
PATIENCE_S = 10.0  # for an older core to take a lease that nobody holds
DAY_MS = 86_400_000

log = structlog.get_logger("bridge.log.releases")


class TooOld(Exception):
    """The streams hold what this release does not read; the text says what to do."""


def words() -> frozenset[str]:
    """Return the words that this release reads and writes."""
    kinds = (("in", Input), ("log", Event))
    tags = {f"{stream} {kind.__struct_config__.tag}" for stream, union in kinds for kind in get_args(union)}
    return frozenset(tags | {f"table {name}" for name in State.TYPES})


class ProcessRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A daemon that shares a desk. `since`: when it started (Unix time, ms). `reads`: the words it knows. `schema`: the newest
    schema of the database that it knows."""

    process: str
    host: str = HOST
    release: str = ""
    roles: str = ""
    since: int = 0
    reads: frozenset[str] = frozenset()
    schema: str = ""


class Releases:
    """The processes of one consortium as this one sees them; `run` keeps looking. `alone`: no other can be there."""

    def __init__(
        self,
        store: Store,
        process: str,
        roles: str,
        *,
        reads: frozenset[str] | None = None,
        schema: str = "",
        alone: bool = False,
    ) -> None:
        self._store = store
        self._alone = alone
        self.own = ProcessRecord(
            process=process,
            release=version("deskbridge"),
            roles=roles,
            since=time.time_ns() // 1_000_000,
            reads=words() if reads is None else reads,
            schema=schema,
        )
        self.others: tuple[ProcessRecord, ...] = ()
        self.on_too_old: Callable[[TooOld], None] = lambda error: None

    @property
    def older(self) -> list[ProcessRecord]:
        """The processes that live and lack words of this release."""
        return [one for one in self.others if not self.own.reads <= one.reads]

    def lacking(self, schema: str) -> list[str]:
        """Name the daemons that live and cannot work with this schema of the database or a later one."""
        return [f"{one.release} on {one.host}" for one in self.others if one.schema < schema]

    async def check(self) -> None:
        """Look, and tell the others of this process. Raises TooOld, StoreError."""
        spoken = await self._store.spoken()
        if unknown := spoken.keys() - self.own.reads:
            release = max(spoken[word] for word in unknown)
            raise TooOld(
                f"Deskbridge {release} has written to the streams of {self._store.keys.consortium} what {self.own.release} "
                f"here cannot read ({', '.join(sorted(unknown)[:3])}): install {release} or later on this host"
            )
        await self._store.register(self.own.process, msgspec.json.encode(self.own))
        living = await self._store.living()
        found = [msgspec.json.decode(raw, type=ProcessRecord) for raw in (await self._store.registered()).values()]
        if not self._alone:  # else those that still seem to live were killed a moment ago
            self.others = tuple(one for one in found if one.process in living and one.process != self.own.process)
        gone = [one.process for one in found if one.process not in living and one.since < self.own.since - DAY_MS]
        await self._store.unregister(*gone)

    async def may_lead(self, held: Callable[[], bool]) -> None:
        """Return when a core of this release may lead, and say that it writes its words. `held`: whether a core runs now."""
        idle = 0.0
        told: list[str] = []
        while self.older and idle < PATIENCE_S:
            if (names := [f"{one.release} on {one.host}" for one in self.older]) != told:
                log.warning("the core waits for older daemons to be upgraded", older=names)
                told = names
            await asyncio.sleep(1.0)
            idle = 0.0 if held() else idle + 1.0
        await self._store.speak(self.own.reads, self.own.release)

    async def run(self) -> None:
        """Look until cancelled; a daemon that has become too old is told so once."""
        while True:
            try:
                await self.check()
            except TooOld as error:
                log.error("too-old", why=str(error))
                self.on_too_old(error)
                await asyncio.Event().wait()
            except StoreError as error:
                log.warning("releases-not-seen", error=type(error).__name__)
            await asyncio.sleep(LOOK_S)

    async def leave(self) -> None:
        """Take this process off the list; best effort."""
        try:
            async with asyncio.timeout(1):
                await self._store.unregister(self.own.process)
        except (StoreError, TimeoutError):
            pass
