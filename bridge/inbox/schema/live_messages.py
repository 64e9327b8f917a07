"""The live socket, from the server to a page."""

from __future__ import annotations

from typing import Literal, dataclass_transform

from msgspec import Struct, field

from bridge.inbox.schema.board import BoardNotice, BoardPerson, BoardQueue
from bridge.inbox.schema.colleagues import MessageView, RoomView
from bridge.inbox.schema.conversation import FollowUp, Line
from bridge.inbox.schema.lists import Row
from bridge.inbox.schema.organisation import ChannelView, QueueState
from bridge.inbox.schema.people import Desk, Me
from bridge.inbox.schema.types import Shown


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Told(Struct, frozen=True, kw_only=True, tag_field="t"):
    """Base of what the socket says."""


class Hello(Told, tag="hello"):
    """First message. What is missing since `after` follows as ordinary messages; answer every ping within `dead_s`."""

    position: str
    connection: str
    me: Me
    desk: Desk
    ping_s: int
    dead_s: int


class Reset(Told, tag="reset"):
    """The position is unknown or too old, or this page read too slowly: fetch lists and open conversations afresh."""

    position: str
    reason: Literal["unknown", "too-old", "slow", "organisation", "merged"]


class RowsTold(Told, tag="rows"):
    """Rows that are new or changed, and ids that are in none of my views any more."""

    position: str
    upsert: list[Row]
    remove: list[str]


class LinesTold(Told, tag="lines"):
    """Lines of a watched conversation, new or changed (by id). The first one answers `watch`, with no line when there is none:
    only from then on does a heard position speak for this conversation too."""

    position: str
    conversation: str
    lines: list[Line]


class SignalTold(Told, tag="signal"):
    """Somebody types or looks; `librarian` "" = the patron does. `text` is what a patron is typing, where that is shown."""

    kind: Literal["typing", "paused", "viewing", "gone", "draft"]
    conversation: str
    librarian: str = ""
    name: str = ""
    text: str = ""


class MentionTold(Told, tag="mention"):
    """A colleague's note names me, in a conversation that I may see. Told again where it may not have been heard: one `line`
    (the note's id) is one call."""

    position: str
    conversation: str
    line: str
    by: str
    by_name: str
    patron: str
    library_name: str
    text: str  # the beginning of the note
    can_join: bool = False  # a colleague has it, and I may come in
    waited: bool = False  # written while I was signed out, or not opened since: shown, and rings nothing


class ConsultTold(Told, tag="consult"):
    """A colleague asks me about an open conversation; the question stands in its messages between colleagues."""

    position: str
    conversation: str
    by: str
    by_name: str
    patron: str
    library_name: str
    can_join: bool = False  # I may come in and answer the patron


class ColleaguesTold(Told, tag="colleagues"):
    """What colleagues wrote, up to the change `at`: messages and rooms as they are now (a higher `n` is newer), and rooms that I am
    not in any more. `more`: too much was missed, fetch the rooms and the open one afresh."""

    at: int
    messages: list[MessageView] = []
    rooms: list[RoomView] = []
    gone: list[str] = []
    more: bool = False


class MeTold(Told, tag="me"):
    """My own presence or rights changed."""

    position: str
    me: Me


class DeskTold(Told, tag="desk"):
    """The counts changed."""

    position: str
    desk: Desk


class BoardTold(Told, tag="board"):
    """Queues and people of my board that changed, and all notices to staff where one of them did; after `watch-board`."""

    position: str
    queues: list[BoardQueue]
    people: list[BoardPerson]
    notices: list[BoardNotice] | None = None


class FollowUpsTold(Told, tag="followups"):
    """Follow-ups that are new or changed, and ids that are none of mine to see any more."""

    position: str
    upsert: list[FollowUp]
    remove: list[str]


class PresenceView(Shown):
    """Whether a librarian is at the desk."""

    id: str
    present: bool


class QueueNow(Shown):
    """A queue that I serve, or one of my library's, as it is now: see `QueueView`."""

    id: str
    waiting: int
    state: QueueState
    wait_s: int | None


class LibraryHours(Shown):
    """A library whose hours changed, and nothing else about it."""

    id: str
    revision: int
    open: bool


class OrganisationTold(Told, tag="organisation"):
    """Who came to the desk or left it, and channels, queues and hours that changed, as they are at the position `as_of`.

    What a page fetched at a later position is newer. Names, rights and queues change with a `reset`. Queues are told once a second
    at most: those that changed since they were told last, at first all of them.
    """

    position: str
    as_of: str
    people: list[PresenceView]
    channels: list[ChannelView]
    queues: list[QueueNow] = []
    libraries: list[LibraryHours] = []


class Down(Told, tag="down"):
    """A part of the desk is away. `reason`: "store-away": nothing can be taken in, keep what was written. "core-away": what is
    taken in waits. "log-behind": what is shown is old. "transcripts-away": search and old messages are missing."""

    reason: str
    detail: str


class Up(Told, tag="up"):
    """All parts are back, or the store is, and a `down` follows for another."""

    position: str


class Ping(Told, tag="ping"):
    """Are you there? Answer with pong."""

    at: int


class SignedOut(Told, tag="signed-out"):
    """The session ended; the socket is closed after this."""


ServerMessage = (
    Hello
    | Reset
    | RowsTold
    | LinesTold
    | SignalTold
    | MentionTold
    | ConsultTold
    | ColleaguesTold
    | MeTold
    | DeskTold
    | BoardTold
    | FollowUpsTold
    | OrganisationTold
    | Down
    | Up
    | Ping
    | SignedOut
)


class Polled(Shown):
    """What the long poll answers: the same messages as the socket. Ask again with this `position` and `connection`."""

    position: str
    connection: str
    messages: list[ServerMessage]
