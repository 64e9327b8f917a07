"""`/way-in`: how the daemon sees the one who asks, so that `deskbridge check` can tell what a proxy makes of a request.

It answers the asker's own scheme, host and address and nothing else. A WebSocket gets the same as its only message and is closed.
"""

from __future__ import annotations

import msgspec
from aiohttp import WSCloseCode, web

PATH = "/way-in"
SOCKET_S = 5.0  # a socket that does not take its message is dropped


class WayIn(msgspec.Struct, frozen=True):
    """A request as the daemon sees it. `client` is the address that counts for limits."""

    scheme: str
    host: str
    client: str


async def way_in(request: web.Request) -> web.StreamResponse:
    """Answer how this request arrived."""
    told = msgspec.json.encode(WayIn(request.scheme, request.host, request.remote or ""))
    socket = web.WebSocketResponse(timeout=SOCKET_S, max_msg_size=1024)
    if not socket.can_prepare(request):
        return web.Response(body=told, content_type="application/json", headers={"Cache-Control": "no-store"})
    await socket.prepare(request)
    await socket.send_str(told.decode())
    await socket.close(code=WSCloseCode.OK)
    return socket
