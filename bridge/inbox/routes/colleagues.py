"""What colleagues write to each other: rooms, one-to-one talks, and the talk beside a conversation.

Each route that names a room refuses (404) who may not see it. A message is committed before it is answered: what the page shows as
sent is durable. Nothing here is an action of the core, and nothing reaches a patron: see `bridge.sql.people.staff_messages`.
The words are not kept with the Idempotency-Key; the message's id comes from the key, so a repeat gives the same message.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.contract.message import is_blank
from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, forbidden, key_reused, not_found, too_many
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.views.rooms import (
    Days,
    Room,
    find_room,
    in_room,
    may_write,
    message_view,
    room_of,
    room_view,
    rooms_of,
)
from bridge.sql.people.idempotency import KeyReused
from bridge.sql.people.staff_messages import (
    PAGE,
    NotOwnMessage,
    StaffMessage,
    TooManyRooms,
    conversation_of,
    kind_of,
)
from routing.access import active


async def colleagues(call: Call) -> schema.Colleagues:
    """My rooms, with the last message of each."""
    store = call.services.staff_messages
    at = await store.position()
    rooms = await rooms_of(call.services, call.me)
    newest = await store.newest([room.id for room in rooms])
    views = [room_view(call.state, call.me, room, newest.get(room.id)) for room in rooms]
    return schema.Colleagues(at=at, rooms=views)


async def colleague_changes(call: Call) -> schema.ColleagueChanges:
    """What changed after a number that the page holds, where I may see it."""
    found = await call.services.staff_messages.since(call.number("after", 0))
    days = Days(call.state)
    made = {one.id: room_of(one, days) for one in found.rooms}
    rooms: dict[str, Room] = {one.id: one for one in made.values() if in_room(call.state, call.me, one)}
    messages: list[schema.MessageView] = []
    for one in found.messages:
        room = rooms.get(one.room) or await _seen(call, one.room)
        if room is not None:
            rooms[room.id] = room
            messages.append(message_view(call.state, one))
    return schema.ColleagueChanges(
        at=found.upto,
        messages=messages,
        rooms=[room_view(call.state, call.me, room) for room in rooms.values()],
        gone=[one.id for one in made.values() if call.me in one.former],
        more=found.more,
    )


async def _seen(call: Call, id: str) -> Room | None:
    try:
        return await find_room(call.services, call.me, id)
    except Refusal:
        return None


async def room_messages(call: Call) -> schema.RoomMessages:
    """Messages of a room, the newest or those before one."""
    store = call.services.staff_messages
    room = await find_room(call.services, call.me, call.id)
    at = await store.position()
    found = await store.page(call.id, call.number("before", 0))
    conversation = conversation_of(call.id)
    if conversation:
        call.services.archive.access_audit.note(call.me, [conversation], "read")
    return schema.RoomMessages(
        at=at,
        room=room_view(call.state, call.me, room),
        messages=[message_view(call.state, one) for one in found],
        before=found[0].seq if len(found) >= PAGE else 0,
    )


async def say_in_room(call: Call) -> schema.MessageView:
    """Write to colleagues."""
    room = await _writable(call)
    try:
        said = await call.services.staff_messages.say(room.id, call.me, _words(call), call.key)
    except KeyReused:
        raise key_reused() from None
    return await _told(call, said)


async def edit_in_room(call: Call) -> schema.MessageView:
    """Change a message of mine; it is marked."""
    await _writable(call)
    return await _change(call, _words(call))


async def delete_in_room(call: Call) -> schema.MessageView:
    """Delete the words of a message of mine; a mark stays."""
    return await _change(call, "")


async def _change(call: Call, text: str) -> schema.MessageView:
    message = call.request.match_info["message"]
    try:
        changed = await call.services.staff_messages.change(call.id, message, call.me, text)
    except NotOwnMessage:
        raise forbidden("Only its author changes a message, and not one that was deleted.") from None
    return await _told(call, changed)


async def _told(call: Call, message: StaffMessage) -> schema.MessageView:
    await call.consortium.live.staff_news.tell(message.n)
    return message_view(call.state, message)


async def _writable(call: Call) -> Room:
    wait = call.services.limits.staff_messages.wait_s(call.me)
    if wait:
        raise too_many(wait)
    room = await find_room(call.services, call.me, call.id)
    if not may_write(call.state, call.me, room):
        raise forbidden("You can read this, but not write here.")
    return room


def _words(call: Call) -> str:
    asked: schema.MessageAsked = call.body
    if is_blank(asked.text):
        raise Refusal(422, "invalid", "text: there is nothing to send.")
    return asked.text


async def make_room(call: Call) -> schema.RoomView:
    """Make a room with some colleagues."""
    asked: schema.RoomAsked = call.body
    if is_blank(asked.name):
        raise Refusal(422, "invalid", "name: a room needs a name.")
    _check_known(call, "members", asked.members)
    try:
        made = await call.services.staff_messages.make(asked.name.strip(), call.me, asked.members, call.key)
    except TooManyRooms:
        raise Refusal(409, "refused", "You've made as many rooms as one librarian may. Leave one first.") from None
    await call.consortium.live.staff_news.tell(made.n)
    return room_view(call.state, call.me, room_of(made, Days(call.state)))


async def room_members(call: Call) -> schema.RoomView:
    """Add members, take some out, leave."""
    asked: schema.MembersAsked = call.body
    room = await find_room(call.services, call.me, call.id)
    if kind_of(room.id) != "room":
        raise forbidden("Only rooms that librarians made have members to change.")
    _check_known(call, "add", asked.add)
    if room.made_by != call.me and set(asked.remove) - {call.me}:
        raise forbidden("Only the librarian who made the room takes others out. You can leave it yourself.")
    if len({*room.members, *asked.add}) > schema.MEMBERS:
        raise Refusal(422, "invalid", f"add: a room has {schema.MEMBERS} members at most.")
    found = await call.services.staff_messages.members(room.id, call.me, asked.add, asked.remove)
    await call.consortium.live.staff_news.tell(found.n)
    return room_view(call.state, call.me, room_of(found, Days(call.state)))


def _check_known(call: Call, field: str, librarians: Sequence[str]) -> None:
    for n, one in enumerate(librarians, 1):
        if not active(call.state, one):
            raise Refusal(422, "invalid", f"{field}[{n}]: there is no such librarian.")


async def pair_room(call: Call) -> schema.RoomView:
    """The room of me and one colleague, made when first asked for."""
    other = call.request.match_info["librarian"]
    if other == call.me or not active(call.state, other):
        raise not_found()
    found = await call.services.staff_messages.pair(call.me, other)
    return room_view(call.state, call.me, room_of(found, Days(call.state)))


AFTER = Parameter("after", "`at` that the page holds", kind="integer", most=1 << 53, required=True)
BEFORE = Parameter("before", "`before` of the page that is held", kind="integer", most=1 << 53)
MESSAGES = "/rooms/{id}/messages"

ROUTES = (
    Route("GET", "/colleagues", "My rooms", colleagues, gives=schema.Colleagues),
    Route(
        "GET",
        "/colleagues/changes",
        "What colleagues wrote since",
        colleague_changes,
        gives=schema.ColleagueChanges,
        query=(AFTER,),
    ),
    Route(
        "PUT",
        "/colleagues/{librarian}/room",
        "The room of me and a colleague",
        pair_room,
        gives=schema.RoomView,
        also={404: schema.Problem},
    ),
    Route(
        "POST",
        "/rooms",
        "Make a room",
        make_room,
        asks=schema.RoomAsked,
        gives=schema.RoomView,
        keyed=True,
        also={409: schema.Problem},
    ),
    Route(
        "POST",
        "/rooms/{id}/members",
        "Change who is in a room",
        room_members,
        scope="room",
        asks=schema.MembersAsked,
        gives=schema.RoomView,
        keyed=True,
    ),
    Route(
        "GET", MESSAGES, "Messages of a room", room_messages, scope="room", gives=schema.RoomMessages, query=(BEFORE,)
    ),
    Route(
        "POST",
        MESSAGES,
        "Write to colleagues",
        say_in_room,
        scope="room",
        asks=schema.MessageAsked,
        gives=schema.MessageView,
        keyed=True,
        secret=True,
    ),
    Route(
        "PUT",
        MESSAGES + "/{message}",
        "Change a message of mine",
        edit_in_room,
        scope="room",
        asks=schema.MessageAsked,
        gives=schema.MessageView,
    ),
    Route(
        "DELETE",
        MESSAGES + "/{message}",
        "Delete a message of mine",
        delete_in_room,
        scope="room",
        gives=schema.MessageView,
    ),
)
