"""Rooms and messages between colleagues."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from bridge.inbox.schema.types import Asked, Identifier, Shown

MESSAGE = 4_000  # characters
NAME = 80
MEMBERS = 200


class MessageView(Shown):
    """A message between colleagues. `seq` orders a room, the higher `n` is newer; a deleted one has no words."""

    id: str
    room: str
    seq: int
    n: int
    at: int
    by: str
    by_name: str
    text: str
    edited_at: int = 0
    deleted: bool = False


class RoomView(Shown):
    """A room: everybody's, a library's, one that librarians made, a pair's, or the talk beside a conversation."""

    id: str
    kind: Literal["all", "library", "talk", "room", "pair"]
    name: str  # "" for a pair: the name of the other one is shown; "" for everybody's
    members: list[str] = []  # of a made room or a pair
    made_by: str = ""
    conversation: str = ""
    listed: bool = True  # among my rooms: of talks those that ask me, or whose conversation is mine
    can_write: bool = True
    days: int = 0  # how long messages are kept, 0 = without end
    last: MessageView | None = None


class Colleagues(Shown):
    """My rooms, as they are at the change `at`."""

    at: int
    rooms: list[RoomView]


class ColleagueChanges(Shown):
    """What changed after a number that the page holds; see `ColleaguesTold`, which says the same live."""

    at: int
    messages: list[MessageView] = []
    rooms: list[RoomView] = []
    gone: list[str] = []
    more: bool = False


class RoomMessages(Shown):
    """Messages of a room, oldest first. `before`: the `seq` to ask for older ones with, 0 = there is none."""

    at: int
    room: RoomView
    messages: list[MessageView]
    before: int = 0


class MessageAsked(Asked):
    """Words for colleagues."""

    text: Annotated[str, Meta(min_length=1, max_length=MESSAGE)]


class RoomAsked(Asked):
    """Make a room."""

    name: Annotated[str, Meta(min_length=1, max_length=NAME)]
    members: Annotated[list[Identifier], Meta(max_length=MEMBERS)] = []


class MembersAsked(Asked):
    """Add members, or take some out: everybody may add and leave, who made the room may take others out."""

    add: Annotated[list[Identifier], Meta(max_length=MEMBERS)] = []
    remove: Annotated[list[Identifier], Meta(max_length=MEMBERS)] = []
