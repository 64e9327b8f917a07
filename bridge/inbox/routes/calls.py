"""Calls: a librarian offers the patron a meeting elsewhere, or voice, video or a screen in a window of the desk's own.

The patron gets the link in the conversation. A librarian's own window is opened with a pass that this session asks for.
"""

from __future__ import annotations

from bridge.calls.links import CallPass, call_pass, link_to, meeting_link, new_name
from bridge.contract import message as wire
from bridge.inbox import schema
from bridge.inbox.http.responses import Answer, Refusal
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.actions import act, repeated
from bridge.inbox.views.calls import offered_kinds
from routing.access import speaks


async def call_offer(call: Call) -> Answer:
    """Offer a call: the patron gets words and a link by the channel that they use."""
    asked: schema.CallAsked = call.body
    it = call.state.conversations.get(call.id)
    library = call.state.roster.library(it.library if it is not None else "")
    if "meeting" in asked.kinds and len(asked.kinds) > 1:
        raise Refusal(422, "invalid", "kinds: a meeting is offered alone.")
    if missing := [kind for kind in asked.kinds if kind not in offered_kinds(call.services, library.id)]:
        what = "the library has no address for meetings" if "meeting" in missing else "no TURN server is set up"
        raise Refusal(422, "no-calls", f"kinds: {missing[0]} can't be offered here: {what}.")
    name = new_name()
    own = CallPass(consortium=call.services.store.keys.consortium, conversation=call.id, call=name, side="patron")
    link = meeting_link(library) if "meeting" in asked.kinds else link_to(_base(call), _sealed(call, own))
    kinds = tuple(dict.fromkeys(asked.kinds))
    return await act(call, wire.OfferCall(conversation=call.id, call=name, kinds=kinds, link=link))


async def call_set(call: Call) -> Answer:
    """Say that the patron came to a meeting; end a call, or take its offer back."""
    asked: schema.CallSetAsked = call.body
    return await act(call, wire.SetCall(conversation=call.id, call=asked.call, to=asked.to))


async def call_window(call: Call) -> schema.CallWindow:
    """Let me into the window of a call that I offered."""
    asked: schema.CallNamed = call.body
    it = call.state.conversations.get(call.id)
    if it is None or it.call is None or it.call.id != asked.call or it.call.meeting:
        raise Refusal(409, "call-over", "This call is over.")
    if it.call.by != call.me or not speaks(call.me, it):
        raise Refusal(403, "not-yours", "A colleague offered this call.")
    consortium = call.services.store.keys.consortium
    own = CallPass(consortium=consortium, conversation=call.id, call=it.call.id, side="librarian", session=new_name())
    return schema.CallWindow(url=link_to("", _sealed(call, own)))


def _sealed(call: Call, own: CallPass) -> str:
    return call_pass(call.services.secret, own)


def _base(call: Call) -> str:
    return call.services.public_url or f"{call.request.scheme}://{call.request.host}"


ROUTES = (
    Route(
        "POST",
        "/conversations/{id}/call_offer",
        "Offer the patron a meeting, a talk or a look at a screen",
        call_offer,
        scope="conversation",
        asks=schema.CallAsked,
        gives=schema.Acted,
        action=True,
        again=repeated,
        keyed=True,
    ),
    Route(
        "POST",
        "/conversations/{id}/call_set",
        "End a call or its offer, or say that the patron came to a meeting",
        call_set,
        scope="conversation",
        asks=schema.CallSetAsked,
        gives=schema.Acted,
        action=True,
        again=repeated,
        keyed=True,
    ),
    Route(
        "POST",
        "/conversations/{id}/call_window",
        "Open my window of a call that I offered",
        call_window,
        scope="conversation",
        asks=schema.CallNamed,
        gives=schema.CallWindow,
        also={403: schema.Problem, 409: schema.Problem},
    ),
)
