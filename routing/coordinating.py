"""What a coordinator does for colleagues: gives a conversation to somebody, moves somebody between queues, signs somebody out.

Each is for now and changes nothing in the library's own settings. A coordinator of the patron's library may give any of its
conversations, whether it waits or somebody has it; the one who had it is told. So may all its staff, where the library says so
(`Library.assigns`). A coordinator of a librarian's own library may move
them among the queues of their teams, or end their sessions: then their conversations go the way of a lost connection
(`librarians`), with the same grace.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, Give, PlaceLibrarian, SignOutLibrarian
from routing.access import active, at_home, coordinates, there
from routing.decision import Decision
from routing.deliveries import relay
from routing.events import HandedOver, LibrarianPlaced, SessionsEnded, TransferEnded
from routing.librarians import placed_since, served_from_now_on, since_of
from routing.offers import offer_waiting_to
from routing.ownership import grace_end, take
from routing.records import Conversation, Staff
from routing.refusals import done, held, refuse
from routing.state import State


def give(decision: Decision, action: Action, deed: Give) -> None:
    """Give a conversation that waits, or that a colleague has, to a librarian; to oneself is to take it over."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    state, to = decision.state, deed.librarian
    if not may_give(state, action.by, it):
        refuse(decision, action, "not-coordinator", it)
    elif not _may_have(state, to, it.queue, it.library):
        refuse(decision, action, "unknown-target", it)
    elif it.owner == to:
        done(decision, action, it)
    elif it.live and not there(state, to) and not deed.absent:
        refuse(decision, action, "absent", it)
    else:
        before = it.owner
        if it.handover is not None:
            decision.emit(TransferEnded(conversation=it.id, by=it.owner, reason="withdrawn"))
        decision.emit(HandedOver(conversation=it.id, by=action.by, librarian=to, before=before))
        passed = it.offered
        take(decision, state.conversations[it.id], to, "give")
        if before:
            relay(decision, state.conversations[it.id], before, "transferred", librarian=state.roster.shown(to))
        for one in dict.fromkeys((before, passed)):
            if one and one != to:
                offer_waiting_to(decision, one)


def may_give(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether somebody may give a conversation to a librarian: a coordinator, or staff where its library allows that."""
    if coordinates(state, librarian, it.library):
        return True
    allowed = state.roster.library(it.library).assigns == "staff"
    return allowed and active(state, librarian) and at_home(state, librarian, it)


def _may_have(state: State, librarian: str, queue: str, library: str) -> bool:
    """Say whether a librarian can be given a conversation: somebody of its library, or who serves its queue."""
    level = state.roster.service(queue).level
    return active(state, librarian) and (librarian in level or state.roster.home.get(librarian) == library)


def _home(state: State, librarian: str) -> str:
    return state.roster.home.get(librarian, "")


def place(decision: Decision, action: Action, deed: PlaceLibrarian) -> None:
    """Let a librarian who is there serve exactly these queues."""
    state, librarian = decision.state, deed.librarian
    queues = tuple(dict.fromkeys(deed.queues))
    if not active(state, librarian):
        refuse(decision, action, "unknown-target")
    elif not coordinates(state, action.by, state.roster.home.get(librarian, "")):
        refuse(decision, action, "not-coordinator")
    elif any(librarian not in state.roster.service(queue).level for queue in queues):
        refuse(decision, action, "unknown-queue")
    elif not there(state, librarian):
        refuse(decision, action, "absent")
    elif (before := state.staff[librarian].queues) == queues:
        done(decision, action)
    else:
        decision.emit(
            LibrarianPlaced(
                librarian=librarian,
                by=action.by,
                queues=queues,
                library=_home(state, librarian),
                since=placed_since(decision, before, queues),
            )
        )
        served_from_now_on(decision, librarian, before)


def sign_out(decision: Decision, action: Action, deed: SignOutLibrarian) -> None:
    """End the sessions of a librarian; what they have goes the way of a lost connection."""
    state, librarian = decision.state, deed.librarian
    if not active(state, librarian):
        refuse(decision, action, "unknown-target")
    elif not coordinates(state, action.by, state.roster.home.get(librarian, "")):
        refuse(decision, action, "not-coordinator")
    else:
        staff = state.staff.get(librarian)
        here = staff is not None and bool(staff.connections)
        until = grace_end(decision, librarian) if here else 0
        decision.emit(
            SessionsEnded(librarian=librarian, by=action.by, grace_until=until, library=_home(state, librarian))
        )


# ---- fold ------------------------------------------------------------------------------------------------------------------


def handed_over(state: State, event: HandedOver, at: int) -> None:
    """Say who did it; the Claimed that follows gives it."""


def librarian_placed(state: State, event: LibrarianPlaced, at: int) -> None:
    """Serve these queues, with the limits as before."""
    staff = state.staff.get(event.librarian, Staff(id=event.librarian))
    state.staff.put(
        staff.id,
        replace(staff, queues=event.queues, idle_since=staff.idle_since or at, since=since_of(staff, event.since)),
    )


def sessions_ended(state: State, event: SessionsEnded, at: int) -> None:
    """Drop all connections; the grace begins."""
    staff = state.staff.get(event.librarian)
    if staff is not None and staff.connections:
        state.staff.put(staff.id, replace(staff, connections=(), gone_at=at, grace_until=event.grace_until))
