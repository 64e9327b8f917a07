"""Follow-ups: questions that were not finished live, with an owner, an address and a deadline."""

from __future__ import annotations

from bridge.contract.message import SetFollowUp
from bridge.inbox import schema
from bridge.inbox.http.responses import Answer, not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.actions import act, repeated
from bridge.inbox.views import rows

NEVER = 1 << 60


async def follow_ups(call: Call) -> schema.FollowUps:
    """My library's follow-ups and my own, those due first; closed ones while the core holds them."""
    state, me = call.state, call.me
    found = [rows.follow_up(state, one) for one in state.follow_ups.values() if rows.sees_follow_up(state, me, one)]
    call.consortium.live.known(me).update(one.id for one in found)
    found.sort(key=lambda one: (one.state == "closed", one.deadline or NEVER, one.at))
    return schema.FollowUps(position=str(call.services.replica.position), follow_ups=found)


async def set_follow_up(call: Call) -> Answer:
    """Change its state, owner, deadline or address."""
    one = call.state.follow_ups.get(call.id)
    if one is None or not rows.sees_follow_up(call.state, call.me, one):
        raise not_found()
    asked: schema.FollowUpAsked = call.body
    deed = SetFollowUp(
        follow_up=call.id,
        state=asked.state,
        owner=asked.owner,
        deadline=asked.deadline,
        address=asked.address,
        outcome=asked.outcome,
    )
    return await act(call, deed)


ROUTES = (
    Route("GET", "/follow-ups", "What is still to be answered", follow_ups, gives=schema.FollowUps),
    Route(
        "POST",
        "/follow-ups/{id}",
        "Change a follow-up",
        set_follow_up,
        asks=schema.FollowUpAsked,
        gives=schema.Acted,
        action=True,
        again=repeated,
        keyed=True,
    ),
)
