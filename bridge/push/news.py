"""Whom a step of the log calls, and for what: the rules, without a clock or a network.

    offer     a conversation is offered to a librarian in turn
    waiting   somebody waits whom the librarian may answer, and the desk told them of it
    transfer  a colleague passes them a conversation
    mention   a note names them
    consult   a colleague asks them about a conversation
    message   a patron of theirs wrote while no page of theirs is open: else the page tells it
    over      what called before needs nobody any more: taken, closed, taken back

Practice calls nobody. Nothing of what anybody wrote leaves by a push: a kind, the library's name, and the conversation's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec import Struct

from routing import events as ev
from routing.access import active, connected, serving, visible
from routing.state import State

Kind = Literal["offer", "waiting", "transfer", "mention", "consult", "message", "over"]
URGENT = frozenset({"offer", "waiting", "transfer"})  # each is over when a colleague took the conversation


class PushNews(Struct, frozen=True):
    """A notice for a librarian; with "over", `librarian` "" = all whom the conversation called."""

    kind: Kind
    conversation: str
    librarian: str = ""


def news_of(state: State, event: ev.Event, at: int) -> Iterator[PushNews]:
    """Return whom an event calls, by the state after it; "over" is for all whom the conversation called before."""
    match event:
        case ev.Offered():
            kind: Kind = "offer" if event.assigned else "waiting"
            yield from _for(state, kind, event.conversation, event.to)
        case ev.TransferOffered():
            there = [one for one in serving(state, event.queue, at) if one != event.by] if event.queue else []
            yield from _for(state, "transfer", event.conversation, [event.librarian] if event.librarian else there)
        case ev.Noted():
            yield from _for(state, "mention", event.conversation, event.mentions)
        case ev.Consulted():
            yield from _for(state, "consult", event.conversation, [event.librarian] if event.librarian else [])
        case ev.Received():
            it = state.conversations.get(event.conversation)
            if it is not None and it.state == "active" and not connected(state, it.owner):
                yield from _for(state, "message", it.id, [it.owner])
        case ev.Claimed() | ev.Closed() | ev.TransferEnded():
            yield PushNews("over", event.conversation)
        case ev.Revoked():
            for one in event.to:
                yield PushNews("over", event.conversation, one)
        case _:
            pass


def _for(state: State, kind: Kind, conversation: str, librarians: Iterable[str]) -> Iterator[PushNews]:
    """Return the notice for each who still works here and may see the conversation."""
    it = state.conversations.get(conversation)
    if it is None or it.practice:
        return
    for one in librarians:
        if active(state, one) and visible(state, one, it):
            yield PushNews(kind, conversation, one)
