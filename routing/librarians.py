"""Librarians come and go. Presence belongs to (process, connection); one is present while any of their connections is.

After the last connection there is a grace (30 s): nothing new is offered, nothing is taken away. Then what was on offer goes to
others, and their live conversations go back to their queues, ahead of newer ones. Slow ones stay theirs until the patron writes
again, which may have happened within the grace.
Presence is not enough: a librarian is asked only in the queues they opted in to, and opts in again after having been away.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, Presence, ProcessGone, SetAvailability, Started
from routing import history
from routing.access import active, staff_route
from routing.decision import Decision
from routing.events import (
    AvailabilitySet,
    Connected,
    Disconnected,
    FollowUpChanged,
    Left,
    LeftConversation,
    Rested,
    TookOver,
    WhyRevoked,
)
from routing.joining import without_owner
from routing.offers import announce, ask, offer_waiting_to
from routing.ownership import grace_end, withdraw
from routing.records import Conversation, CoreTerm, Staff
from routing.refusals import done, refuse
from routing.roster import Before
from routing.state import State
from routing.transfers import end_transfer

GRACE_MS = 30_000


def connection(decision: Decision, presence: Presence) -> None:
    """Note a connection that came or went."""
    staff = decision.state.staff.get(presence.librarian)
    standing = staff is not None and (presence.process, presence.connection) in staff.connections
    if presence.up and not standing:
        _arrive(decision, presence, first=staff is None or not staff.connections)
    elif standing and not presence.up:
        _depart(decision, presence.librarian, presence.process, presence.connection)


def _arrive(decision: Decision, presence: Presence, *, first: bool) -> None:
    """A librarian who comes within the grace gets what waits. A messenger tells what came while they were not connected by it.

    A browser shows what waits anyway; a messenger has only what was sent to it.
    """
    librarian = presence.librarian
    by_messenger = staff_route(decision.state, librarian) is not None
    before = decision.state.staff.get(librarian, Staff(id=librarian))
    since = decision.at if not before.connections and not before.grace_until else None
    decision.emit(Connected(librarian=librarian, process=presence.process, connection=presence.connection, since=since))
    if first:
        offer_waiting_to(decision, librarian)
    if not by_messenger and staff_route(decision.state, librarian) is not None:
        announce(decision, librarian, decision.state.staff[librarian].queues)


def process_gone(decision: Decision, gone: ProcessGone) -> None:
    """Note that all connections of a process are lost."""
    state = decision.state
    for librarian in sorted(state.processes.get(gone.process, ())):
        for process, one in state.staff[librarian].connections:
            if process == gone.process:
                _depart(decision, librarian, process, one)


def _depart(decision: Decision, librarian: str, process: str, connection: str) -> None:
    """Note a connection that went; the last one begins the grace."""
    last = len(decision.state.staff[librarian].connections) == 1
    grace_until = grace_end(decision, librarian) if last else 0
    decision.emit(Disconnected(librarian=librarian, process=process, connection=connection, grace_until=grace_until))


def take_over(decision: Decision, started: Started) -> None:
    """Begin a term: everybody has to connect again, and nothing falls due within the grace."""
    decision.emit(TookOver(process=started.process, grace_until=decision.at + GRACE_MS))


def set_availability(decision: Decision, action: Action, deed: SetAvailability) -> None:
    """Serve exactly these queues; offers of others go on to somebody else, what waits longest comes."""
    state, by = decision.state, action.by
    queues = tuple(dict.fromkeys(deed.queues))
    if any(by not in state.roster.service(queue).level for queue in queues) or min(deed.live, deed.slow) < 0:
        refuse(decision, action, "unknown-queue")
        return
    before = state.staff.get(by, Staff(id=by))
    if (before.queues, before.live, before.slow) == (queues, deed.live, deed.slow):
        done(decision, action)
        return
    decision.emit(
        AvailabilitySet(
            librarian=by,
            queues=queues,
            live=deed.live,
            slow=deed.slow,
            since=placed_since(decision, before.queues, queues),
        )
    )
    served_from_now_on(decision, by, before.queues)


def placed_since(decision: Decision, before: tuple[str, ...], queues: tuple[str, ...]) -> int | None:
    """Return since when somebody is available, or away, who serves `queues` now; None = as before."""
    return decision.at if bool(before) != bool(queues) else None


def served_from_now_on(decision: Decision, librarian: str, before: tuple[str, ...]) -> None:
    """Pass on what is on offer outside the queues that a librarian serves now, and offer what waits in them; `before`: till now."""
    queues = decision.state.staff[librarian].queues
    _pass_on(decision, librarian, queues, "away")
    offer_waiting_to(decision, librarian)
    known = frozenset(before)
    announce(decision, librarian, tuple(queue for queue in queues if queue not in known))


def _pass_on(decision: Decision, librarian: str, kept: tuple[str, ...], why: WhyRevoked) -> None:
    """Take back what is on offer to a librarian outside the queues `kept`, and ask others."""
    state = decision.state
    for it in _in_order(state, state.offers.get(librarian, {})):
        if it.queue not in kept:
            withdraw(decision, it, [librarian], why)
            ask(decision, it.id)
    if not kept:
        for it in _in_order(state, state.handed.get(librarian, {})):
            end_transfer(decision, it, "away")


def _in_order(state: State, conversations: dict[str, None]) -> list[Conversation]:
    return sorted((state.conversations[one] for one in conversations), key=lambda it: (it.since, it.id))


def leave(decision: Decision, librarian: str, *, for_good: bool = False) -> None:
    """Give up what only this librarian held: the grace is over, or they are no longer a librarian (then slow ones, too)."""
    state = decision.state
    staff = state.staff.get(librarian, Staff(id=librarian))
    decision.emit(Left(librarian=librarian, since=decision.at))
    _pass_on(decision, librarian, (), "left")
    for it in _in_order(state, state.joined.get(librarian, {})):
        decision.emit(LeftConversation(conversation=it.id, by=librarian, reason="away"))
    for it in _in_order(state, state.mine.get(librarian, {})):
        if not it.live and not for_good and not _unheard(it, staff):
            continue
        if it.handover is not None:
            end_transfer(decision, it, "away")
        without_owner(decision, it, it.since)


def _unheard(it: Conversation, owner: Staff) -> bool:
    """Say whether the patron wrote last, after the owner had gone: nobody was told, for they might have come back."""
    return it.turn == "librarian" and it.last_by == "patron" and it.last_at >= max(owner.gone_at, it.claimed_at)


def ring(decision: Decision, staff: Staff) -> None:
    """Do what fell due for a librarian: the grace is over, or the rest."""
    if 0 < staff.grace_until <= decision.at:
        leave(decision, staff.id)
    staff = decision.state.staff[staff.id]
    if 0 < staff.rests_until <= decision.at:
        decision.emit(Rested(librarian=staff.id))
        offer_waiting_to(decision, staff.id)


def staff_changed(decision: Decision, before: Before) -> None:
    """Give up what librarians hold who were deactivated or moved to another library, and give the others what waits.

    `before`: what a library's change may have changed, as it was.
    """
    state = decision.state
    services = [*before.services.values(), *(state.roster.service(queue) for queue in before.services)]
    concerned = {*before.works, *(member for service in services for member in service.members)}
    for librarian in sorted(one for one in concerned if one in state.staff):
        if not active(state, librarian) or _moved(state, before, librarian):
            held = (state.mine, state.joined, state.offers)
            if state.staff[librarian].queues or any(librarian in each for each in held):
                leave(decision, librarian, for_good=True)
            continue
        if lost := _no_longer_guest(state, before, librarian):
            _give_back(decision, librarian, lost)
        if state.staff[librarian].connections:
            offer_waiting_to(decision, librarian)
    for it in _in_order(state, _handed_to_nobody(state)):
        end_transfer(decision, it, "away")
    _give_back_follow_ups(decision, before)


def _moved(state: State, before: Before, librarian: str) -> bool:
    """Say whether a librarian belongs to another library than before."""
    old = next(iter(before.works.get(librarian, ())), None)
    return old is not None and state.roster.home.get(librarian, old) != old


def _no_longer_guest(state: State, before: Before, librarian: str) -> set[str]:
    """Return the libraries that listed a librarian before and don't now, other than their home."""
    return set(before.works.get(librarian, ())[1:]) - set(state.roster.works.get(librarian, ()))


def _give_back(decision: Decision, librarian: str, libraries: set[str]) -> None:
    """Give up what a librarian holds of libraries that they're no guest of any more; they keep all else."""
    state = decision.state

    def theirs(conversations: dict[str, None]) -> list[Conversation]:
        return [it for it in _in_order(state, conversations) if it.library in libraries]

    for it in theirs(state.offers.get(librarian, {})):
        withdraw(decision, it, [librarian], "left")
        ask(decision, it.id)
    for it in theirs(state.joined.get(librarian, {})):
        decision.emit(LeftConversation(conversation=it.id, by=librarian, reason="away"))
    for it in theirs(state.mine.get(librarian, {})):
        if it.handover is not None:
            end_transfer(decision, it, "away")
        without_owner(decision, it, it.since)


def _give_back_follow_ups(decision: Decision, before: Before) -> None:
    """Make the follow-ups of librarians who left or moved their library's again, so that somebody takes them on."""
    state = decision.state
    gone = {one for one in before.works if not active(state, one) or _moved(state, before, one)}
    guests = {one: lost for one in before.works if (lost := _no_longer_guest(state, before, one))}
    if not gone and not guests:
        return
    for one in sorted(state.follow_ups.values(), key=lambda one: one.id):
        if one.owner in gone or one.library in guests.get(one.owner, ()):
            decision.emit(
                FollowUpChanged(
                    id=one.id,
                    conversation=one.conversation,
                    state="new",
                    by="",
                    owner="",
                    deadline=one.plan.deadline,
                    address=one.plan.address,
                )
            )


def _handed_to_nobody(state: State) -> dict[str, None]:
    """Return the transfers on offer to a colleague who is deactivated, also to one who never came."""
    handed = (state.conversations[one] for of in state.handed.values() for one in of)
    return {it.id: None for it in handed if (to := it.handover) and to.librarian and not active(state, to.librarian)}


# ---- fold ----------------------------------------------------------------------------------------------------------------------


def connected(state: State, event: Connected, at: int) -> None:
    """Add the connection; a grace ends."""
    staff = state.staff.get(event.librarian, Staff(id=event.librarian))
    connections = (*staff.connections, (event.process, event.connection))
    state.staff.put(
        staff.id, replace(staff, connections=connections, gone_at=0, grace_until=0, since=since_of(staff, event.since))
    )


def disconnected(state: State, event: Disconnected, at: int) -> None:
    """Take the connection away; after the last one the grace begins."""
    staff = state.staff[event.librarian]
    connections = tuple(one for one in staff.connections if one != (event.process, event.connection))
    staff = replace(staff, connections=connections)
    if not connections:
        until = event.grace_until if event.grace_until is not None else history.grace_until(state, staff.id, at)
        staff = replace(staff, gone_at=at, grace_until=until)
    state.staff.put(staff.id, staff)


def since_of(staff: Staff, since: int | None) -> int:
    """Return since when somebody is as they are: what the event says, else as before."""
    return staff.since if since is None else since


def left(state: State, event: Left, at: int) -> None:
    """Gone for good: not opted in to anything."""
    staff = state.staff.get(event.librarian)
    if staff is not None:
        state.staff.put(
            staff.id, replace(staff, queues=(), gone_at=0, grace_until=0, since=since_of(staff, event.since))
        )


def rested(state: State, event: Rested, at: int) -> None:
    """May be assigned again; where the share is still used up, until the next one grows old."""
    staff = state.staff[event.librarian]
    state.staff.put(staff.id, replace(staff, rests_until=0))


def availability_set(state: State, event: AvailabilitySet, at: int) -> None:
    """Serve these queues; idle from now on."""
    staff = state.staff.get(event.librarian, Staff(id=event.librarian))
    state.staff.put(
        staff.id,
        replace(
            staff,
            queues=event.queues,
            live=event.live,
            slow=event.slow,
            idle_since=staff.idle_since or at,
            since=since_of(staff, event.since),
        ),
    )


def took_over(state: State, event: TookOver, at: int) -> None:
    """Nobody is connected until they come again."""
    state.term.put("core", CoreTerm(process=event.process, grace_until=event.grace_until))
    for staff in [one for one in state.staff.values() if one.connections or one.grace_until]:
        gone_at = staff.gone_at or at
        state.staff.put(
            staff.id,
            replace(staff, connections=(), gone_at=gone_at, grace_until=max(staff.grace_until, event.grace_until)),
        )
