"""When something next falls due in a conversation: a function of its record and the library's timers.

Waiting: the offer ends, the next tier opens, a new round begins, the concierge speaks, the libraries close, a partner's
agreement begins or ends.
Or a patron who left is given up, or followed up where they left an address.
Active: a transfer runs out, a silence grows. Closed: the re-open window passes. Field's defaults: remind the librarian after
2:30, mark after 3:00; ask the patron after 4:00, close after 5:00, with a warning first and on live channels only.
Snoozed: its time comes; with a time nobody is asked or reminded before, without one the librarian isn't reminded.
The librarian is reminded no matter who wrote last: "one moment" is no answer, and the patron who waits for it hears nothing.
"""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from routing.access import looked_at
from routing.hours import chain_closes
from routing.openings import FOREVER
from routing.organisation import Timers
from routing.queue_service import QueueService
from routing.records import Conversation
from routing.state import State

DAY_MS = 86_400_000
PATRON_LEFT_MS = 120_000
LEAST_WARNING_MS = 30_000
ROUND_MS = 30_000
PRACTICE_MS = 7 * DAY_MS  # after its end a practice session is forgotten

Silence = Literal["remind", "mark", "still-there", "close"]


def due(state: State, it: Conversation) -> int:
    """Return the next deadline of a conversation in ms, 0 when there is none; practice is over after a week."""
    if not it.practice:  # nearly always
        return _due(state, it)
    return min((when for when in (_due(state, it), practice_ends_at(it)) if when), default=0)


def practice_ends_at(it: Conversation) -> int:
    """Return when a practice session that nobody ended is over; 0 = it has ended, or it isn't practice."""
    return it.opened_at + PRACTICE_MS if it.practice and it.state != "closed" else 0


def _due(state: State, it: Conversation) -> int:
    if it.state == "active":
        when = silence(state, it)[1]
        if it.handover is None and it.call is None and it.deferral is None:  # nearly always
            return when
        ends = [when, call_ends_at(it), it.handover.expires_at if it.handover is not None else 0]
        ends += [it.deferral.until] if it.deferral is not None else ()
        return min((when for when in ends if when > 0), default=0)
    if it.state == "waiting":
        return min((when for when in _waiting(state, it) if when), default=0)
    return forget_at(state, it)


def settled(state: State, it: Conversation) -> Conversation:
    """Return the conversation with its next deadline set."""
    when = due(state, it)
    return it if when == it.due else replace(it, due=when)


def _waiting(state: State, it: Conversation) -> list[int]:
    service = state.roster.service(it.queue)
    return [
        it.offer_until if it.offered else again_at(service, it),
        next_tier_at(service, it),
        concierge_at(service, it),
        closing_at(state, service, it),
        given_up_at(it),
        followed_at(it),
        hours_change_at(service, it),
    ]


def again_at(service: QueueService, it: Conversation) -> int:
    """Return when those who declined are asked again; never where the offer is open to all."""
    return 0 if service.queue.policy == "offer" or it.offered else it.again_at


def next_round_at(it: Conversation, librarian: str, now: int) -> int:
    """Return when a new round begins, now that a librarian declines or lets the offer pass; 0 = it does not wait."""
    again = now + ROUND_MS if it.state == "waiting" else 0
    return again if it.offered == librarian else it.again_at or again


def next_tier_at(service: QueueService, it: Conversation) -> int:
    """Return when the next tier is asked as well; 0 = all are."""
    if it.tier >= service.last_tier:
        return 0
    return it.tier_at + service.queue.tiers[it.tier].after_s * 1000


def concierge_at(service: QueueService, it: Conversation) -> int:
    """Return when to tell the patron that it takes time; 0 = told, or nobody sits there."""
    if it.told_wait or not it.live or not service.queue.concierge_s:
        return 0
    return it.queued_at + service.queue.concierge_s * 1000


def hours_change_at(service: QueueService, it: Conversation) -> int:
    """Return when to look again whom the agreements of partners let answer; 0 = they do not change, or it is not known."""
    when = service.next_change(looked_at(it))
    return when if when < FOREVER else 0


def closing_at(state: State, service: QueueService, it: Conversation) -> int:
    """Return when to tell a patron who waits that the libraries have closed; 0 = not known, or nobody sits there.

    Under a coordinator's order the hours do not count: its end is a timer of its own.
    """
    if it.gone or not it.live or it.queue in state.queue_orders:
        return 0
    return chain_closes(service, max(it.queued_at, it.told_closed))


def given_up_at(it: Conversation) -> int:
    """Return when a patron who left the line is given up; 0 = not.

    The rule of a lost call holds for the desk too: no address, and nothing said after a librarian had joined. Nobody is
    given up on a guess, in the first minutes after they were put back into the queue, or while a follow-up is open.
    A patron who was told that the question is kept is not given up: it waits until a librarian deals with it.
    """
    if not it.gone or it.guessed or not it.live or it.kept:
        return 0
    if it.contact or it.left_address or it.wrote_after or it.follow_up:
        return 0
    return max(it.gone_at, it.queued_at) + PATRON_LEFT_MS


def followed_at(it: Conversation) -> int:
    """Return when a question becomes a follow-up whose patron left the line and gave an address; 0 = not, or it is one."""
    if not it.gone or it.guessed or not it.live or not it.contact or it.follow_up:
        return 0
    return max(it.gone_at, it.queued_at) + PATRON_LEFT_MS


def silence(state: State, it: Conversation) -> tuple[Silence, int]:
    """Return what the next silence brings, and when (0 = nothing). While they talk in a call, nobody is silent."""
    snooze = it.deferral
    if (
        not it.live
        or not it.turn
        or (it.call is not None and it.call.accepted_at)
        or (snooze is not None and snooze.until)
    ):
        return "remind", 0
    timers = state.roster.library(it.library).timers
    patron = it.turn == "patron"
    if patron and it.nudges:
        return "close", _close_at(timers, it)
    told = it.nudges if not patron else 2 if it.gone or snooze is not None else it.prompted
    what: Silence = "remind"
    after = 0
    if told == 0 and timers.remind_s:
        after = timers.remind_s
    elif told <= 1 and timers.mark_s:
        what, after = "mark", timers.mark_s
    if patron and timers.still_there_s and not 0 < after < timers.still_there_s:
        what, after = "still-there", timers.still_there_s
    return what, it.turn_at + after * 1000 if after else 0


def call_ends_at(it: Conversation) -> int:
    """Return when the offer of a call, or a call, is over; 0 = no such time."""
    return it.call.until if it.call is not None else 0


def _close_at(timers: Timers, it: Conversation) -> int:
    """Return when a patron who was asked and did not answer is taken for gone."""
    if it.nudges > 1 or not timers.still_there_s or not timers.close_silent_s:
        return 0
    warning = max((timers.close_silent_s - timers.still_there_s) * 1000, LEAST_WARNING_MS)
    return max(it.turn_at + timers.close_silent_s * 1000, it.nudged_at + warning)


def forget_at(state: State, it: Conversation) -> int:
    """Return when a closed conversation's re-open window passes; 0 while a follow-up needs it.

    One that goes on in another is dropped together with that one. What is set aside stays for as long as the library keeps
    transcripts: nobody has looked at it yet.
    """
    if it.practice and it.follow_up:
        return it.closed_at + PRACTICE_MS
    if it.follow_up or it.into in state.conversations:
        return 0
    library = state.roster.library(it.library)
    if it.aside:
        return it.closed_at + library.retention_days * DAY_MS if library.retention_days else 0
    timers = library.timers
    window = (timers.reopen_live_s if it.live else timers.reopen_slow_s) * 1000
    return it.closed_at + (min(window, PRACTICE_MS) if it.practice else window)
