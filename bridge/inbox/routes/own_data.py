"""A patron's own data: the link by which they fetch it, sent by the desk; or the file for a coordinator to give them.

The file holds the conversations that forgetting the patron would find (`routes.forget`), at the libraries of the coordinator.
Who gives it has seen that the person is the patron. Each conversation in it is noted in its audit.
"""

from __future__ import annotations

from aiohttp import web

from bridge.contract.message import LINK_MARK, OfferOwnData
from bridge.inbox import schema
from bridge.inbox.http.responses import Answer
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.actions import act, repeated
from bridge.inbox.routes.forget import of_patron
from bridge.privacy.own_data.links import PATH
from bridge.privacy.own_data.pages import sent


async def offer_own_data(call: Call) -> Answer:
    """Have the desk send the patron a one-time link; the answer holds no secret."""
    base = call.services.public_url.rstrip("/") or f"{call.request.scheme}://{call.request.host}"
    return await act(call, OfferOwnData(conversation=call.id, link=f"{base}{PATH}{LINK_MARK}"))


async def own_data(call: Call) -> web.StreamResponse:
    """All that is kept of this patron at my libraries, as the file that they would get."""
    held, elsewhere = await of_patron(call)
    known = await call.services.reader.conversation(call.id)
    home = next((one.library for one in held if one.id == call.id), held[0].library if held else "")
    language = known.language if known is not None else ""
    package = call.services.own_data.source.of_patron(home, held, elsewhere, language)
    for one in held:
        await call.services.archive.access_audit.record(call.me, one.id, "own-data-given")
    return await sent(call.request, package)


ROUTES = (
    Route(
        "POST",
        "/conversations/{id}/own_data",
        "Send the patron a one-time link to what is kept of them",
        offer_own_data,
        scope="conversation",
        gives=schema.Acted,
        action=True,
        again=repeated,
        keyed=True,
    ),
    Route(
        "GET",
        "/conversations/{id}/patron/data",
        "What is kept of this patron, as a file to give them; for coordinators",
        own_data,
        scope="conversation",
        gives=bytes,
    ),
)
