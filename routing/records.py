"""The records of the core's tables: what routing must remember, and nothing of a transcript but its last line."""

from __future__ import annotations

from typing import Literal

import msgspec

from bridge.contract.message import CallKind, FollowUpPlan, FormAnswer, Stage, WhySnoozed

SET_ASIDE = "set_aside"  # the code of what an adapter did not take: see `conversation`


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Base of everything that is in a table: replaced, never changed."""


class ReplyRoute(Record, frozen=True):
    """An address a patron was reached at, with the adapter's reply token."""

    channel: str
    address: str
    reply: str = ""
    lent: str = ""  # the merged conversation that it was taken from
    named: bool = False  # the patron only named it: nothing has come from there


class Mailing(Record, frozen=True):
    """A transcript that was mailed, and the place of the patron who asked for it: never the address that it went to."""

    delivery: str
    channel: str
    address: str


class Handover(Record, frozen=True):
    """A transfer that is offered: to a librarian or to a queue, until `expires_at` ms."""

    by: str
    librarian: str = ""
    queue: str = ""
    note: str = ""
    expires_at: int = 0


class Consultation(Record, frozen=True):
    """Colleagues who are asked about a conversation: a librarian, a queue's staff or a library. `join`: they may join it."""

    by: str
    at: int
    librarian: str = ""
    queue: str = ""
    library: str = ""
    join: bool = False

    @property
    def whom(self) -> str:
        """The key of who is asked, as `State.consulted` has it."""
        return whom(self.librarian, self.queue, self.library)


class CallRecord(Record, frozen=True):
    """A call that is offered or goes on: by whom, what it began with, and until when (ms; 0 = with the conversation)."""

    id: str
    by: str
    kinds: tuple[CallKind, ...]
    at: int
    until: int = 0
    link: str = ""  # of a meeting: both sides open it
    accepted_at: int = 0  # 0 = it is only offered
    session: str = ""  # the patron's window
    line: str = ""  # the delivery that offered it

    @property
    def meeting(self) -> bool:
        """Say whether it is held elsewhere."""
        return "meeting" in self.kinds


class Deferral(Record, frozen=True):
    """A snooze: by whom, why, since `at` ms, until `until` ms (0 = until the patron writes)."""

    by: str
    why: WhySnoozed
    at: int
    until: int = 0


class Conversation(Record, frozen=True):
    """A conversation as routing sees it: its place, whose turn it is, until when. Times are ms, 0 = never."""

    id: str
    library: str
    queue: str
    channel: str
    address: str
    live: bool
    opened_at: int
    reply: str = ""
    routes: tuple[ReplyRoute, ...] = ()  # other addresses of this patron, oldest first
    lent: str = ""  # the merged conversation that the address in use was taken from
    named: bool = False  # the address in use was only named
    name: str = ""
    contact: str = ""
    language: str = ""
    subject: str = ""
    page: str = ""
    answers: tuple[FormAnswer, ...] = ()  # to the library's own questions
    previous: str = ""
    state: Literal["waiting", "active", "closed"] = "waiting"
    due: int = 0  # the next deadline of any kind, worked out by `deadlines`: a look ahead, no history
    # waiting
    since: int = 0  # its place in the line
    queued_at: int = 0
    tier: int = 0
    tier_at: int = 0
    hours_at: int = 0  # when it was last looked at whom the partners' agreements let answer
    told_wait: bool = False  # the patron knows that it takes time (closed, nobody there, concierge)
    told_closed: int = 0  # when the patron was told, or need not be told, that the libraries are closed
    kept: bool = False  # the desk promised to keep the question, and nobody has dealt with it since
    offered: str = ""  # the one librarian it is offered to in turn
    offer_until: int = 0
    declined: tuple[str, ...] = ()  # who had it offered in this round and did not take it
    again_at: int = 0  # when a new round begins
    told: tuple[str, ...] = ()  # librarians told of the offer on their own messengers
    entered: str = ""  # the queue it first entered
    # active
    owner: str = ""
    claimed_at: int = 0
    companions: tuple[str, ...] = ()  # colleagues who joined the owner, longest first
    introduced: tuple[str, ...] = ()  # whose joining the patron was told of
    greeted: tuple[str, ...] = ()  # who has introduced themselves to the patron
    consults: tuple[Consultation, ...] = ()  # colleagues who are asked about it, first asked first
    call: CallRecord | None = None
    deferral: Deferral | None = None  # it need not be answered now
    back_at: int = 0  # when the time of a snooze came, while nobody has dealt with it since
    parted: bool = False  # the patron knows that nobody has it: told that the librarian was lost, or it had ended
    handover: Handover | None = None
    # the talk
    turn: Literal["", "librarian", "patron"] = ""
    turn_at: int = 0
    nudges: int = 0
    nudged_at: int = 0
    prompted: int = 0  # reminders of the librarian's silence in the patron's turn
    gone: bool = False
    gone_at: int = 0
    guessed: bool = False  # gone by the desk's guess alone: they may well be reading
    patron_at: int = 0  # last sign of the patron
    unanswered_since: int = 0
    answered_at: int = 0  # first answer of a human
    asked_at: int = 0  # when the patron wrote last
    answer: str = ""  # the delivery of the last answer
    reached: bool = False  # that answer has arrived, or the patron went on after it
    failed: bool = False  # that answer could not be delivered
    wrote_after: bool = False  # the patron wrote after a librarian joined, or into the line that it went back to
    left_address: bool = False  # in a message's text
    last_message: str = ""
    read: str = ""
    last_text: str = ""
    last_by: str = ""
    last_at: int = 0
    # the end
    closed_at: int = 0
    code: str = ""
    aside: str = ""  # why its message is set aside; "" = it is not, or somebody has looked at it
    rating: int = 0  # what the patron said last, 0 = nothing
    helper: str = ""  # who had it last
    follow_up: str = ""  # one that is not closed
    merged: tuple[str, ...] = ()
    into: str = ""  # the merged conversation in which this one goes on
    before: Literal["", "waiting", "active"] = ""  # its state until then
    owed: int = 0  # what `unanswered_since` was until then
    mailed: tuple[Mailing, ...] = ()
    others: tuple[str, ...] = ()  # addresses that stood on the patron's mails
    begun_by: str = ""  # the librarian who wrote first; "" = the patron did
    practice: bool = False  # nobody real wrote it: see `practice`


class Staff(Record, frozen=True):
    """A librarian at work: connections as (process, connection), queues opted in to, and what turn-taking needs."""

    id: str
    connections: tuple[tuple[str, str], ...] = ()
    queues: tuple[str, ...] = ()
    live: int = 0
    slow: int = 0
    gone_at: int = 0  # since when without a connection, 0 = connected or gone for good
    grace_until: int = 0
    idle_since: int = 0  # when last given a conversation, or done with one
    assigned: tuple[int, ...] = ()  # times of late assignments, where a queue counts them
    rests_until: int = 0
    reached_out: tuple[int, ...] = ()  # when they wrote to addresses that had not written here, the last day's
    since: int = 0  # since when they are available, away or out, 0 = not known: the board shows it, nothing else does


class DeliveryState(Record, frozen=True):
    """How far a delivery has come. `stage` "" = handed to its channel."""

    conversation: str
    at: int
    channel: str = ""
    stage: Stage | Literal[""] = ""
    partial: bool = False  # a part failed: nothing comes after that
    copies: tuple[str, ...] = ()  # further recipients


class ParkedReceipt(Record, frozen=True):
    """A receipt that came before its delivery was known."""

    stage: Stage
    at: int
    reason: str = ""
    detail: str = ""
    network_id: str = ""
    partial: bool = False


class FollowUpRecord(Record, frozen=True):
    """A question to be finished later: who, where and until when."""

    id: str
    conversation: str
    library: str
    state: Literal["new", "open", "pending", "closed"]
    plan: FollowUpPlan
    opened_at: int
    owner: str = ""
    name: str = ""
    reminded: bool = False


class BlockRecord(Record, frozen=True):
    """A blocked address, until `until` ms (0 = no end)."""

    conversation: str
    by: str
    at: int
    reason: str = ""
    until: int = 0


class QueueOrder(Record, frozen=True):
    """A coordinator's order for a queue since `at` ms: open or closed for now, until `until` ms (0 = until it is lifted)."""

    open: bool
    by: str
    at: int
    until: int = 0
    until_words: str = ""
    notice: str = ""


class AnnouncementRecord(Record, frozen=True):
    """A notice to the staff of a library ("" = of all), until `until` ms."""

    id: str
    by: str
    at: int
    text: str
    until: int
    library: str = ""


class Known(Record, frozen=True):
    """Who helped a patron last, remembered until `until` ms."""

    librarian: str
    until: int


class WaitAverage(Record, frozen=True):
    """How long a queue's latest conversations waited: a moving average in ms, over `count` of them, the last at `at`."""

    wait_ms: int
    count: int
    at: int


class CoreTerm(Record, frozen=True):
    """The core that took over last; nothing falls due before `grace_until`."""

    process: str
    grace_until: int


def whom(librarian: str, queue: str, library: str) -> str:
    """Return the key of a librarian, a queue or a library that is asked; exactly one is given."""
    if librarian:
        return f"librarian:{librarian}"
    return f"queue:{queue}" if queue else f"library:{library}"


def at_key(channel: str, address: str) -> str:
    """Return the key of an address on a channel, `channel|address`."""
    return f"{channel}|{address}"
