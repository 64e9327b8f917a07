"""Messages between colleagues: rooms, one-to-one talks, and the talk beside a conversation.

*Where they are kept.* In SQL alone, in tables of their own, and not in the ring. So no transcript, search, export or outbound
adapter can hold them, and forgetting has one place to look. The ring would put them into the log, snapshots and the tail of every
process. A message is committed before its sender hears that it is sent: SQL commits are synced to disk.
*How pages hear of them.* Each change of a consortium (a message, an edit, a deletion, a room) has a number, one higher than the one
before. The number is taken in the transaction of the change itself, from a row that stays locked until the commit. So who has read
up to a number has missed nothing below it. A notice over the live signals says that there is more; a lost notice is made good by
the next look. See `bridge.inbox.live.staff_news`.
*How long.* `sweep` deletes what is older than the days of the room's library. A room of several libraries goes by the strictest.
The talk beside a conversation goes with its transcript, at the latest (`bridge.sql.privacy.anonymise.blank`).

Rooms are named by what they are for:

    all                   everybody of the consortium
    library:<id>          a library's staff
    talk:<conversation>   beside a conversation: those who may see it
    room:<id>, pair:<id>  made by librarians, with members; a pair's two never change
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridge.contract.message import derive
from bridge.sql import tables
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.idempotency import KeyReused
from bridge.sql.rows import ignoring, replacing

DAY_MS = 86_400_000
PAGE = 50  # messages of a room read at once
MOST_CHANGES = 300  # told to a page that comes back; more is read afresh
MOST_MADE = 100  # rooms made by one librarian
EVERYBODY = "all"

RoomKind = Literal["all", "library", "talk", "room", "pair"]

_m = tables.staff_message.c
_r = tables.staff_room.c
_w = tables.staff_room_member.c
_p = tables.staff_position.c


class StaffMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message between colleagues. `seq` orders a room; `n` is its last change's number. Times are ms, 0 = never."""

    id: str
    room: str
    seq: int
    n: int
    at: int
    by: str
    text: str = ""
    edited_at: int = 0
    deleted: bool = False


class StaffRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room that librarians made, or a pair's: who is in it, and who was."""

    id: str
    name: str = ""
    made_by: str = ""
    made_at: int = 0
    n: int = 0
    members: tuple[str, ...] = ()
    former: tuple[str, ...] = ()


class StaffChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What changed after a number, in order, up to the number `upto`. `more`: too much, read everything afresh."""

    upto: int
    messages: list[StaffMessage] = []
    rooms: list[StaffRoom] = []
    more: bool = False


class TooManyRooms(Exception):
    """This librarian has made as many rooms as one may."""


class NotOwnMessage(Exception):
    """There is no such message of this librarian in the room, or it was deleted."""


def kind_of(room: str) -> str:
    """Return what kind of room an id names."""
    return room.partition(":")[0]


def talk_room(conversation: str) -> str:
    """Return the room beside a conversation."""
    return f"talk:{conversation}"


def conversation_of(room: str) -> str:
    """Return the conversation that a room is beside, "" for another kind of room."""
    kind, _, conversation = room.partition(":")
    return conversation if kind == "talk" else ""


class StaffMessages:
    """The rooms and messages of one consortium's staff. Who may see a room is asked elsewhere: `bridge.inbox.views.rooms`."""

    def __init__(self, engine: AsyncEngine, consortium: str) -> None:
        self._engine = engine
        self._writing = engine.execution_options(
            sqlite_write=True
        )  # readers take no lock that the archive's writer waits for
        self._consortium = consortium

    # ---- messages ----

    async def say(self, room: str, by: str, text: str, key: str) -> StaffMessage:
        """Keep a message; it is durable when this returns. The same `key` of the same librarian gives the message kept before.

        Raises KeyReused where that one had other words, or went to another room.
        """
        id = derive("staff message", self._consortium, by, key)
        async with self._writing.begin() as sql:
            n = await self._next(sql)
            row = {"id": id, "consortium": self._consortium, "room": room, "seq": n, "n": n}
            row |= {"at": now_ms(), "by": by, "text": text}
            await sql.execute(ignoring(sql.dialect.name, tables.staff_message), row)
            found = _message((await sql.execute(select(tables.staff_message).where(_m.id == id))).one())
        if found.room != room or (found.text != text and not found.edited_at):
            raise KeyReused
        return found

    async def change(self, room: str, id: str, by: str, text: str) -> StaffMessage:
        """Change the words of one's own message; "" deletes them, and a mark stays. Raises NotOwnMessage."""
        mine = (_m.consortium == self._consortium) & (_m.room == room) & (_m.id == id) & (_m.by == by) & ~_m.deleted
        async with self._writing.begin() as sql:
            n = await self._next(sql)
            values = {"n": n, "text": text, "edited_at": now_ms(), "deleted": not text}
            done = await sql.execute(update(tables.staff_message).where(mine).values(**values))
            if done.rowcount == 0:
                raise NotOwnMessage
            found = (await sql.execute(select(tables.staff_message).where(_m.id == id))).one()
        return _message(found)

    async def page(self, room: str, before: int = 0) -> list[StaffMessage]:
        """Return the newest messages of a room, or those before a `seq`, oldest first."""
        query = select(tables.staff_message).where(_m.consortium == self._consortium, _m.room == room)
        if before:
            query = query.where(_m.seq < before)
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query.order_by(_m.seq.desc()).limit(PAGE))).all()
        return [_message(row) for row in reversed(rows)]

    async def newest(self, rooms: Collection[str]) -> dict[str, StaffMessage]:
        """Return the newest message of each of these rooms that has one."""
        here = (_m.consortium == self._consortium) & _m.room.in_(list(rooms))
        last = select(func.max(_m.seq)).where(here).group_by(_m.room)
        query = select(tables.staff_message).where(_m.consortium == self._consortium, _m.seq.in_(last))
        async with self._engine.connect() as sql:
            rows = (await sql.execute(query)).all()
        return {row.room: _message(row) for row in rows}

    # ---- rooms ----

    async def room(self, id: str) -> StaffRoom | None:
        """Return a room that has members, None where there is none of this id."""
        async with self._engine.connect() as sql:
            found = await self._rooms(sql, [id])
        return found[0] if found else None

    async def rooms_of(self, librarian: str) -> list[StaffRoom]:
        """Return the rooms that a librarian is a member of."""
        async with self._engine.connect() as sql:
            query = select(_w.room).where(_w.librarian == librarian, ~_w.gone)
            return await self._rooms(sql, (await sql.scalars(query)).all())

    async def make(self, name: str, by: str, members: Collection[str], key: str) -> StaffRoom:
        """Make a room of `by` and these members; the same `key` gives the room made before. Raises TooManyRooms."""
        id = f"room:{derive('staff room', self._consortium, by, key)}"
        async with self._writing.begin() as sql:
            made = select(func.count()).select_from(tables.staff_room)
            count = await sql.scalar(made.where(_r.made_by == by, _r.consortium == self._consortium, _r.id != id))
            if (count or 0) >= MOST_MADE:
                raise TooManyRooms
            await self._put(sql, id, name, by, (by, *members))
            return (await self._rooms(sql, [id]))[0]

    async def pair(self, one: str, other: str) -> StaffRoom:
        """Return the room of two librarians, made when first asked for."""
        id = f"pair:{derive('staff pair', self._consortium, *sorted((one, other)))}"
        found = await self.room(id)
        if found is not None:
            return found
        async with self._writing.begin() as sql:
            await self._put(sql, id, "", one, (one, other))
            return (await self._rooms(sql, [id]))[0]

    async def members(self, id: str, by: str, add: Collection[str], remove: Collection[str]) -> StaffRoom:
        """Add and remove members. The messages of a room that nobody is in any more are deleted."""
        async with self._writing.begin() as sql:
            now = now_ms()
            for librarian in add:
                row = {"room": id, "librarian": librarian, "since": now, "by": by, "gone": False}
                keys = ["room", "librarian"]
                await sql.execute(replacing(sql.dialect.name, tables.staff_room_member, keys, row))
            left = (_w.room == id) & _w.librarian.in_(list(remove))
            await sql.execute(update(tables.staff_room_member).where(left).values(gone=True, by=by, since=now))
            await sql.execute(update(tables.staff_room).where(_r.id == id).values(n=await self._next(sql)))
            found = (await self._rooms(sql, [id]))[0]
            if not found.members:
                await sql.execute(delete(tables.staff_message).where(_m.consortium == self._consortium, _m.room == id))
        return found

    async def _put(self, sql: AsyncConnection, id: str, name: str, by: str, members: Sequence[str]) -> None:
        row = {"id": id, "consortium": self._consortium, "name": name, "made_by": by, "made_at": now_ms()}
        row["n"] = await self._next(sql)
        await sql.execute(ignoring(sql.dialect.name, tables.staff_room), row)
        people = [
            {"room": id, "librarian": one, "since": row["made_at"], "by": by, "gone": False}
            for one in dict.fromkeys(members)
        ]
        await sql.execute(ignoring(sql.dialect.name, tables.staff_room_member), people)

    async def _rooms(self, sql: AsyncConnection, ids: Collection[str]) -> list[StaffRoom]:
        here = select(tables.staff_room).where(_r.consortium == self._consortium, _r.id.in_(list(ids)))
        rooms = (await sql.execute(here.order_by(_r.made_at, _r.id))).all()
        members: dict[str, list[Any]] = {row.id: [] for row in rooms}
        people = select(tables.staff_room_member).where(_w.room.in_(list(members)))
        for row in (await sql.execute(people.order_by(_w.since, _w.librarian))).all():
            members[row.room].append(row)
        return [
            StaffRoom(
                id=row.id,
                name=row.name,
                made_by=row.made_by,
                made_at=row.made_at,
                n=row.n,
                members=tuple(one.librarian for one in members[row.id] if not one.gone),
                former=tuple(one.librarian for one in members[row.id] if one.gone),
            )
            for row in rooms
        ]

    # ---- what changed ----

    async def position(self) -> int:
        """Return the number of the last change."""
        async with self._engine.connect() as sql:
            return await self._position(sql)

    async def since(self, after: int) -> StaffChanges:
        """Return what changed after a number. A message that changed twice is told once, as it is now."""
        async with self._engine.connect() as sql:
            upto = await self._position(sql)
            if after >= upto:
                return StaffChanges(upto=upto, more=after > upto)  # a higher number is of another database
            here = (_m.consortium == self._consortium) & (_m.n > after) & (_m.n <= upto)
            query = select(tables.staff_message).where(here).order_by(_m.n).limit(MOST_CHANGES + 1)
            messages = [_message(row) for row in (await sql.execute(query)).all()]
            rooms = select(_r.id).where(_r.consortium == self._consortium, _r.n > after, _r.n <= upto)
            found = await self._rooms(sql, (await sql.scalars(rooms.limit(MOST_CHANGES + 1))).all())
        if len(messages) > MOST_CHANGES or len(found) > MOST_CHANGES:
            return StaffChanges(upto=upto, more=True)
        return StaffChanges(upto=upto, messages=messages, rooms=found)

    async def _position(self, sql: AsyncConnection) -> int:
        return await sql.scalar(select(_p.n).where(_p.consortium == self._consortium)) or 0

    async def _next(self, sql: AsyncConnection) -> int:
        """Return the number of the change that this transaction makes; others wait for its end."""
        await sql.execute(ignoring(sql.dialect.name, tables.staff_position), {"consortium": self._consortium, "n": 0})
        mine = _p.consortium == self._consortium
        await sql.execute(update(tables.staff_position).where(mine).values(n=_p.n + 1))
        return int(await sql.scalar(select(_p.n).where(mine)) or 0)

    # ---- forgetting ----

    async def sweep(self, days: Mapping[str, int], shared: int, now: int) -> int:
        """Delete messages older than the days of their room, before `now` (ms); 0 days = never. Returns how many.

        `days`: by library, for its own room. `shared`: for all other rooms. Rooms that nobody is in any more go, too.
        """
        gone = 0
        own = [f"library:{library}" for library in days]
        due = [(_m.room == f"library:{library}", kept) for library, kept in days.items()]
        async with self._writing.begin() as sql:
            for where, kept in [*due, (_m.room.not_in(own), shared)]:
                if kept:
                    old = (_m.consortium == self._consortium) & where & (_m.at < now - kept * DAY_MS)
                    gone += (await sql.execute(delete(tables.staff_message).where(old))).rowcount
            empty = (_r.consortium == self._consortium) & _r.id.not_in(select(_w.room).where(~_w.gone))
            left = (await sql.scalars(select(_r.id).where(empty, _r.made_at < now - DAY_MS))).all()
            await sql.execute(delete(tables.staff_room_member).where(_w.room.in_(left)))
            await sql.execute(delete(tables.staff_room).where(_r.id.in_(left)))
        return gone


def _message(row: Row[Any]) -> StaffMessage:
    return StaffMessage(
        id=row.id,
        room=row.room,
        seq=row.seq,
        n=row.n,
        at=row.at,
        by=row.by,
        text=row.text,
        edited_at=row.edited_at,
        deleted=bool(row.deleted),
    )
