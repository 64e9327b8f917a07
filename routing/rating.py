"""A patron's word on a conversation that ended: did it help? Three steps, and words if they like.

*Who.* The conversation's own patron, by an address at which it was reached; a blocked one is not heard.
*When.* After the end, if a librarian had answered, for as long as writing would open it again. The core keeps a
conversation longer while a follow-up is open, but it cannot be rated longer.
*What it does.* It is kept and shown to the staff who may see the conversation; nothing is routed by it. A later rating takes the
place of an earlier one. What may not be rated changes nothing: a channel that takes ratings is told beforehand (`Desk.rateable`).

Three steps named by words ask what reference evaluation asks, whether the patron obtained what was wanted: wholly, partly or
not. They judge the help and not a person, and a number of stars would be read differently by everybody.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import RATINGS, Rating
from routing.decision import Decision
from routing.events import Rated
from routing.records import Conversation, at_key
from routing.state import State


def rateable(state: State, channel: str, address: str, now: int) -> Conversation | None:
    """Return the conversation that the patron at `address` may rate at `now` ms, None when there is none."""
    key = at_key(channel, address)
    it = state.conversations.get(state.addresses.get(key, ""))
    if it is None or it.state != "closed" or not it.answered_at or key in state.barred:
        return None
    until = it.closed_at + window_s(state, it.library, live=it.live) * 1000
    return it if now < until else None


def window_s(state: State, library: str, *, live: bool) -> int:
    """Return for how many seconds after its end a conversation of this library can be rated; 0 = patrons are not asked."""
    found = state.roster.library(library)
    return (found.timers.reopen_live_s if live else found.timers.reopen_slow_s) if found.ratings else 0


def receive(decision: Decision, rating: Rating) -> None:
    """Keep what a patron said, if they may say it."""
    it = rateable(decision.state, rating.channel, rating.sender, decision.at)
    if it is not None and 1 <= rating.score <= RATINGS:
        decision.emit(Rated(conversation=it.id, id=rating.id, score=rating.score, comment=rating.comment))


# ---- fold -------------------------------------------------------------------------------------------------------------------


def rated(state: State, event: Rated, at: int) -> None:
    """Remember the last word."""
    it = state.conversations[event.conversation]
    state.conversations.put(it.id, replace(it, rating=event.score))
