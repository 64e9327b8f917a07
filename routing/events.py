"""What can happen, as the log keeps it: the truth from which state, transcripts and screens are folded.

An event says all that `apply`, the archive and the inbox need, so that none of them asks anybody. `conversation` is the
id of the conversation concerned. A `Step` groups the events of one input: `cause` is that input's id, `at` its time in ms.
An event with a `delivery` puts that delivery on its channel's out stream in the same commit (`deliveries`).
Events are only ever added to, with defaults: yesterday's log must replay for ever. What a rule has worked out and the fold needs
is in the event, too; None there means an entry of 0.1.0, and the fold reads it as 0.1.0 did (`history`).
"""

from __future__ import annotations

from typing import Literal, get_args

from msgspec.structs import fields

from bridge.contract.message import (
    Action,
    CallAnswer,
    CallKind,
    ChannelStatus,
    Code,
    Delivery,
    Erase,
    FollowUpPlan,
    FormAnswer,
    Forwarding,
    Message,
    Opening,
    Outcome,
    PatronSign,
    Presence,
    ProcessGone,
    QuestionTaken,
    Rating,
    Recall,
    Receipt,
    Stage,
    Started,
    Tick,
    TranscriptWish,
    WhySnoozed,
    Wire,
)
from routing.organisation import Library

Input = (
    Message
    | Rating
    | TranscriptWish
    | PatronSign
    | Receipt
    | Action
    | Presence
    | ChannelStatus
    | Tick
    | Started
    | ProcessGone
    | Library
    | Erase
    | Recall
    | CallAnswer
)

Given = Input | tuple[Receipt, ...]  # what is decided in one step: receipts may be taken together


Told = Literal["wait", "closed", "kept", "parted"]
WhyQueued = Literal["new", "requeued", "released", "lost-librarian", "transferred", "reopened"]
WhyRevoked = Literal["timeout", "claimed", "left", "closed", "away"]
How = Literal["claim", "accept", "assign", "transfer", "reopen", "say", "successor", "give", "begin"]
WhyNotTransferred = Literal["rejected", "timeout", "withdrawn", "away"]
Reminder = Literal[
    "remind",  # the librarian, after 2:30
    "mark",  # after 3:00
    "still-there",
    "patron-gone",
    "concierge",
    "closing",
    "kept",
    "hours",  # a partner's agreement began or ended
    "follow-up-due",
]
WhyCallEnded = Literal[
    "refused",  # by the patron
    "unanswered",
    "taken-back",
    "ended",
    "left",  # the librarian, or the conversation, is gone
]
WhyRefused = Literal[
    "absent",
    "address-not-understood",
    "already-offered",
    "call-elsewhere",
    "call-goes-on",
    "call-over",
    "already-open",
    "answer-not-received",
    "blocked-address",
    "cannot-begin",
    "closed",
    "deadline-passed",
    "empty",
    "follow-up-needs-address",
    "follow-up-elsewhere",
    "follow-up-open",
    "itself",
    "lost-call-has-address",
    "lost-call-patron-wrote",
    "may-not-begin",
    "merged",
    "no-access",
    "no-copies",
    "not-blocked",
    "not-closed",
    "not-coordinator",
    "not-joined",
    "not-merged",
    "not-offered",
    "not-set-aside",
    "not-yours",
    "own-data-elsewhere",
    "patron-wrote",
    "practice",
    "read-scale",
    "taken",
    "time-passed",
    "too-far-off",
    "too-long",
    "too-many-begun",
    "too-many-codes",
    "too-many-consulted",
    "too-many-copies",
    "too-many-notices",
    "transfer-over",
    "unclaimed",
    "unknown-address",
    "unknown-code",
    "unknown-colleague",
    "unknown-conversation",
    "unknown-descriptive",
    "unknown-follow-up",
    "unknown-librarian",
    "unknown-library",
    "unknown-notice",
    "unknown-owner",
    "unknown-queue",
    "unknown-target",
    "yours",
    "yourself",
]


class Assignment(Wire):
    """What an assignment changes in whose turn it is next (`rotates`), and in the librarian's share of the queue.

    `members` is the rotation to go on from where the queue's members have changed; () = the one that is remembered.
    """

    rotates: bool = False
    members: tuple[str, ...] = ()
    counts_from: int | None = None  # ms: earlier assignments count no more; None = the queue has no fair limit
    rests_until: int = 0


# ---- the life of a conversation ------------------------------------------------------------------------------------------


class Opened(Wire, tag="opened"):
    """A conversation began. `previous` is the patron's earlier one, if any."""

    conversation: str
    library: str
    queue: str
    channel: str
    address: str
    live: bool
    name: str = ""
    contact: str = ""
    language: str = ""
    subject: str = ""
    page: str = ""
    answers: tuple[FormAnswer, ...] = ()
    previous: str = ""
    aside: bool = False  # its first message is set aside: it ends in the same step, and the address does not lead here
    by: str = ""  # the librarian who wrote first; "" = the patron did
    practice: bool = False  # it came by a channel of practice


class Received(Wire, tag="received"):
    """A patron's message joined the conversation (one of a blocked address is `Turned` instead).

    `proven`: an answer had gone to this address unproven, and proof of the thread came back: it leads here from now on.
    """

    conversation: str
    message: Message
    proven: bool = False
    left_address: bool | None = None  # its text holds an address
    files: str = ""  # the names of its files where it has no words: lists show them


class Turned(Wire, tag="turned-away"):
    """A message of a blocked address was refused and is not kept."""

    message: str
    channel: str
    address: str


class Queued(Wire, tag="queued"):
    """It waits in `queue` since `since` (ms; earlier than now for one that came back, so it goes ahead of newer ones)."""

    conversation: str
    queue: str
    since: int
    reason: WhyQueued
    tier: int = 0  # the tiers up to this one are asked at once
    again_at: int | None = None  # when those who declined it are asked again, 0 = they are asked now


class TierOpened(Wire, tag="tier"):
    """Tier `tier` (0 = home) is being asked as well."""

    conversation: str
    tier: int


class Offered(Wire, tag="offered"):
    """Offered to these librarians until `expires_at` (ms, 0 = until claimed); `delivery` when to a librarian by IM.

    `assigned`: to exactly one, whose turn it is. Otherwise the offer is to all who are eligible, now and later, and `to`
    names those who were told just now.
    """

    conversation: str
    to: tuple[str, ...]
    expires_at: int = 0
    delivery: Delivery | None = None
    assigned: bool = False
    assignment: Assignment | None = None


class Revoked(Wire, tag="revoked"):
    """The offer is taken back from these librarians."""

    conversation: str
    to: tuple[str, ...]
    reason: WhyRevoked
    delivery: Delivery | None = None
    again_at: int | None = None


class OfferRejected(Wire, tag="offer-rejected"):
    """A librarian declined; a new round begins at `again_at` ms (0 = it is a transfer, which has no rounds)."""

    conversation: str
    by: str
    again_at: int | None = None


class Claimed(Wire, tag="claimed"):
    """It belongs to `by` now. A "successor" had joined an owner who has gone."""

    conversation: str
    by: str
    how: How
    since: int = 0  # when it had begun to wait
    turn: Literal["", "librarian", "patron"] = ""
    usual_wait: int | None = None  # the queue's average wait from now on, in ms; -1 = as before
    grace_until: int | None = None  # until when `by`, who is not connected, has time to come; 0 = they are connected
    assignment: Assignment | None = None  # where `how` is "assign"


class Said(Wire, tag="said"):
    """A librarian answered. `unproven`: where it goes was only named, so what comes from there does not join by that alone.

    `faq` is the id of the entry of the FAQ whose words were used, "" = none.
    """

    conversation: str
    by: str
    delivery: Delivery
    script: str = ""
    unproven: bool = False
    files: str = ""  # as in `Received`
    faq: str = ""
    strangers: int = 0  # copies that went to addresses which had nothing to do with the conversation so far


class Forwarded(Wire, tag="forwarded"):
    """A librarian sent something of the conversation on to an address outside. `note`: their own words with it."""

    conversation: str
    by: str
    delivery: Delivery
    what: Forwarding
    note: str = ""


class CopyFailed(Wire, tag="copy-failed"):
    """The copy of a delivery to one further recipient did not arrive; the delivery itself is as it was."""

    conversation: str
    delivery: str
    address: str
    reason: str = ""
    detail: str = ""


class Noticed(Wire, tag="noticed"):
    """The desk itself told the patron something (greeting, wait, transfer, closing)."""

    conversation: str
    delivery: Delivery
    tells: tuple[Told, ...] | None = None


class Noted(Wire, tag="noted"):
    """A note for colleagues. `id` is the action's."""

    conversation: str
    id: str
    by: str
    text: str
    mentions: tuple[str, ...] = ()


class Relayed(Wire, tag="relayed"):
    """A line of the conversation went to `librarian` on their own messenger (staff by IM)."""

    conversation: str
    librarian: str
    delivery: Delivery


class ReadUpTo(Wire, tag="read-up-to"):
    """The librarian has read up to `message`; `delivery` tells the patron where the channel can."""

    conversation: str
    by: str
    message: str
    delivery: Delivery | None = None


class TransferOffered(Wire, tag="transfer-offered"):
    """`by` offers it to a librarian or a queue; until somebody accepts it stays with `by`."""

    conversation: str
    by: str
    librarian: str = ""
    queue: str = ""
    note: str = ""
    expires_at: int = 0


class TransferEnded(Wire, tag="transfer-ended"):
    """The transfer did not happen; the conversation stays with its sender."""

    conversation: str
    by: str
    reason: WhyNotTransferred
    to: str = ""  # the librarian or the queue that it was offered to


class Released(Wire, tag="released"):
    """`by` gave it back; a Queued follows."""

    conversation: str
    by: str


class Joined(Wire, tag="joined"):
    """`by` came into a colleague's conversation and may answer in it; it stays its owner's."""

    conversation: str
    by: str
    grace_until: int | None = None  # as in `Claimed`


class LeftConversation(Wire, tag="left-conversation"):
    """`by` is no longer in a colleague's conversation: they left it, or are away."""

    conversation: str
    by: str
    reason: Literal["left", "away"]


class CallOffered(Wire, tag="call-offered"):
    """`by` offered the patron a call. `delivery` carries the words and the link; `until` ms, 0 = with the conversation."""

    conversation: str
    call: str
    by: str
    kinds: tuple[CallKind, ...]
    delivery: Delivery
    until: int = 0
    link: str = ""  # of a meeting alone


class CallAccepted(Wire, tag="call-accepted"):
    """The patron came. `by`: the librarian who says so of a meeting; `session`: the patron's window, of a call here."""

    conversation: str
    call: str
    until: int
    by: str = ""
    session: str = ""


class CallEnded(Wire, tag="call-ended"):
    """A call or the offer of one is over. `seconds` = how long it went on; `kinds`: what was seen and heard, never what."""

    conversation: str
    call: str
    reason: WhyCallEnded
    by: str = ""
    seconds: int = 0
    kinds: tuple[CallKind, ...] = ()


class Consulted(Wire, tag="consulted"):
    """`by` asked a librarian, a queue's staff or a library about it; see `message.Consult`."""

    conversation: str
    by: str
    librarian: str = ""
    queue: str = ""
    library: str = ""
    join: bool = False


class ConsultEnded(Wire, tag="consult-ended"):
    """`by` ended a consultation; who was asked may not see the conversation by it any more."""

    conversation: str
    by: str
    librarian: str = ""
    queue: str = ""
    library: str = ""


class Snoozed(Wire, tag="snoozed"):
    """`by` put it off, until the patron writes or until `until` ms (0 = no time); see `message.Snooze`."""

    conversation: str
    by: str
    why: WhySnoozed
    until: int = 0


class Woken(Wire, tag="woken"):
    """A snooze is over: `by` ended it, or "" when its time came. One that a message or an answer ends has no event of its own."""

    conversation: str
    by: str = ""


class Reminded(Wire, tag="reminded"):
    """The clock brought something that is told or remembered once."""

    conversation: str
    what: Reminder
    follow_up: str = ""


class PatronGone(Wire, tag="patron-gone"):
    """The patron's side went silent or left; shown to the librarian. `guessed`: by the desk, from a silence alone."""

    conversation: str
    gone: bool
    guessed: bool = False


class Closed(Wire, tag="closed"):
    """Ended. `by` "" = by the desk itself. The default code is marked `by_default`."""

    conversation: str
    by: str
    code: str  # a `Code`, or the desk's own: "set_aside", "merged", "" (not taken); 0.1.0 allowed any default
    by_default: bool = False
    descriptive: tuple[str, ...] = ()
    read_scale: int = 0
    reference: bool | None = None
    reason: str = ""
    known_until: int | None = None  # the patron's next question goes to who helped, until then; 0 = to anybody
    questions: tuple[QuestionTaken, ...] = ()


class Recoded(Wire, tag="recoded"):
    """The codes were corrected."""

    conversation: str
    by: str
    code: Code
    descriptive: tuple[str, ...] = ()
    read_scale: int = 0
    reference: bool | None = None
    before: str = ""
    questions: tuple[QuestionTaken, ...] = ()


class Reopened(Wire, tag="reopened"):
    """Open again: by a message of the patron inside the window (`by` ""), or by a librarian."""

    conversation: str
    by: str = ""


class Dismissed(Wire, tag="dismissed"):
    """A message that was set aside is not for the desk; the conversation stays closed and is listed no more."""

    conversation: str
    by: str


class Rated(Wire, tag="rated"):
    """The patron said whether it helped (`score` 1 = no, 2 = partly, 3 = yes); takes the place of an earlier rating.

    `id` is the input's.
    """

    conversation: str
    id: str
    score: int
    comment: str = ""


class TranscriptMailed(Wire, tag="transcript-mailed"):
    """The patron had the transcript mailed. Where it goes is in `delivery` alone, and is for nobody at the desk."""

    conversation: str
    delivery: Delivery


class OwnDataOffered(Wire, tag="own-data-offered"):
    """The patron is sent the link to what is kept of them; the words hold no secret (`routing.own_data`)."""

    conversation: str
    by: str
    delivery: Delivery


class Forgotten(Wire, tag="forgotten"):
    """The re-open window passed: the core no longer holds it (the archive does)."""

    conversation: str


class Erased(Wire, tag="erased"):
    """Erased everywhere at its patron's request: every store drops all of it but its numbers.

    `by` "" = the operator. `places`: the patron's addresses in it (`channel|address`), for stores that keep something by address.
    """

    conversation: str
    by: str = ""
    places: tuple[str, ...] = ()


class Identified(Wire, tag="identified"):
    """Name or address written down, by a librarian or by the patron (`by` ""); or the language that the patron chose meanwhile."""

    conversation: str
    by: str = ""
    name: str = ""
    contact: str = ""
    language: str = ""


class Merged(Wire, tag="merged"):
    """Two conversations are one patron's. `absorbed`: the one of them that goes on in the other; "" = each goes on by itself."""

    conversation: str
    other: str
    by: str
    absorbed: str = ""
    moves: bool = False  # answers go to the absorbed one's address: the patron wrote there last
    asks: bool = False  # the absorbed one's question waits for the librarian


class Unmerged(Wire, tag="unmerged"):
    """A merge was taken back."""

    conversation: str
    other: str
    by: str


class Blocked(Wire, tag="blocked"):
    """Further messages of this address are refused."""

    conversation: str
    channel: str
    address: str
    by: str
    reason: str = ""
    until: int = 0


class Unblocked(Wire, tag="unblocked"):
    """A block was lifted (by "" = its time was over); `conversation` "" = not known, as in logs of before."""

    channel: str
    address: str
    by: str
    conversation: str = ""


# ---- follow-ups --------------------------------------------------------------------------------------------------------


class FollowUpOpened(Wire, tag="follow-up-opened"):
    """A question that was not finished live; `owner` "" = the home library, nobody yet.

    `state` "" = as earlier releases had it: open where somebody owns it, else new.
    """

    id: str
    conversation: str
    library: str
    plan: FollowUpPlan
    owner: str = ""
    name: str = ""
    state: Literal["", "new", "open", "pending"] = ""


class FollowUpChanged(Wire, tag="follow-up-changed"):
    """Its state, owner or deadline changed."""

    id: str
    conversation: str
    state: Literal["new", "open", "pending", "closed"]
    by: str
    owner: str = ""
    deadline: int = 0
    address: str = ""
    outcome: Outcome = ""  # of one that is closed


# ---- deliveries, people, channels ------------------------------------------------------------------------------------------


class Progressed(Wire, tag="progressed"):
    """A delivery came further (status only ever moves forward; `partial`: a part failed, the last word of a delivery in parts)."""

    conversation: str
    delivery: str
    stage: Stage
    reason: str = ""
    detail: str = ""
    network_id: str = ""
    partial: bool = False
    asks_again: bool = False  # it was the answer, and failed: the question is unanswered again


class Parked(Wire, tag="parked"):
    """A receipt for a delivery that is not known (yet)."""

    delivery: str
    stage: Stage
    reason: str = ""
    detail: str = ""
    network_id: str = ""
    partial: bool = False


class Connected(Wire, tag="connected"):
    """A librarian's connection came."""

    librarian: str
    process: str
    connection: str
    since: int | None = None  # as in `AvailabilitySet`


class Disconnected(Wire, tag="disconnected"):
    """A librarian's connection went; after the last one the grace begins."""

    librarian: str
    process: str
    connection: str
    grace_until: int | None = None  # 0 = another connection is left


class Rested(Wire, tag="rested"):
    """A librarian who had reached the fair limit may be assigned conversations again."""

    librarian: str


class Left(Wire, tag="left"):
    """The grace is over: the librarian is not present; what only they held goes back (other events say so)."""

    librarian: str
    since: int | None = None  # as in `AvailabilitySet`


class AvailabilitySet(Wire, tag="availability"):
    """A librarian serves exactly these queues while connected; a limit of 0 = the librarian's default."""

    librarian: str
    queues: tuple[str, ...]
    live: int = 0
    slow: int = 0
    since: int | None = None  # since when they are here, or away, from now on (ms); None = as before


class LibrarianPlaced(Wire, tag="librarian-placed"):
    """A coordinator let a librarian serve exactly these queues for now."""

    librarian: str
    by: str
    queues: tuple[str, ...]
    library: str = ""  # the librarian's
    since: int | None = None  # as in `AvailabilitySet`


class SessionsEnded(Wire, tag="sessions-ended"):
    """A coordinator ended a librarian's sessions: all connections are lost; `grace_until` 0 = there was none."""

    librarian: str
    by: str
    grace_until: int = 0
    library: str = ""  # the librarian's


class HandedOver(Wire, tag="handed-over"):
    """A coordinator gave a conversation to `librarian`; `before` had it ("" = it waited). A Claimed follows."""

    conversation: str
    by: str
    librarian: str
    before: str = ""


class QueueSet(Wire, tag="queue-set"):
    """A coordinator closed or opened a queue for now, or its hours count again (`by` "" = the time was over)."""

    queue: str
    by: str
    opening: Opening
    until: int = 0
    until_words: str = ""
    notice: str = ""


class Announced(Wire, tag="announced"):
    """A notice to the staff of a library ("" = of all), until `until` ms."""

    id: str
    by: str
    text: str
    until: int
    library: str = ""


class Acknowledged(Wire, tag="acknowledged"):
    """A librarian has seen a notice."""

    id: str
    by: str


class AnnouncementEnded(Wire, tag="announcement-ended"):
    """A notice to staff is over; `by` "" = its time was."""

    id: str
    by: str
    library: str = ""


class ChannelChanged(Wire, tag="channel-changed"):
    """A channel came up, went down, or is configured otherwise."""

    status: ChannelStatus


class LibraryChanged(Wire, tag="library-changed"):
    """A newer revision of a library."""

    library: Library


class TookOver(Wire, tag="took-over"):
    """A core started: connections are lost until they come again; running timers were given until at least `grace_until`."""

    process: str
    grace_until: int


class Refused(Wire, tag="refused"):
    """An action could not be done. The catalogue has words for each reason; `holder` names who has it, on a clash."""

    action: str
    by: str
    reason: WhyRefused
    conversation: str = ""
    holder: str = ""


class Done(Wire, tag="done"):
    """An action changed nothing because all was so already (claiming what is mine)."""

    action: str
    by: str
    conversation: str = ""


class Faulted(Wire, tag="faulted"):
    """An input could not be decided (a bug): nothing changed, the input is kept in `dead`."""

    input: str
    error: str


Event = (
    Opened
    | Received
    | Turned
    | Queued
    | TierOpened
    | Offered
    | Revoked
    | OfferRejected
    | Claimed
    | Said
    | Forwarded
    | CopyFailed
    | Noticed
    | Noted
    | Relayed
    | ReadUpTo
    | TransferOffered
    | TransferEnded
    | Released
    | Joined
    | LeftConversation
    | CallOffered
    | CallAccepted
    | CallEnded
    | Consulted
    | ConsultEnded
    | Snoozed
    | Woken
    | Reminded
    | PatronGone
    | Closed
    | Recoded
    | Reopened
    | Dismissed
    | Rated
    | TranscriptMailed
    | OwnDataOffered
    | Forgotten
    | Erased
    | Identified
    | Merged
    | Unmerged
    | Blocked
    | Unblocked
    | FollowUpOpened
    | FollowUpChanged
    | Progressed
    | Parked
    | Connected
    | Disconnected
    | Rested
    | Left
    | AvailabilitySet
    | LibrarianPlaced
    | SessionsEnded
    | HandedOver
    | QueueSet
    | Announced
    | Acknowledged
    | AnnouncementEnded
    | ChannelChanged
    | LibraryChanged
    | TookOver
    | Refused
    | Done
    | Faulted
)


class Step(Wire):
    """What one input brought about: its id, its time (ms, from its `in` entry), and the events in order.

    `answer` is the index of the event that answers the librarian's action which caused the step; -1 for other inputs.
    `n` is the step's place in its log entry: the reader of the entry fills it in, it is not written.
    """

    cause: str
    at: int
    events: tuple[Event, ...]
    answer: int = -1
    n: int = 0


def answer(step: Step) -> Event | None:
    """Return the one event that answers the action behind `step` (what was asked for, Done, Refused or Faulted)."""
    return step.events[step.answer] if step.answer >= 0 else None


def deliveries(step: Step) -> list[Delivery]:
    """Return what a step puts on out streams, in order."""
    found: list[Delivery] = []
    for event in step.events:
        if type(event) in _DELIVERING:
            delivery: Delivery | None = event.delivery  # type: ignore[union-attr, assignment]  # what _DELIVERING means
            if delivery is not None:
                found.append(delivery)
    return found


_DELIVERING = frozenset(
    kind
    for kind in get_args(Event)
    if any(field.name == "delivery" and field.type in (Delivery, Delivery | None) for field in fields(kind))
)
