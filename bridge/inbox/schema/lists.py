"""Rows of the lists."""

from __future__ import annotations

from typing import Literal

from bridge.contract.message import CallKind, WhySnoozed
from bridge.inbox.schema.types import ConversationState, Shown, View


class TransferView(Shown):
    """An open transfer: `by` holds the conversation until somebody accepts."""

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


class ConsultView(Shown):
    """Colleagues who are asked about a conversation: one librarian, a queue's staff or a library."""

    by: str
    by_name: str
    name: str  # of who is asked
    librarian: str = ""
    queue: str = ""
    library: str = ""
    join: bool = False  # they may join it
    at: int = 0
    can_end: bool = False  # I may take it back, or decline it


class CallView(Shown):
    """A call that is offered or goes on. `until`: when the offer ends, 0 = with the conversation."""

    id: str
    kinds: list[CallKind]
    by: str
    by_name: str
    at: int = 0
    until: int = 0
    accepted_at: int = 0  # 0 = it is only offered
    link: str = ""  # of a meeting, for those who are in the conversation
    can_change: bool = False  # I may end it


class SnoozeView(Shown):
    """A conversation that need not be answered now: until `until` ms (0 = until the patron writes)."""

    by: str
    by_name: str
    why: WhySnoozed
    at: int
    until: int = 0


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
    kind: str  # of channel, as its adapter is named; `Organisation.channels` has its label and icon
    live: bool  # somebody sits there now
    patron: str  # the name they gave, else a short form of the address; never ""
    alias: int = 0  # 1 to 4096 where `patron` is a colour and an animal, for one who gave no name: tells the colour; 0 = it is not
    subject: str = ""
    last_text: str = ""
    last_at: int = 0
    last_by: Literal["patron", "librarian", "desk", ""] = ""
    opened_at: int = 0
    since: int = 0  # waiting: since when; active: claimed; closed: when
    unanswered_since: int = 0  # the patron's oldest message without an answer; 0 = answered, or snoozed
    snoozed: SnoozeView | None = None
    back_at: int = 0  # when its snooze was over by itself, while nobody has dealt with it since
    can_snooze: bool = False  # I may snooze and wake it
    target_s: int = 0  # the library's target for an answer by this kind of channel
    owner: str = ""
    owner_name: str = ""
    companions: list[Companion] = []  # who joined the owner, longest first
    joined: bool = False  # I am one of them: I may answer, it is not mine
    can_join: bool = False
    consults: list[ConsultView] = []  # colleagues who are asked about it
    call: CallView | None = None
    consulted: bool = False  # I am asked about it
    can_consult: bool = False  # I may ask colleagues about it
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
    practice: bool = False  # nobody real wrote it; `queue_name` is "" then
    imported: str = ""  # the other desk that it was held at, "" = here


class Rows(Shown):
    """One page of a list, in order. `next` is the `cursor` of the next page, "" at the end."""

    position: str
    view: View
    rows: list[Row]
    next: str = ""
