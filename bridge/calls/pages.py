"""Below /call/: the page of a call, its socket, and the pictures that either side sends from it into the conversation.

The page loads from here alone and may not be framed. It asks for camera, microphone and screen, as no other page of ours may
(Permissions Policy). A pass comes in the socket's first frame or in a header, never in an address that somebody writes down.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
import time
from collections.abc import AsyncIterator, Sequence
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import structlog
from aiohttp import WSMsgType, web

from bridge.calls.frames import MAX_CALL_FRAME, Enter, Over, decoder, encode
from bridge.calls.links import PAGE, CallPass, new_name
from bridge.calls.rooms import GRACE_S, CallDesk, CallRooms
from bridge.contract import catalogues
from bridge.contract.adapter import Busy, Signal, TooLarge
from bridge.contract.message import Action, Attachment, Message, Say, action_id, message_id
from bridge.contract.token_bucket import Rate, TokenBuckets
from bridge.runtime import compression
from routing.records import Conversation

log = structlog.get_logger("bridge.calls.pages")

STATIC = Path(__file__).parent / "static"
WORDS = "call"  # the catalogue of the page's words
HASHED = "public, max-age=31536000, immutable"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
    "connect-src 'self' {socket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ASKS = (
    "camera=(self), microphone=(self), display-capture=(self), geolocation=(), accelerometer=(), gyroscope=(), "
    "magnetometer=(), payment=(), usb=()"
)
FIRST_S = 10.0
BEAT_S = 15.0
MAX_PICTURE = 5_000_000
PICTURES = frozenset({"image/png", "image/jpeg"})
VISITS = Rate(1, 40)  # sockets and pictures from one address
CHUNK = 64 * 1024


class CallPages:
    """The pages over all consortia that offer calls."""

    def __init__(self, desks: Sequence[CallDesk], public_url: str = "", *, grace_s: float = GRACE_S) -> None:
        self.rooms = [CallRooms(desk, grace_s) for desk in desks]
        self._public_url = public_url
        self._visits = TokenBuckets(VISITS, 10_000)

    def mount(self, app: web.Application) -> None:
        """Put the pages into an application, and hand on what sides say while it runs."""
        app.router.add_get(PAGE, self._page)
        app.router.add_get(f"{PAGE}assets/{{name}}", self._asset)
        app.router.add_get(f"{PAGE}words/{{name}}", self._words)
        app.router.add_get(f"{PAGE}live", self._live)
        app.router.add_post(f"{PAGE}picture", self._picture)
        app.cleanup_ctx.append(self._running)
        app.on_shutdown.append(self._shut)

    async def _running(self, app: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(each.run(), name="calls") for each in self.rooms]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _shut(self, app: web.Application) -> None:
        for each in self.rooms:
            await each.close()

    # ---- the page ------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.StreamResponse:
        file = STATIC / "index.html"
        if not file.is_file():
            raise web.HTTPServiceUnavailable(text="The pages are not built: run `make pages`.\n")
        served = escape(json.dumps(catalogues.addresses(WORDS)), quote=True)
        socket = f"{'wss' if request.secure else 'ws'}://{request.host}"
        headers = {
            "Content-Security-Policy": POLICY.replace("{socket}", socket),
            "Permissions-Policy": ASKS,
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
            "Cache-Control": "no-cache",
            "Content-Type": "text/html; charset=utf-8",
        }
        return web.Response(text=file.read_text("utf-8").replace("%words%", served), headers=headers)

    async def _words(self, request: web.Request) -> web.Response:
        """Answer with the page's words in one language; an address holds their hash, so they never change."""
        found = catalogues.at_address(request.match_info["name"], WORDS)
        if found is None:
            raise web.HTTPNotFound
        cache = HASHED if found.name == request.match_info["name"] else "no-cache"
        headers = {"Cache-Control": cache, "Content-Type": "application/json"}
        return web.Response(body=found.plain, headers=headers)

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        file = STATIC / "assets" / request.match_info["name"]
        if file.parent != STATIC / "assets" or not file.is_file():
            raise web.HTTPNotFound
        sent, coding = compression.built(request, file)
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        headers = {"Cache-Control": HASHED, "Content-Type": kind}
        return web.FileResponse(sent, headers=headers | coding)

    # ---- the socket ------------------------------------------------------------

    async def _live(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        ws = web.WebSocketResponse(max_msg_size=MAX_CALL_FRAME, compress=False, heartbeat=BEAT_S, timeout=2.0)
        if not ws.can_prepare(request).ok:
            raise web.HTTPBadRequest(text="This address answers a WebSocket only.\n")
        await ws.prepare(request)
        found = await self._entering(ws)
        if found is None:
            await ws.send_str(encode(Over(reason="over")).decode())
            await ws.close()
        else:
            await found[0].serve(ws, found[1])
        return ws

    async def _entering(self, ws: web.WebSocketResponse) -> tuple[CallRooms, CallPass] | None:
        try:
            first = await ws.receive(timeout=FIRST_S)
            entered = decoder.decode(first.data) if first.type is WSMsgType.TEXT else None
        except (TimeoutError, msgspec.DecodeError):
            return None
        return self._knows(entered.token) if isinstance(entered, Enter) else None

    def _knows(self, token: str) -> tuple[CallRooms, CallPass] | None:
        return next(((rooms, who) for rooms in self.rooms if (who := rooms.knows(token)) is not None), None)

    def _check(self, request: web.Request) -> None:
        """Refuse pages of others, and those who come too often."""
        origin = request.headers.get("Origin", "").lower()
        ours = {f"http://{request.host}", f"https://{request.host}"}
        if self._public_url:
            parts = urlsplit(self._public_url)
            ours.add(f"{parts.scheme}://{parts.netloc}")
        if origin not in {one.lower() for one in ours}:
            raise web.HTTPForbidden(text="origin\n")
        if self._visits.take(request.remote or "", time.monotonic()):
            raise web.HTTPTooManyRequests(headers={"Retry-After": "5"})

    # ---- pictures ------------------------------------------------------------

    async def _picture(self, request: web.Request) -> web.Response:
        """Take a picture into the conversation, as a file of the side that sends it."""
        self._check(request)
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        found = self._knows(token) if scheme.lower() == "bearer" else None
        if found is None or not found[0].may_be_inside(found[1]):
            raise web.HTTPForbidden(text="over\n")
        rooms, who = found
        call = rooms.call_of(who)
        if call is None or not call[1].accepted_at:
            raise web.HTTPForbidden(text="over\n")
        it = call[0]
        limit = MAX_PICTURE if who.side == "patron" else min(MAX_PICTURE, rooms.desk.max_media(it.channel))
        try:
            kept = await rooms.desk.blobs.save(request.content.iter_chunked(CHUNK), "picture.png", limit, PICTURES)
            await _send(rooms.desk, who, it, call[1].by, kept)
        except TooLarge as error:
            raise web.HTTPRequestEntityTooLarge(limit, request.content_length or limit) from error
        except Busy as error:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from error
        except ValueError as error:
            raise web.HTTPUnsupportedMediaType from error
        return web.Response(status=204)


async def _send(desk: CallDesk, who: CallPass, it: Conversation, by: str, kept: Attachment) -> None:
    source = f"call-{new_name()}"
    if who.side == "librarian":
        say = Say(conversation=it.id, text="", attachments=(kept,))
        await desk.gathering.ingest_action(Action(id=action_id(by, source), by=by, deed=say))
        return
    message = Message(
        id=message_id(it.channel, it.address, source),
        channel=it.channel,
        sender=it.address,
        source=source,
        text="",
        attachments=(kept,),
        subject=it.subject,
        reply=it.reply,
    )
    await desk.gathering.ingest([message])
    await desk.signs.tell(Signal(kind="wrote", channel=it.channel, address=it.address, text=message.id))
