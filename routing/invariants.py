"""What must hold in every state, as code. Slow on purpose: it looks at everything and trusts no index.

Capacity: what the desk itself offers or assigns never goes beyond a librarian's limits. What people step may: a claim by hand, an
accepted transfer, a conversation that comes back to who had it, limits lowered while at work. So what is checked is that
nothing is on offer to somebody who is beyond a limit by offers alone. What a librarian has only joined counts nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from typing import Any

from bridge.contract.message import RATINGS
from routing.access import active, eligible, free_capacity, in_open_tier, speaks, there
from routing.alike import alias_number
from routing.deadlines import due, given_up_at
from routing.practice_queue import is_practice
from routing.queue_service import QueueService
from routing.records import Conversation, Staff
from routing.state import OFFERED, State, follow_up_due, follow_up_keys, staff_due
from routing.transcripts import MAILINGS

NEAR = 20  # queues of one librarian that a quick look goes through


def invariants(state: State) -> list[str]:
    """Return what does not hold, [] when all is well."""
    return [
        *_conversations(state),
        *_waiting(state),
        *_indexes(state),
        *_lines(state),
        *_timers(state),
        *_references(state),
    ]


def invariants_near(state: State, conversations: Iterable[str], librarians: Iterable[str]) -> list[str]:
    """Return what does not hold of these records and of what they lead to; quick, for a look after every input."""
    found: list[str] = ["the journal is not empty between inputs"] if state.journal else []
    for key in conversations:
        it = state.conversations.get(key)
        if it is not None:
            found += [*_conversation(state, key, it), *_placed(state, it)]
            found += _wait(state, key, it) if it.state == "waiting" else ()
    for name in librarians:
        staff = state.staff.get(name)
        if staff is not None:
            found += _free(state, staff)
    return found


def _placed(state: State, it: Conversation) -> Iterator[str]:
    """Yield the indexes that do not know of a conversation."""
    places = [("opened", state.opened.get(it.queue, {}))] if it.state != "closed" else []
    places += [("mine", state.mine.get(it.owner, {}))] if it.owner else []
    places += [("offers", state.offers.get(it.offered, {}))] if it.offered else []
    places += [("joined", state.joined.get(one, {})) for one in it.companions]
    if it.handover is not None:
        places.append(("handed", state.handed.get(it.handover.librarian or it.handover.queue, {})))
    yield from (f"the index {name} does not know {it.id}" for name, index in places if it.id not in index)
    if it.due and state.armed.get(("conversation", it.id), it.due + 1) > it.due:
        yield f"nothing will ring for conversation {it.id} at {it.due}"


def _free(state: State, staff: Staff) -> Iterator[str]:
    """Yield what waits longest in the queues of somebody who is free for it."""
    for queue in staff.queues if len(staff.queues) <= NEAR else ():
        if staff.id not in state.opted_in.get(queue, ()):
            yield f"{queue} does not know that {staff.id} serves it"
        service = state.roster.service(queue)
        if service.queue.policy == "offer" or queue in state.queue_orders:
            continue
        for (_, tier), line in state.lines.get(queue, {}).items():
            first = line.first()
            if first is not None and tier != OFFERED:
                yield from _overlooked(state, state.conversations[first[1]], service)


def _conversations(state: State) -> Iterator[str]:
    for key, it in state.conversations.items():
        yield from _conversation(state, key, it)


def _conversation(state: State, key: str, it: Conversation) -> Iterator[str]:
    if key != it.id:
        yield f"{key} is filed under another id"
    if (it.state == "active") != bool(it.owner):
        yield f"{key} is {it.state} with owner {it.owner!r}"
    if it.offered and it.state != "waiting":
        yield f"{key} is {it.state} and on offer"
    if it.handover is not None and (it.state != "active" or it.handover.by != it.owner):
        yield f"{key} has a transfer that is not its owner's"
    if it.handover is not None and it.handover.librarian and not active(state, it.handover.librarian):
        yield f"{key} is being transferred to {it.handover.librarian}, who is no librarian"
    if it.state == "active" and it.live and it.turn == "librarian" and not there(state, it.owner):
        yield f"{key} waits for a word of {it.owner}, who is not there"
    if (it.deferral is not None or it.back_at) and it.state != "active":
        yield f"{key} is {it.state} and snoozed: {it.deferral}, back at {it.back_at}"
    if it.companions:
        yield from _company(state, it)
    if it.consults and (it.state == "closed" or len({one.whom for one in it.consults}) != len(it.consults)):
        yield f"{key} is {it.state}, and {it.consults} are asked about it"
    if it.call is not None and not speaks(it.call.by, it):
        yield f"{key} is {it.state}, and {it.call.by}, who is not in it, offers a call"
    if (it.state == "closed") != bool(it.closed_at):
        yield f"{key} is {it.state}, closed at {it.closed_at}"
    if it.rating and not (1 <= it.rating <= RATINGS and it.answered_at):
        yield f"{key} is rated {it.rating}, first answered at {it.answered_at}"
    if it.mailed and not (len(it.mailed) <= MAILINGS and it.answered_at):
        yield f"{key} was mailed {len(it.mailed)} times, first answered at {it.answered_at}"
    if it.kept and (given_up_at(it) or it.code == "lost_call"):
        yield f"{key} was promised to be kept, and the desk gives it up"
    if it.state == "closed" and it.code == "answered" and it.failed:
        yield f"{key} ended as answered, and nobody got the answer"
    if it.practice != is_practice(it.queue):
        yield f"{key} is practice: {it.practice}, and waits in {it.queue}"
    if it.practice and (it.merged or it.into or it.consults):
        yield f"{key} is practice, and goes on elsewhere"
    if it.due != due(state, it):
        yield f"{key} is due at {it.due}, not {due(state, it)}"


def _company(state: State, it: Conversation) -> Iterator[str]:
    if it.state != "active":
        yield f"{it.id} is {it.state}, and {it.companions} are in it"
    if len({it.owner, *it.companions}) != 1 + len(it.companions):
        yield f"{it.id} is {it.owner}'s, and {it.companions} joined: somebody is in it twice"
    for one in it.companions:
        if not active(state, one) or not there(state, one):
            yield f"{one} is in {it.id} and is not there"


def _waiting(state: State) -> Iterator[str]:
    for key, it in state.conversations.items():
        if it.state == "waiting":
            yield from _wait(state, key, it)


def _wait(state: State, key: str, it: Conversation) -> Iterator[str]:
    service = state.roster.service(it.queue)
    if service.members and not any(eligible(state, one, it) for one in service.members):
        yield f"{key} waits where nobody eligible can see it"
    if not service.members and any(one.edits and one.active for one in state.roster.librarians.values()):
        yield f"{key} waits where nobody looks"
    if it.offered and not active(state, it.offered):
        yield f"{key} is on offer to {it.offered}, who is no librarian"
    yield from (
        f"{key} is on offer to {one}, who does not answer there now"
        for one in (it.offered, *it.told)
        if one and active(state, one) and not in_open_tier(service, one, it)
    )
    if service.queue.policy != "offer" and not it.offered and it.queue not in state.queue_orders:
        yield from _overlooked(state, it, service)


def _overlooked(state: State, it: Conversation, service: QueueService) -> Iterator[str]:
    for one in state.opted_in.get(it.queue, ()):
        staff = state.staff[one]
        able = bool(staff.connections) and in_open_tier(service, one, it) and active(state, one)
        resting = service.queue.fair_limit and staff.rests_until
        if able and one not in it.declined and not resting and free_capacity(state, one, it.live) > 0:
            yield f"{it.id} waits while {one} is free"


def _indexes(state: State) -> Iterator[str]:
    load: Counter[tuple[str, bool]] = Counter()
    mine: dict[str, set[str]] = {}
    joined: dict[str, set[str]] = {}
    offers: dict[str, set[str]] = {}
    opened: dict[str, set[str]] = {}
    handed: dict[str, set[str]] = {}
    alike: dict[int, set[str]] = {}
    for it in state.conversations.values():
        if it.state == "closed":
            continue
        alike.setdefault(alias_number(it.id), set()).add(it.id)
        opened.setdefault(it.queue, set()).add(it.id)
        if it.owner:
            mine.setdefault(it.owner, set()).add(it.id)
        for companion in it.companions:
            joined.setdefault(companion, set()).add(it.id)
        if it.offered:
            offers.setdefault(it.offered, set()).add(it.id)
        if (it.owner or it.offered) and not it.practice:
            load[it.owner or it.offered, it.live] += 1
        if it.handover is not None:
            handed.setdefault(it.handover.librarian or it.handover.queue, set()).add(it.id)
    if load != Counter({key: number for key, number in state.load.items() if number}):
        yield "the load is miscounted"
    pairs: tuple[tuple[str, dict[Any, set[str]]], ...] = (
        *(("mine", mine), ("joined", joined), ("offers", offers)),
        *(("opened", opened), ("handed", handed), ("alike", alike)),
    )
    for name, truth in pairs:
        if {key: set(members) for key, members in getattr(state, name).items()} != truth:
            yield f"the index {name} does not agree with the table"
    seen: dict[str, set[str]] = {}
    for key in state.acknowledgements:
        seen.setdefault(key.partition("|")[0], set()).add(key.partition("|")[2])
    if {key: set(members) for key, members in state.acknowledged.items()} != seen:
        yield "the index acknowledged does not agree with the table"
    if not seen.keys() <= state.announcements.keys():
        yield "somebody has seen a notice that is over"
    followed: dict[str, set[str]] = {}
    for key, one in state.follow_ups.items():
        for whose in follow_up_keys(one):
            followed.setdefault(whose, set()).add(key)
    if {key: set(members) for key, members in state.followed.items()} != followed:
        yield "the index followed does not agree with the table"
    yield from _staff(state)


def _staff(state: State) -> Iterator[str]:
    opted_in: dict[str, set[str]] = {}
    processes: dict[str, set[str]] = {}
    for one in state.staff.values():
        for queue in one.queues:
            opted_in.setdefault(queue, set()).add(one.id)
        for process, _ in one.connections:
            processes.setdefault(process, set()).add(one.id)
        if one.connections and one.grace_until:
            yield f"{one.id} is connected and in grace"
    if {key: set(members) for key, members in state.opted_in.items()} != opted_in:
        yield "who serves a queue does not agree with the table"
    if {key: set(members) for key, members in state.processes.items()} != processes:
        yield "processes do not agree with the table"


def _lines(state: State) -> Iterator[str]:
    truth: dict[tuple[str, bool, int], list[tuple[int, str]]] = {}
    for it in state.conversations.values():
        if it.state == "waiting":
            where = (it.queue, it.live, OFFERED if it.offered else it.tier)
            truth.setdefault(where, []).append((it.since, it.id))
    lines = {(queue, *key): list(line) for queue, of in state.lines.items() for key, line in of.items()}
    if lines != {where: sorted(entries) for where, entries in truth.items()}:
        yield "a line is not who waits, longest first"


def _timers(state: State) -> Iterator[str]:
    heap = set(state.timers)
    records: dict[str, Container[str]] = {
        "conversation": state.conversations,
        "staff": state.staff,
        "follow-up": state.follow_ups,
        "barred": state.barred,
        "queue": state.queue_orders,
        "notice": state.announcements,
    }
    for (kind, key), when in state.armed.items():
        if key not in records[kind]:
            yield f"a timer of {kind} {key} has outlived it"
        if (when, kind, key) not in heap:
            yield f"the timer of {kind} {key} is not in the heap"
    wanted = [("conversation", it.id, due(state, it)) for it in state.conversations.values()]
    wanted += [("staff", one.id, staff_due(one)) for one in state.staff.values()]
    wanted += [("follow-up", one.id, follow_up_due(one)) for one in state.follow_ups.values()]
    wanted += [("queue", key, one.until) for key, one in state.queue_orders.items()]
    wanted += [("notice", key, one.until) for key, one in state.announcements.items()]
    wanted += [("barred", key, one.until) for key, one in state.barred.items()]
    for kind, key, when in wanted:
        if when and state.armed.get((kind, key), when + 1) > when:
            yield f"nothing will ring for {kind} {key} at {when}"


def _references(state: State) -> Iterator[str]:
    for key, conversation in state.addresses.items():
        if conversation not in state.conversations:
            yield f"address {key[:3]}… leads to a conversation that is not there"
    for one in state.follow_ups.values():
        it = state.conversations.get(one.conversation)
        if it is None or it.follow_up != one.id:
            yield f"follow-up {one.id} has lost its conversation"
    for key in state.parked:
        if key in state.deliveries:
            yield f"a receipt of {key} is parked although its delivery is known"
    if state.journal:
        yield "the journal is not empty between inputs"
