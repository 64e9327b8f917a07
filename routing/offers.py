"""Waiting: who is asked, in which order, and what happens when nobody answers.

XEP-0142's words: offer, accept, reject, revoke. A queue either *offers to all* who are present in the tiers that are open (it stays
open to those who come later; the first claim wins), or *assigns*: to one librarian, for `offer_s` seconds (0: without asking).
Longest waiting first. The home tier is asked first; each next one opens after its seconds, at once when nobody is there.
Once everyone able has declined, a new round begins after a pause: no conversation waits for ever for want of asking.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from heapq import merge
from itertools import islice

from msgspec.structs import replace

from routing import history
from routing.access import free_capacity, has_room, in_open_tier, looked_at, returning, serving, staff_route
from routing.assign import assigned, assignment, pick, resting
from routing.deadlines import ROUND_MS, settled
from routing.decision import Decision
from routing.deliveries import sent_out, staff_delivery
from routing.events import Offered, OfferRejected, Queued, Reminded, Revoked, TierOpened, WhyQueued
from routing.ownership import take, withdraw
from routing.queue_orders import closed_by_order
from routing.queue_service import QueueService
from routing.records import Conversation, Staff
from routing.roster import Before
from routing.state import OFFERED, State
from routing.waiting_list import Entry, WaitingList

ANNOUNCED = 20


def enqueue(decision: Decision, it: Conversation, queue: str, since: int, reason: WhyQueued) -> None:
    """Let a conversation wait in `queue` as of `since` ms, asking its first tier where somebody is, or may be back any moment."""
    state = decision.state
    tier = _first_manned(state, queue, 0, decision.at)
    again_at = decision.at + ROUND_MS if reason == "released" else 0
    decision.emit(Queued(conversation=it.id, queue=queue, since=since, reason=reason, tier=tier, again_at=again_at))
    ask(decision, it.id, range(tier + 1))


def _first_manned(state: State, queue: str, tier: int, at: int) -> int:
    """Return the first tier, from `tier` on, where somebody is or may be back any moment; the last one if nobody is."""
    last = state.roster.service(queue).last_tier
    return next((one for one in range(tier, last) if _anyone(state, queue, range(one, one + 1), at)), last)


def _anyone(state: State, queue: str, tiers: range, at: int) -> bool:
    return next(serving(state, queue, at, tiers), None) is not None or returning(state, queue, at, tiers)


def ask(
    decision: Decision, conversation: str, tiers: range | None = None, *, but: Container[str] = frozenset()
) -> None:
    """Offer a waiting conversation: to one in turn, or to all present in `tiers`, `but` those who know of it.

    Without `tiers` those that are open for it.
    """
    it = decision.state.conversations[conversation]
    if it.state != "waiting" or it.offered or closed_by_order(decision.state, it.queue):
        return
    service = decision.state.roster.service(it.queue)
    if service.queue.policy == "offer":
        answering = service.level_at(decision.at)  # the clock may not have looked yet
        able = sorted(
            one
            for one in serving(decision.state, it.queue, looked_at(it), tiers or range(it.tier + 1))
            if one not in it.declined and one not in but and one in answering
        )
        tell(decision, it, [one for one in able if has_room(decision.state, one, service, it.live)])
    else:
        librarian = pick(decision.state, it, decision.at)
        if librarian:
            assign(decision, it, service, librarian)


def tell(decision: Decision, it: Conversation, librarians: list[str]) -> None:
    """Announce an offer to all who may claim it; on their own messengers one by one, practice in the inbox alone."""
    told = [one for one in librarians if staff_route(decision.state, one) is not None]
    by_messenger = [] if it.practice else told
    plain = tuple(one for one in librarians if one not in by_messenger)
    if plain:
        decision.emit(Offered(conversation=it.id, to=plain))
    for librarian in by_messenger:
        delivery = staff_delivery(decision, it, librarian, "offer", "offer", text=it.last_text)
        decision.emit(Offered(conversation=it.id, to=(librarian,), delivery=delivery))


def assign(decision: Decision, it: Conversation, service: QueueService, librarian: str) -> None:
    """Offer to the one whose turn it is, or give it to them where the queue does not ask."""
    if not service.queue.offer_s:
        take(decision, it, librarian, "assign")
        return
    until = decision.at + service.queue.offer_s * 1000
    delivery = staff_delivery(decision, it, librarian, "offer", "offer", text=it.last_text)
    decision.emit(
        Offered(
            conversation=it.id,
            to=(librarian,),
            expires_at=until,
            delivery=delivery,
            assigned=True,
            assignment=assignment(decision.state, it.queue, librarian, decision.at),
        )
    )


def open_tier(decision: Decision, it: Conversation) -> None:
    """Ask the next tier as well, and those after it while nobody is there."""
    first = it.tier + 1
    tier = _first_manned(decision.state, it.queue, first, looked_at(it))
    decision.emit(TierOpened(conversation=it.id, tier=tier))
    ask(decision, it.id, range(first, tier + 1))


def agreements_changed(decision: Decision, before: Before) -> None:
    """Let what waits be asked of those whom the libraries let answer now, where that is not as it was `before`."""
    state = decision.state
    for queue, was in before.services.items():
        if queue not in state.lines:
            continue
        service = state.roster.service(queue)
        for _, conversation in list(merge(*state.lines[queue].values())):
            it = state.conversations[conversation]
            if it.state != "waiting":
                continue
            could, can = was.level_at(looked_at(it)), service.level_at(decision.at)
            if service.level_at(looked_at(it)) != can:
                decision.emit(Reminded(conversation=it.id, what="hours"))
            if could != can:
                ask_as_agreed(decision, conversation, could)


def ask_as_agreed(decision: Decision, conversation: str, could: Mapping[str, int]) -> None:
    """Take back what is on offer to those who answer no more, and ask those who answer from now on, or the next tier.

    `could`: who was in which tier until now.
    """
    state = decision.state
    it = state.conversations[conversation]
    service = state.roster.service(it.queue)
    offered = it.offered
    asked = [one for one in dict.fromkeys((offered, *it.told)) if one]
    if lost := [one for one in asked if not in_open_tier(service, one, it)]:
        withdraw(decision, it, lost, "away")
    it = state.conversations[conversation]
    if it.tier < service.last_tier and not _anyone(state, it.queue, range(it.tier + 1), looked_at(it)):
        open_tier(decision, it)
    elif service.queue.policy == "offer":
        known = {one for one, level in could.items() if level <= it.tier}
        ask(decision, it.id, range(it.tier + 1), but=known)
    else:
        ask(decision, it.id)
    if offered in lost:
        offer_waiting_to(decision, offered)  # who has room again for what waits elsewhere


def new_round(decision: Decision, it: Conversation) -> None:
    """Ask everybody again who declined or let the offer pass."""
    decision.emit(
        Queued(conversation=it.id, queue=it.queue, since=it.since, reason="requeued", tier=it.tier, again_at=0)
    )
    ask(decision, it.id)


# ---- somebody becomes free ------------------------------------------------------------------------------------------------


def offer_waiting_to(decision: Decision, librarian: str) -> None:
    """Give a librarian with room what waits longest in the queues that assign.

    What waits in the others came while they had no room, or were away: a messenger tells them now.
    """
    for live in (True, False):
        while free_capacity(decision.state, librarian, live) > 0:
            found = _next_for(decision.state, librarian, live, decision.at)
            if found is None:
                break
            it = decision.state.conversations[found[1]]
            assign(decision, it, decision.state.roster.service(it.queue), librarian)
    if staff_route(decision.state, librarian) is not None:
        announce(decision, librarian, decision.state.staff[librarian].queues)


def announce(decision: Decision, librarian: str, queues: tuple[str, ...]) -> None:
    """Tell a librarian who comes online what waits longest in the queues that offer to all (the first twenty)."""
    state = decision.state
    lines = [
        line
        for queue in queues
        if state.roster.service(queue).queue.policy == "offer" and not closed_by_order(state, queue)
        for _, _, line in _open_lines(state, queue, librarian, decision.at)
    ]
    for _, conversation in list(islice(merge(*lines), ANNOUNCED)):
        it = state.conversations[conversation]
        new = librarian not in it.declined and librarian not in it.told
        if (
            new
            and in_open_tier(state.roster.service(it.queue), librarian, it)
            and free_capacity(state, librarian, it.live) > 0
        ):
            tell(decision, it, [librarian])


def _next_for(state: State, librarian: str, live: bool, now: int) -> Entry | None:
    best: Entry | None = None
    queues = state.staff[librarian].queues
    for queue in queues if len(queues) <= len(state.lines) else state.lines:
        service = state.roster.service(queue)
        if service.queue.policy == "offer" or closed_by_order(state, queue) or resting(state, service, librarian):
            continue
        for kind, _, line in _open_lines(state, queue, librarian, now):
            if kind == live:
                entry = _first_for(state, service, line, librarian)
                if entry is not None and (best is None or entry < best):
                    best = entry
    return best


def _open_lines(state: State, queue: str, librarian: str, now: int) -> list[tuple[bool, int, WaitingList]]:
    level = state.roster.service(queue).level_at(now).get(librarian)
    if level is None or librarian not in state.opted_in.get(queue, ()) or not state.staff[librarian].connections:
        return []
    lines = state.lines.get(queue, {})
    return [(live, tier, lines[live, tier]) for live, tier in sorted(lines) if tier != OFFERED and tier >= level]


def _first_for(state: State, service: QueueService, line: WaitingList, librarian: str) -> Entry | None:
    waiting = ((entry, state.conversations[entry[1]]) for entry in line)
    return next(
        (entry for entry, it in waiting if librarian not in it.declined and in_open_tier(service, librarian, it)), None
    )


# ---- fold --------------------------------------------------------------------------------------------------------------------


def queued(state: State, event: Queued, at: int) -> None:
    """Put it into the line; a new round keeps its wait and its tiers."""
    it = state.conversations[event.conversation]
    again = event.reason == "requeued"
    again_at = event.again_at if event.again_at is not None else history.released_again_at(event.reason, at)
    it = replace(
        it,
        state="waiting",
        queue=event.queue,
        owner="",
        handover=None,
        companions=it.companions if event.reason == "transferred" else (),
        since=event.since,
        queued_at=it.queued_at if again else at,
        tier=event.tier,
        tier_at=it.tier_at if again else at,
        offered="",
        offer_until=0,
        declined=it.declined if event.reason == "released" else (),
        again_at=again_at,
        told_wait=it.told_wait and again,
        entered=it.entered or event.queue,
        turn="",
        nudges=0,
        deferral=None,
        back_at=0,
    )
    state.conversations.put(it.id, settled(state, it))


def tier_opened(state: State, event: TierOpened, at: int) -> None:
    """Ask one tier more."""
    it = replace(state.conversations[event.conversation], tier=event.tier, tier_at=at)
    state.conversations.put(it.id, settled(state, it))


def offered(state: State, event: Offered, at: int) -> None:
    """Remember who has it in turn, and who was told on a messenger."""
    it = state.conversations[event.conversation]
    if event.delivery is not None:
        sent_out(state, event.delivery, at)
        it = replace(it, told=(*it.told, *(one for one in event.to if one not in it.told)))
    if event.assigned:
        it = replace(it, offered=event.to[0], offer_until=event.expires_at)
        assigned(state, it.queue, event.to[0], event.assignment, at)
    state.conversations.put(it.id, settled(state, it))


def revoked(state: State, event: Revoked, at: int) -> None:
    """Take the offer back; who let it pass is not asked again in this round."""
    if event.delivery is not None:
        sent_out(state, event.delivery, at)
    it = state.conversations[event.conversation]
    it = replace(it, told=tuple(one for one in it.told if one not in event.to))
    if it.offered in event.to:
        passed = event.reason == "timeout"
        it = _passed(it, it.offered, event.again_at, at) if passed else replace(it, offered="", offer_until=0)
    state.conversations.put(it.id, settled(state, it))


def offer_rejected(state: State, event: OfferRejected, at: int) -> None:
    """Ask this librarian no more in this round."""
    it = _passed(state.conversations[event.conversation], event.by, event.again_at, at)
    state.conversations.put(it.id, settled(state, it))


def _passed(it: Conversation, librarian: str, again_at: int | None, at: int) -> Conversation:
    declined = it.declined if librarian in it.declined else (*it.declined, librarian)
    again_at = again_at if again_at is not None else history.declined_again_at(it, librarian, at)
    if it.offered == librarian:
        return replace(it, declined=declined, offered="", offer_until=0, again_at=again_at)
    return replace(it, declined=declined, again_at=again_at)


def freed(state: State, librarian: str, at: int) -> None:
    """Remember that a librarian is done with a conversation."""
    staff = state.staff.get(librarian, Staff(id=librarian))
    state.staff.put(librarian, replace(staff, idle_since=at))
