"""A bare aiohttp server that answers WebSockets and does nothing else: what an idle socket costs at least.

python -m bench.bare          prints its port
"""

from __future__ import annotations

import asyncio

import uvloop
from aiohttp import web


async def live(request: web.Request) -> web.WebSocketResponse:
    """Hold a socket."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(str(message.data))
    return socket


async def main() -> None:
    """Serve until killed."""
    app = web.Application()
    app.router.add_get("/live", live)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
