"""The core: `step(state, input) -> step` and `apply(state, step) -> state`, each by a table.

Nothing here knows a clock, chance or the world. An event is folded as soon as a rule emits it, so that the next rule sees what it
changed. An exception anywhere undoes the whole input and leaves `Faulted` in its place.
State is a fold over committed events: `apply` replays them and decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge.contract import message as wire
from bridge.contract.message import Action
from routing import (
    announcements,
    beginning,
    calls,
    channels,
    claims,
    closing,
    consulting,
    conversation,
    coordinating,
    deliveries,
    erasure,
    events,
    followups,
    forwarding,
    joining,
    librarians,
    messages,
    offers,
    own_data,
    ownership,
    partners,
    patron_end,
    patrons,
    queue_opening,
    rating,
    snoozing,
    timers,
    transcripts,
    transfers,
)
from routing.access import active
from routing.decision import Decision
from routing.events import Event, Faulted, Given, Step
from routing.organisation import Library
from routing.practice import leads_out
from routing.refusals import refuse
from routing.state import State

ACTIONS: dict[type, tuple[Callable[[Decision, Action, Any], None], tuple[type, ...]]] = {
    wire.Claim: (claims.claim, (events.Claimed,)),
    wire.Accept: (claims.claim, (events.Claimed,)),
    wire.Reject: (claims.reject, (events.OfferRejected, events.TransferEnded)),
    wire.Release: (claims.release, (events.Released, events.TransferEnded)),
    wire.Join: (joining.join, (events.Joined,)),
    wire.Leave: (joining.leave, (events.LeftConversation,)),
    wire.Consult: (consulting.consult, (events.Consulted,)),
    wire.EndConsult: (consulting.end_consult, (events.ConsultEnded,)),
    wire.OfferCall: (calls.offer, (events.CallOffered,)),
    wire.SetCall: (calls.set_call, (events.CallAccepted, events.CallEnded)),
    wire.Snooze: (snoozing.snooze, (events.Snoozed,)),
    wire.Wake: (snoozing.wake, (events.Woken,)),
    wire.Say: (messages.say, (events.Said,)),
    wire.Begin: (beginning.begin, (events.Said,)),
    wire.Forward: (forwarding.forward, (events.Forwarded,)),
    wire.Note: (messages.note, (events.Noted,)),
    wire.MarkRead: (messages.mark_read, (events.ReadUpTo,)),
    wire.Transfer: (transfers.transfer, (events.TransferOffered,)),
    wire.Close: (closing.close, (events.Closed,)),
    wire.Recode: (closing.recode, (events.Recoded,)),
    wire.Reopen: (closing.reopen, (events.Reopened,)),
    wire.Dismiss: (closing.dismiss, (events.Dismissed,)),
    wire.Block: (patrons.block, (events.Blocked,)),
    wire.Unblock: (patrons.unblock, (events.Unblocked,)),
    wire.Identify: (patrons.identify, (events.Identified,)),
    wire.Merge: (patrons.merge, (events.Merged,)),
    wire.Unmerge: (patrons.unmerge, (events.Unmerged,)),
    wire.Forget: (erasure.forget, (events.Erased,)),
    wire.OfferOwnData: (own_data.offer, (events.OwnDataOffered,)),
    wire.SetFollowUp: (followups.set_follow_up, (events.FollowUpChanged,)),
    wire.SetAvailability: (librarians.set_availability, (events.AvailabilitySet,)),
    wire.SetQueue: (queue_opening.set_queue, (events.QueueSet,)),
    wire.PlaceLibrarian: (coordinating.place, (events.LibrarianPlaced,)),
    wire.Give: (coordinating.give, (events.HandedOver,)),
    wire.SignOutLibrarian: (coordinating.sign_out, (events.SessionsEnded,)),
    wire.Announce: (announcements.announce, (events.Announced,)),
    wire.Acknowledge: (announcements.acknowledge, (events.Acknowledged,)),
    wire.EndAnnouncement: (announcements.end, (events.AnnouncementEnded,)),
}


def act(decision: Decision, action: Action) -> None:
    """Do what a librarian asks, or refuse it."""
    if not active(decision.state, action.by):
        refuse(decision, action, "unknown-librarian")
        return
    if (apart := leads_out(decision.state, action)) is not None:
        refuse(decision, action, "practice", apart)
        return
    if action.name:
        decision.guest = (action.by, action.name)
    ACTIONS[type(action.deed)][0](decision, action, action.deed)


def _one_receipt(decision: Decision, receipt: wire.Receipt) -> None:
    deliveries.receive_receipt(decision, receipt)
    transcripts.receive_receipts(decision, (receipt,))


def _receipts(decision: Decision, receipts: tuple[wire.Receipt, ...]) -> None:
    deliveries.receive_receipts(decision, receipts)
    transcripts.receive_receipts(decision, receipts)


RULES: dict[type, Callable[[Decision, Any], object]] = {
    wire.Message: conversation.receive,
    wire.Rating: rating.receive,
    wire.TranscriptWish: transcripts.receive,
    wire.PatronSign: patron_end.receive_sign,
    wire.Receipt: _one_receipt,
    tuple: _receipts,
    wire.Action: act,
    wire.Presence: librarians.connection,
    wire.ProcessGone: librarians.process_gone,
    wire.Started: librarians.take_over,
    wire.ChannelStatus: channels.status,
    Library: channels.library,
    wire.Erase: erasure.ordered,
    wire.Recall: partners.recall,
    wire.CallAnswer: calls.answer,
}


_PLAIN = (events.Refused, events.Done)


def _nothing(state: State, event: object, at: int) -> None:
    """An answer or a mishap changes nothing."""


FOLDS: dict[type, Callable[[State, Any, int], None]] = {
    events.Opened: conversation.opened,
    events.Received: conversation.received,
    events.Turned: conversation.turned_away,
    events.Reopened: conversation.reopened,
    events.Dismissed: closing.dismissed,
    events.Queued: offers.queued,
    events.TierOpened: offers.tier_opened,
    events.Offered: offers.offered,
    events.Revoked: offers.revoked,
    events.OfferRejected: offers.offer_rejected,
    events.Claimed: ownership.claimed,
    events.Released: claims.released,
    events.Joined: joining.joined,
    events.LeftConversation: joining.left_conversation,
    events.Consulted: consulting.consulted,
    events.ConsultEnded: consulting.consult_ended,
    events.CallOffered: calls.offered,
    events.CallAccepted: calls.accepted,
    events.CallEnded: calls.ended,
    events.Snoozed: snoozing.snoozed,
    events.Woken: snoozing.woken,
    events.Said: messages.said,
    events.Forwarded: forwarding.forwarded,
    events.CopyFailed: forwarding.copy_failed,
    events.Noted: messages.noted,
    events.ReadUpTo: messages.read_up_to,
    events.Noticed: deliveries.noticed,
    events.Relayed: deliveries.relayed,
    events.Progressed: deliveries.progressed,
    events.Parked: deliveries.parked,
    events.PatronGone: deliveries.patron_gone,
    events.TransferOffered: transfers.transfer_offered,
    events.TransferEnded: transfers.transfer_ended,
    events.Reminded: timers.reminded,
    events.Closed: closing.closed,
    events.Recoded: closing.recoded,
    events.Rated: rating.rated,
    events.TranscriptMailed: transcripts.mailed,
    events.OwnDataOffered: own_data.offered,
    events.Forgotten: closing.forgotten,
    events.Erased: erasure.erased,
    events.Identified: patrons.identified,
    events.Merged: patrons.merged,
    events.Unmerged: patrons.unmerged,
    events.Blocked: patrons.blocked,
    events.Unblocked: patrons.unblocked,
    events.FollowUpOpened: followups.follow_up_opened,
    events.FollowUpChanged: followups.follow_up_changed,
    events.Connected: librarians.connected,
    events.Disconnected: librarians.disconnected,
    events.Left: librarians.left,
    events.Rested: librarians.rested,
    events.AvailabilitySet: librarians.availability_set,
    events.LibrarianPlaced: coordinating.librarian_placed,
    events.SessionsEnded: coordinating.sessions_ended,
    events.HandedOver: coordinating.handed_over,
    events.QueueSet: queue_opening.queue_set,
    events.Announced: announcements.announced,
    events.Acknowledged: announcements.acknowledged,
    events.AnnouncementEnded: announcements.announcement_ended,
    events.TookOver: librarians.took_over,
    events.ChannelChanged: channels.channel_changed,
    events.LibraryChanged: channels.library_changed,
    events.Refused: _nothing,
    events.Done: _nothing,
    events.Faulted: _nothing,
}


def _fold(state: State, event: Event, at: int) -> None:
    FOLDS[type(event)](state, event, at)


def step(state: State, given: Given, cause: str, at: int) -> Step:
    """Decide and fold one input, or receipts that came together; a broken rule changes nothing and gives `Faulted`."""
    journal = state.journal
    journal.clear()
    decision = Decision(state, at, cause, _fold)
    try:
        rung = _run_rule(decision, given)
        if state.partnered:
            partners.tell_homes(decision)
        if state.calling:
            calls.end_left(decision)
        answer = _answer(decision.events, given) if type(given) is Action else -1
    except Exception as error:
        state.rollback()
        state.forget_old(at)
        journal.clear()
        fault = Faulted(input=cause, error=f"{type(error).__name__}: {error}")
        return Step(cause=cause, at=at, events=(fault,), answer=0 if type(given) is Action else -1)
    if rung:
        _arm_again(state, rung)
    state.forget_old(at)
    journal.clear()
    return Step(cause=cause, at=at, events=tuple(decision.events), answer=answer)


def apply(state: State, done: Step) -> State:
    """Return `state` (the same object) after a committed step. Nothing is decided again."""
    at = done.at
    for event in done.events:
        FOLDS[type(event)](state, event, at)
    state.forget_old(at)
    state.journal.clear()
    return state


def next_deadline(state: State) -> int | None:
    """Return when (ms) a Tick is wanted, None when nothing is pending. It may be too early, never too late."""
    first = state.first_timer()
    term = state.term.get("core")
    if first is None or term is None:
        return first
    return max(first, term.grace_until)


def answers(event: Event, action: Action) -> bool:
    """Say whether `event` is of a type that answers `action` (the one that does is `events.answer(step)`)."""
    if isinstance(event, ACTIONS[type(action.deed)][1]):
        return True
    if isinstance(event, Faulted):
        return event.input == action.id
    return isinstance(event, _PLAIN) and event.action == action.id


def _run_rule(decision: Decision, given: Given) -> list[tuple[str, str]]:
    if type(given) is wire.Tick:
        return timers.tick(decision)
    RULES[type(given)](decision, given)
    return []


def _arm_again(state: State, rung: list[tuple[str, str]]) -> None:
    for kind, key in rung:
        state.arm(kind, key, timers.true_due(state, kind, key))


def _answer(happened: list[Event], action: Action) -> int:
    wanted = ACTIONS[type(action.deed)][1]
    for number, event in enumerate(happened):
        if type(event) in wanted or answers(event, action):
            return number
    raise LookupError(f"nothing answers {action.id}")
