"""Consulting: a librarian asks colleagues about an open conversation, and the patron sees nothing of it.

*Who asks.* Those who answer in it, and the staff of the patron's library. A guest who only sees it wait may not show it to others.
*Who is asked.* One librarian, the staff of a queue, or a library of the consortium. They may read the conversation, with its notes,
until it ends or the consultation does. What they write goes to colleagues alone: notes, and messages beside the conversation
(`bridge.sql.people.staff_messages`). It is never written in the transcript that a patron can have.
*To join.* The asker may let them join. They then answer beside the owner, and greet the patron like any colleague who joins.
*How it ends.* The conversation ends, somebody who may ask takes it back, or the librarian who is asked by name declines. Somebody
who joined meanwhile stays in it. A transfer or a roll-over ends nothing: the next owner reads what was answered.
*Privacy.* Each beginning and end is in the audit, and so is each reading. A colleague's own messenger is told that they are asked,
with no word of the patron's and no name.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, Consult, EndConsult
from routing.access import active, at_home, speaks
from routing.decision import Decision
from routing.deliveries import relay
from routing.events import Consulted, ConsultEnded, WhyRefused
from routing.records import Consultation, Conversation, whom
from routing.refusals import done, held, refuse
from routing.state import State

MOST = 10  # consultations of one conversation at a time


def consult(decision: Decision, action: Action, deed: Consult) -> None:
    """Ask colleagues about an open conversation; asking them again may let them join."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    why = _hindrance(decision.state, action.by, deed, it)
    if why:
        refuse(decision, action, why, it)
        return
    before = _of(it, deed)
    if before is not None and before.join == deed.join:
        done(decision, action, it)
        return
    decision.emit(
        Consulted(
            conversation=it.id,
            by=action.by,
            librarian=deed.librarian,
            queue=deed.queue,
            library=deed.library,
            join=deed.join,
        )
    )
    if deed.librarian and before is None:
        relay(decision, it, deed.librarian, "consult", librarian=decision.state.roster.shown(action.by))


def _hindrance(state: State, by: str, deed: Consult, it: Conversation) -> WhyRefused | None:
    if not may_consult(state, by, it):
        return "no-access"
    if [bool(deed.librarian), bool(deed.queue), bool(deed.library)].count(True) != 1:
        return "unknown-colleague"
    if deed.librarian == by:
        return "yourself"
    known = (
        active(state, deed.librarian)
        if deed.librarian
        else deed.queue in state.roster.services
        if deed.queue
        else deed.library in state.libraries
    )
    if not known:
        return "unknown-colleague"
    return "too-many-consulted" if _of(it, deed) is None and len(it.consults) >= MOST else None


def may_consult(state: State, librarian: str, it: Conversation) -> bool:
    """Say whether a librarian may ask colleagues about a conversation, and take that back."""
    return (
        it.state != "closed" and active(state, librarian) and (speaks(librarian, it) or at_home(state, librarian, it))
    )


def end_consult(decision: Decision, action: Action, deed: EndConsult) -> None:
    """End a consultation; where there is none any more, nothing happens."""
    it = held(decision, action, deed.conversation)
    if it is None:
        return
    found = _of(it, deed)
    if not may_consult(decision.state, action.by, it) and (found is None or found.librarian != action.by):
        refuse(decision, action, "no-access", it)
    elif found is None:
        done(decision, action, it)
    else:
        decision.emit(
            ConsultEnded(
                conversation=it.id,
                by=action.by,
                librarian=found.librarian,
                queue=found.queue,
                library=found.library,
            )
        )
        if found.librarian and found.librarian != action.by:
            relay(decision, it, found.librarian, "consult-ended")


def _of(it: Conversation, named: Consult | EndConsult | Consulted | ConsultEnded) -> Consultation | None:
    key = whom(named.librarian, named.queue, named.library)
    return next((one for one in it.consults if one.whom == key), None)


# ---- fold ------------------------------------------------------------------------------------------------------------------


def consulted(state: State, event: Consulted, at: int) -> None:
    """Let them read it; one who was asked before keeps their place."""
    it = state.conversations[event.conversation]
    new = Consultation(
        by=event.by, at=at, librarian=event.librarian, queue=event.queue, library=event.library, join=event.join
    )
    before = _of(it, event)
    kept = tuple(new if one is before else one for one in it.consults)
    state.conversations.put(it.id, replace(it, consults=kept if before is not None else (*kept, new)))


def consult_ended(state: State, event: ConsultEnded, at: int) -> None:
    """Ask them no more."""
    it = state.conversations[event.conversation]
    found = _of(it, event)
    state.conversations.put(it.id, replace(it, consults=tuple(one for one in it.consults if one is not found)))
