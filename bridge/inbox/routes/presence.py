"""Presence: the queues a librarian serves while connected, and how much they take at once."""

from __future__ import annotations

from bridge.contract.message import SetAvailability
from bridge.inbox import schema
from bridge.inbox.http.responses import Answer, Refusal
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.actions import outcome
from bridge.inbox.views import rows


async def presence(call: Call) -> schema.Availability:
    """Where I am present."""
    return rows.availability(call.state, call.me)


async def set_presence(call: Call) -> Answer:
    """Be present at exactly these queues. Nobody is present without saying so (opt-in per queue)."""
    asked: schema.PresenceAsked = call.body
    unknown = set(asked.queues) - set(call.state.roster.serves.get(call.me, ()))
    if unknown:
        raise Refusal(422, "unknown-queue", rows.refusal_words(call.state, call.me, "unknown-queue"))
    deed = SetAvailability(queues=tuple(dict.fromkeys(asked.queues)), live=asked.live, slow=asked.slow)
    found = await outcome(call, deed)
    if isinstance(found, schema.Pending):
        return Answer(found, 202)
    return Answer(rows.availability(call.state, call.me))


ROUTES = (
    Route("GET", "/presence", "Where I am present", presence, gives=schema.Availability),
    Route(
        "PUT",
        "/presence",
        "Be present at exactly these queues",
        set_presence,
        asks=schema.PresenceAsked,
        gives=schema.Availability,
        action=True,
    ),
)
