"""What the inbox's interface says and hears, as JSON: the one description that code, OpenAPI document and pages share.

Rules. Every field is always present in an answer, so a page never asks whether one is missing. Times are ms since the epoch,
0 = none. Ids are opaque. `position` of a list or message is `<epoch>:<seq>`, the last log entry that it reflects; applying each
message of the live socket to a list fetched before gives the list a fresh fetch would give (Zulip's rule). A row says itself
in which `views` it stands for the librarian who asked, so that no page has to know the rules of visibility.
Requests refuse unknown fields: a misspelt one is an error, not a silence.
"""

from __future__ import annotations

from typing import Annotated, Literal, dataclass_transform

from msgspec import Meta, Struct, field

from bridge.sql.people.calendar import Calendar
from routing.organisation import Library

View = Literal["waiting", "mine", "open", "closed", "aside"]
ConversationState = Literal["waiting", "offered", "active", "closed"]
Who = Literal["patron", "librarian", "note", "desk", "system"]

Name = Annotated[str, Meta(max_length=200)]
Identifier = Annotated[str, Meta(min_length=1, max_length=200)]
Words = Annotated[str, Meta(max_length=20_000)]
Moment = Annotated[int, Meta(ge=0, le=2**53 - 1)]  # what JavaScript counts exactly
Ticket = Annotated[str, Meta(min_length=1, max_length=2000)]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Shown(Struct, frozen=True, kw_only=True):
    """Base of what the interface answers."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class Asked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what the interface is asked."""


# ---- answers that are not what was hoped for ------------------------------------------------------------


class Problem(Shown):
    """Why a request was not done. `error` is a word for programs, `detail` a sentence for people."""

    error: str
    detail: str


class Clash(Shown):
    """The desk refused an action (409). `reason` is a word of the catalogue; `holder` who has it, when that is why."""

    error: str
    detail: str
    reason: str
    holder: str = ""
    holder_name: str = ""


class Pending(Shown):
    """The action is durable and not answered yet (202): its effect comes over the live socket."""

    action: str


# ---- people ------------------------------------------------------------


class Person(Shown):
    """A librarian as colleagues see him."""

    id: str
    name: str
    shown: str = ""  # the name patrons see
    libraries: list[str] = []
    present: bool = False
    coordinator: bool = False


class Availability(Shown):
    """Where a librarian is present, and how full he is: live (chat, IM) and slow channels apart."""

    present: bool = False
    connected: bool = False
    queues: list[str] = []
    live: int = 0  # his limits
    slow: int = 0
    live_active: int = 0  # what he has
    slow_active: int = 0


class Me(Shown):
    """Who is signed in. `csrf` goes back in the header `X-Deskbridge` of every write."""

    id: str
    name: str
    shown: str
    libraries: list[str]
    coordinates: list[str]  # libraries whose organisation he may edit
    csrf: str
    availability: Availability
    must_change_password: bool = False


class Desk(Shown):
    """The live counts of the rail, as far as this librarian may see. `channels_down` names channels that do not work."""

    waiting: int = 0
    mine: int = 0
    open: int = 0
    aside: int = 0  # set aside, for somebody to look at
    follow_ups: int = 0
    oldest_since: int = 0  # since when the longest-waiting waits
    channels_down: list[str] = []


# ---- lists ------------------------------------------------------------


class TransferView(Shown):
    """A transfer that stands: `by` still holds the conversation until somebody accepts."""

    by: str
    by_name: str
    librarian: str = ""
    librarian_name: str = ""
    queue: str = ""
    queue_name: str = ""
    note: str = ""
    expires_at: int = 0
    to_me: bool = False  # I may accept it


class Companion(Shown):
    """A colleague who has joined a conversation and answers beside its owner."""

    id: str
    name: str


class Row(Shown):
    """One conversation in a list."""

    id: str
    views: list[View]
    state: ConversationState
    library: str
    library_name: str
    queue: str
    queue_name: str
    channel: str
    kind: str  # of channel: "webchat", "email", "sms", "xmpp", "loop" …
    live: bool  # somebody sits there now
    patron: str  # the name he gave, else a short form of the address; never ""
    subject: str = ""
    last_text: str = ""
    last_at: int = 0
    last_by: Literal["patron", "librarian", "desk", ""] = ""
    opened_at: int = 0
    since: int = 0  # waiting: since when; active: claimed; closed: when
    unanswered_since: int = 0  # the patron's oldest message without an answer; 0 = answered
    target_s: int = 0  # the library's target for an answer by this kind of channel
    owner: str = ""
    owner_name: str = ""
    companions: list[Companion] = []  # who joined the owner, longest first
    joined: bool = False  # I am one of them: I may answer, it is not mine
    can_join: bool = False
    offered_to_me: bool = False
    offer_expires_at: int = 0
    can_claim: bool = False
    can_change: bool = False  # I may name its patron, block, merge, end it or open it again
    transfer: TransferView | None = None
    unread: int = 0  # patron's messages that nobody in it has read
    gone: bool = False  # the patron went silent or left
    left: bool = False  # the patron has left: answers go to an address that they gave, if a channel serves it
    marked: bool = False  # past the three-minute mark
    code: str = ""
    aside: str = ""  # why its message was set aside, while nobody has taken it in or dismissed it
    rating: int = 0  # the patron's word on it: 1 = it did not help, 2 = partly, 3 = it did; 0 = none


class Rows(Shown):
    """One page of a list, in order. `next` is the `cursor` of the next page, "" at the end."""

    position: str
    view: View
    rows: list[Row]
    next: str = ""


# ---- one conversation ------------------------------------------------------------


class File(Shown):
    """An attachment. `url` is on this host and asks for the session; `inline` says an image may be shown in place."""

    digest: str
    name: str
    media_type: str
    size: int
    url: str
    inline: bool = False


class Line(Shown):
    """One line of a transcript. `position` compares as text; a line that comes again under its id replaces the former."""

    id: str
    position: str
    who: Who
    text: str
    at: int
    author: str = ""
    author_id: str = ""
    sent_at: int = 0
    attachments: list[File] = []
    stage: str = ""  # of what goes out: "" (on its way) uncertain sent delivered read failed
    reason: str = ""
    event: str = ""  # the word of a system or desk line: "claimed", "transfer-offered" …
    details: dict[str, str] = {}  # what a system line's sentence needs: by, to, queue, code …
    channel: str = ""
    via: str = ""
    html: str = ""  # path of the cleaned HTML, to be shown isolated
    script: str = ""
    mentions: list[str] = []
    replaces: str = ""
    marks: list[str] = []


class Address(Shown):
    """An address at which the patron can be reached. `via` is what a reply's `via` takes."""

    channel: str
    kind: str
    address: str
    via: str
    current: bool = False
    left: bool = False  # the patron left it for answers
    blocked: bool = False
    max_text: int = 0  # characters of one message, 0 = no limit
    segments: bool = False  # billed in segments (SMS)
    plain: bool = False  # typographic characters are spelt plainly on the way


class Patron(Shown):
    """Who asks, as far as is known."""

    name: str = ""
    contact: str = ""
    language: str = ""
    addresses: list[Address] = []


class Earlier(Shown):
    """An earlier conversation of the same patron."""

    id: str
    library: str
    channel: str
    kind: str
    opened_at: int
    closed_at: int
    owner_name: str = ""
    code: str = ""
    last_text: str = ""


class ScriptView(Shown):
    """A canned message of the patron's library."""

    key: str
    title: str
    text: str


class Policy(Shown):
    """The patron's library's policy page: `text` is Markdown."""

    library: str
    library_name: str
    text: str = ""
    url: str = ""


class Draft(Shown):
    """What a librarian had begun to write."""

    conversation: str
    text: str
    at: int
    note: bool = False


class FollowUp(Shown):
    """A question that was not finished live. `state`: new, open, pending, closed; `owner` "" = nobody yet."""

    id: str
    conversation: str
    library: str
    library_name: str
    state: str
    owner: str = ""
    owner_name: str = ""
    address: str = ""
    deadline: int = 0
    question: str = ""
    name: str = ""
    at: int = 0


class FollowUps(Shown):
    """Follow-ups that one may see, those due first."""

    position: str
    follow_ups: list[FollowUp]


class Viewer(Shown):
    """A colleague who has the conversation before him, perhaps writing."""

    id: str
    name: str
    typing: bool = False


class ConversationView(Shown):
    """A conversation opened. `before` fetches older lines ("" = none); looking claims nothing."""

    position: str
    row: Row
    lines: list[Line]
    before: str
    patron: Patron
    earlier: list[Earlier]
    policy: Policy
    scripts: list[ScriptView]
    descriptive: list[str]  # descriptive codes of the library
    follow_ups: list[FollowUp]
    merged: list[str]
    viewing: list[Viewer]
    draft: Draft | None = None
    page: str = ""  # where the patron's widget stands, without query
    retention_days: int = 0
    default_code: str = "answered"
    max_text: int = 0  # characters of one message on this channel, 0 = no limit


class LinePage(Shown):
    """Older lines of a transcript, oldest first."""

    position: str
    lines: list[Line]
    before: str


class Acted(Shown):
    """What an action brought about. `event` is the word of the event that answered it ("done" = it was so already)."""

    action: str
    event: str
    conversation: str
    position: str
    row: Row | None = None
    line: Line | None = None


class DraftClash(Shown):
    """Another window of mine has written since (409); `draft` is what it wrote."""

    error: str
    detail: str
    reason: str
    draft: Draft


class Drafts(Shown):
    """All that I have begun."""

    drafts: list[Draft]


class Uploaded(Shown):
    """A file taken in. A message that is to carry it names the `ticket`, which holds for this conversation alone."""

    file: File
    ticket: str


# ---- search ------------------------------------------------------------


class Fragment(Shown):
    """A piece of a found line; `hit` marks a word that was asked for."""

    text: str
    hit: bool


class Hit(Shown):
    """A line that was found."""

    conversation: str
    line: str
    library: str
    channel: str
    kind: str
    patron: str
    who: str
    at: int
    snippet: list[Fragment]


class Hits(Shown):
    """One page of what was found, newest first."""

    hits: list[Hit]
    next: str = ""


# ---- the organisation ------------------------------------------------------------


class QueueView(Shown):
    """A queue and who stands behind it."""

    id: str
    name: str
    library: str
    policy: str
    waiting: int = 0
    serves: bool = False  # I may opt in to it


class CodeView(Shown):
    """A resolution code: "answered", "follow_up_library", "follow_up_me", "unreached", "lost_call", "practice"."""

    code: str
    effect: str


class LibraryView(Shown):
    """A library as librarians see it."""

    id: str
    revision: int
    name: str
    timezone: str
    language: str
    accent: str
    mine: bool  # I work for it
    coordinated: bool  # I may edit it
    target_s: int
    retention_days: int
    default_code: str
    descriptive: list[str]
    scripts: list[ScriptView]
    open: bool  # within its hours now


class ChannelView(Shown):
    """A channel and whether it works."""

    channel: str
    kind: str
    queue: str
    live: bool
    up: bool
    reason: str = ""


class Organisation(Shown):
    """Who works where, on which queues, with which words."""

    position: str
    libraries: list[LibraryView]
    queues: list[QueueView]
    librarians: list[Person]
    codes: list[CodeView]
    channels: list[ChannelView]


class LibraryDocument(Shown):
    """A library as its coordinator edits it: the organisation's own struct and its hours, by local time.

    `library.revision` is the one that was read; a save is refused (409 outdated) when somebody else saved meanwhile.
    """

    library: Library
    calendar: Calendar


class Saved(Shown):
    """A library's organisation was stored at this revision."""

    library: str
    revision: int


class LeaverView(Shown):
    """A librarian who left a library. Until they are released, no other library can list them."""

    id: str
    released: bool


class StaffChangeView(Shown):
    """What happened to a library's people, when (ms), and who did it ("" = the operator)."""

    at: int
    librarian: str
    what: Literal["came", "left", "released", "moved-here", "moved-away", "refused-here", "refused-there"]
    who_name: str
    other_name: str


class People(Shown):
    """A library's leavers, and the newest hundred changes of its people, newest first."""

    leavers: list[LeaverView]
    changes: list[StaffChangeView]


class OneTimeCode(Shown):
    """A code with which a librarian signs in once and then chooses a password. Shown this once."""

    librarian: str
    code: str
    expires_at: int


# ---- requests ------------------------------------------------------------


class Login(Asked):
    """Sign in with a password or with a one-time code, exactly one of them."""

    name: Name
    password: Annotated[str, Meta(max_length=1000)] = ""
    code: Annotated[str, Meta(max_length=100)] = ""


class PasswordChange(Asked):
    """Choose another password. `old` may be empty right after signing in with a one-time code."""

    new: Annotated[str, Meta(min_length=10, max_length=1000)]
    old: Annotated[str, Meta(max_length=1000)] = ""


class PresenceAsked(Asked):
    """Be present at exactly these queues (none = away), with own limits (0 = the library's)."""

    queues: list[Identifier]
    live: Annotated[int, Meta(ge=0, le=100)] = 0
    slow: Annotated[int, Meta(ge=0, le=1000)] = 0


class SayAsked(Asked):
    """Answer the patron. `via` is an address's `via` ("" = the one last used); `attachments` are tickets of uploads;
    `again` is the id of an answer given here before, whose files go along once more ("" = none)."""

    text: Words
    attachments: Annotated[list[Ticket], Meta(max_length=10)] = []
    again: Annotated[str, Meta(max_length=200)] = ""
    via: Annotated[str, Meta(max_length=400)] = ""
    script: Name = ""
    all_recipients: bool = False


class NoteAsked(Asked):
    """Write for colleagues only."""

    text: Annotated[str, Meta(min_length=1, max_length=20_000)]
    mentions: Annotated[list[Identifier], Meta(max_length=50)] = []


class ReadAsked(Asked):
    """Read up to and including this patron's message (a line's id)."""

    message: Identifier


class TransferAsked(Asked):
    """Offer it to one librarian or one queue, exactly one of them."""

    librarian: Annotated[str, Meta(max_length=200)] = ""
    queue: Annotated[str, Meta(max_length=200)] = ""
    note: Annotated[str, Meta(max_length=4000)] = ""


class ReleaseAsked(Asked):
    """Put it back into its queue; `transfer`: take back a transfer of mine, and nothing else."""

    transfer: bool = False


class PlanAsked(Asked):
    """Where and until when an unfinished question is to be answered."""

    address: Annotated[str, Meta(max_length=400)] = ""
    deadline: Moment = 0
    question: Words = ""


class CloseAsked(Asked):
    """End it. `code` "" = none chosen; `read_scale` 0 = not rated."""

    code: Name = ""
    follow_up: PlanAsked | None = None
    descriptive: Annotated[list[Name], Meta(max_length=4)] = []
    read_scale: Annotated[int, Meta(ge=0, le=6)] = 0
    reference: bool | None = None


class RecodeAsked(Asked):
    """Correct the codes of a closed conversation."""

    code: Annotated[str, Meta(min_length=1, max_length=200)]
    descriptive: Annotated[list[Name], Meta(max_length=4)] = []
    read_scale: Annotated[int, Meta(ge=0, le=6)] = 0
    reference: bool | None = None
    follow_up: PlanAsked | None = None


class IdentifyAsked(Asked):
    """Write down the patron's name or an address to answer to."""

    name: Name = ""
    contact: Annotated[str, Meta(max_length=400)] = ""


class BlockAsked(Asked):
    """Refuse further messages of this patron at this address, until `until` (0 = no end)."""

    reason: Annotated[str, Meta(max_length=1000)] = ""
    until: Moment = 0


class MergeAsked(Asked):
    """The other conversation of the same patron."""

    other: Identifier


class DraftAsked(Asked):
    """What I have begun to write; empty text forgets it.

    `window`: a word by which a page knows itself. `base`: the `at` of the draft that it last took from here. With both, what
    another window wrote since is not overwritten: 409 `DraftClash`.
    """

    text: Words
    note: bool = False
    window: Annotated[str, Meta(max_length=64)] = ""
    base: Moment | None = None


class FollowUpAsked(Asked):
    """Change a follow-up's state, owner ("" = nobody), deadline or address."""

    state: Literal["new", "open", "pending", "closed"]
    owner: Annotated[str, Meta(max_length=200)] = ""
    deadline: Moment = 0
    address: Annotated[str, Meta(max_length=400)] = ""


# ---- the live socket: server to page -----------------------------------------------------------------------------------------


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


class MeTold(Told, tag="me"):
    """My own presence or rights changed."""

    position: str
    me: Me


class DeskTold(Told, tag="desk"):
    """The counts changed."""

    position: str
    desk: Desk


class FollowUpsTold(Told, tag="followups"):
    """Follow-ups that are new or changed, and ids that are none of mine to see any more."""

    position: str
    upsert: list[FollowUp]
    remove: list[str]


class PresenceView(Shown):
    """Whether a librarian is at the desk."""

    id: str
    present: bool


class OrganisationTold(Told, tag="organisation"):
    """Who came to the desk or left it, and channels that changed, as they are at the position `as_of`.

    What a page fetched at a later position is newer. Names, rights and queues change with a `reset`.
    """

    position: str
    as_of: str
    people: list[PresenceView]
    channels: list[ChannelView]


class Down(Told, tag="down"):
    """The store is away: nothing can be taken in. What is shown may be old; keep what was written."""

    reason: str
    detail: str


class Up(Told, tag="up"):
    """The store is back."""

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
    | MeTold
    | DeskTold
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


# ---- the live socket: page to server -----------------------------------------------------------------------------------------


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
class PageFrame(Struct, frozen=True, kw_only=True, tag_field="t", forbid_unknown_fields=True):
    """Base of what a page says."""


class Watch(PageFrame, tag="watch"):
    """Send me the lines of this conversation from now on (its view was fetched at `position`), and show me as viewing."""

    conversation: Identifier
    position: str = ""


class Unwatch(PageFrame, tag="unwatch"):
    """No more lines of this conversation."""

    conversation: Identifier


class Typing(PageFrame, tag="typing"):
    """I am writing to the patron (`note`: to colleagues; the patron is not told). Say it again every 3 s."""

    conversation: Identifier
    note: bool = False


class Paused(PageFrame, tag="paused"):
    """I stopped writing."""

    conversation: Identifier


class Pong(PageFrame, tag="pong"):
    """I am here. May also be sent unasked; the server answers an unasked one with a ping."""

    at: int = 0


ClientMessage = Watch | Unwatch | Typing | Paused | Pong
