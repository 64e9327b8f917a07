"""Who may see a room of colleagues, and how it is shown.

Everybody's room is for who works in the consortium, a library's for its staff, a made room and a pair's for their members. The talk
beside a conversation is for those who may see the conversation; those who may write are in it, of its library, or asked about it.
Once the conversation has ended, nobody writes there. A room that one may not see looks like one that does not exist.
"""

from __future__ import annotations

from typing import cast

import msgspec

from bridge.inbox.http.responses import not_found
from bridge.inbox.schema.colleagues import MessageView, RoomView
from bridge.inbox.services import InboxServices
from bridge.inbox.views import rows
from bridge.inbox.views.access import libraries_of, may_see_archived, sees
from bridge.sql.people.staff_messages import (
    EVERYBODY,
    RoomKind,
    StaffMessage,
    StaffRoom,
    conversation_of,
    kind_of,
    talk_room,
)
from bridge.sql.privacy.retention import strictest
from routing.access import active, consulted, speaks
from routing.consulting import may_consult
from routing.state import State

MADE = ("room", "pair")


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """A room as it is asked about: its id, and for a made one and a pair's who is in it and who was.

    `days`: how long its messages are kept, 0 = without end. It is worked out once for all who are shown the room.
    """

    id: str
    name: str = ""
    made_by: str = ""
    members: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    days: int = 0


class Days:
    """How long the messages of each room are kept: by its library, else by the strictest of the consortium."""

    def __init__(self, state: State) -> None:
        self._own = {one.id: one.staff_retention_days or one.retention_days for one in state.libraries.values()}
        self._shared = strictest(self._own)

    def of(self, room: str) -> int:
        """Return the days of a room, 0 = without end."""
        kind, _, rest = room.partition(":")
        return self._own.get(rest, 0) if kind == "library" else self._shared


def room_of(made: StaffRoom, days: Days) -> Room:
    """Return a room that is kept with its members."""
    return Room(
        id=made.id,
        name=made.name,
        made_by=made.made_by,
        members=made.members,
        former=made.former,
        days=days.of(made.id),
    )


def plain_room(id: str, days: Days) -> Room:
    """Return a room whose members are not kept: everybody's, a library's, or the talk beside a conversation."""
    return Room(id=id, days=days.of(id))


def in_room(state: State, me: str, room: Room) -> bool:
    """Say whether a librarian may see a room; of talks, those whose conversation the core holds."""
    if not active(state, me):
        return False
    kind, _, rest = room.id.partition(":")
    match kind:
        case "all":
            return room.id == EVERYBODY
        case "library":
            return rest in libraries_of(state, me)
        case "talk":
            it = state.conversations.get(rest)
            return it is not None and sees(state, me, it)
        case _:
            return me in room.members


def may_write(state: State, me: str, room: Room) -> bool:
    """Say whether a librarian who sees a room may write in it."""
    conversation = conversation_of(room.id)
    if not conversation:
        return True
    it = state.conversations.get(conversation)
    return it is not None and (may_consult(state, me, it) or consulted(state, me, it))


async def find_room(services: InboxServices, me: str, id: str) -> Room:
    """Return a room that a librarian may see. Raises Refusal 404."""
    state, kind = services.replica.state, kind_of(id)
    if len(id) > 300:
        raise not_found()
    days = Days(state)
    if kind in MADE:
        made = await services.staff_messages.room(id)
        room = room_of(made, days) if made is not None else None
        if room is None or not in_room(state, me, room):
            raise not_found()
        return room
    room = plain_room(id, days)
    conversation = conversation_of(id)
    if conversation and conversation not in state.conversations:
        talk = await services.reader.conversation(conversation) if len(conversation) <= 64 else None
        if talk is None or not active(state, me) or not may_see_archived(state, me, talk):
            raise not_found()
        return room
    if kind not in ("all", "library", "talk") or not in_room(state, me, room):
        raise not_found()
    return room


async def check_room(services: InboxServices, me: str, id: str) -> None:
    """Refuse (404) a room that does not exist or that the librarian may not see."""
    await find_room(services, me, id)


async def rooms_of(services: InboxServices, me: str) -> list[Room]:
    """Return the rooms that a librarian's page lists: talks are those that they are asked in, or whose conversation is theirs."""
    state = services.replica.state
    days = Days(state)
    found = [plain_room(id, days) for id in (EVERYBODY, *(f"library:{one}" for one in libraries_of(state, me)))]
    found += [room_of(made, days) for made in await services.staff_messages.rooms_of(me)]
    talks = {name for name in rows.own(state, me) | rows.asked_about(state, me) if _listed(state, me, name)}
    return found + [plain_room(talk_room(name), days) for name in sorted(talks)]


def _listed(state: State, me: str, conversation: str) -> bool:
    """Say whether the talk beside a conversation is among a librarian's rooms: it asks them, or it is theirs and asks others."""
    it = state.conversations.get(conversation)
    return it is not None and bool(it.consults) and (consulted(state, me, it) or speaks(me, it))


def room_view(state: State, me: str, room: Room, last: StaffMessage | None = None) -> RoomView:
    """Return a room as a librarian sees it."""
    kind, _, rest = room.id.partition(":")
    name = room.name
    if kind == "library":
        name = rows.library_name(state, rest)
    elif kind == "talk":
        it = state.conversations.get(rest)
        name = rows.patron_name(state, it) if it is not None else ""
    return RoomView(
        id=room.id,
        kind=cast(RoomKind, kind),
        name=name,
        members=list(room.members),
        made_by=room.made_by,
        conversation=conversation_of(room.id),
        listed=kind != "talk" or _listed(state, me, rest),
        can_write=may_write(state, me, room),
        days=room.days,
        last=message_view(state, last) if last is not None else None,
    )


def message_view(state: State, message: StaffMessage) -> MessageView:
    """Return a message as pages show it."""
    return MessageView(
        id=message.id,
        room=message.room,
        seq=message.seq,
        n=message.n,
        at=message.at,
        by=message.by,
        by_name=rows.name_of(state, message.by),
        text=message.text,
        edited_at=message.edited_at,
        deleted=message.deleted,
    )
