"""The live connection to a page: a WebSocket, or a long poll with the same messages where no socket can be opened.

Both ends listen for each other. The server pings every 15 s and drops a page it has not heard for 40 s, and a page does the same.
So a half-open network is noticed by the end that can still act.

The session comes with the cookie, never in the address. It is looked up again when one ended in this process, and within `SURE_S`
before anything is told. A librarian who signs out, is shut out or no longer works here hears nothing more.
Sources: RFC 6455 10.2 (origin), 7.4 (codes).
"""

from __future__ import annotations

import asyncio
import secrets
import time

import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from bridge.inbox import schema
from bridge.inbox.http.rate_limits import Limit
from bridge.inbox.http.responses import Refusal, decode, encode, unavailable
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.http.sessions import check_origin, signed_out, token_of
from bridge.inbox.live.subscription import Subscription
from bridge.inbox.views.access import second_factor_due, works_here
from bridge.redis.store import StoreError
from bridge.runtime.logging import traced
from bridge.sql.database import is_away

log = structlog.get_logger("bridge.inbox.routes.sockets")

MAX_SAID = 16 * 1024
SIGNED_OUT = 4401
SURE_S = 1.0
ASK_S = 2.0  # for the database to say whether a session still is one
EXTENSIONS = "Sec-WebSocket-Extensions"
POLL_KEPT_S = 60.0
MOST_PAGES = 40  # pages of one librarian


async def live(call: Call) -> web.StreamResponse:
    """Serve one page's socket until either side goes."""
    check_origin(call.services, call.request, required=True)
    _check_pages(call)
    socket = web.WebSocketResponse(max_msg_size=MAX_SAID, compress=True, timeout=2.0)
    if not socket.can_prepare(call.request).ok:
        raise Refusal(
            426, "upgrade-required", "This address answers a WebSocket only.", headers={"Upgrade": "websocket"}
        )
    await socket.prepare(_each_packed_alone(call.request))
    try:
        await _serve(call, socket)
    except StoreError:  # what was missed cannot be read now: the page comes again
        await socket.close(code=WSCloseCode.TRY_AGAIN_LATER)
    return socket


def _each_packed_alone(request: web.Request) -> web.BaseRequest:
    """Return the request with an offer to pack that keeps nothing between two messages (RFC 7692 7.1.1.1).

    Packed together with a patron's words, a token that was told before would show in their length.
    """
    if "permessage-deflate" not in request.headers.get(EXTENSIONS, ""):
        return request
    headers = request.headers.copy()
    headers[EXTENSIONS] = "permessage-deflate; server_no_context_takeover"
    return request.clone(headers=headers)


async def _serve(call: Call, socket: web.WebSocketResponse) -> None:
    subscription = await call.consortium.live.subscribe(call.who, secrets.token_urlsafe(12), call.query["after"])
    try:
        await _Page(call, socket, subscription).serve()
    finally:
        call.consortium.live.leave(subscription)


def _check_pages(call: Call) -> None:
    if call.consortium.live.taken_by(call.me) >= MOST_PAGES:
        raise Refusal(429, "too-many", "Too many pages of yours are open.", headers={"Retry-After": "5"})


async def still_signed_in(call: Call, subscription: Subscription) -> bool:
    """Say whether the session that came with this request still is one, of somebody who works here."""
    subscription.doubted = False
    try:
        async with asyncio.timeout(ASK_S):
            session = await call.services.archive.accounts.session(token_of(call.request))
    except TimeoutError:  # a database that hangs is no reason to tell a page nothing
        return True
    except Exception as error:
        if is_away(error):  # nobody can sign out either; it is asked again soon
            return True
        raise
    if session is None or not works_here(call.state, session.librarian):
        return False
    return not second_factor_due(call.state, session, call.services.sign_on.second_factor)


class _Page:
    """The two directions of one socket."""

    def __init__(self, call: Call, socket: web.WebSocketResponse, subscription: Subscription) -> None:
        self._call = call
        self._socket = socket
        self._subscription = subscription
        self._live = call.consortium.live
        self._ping_at = time.monotonic() + call.services.ping_s
        self._asked_at = time.monotonic()
        self._limit = Limit(20, 100)

    async def serve(self) -> None:
        writing = asyncio.create_task(self._write(), name="inbox socket")
        try:
            await self._read()
        finally:
            writing.cancel()
            await asyncio.wait([writing])

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                await self._socket.close(code=WSCloseCode.UNSUPPORTED_DATA, message=b"text only")
                return
            if self._limit.wait_s(""):
                await self._socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too fast")
                return
            try:
                said: schema.ClientMessage = decode(message.data.encode(), schema.ClientMessage)
            except Refusal:
                await self._socket.close(code=WSCloseCode.INVALID_TEXT, message=b"not as described")
                return
            await self._live.hear(self._subscription, said)

    async def _write(self) -> None:
        try:
            while not self._subscription.closed:
                await self._wait()
                if time.monotonic() >= self._ping_at and not await self._still_there():
                    return
                if not await self._sure():
                    return
                await self._live.ready()
                for message in self._subscription.messages(self._call.state):
                    await self._send(message)
            await self._socket.close(code=WSCloseCode.GOING_AWAY)
        except (ConnectionError, TimeoutError):
            self._abort()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.error("socket-failed", **traced(error))
            self._abort()

    async def _wait(self) -> None:
        """Wait for something to tell, at most until the next ping or until something is due that was held back."""
        held = self._subscription.held_s()
        until_ping = max(0.0, self._ping_at - time.monotonic())
        try:
            async with asyncio.timeout(until_ping if held is None else min(held, until_ping)):
                await self._subscription.listen()
        except TimeoutError:
            pass

    async def _still_there(self) -> bool:
        """Ping; False when the page is gone or its session ended."""
        self._ping_at = time.monotonic() + self._call.services.ping_s
        if time.monotonic() - self._subscription.heard_at > self._call.services.dead_s:
            self._abort()
            return False
        if not await self._signed_in():
            return False
        await self._live.still_viewing(self._subscription)
        await self._send(schema.Ping(at=time.time_ns() // 1_000_000))
        return True

    async def _sure(self) -> bool:
        """Check the session again, unless it was checked a moment ago; False when it ended."""
        if not self._subscription.doubted and time.monotonic() - self._asked_at < SURE_S:
            return True
        return await self._signed_in()

    async def _signed_in(self) -> bool:
        if await still_signed_in(self._call, self._subscription):
            self._asked_at = time.monotonic()
            return True
        await self._send(schema.SignedOut())
        await self._socket.close(code=SIGNED_OUT)
        return False

    async def _send(self, message: schema.ServerMessage) -> None:
        async with asyncio.timeout(self._call.services.dead_s):
            await self._socket.send_str(encode(message).decode())

    def _abort(self) -> None:
        """End a connection that nobody listens at: a closing handshake would wait for nothing."""
        transport = self._call.request.transport
        if transport is not None:
            transport.abort()


# ---- without a socket ------------------------------------------------------------


async def poll(call: Call) -> schema.Polled:
    """Say something, then wait for changes, at most as long as between two pings. The first answer comes at once."""
    side, after = call.consortium.live, call.query["after"]
    subscription = side.subscription(call.query["connection"], call.who)
    fresh = subscription is None
    if subscription is None:
        _check_pages(call)
        subscription = await side.subscribe(call.who, secrets.token_urlsafe(12), after)
    elif after and after != subscription.told:
        await side.resume(subscription, after)
    subscription.expires_at = time.monotonic() + POLL_KEPT_S + call.services.ping_s
    for said in call.body:
        await side.hear(subscription, said)
    subscription.heard_at = time.monotonic()
    messages = await _gather(call, subscription, 0.0 if fresh else call.services.ping_s)
    if subscription.closed:
        raise unavailable()
    subscription.expires_at = time.monotonic() + POLL_KEPT_S
    return schema.Polled(position=subscription.told, connection=subscription.connection, messages=messages)


async def _gather(call: Call, subscription: Subscription, patience: float) -> list[schema.ServerMessage]:
    asked_at = time.monotonic()
    until = asked_at + patience
    while True:
        await call.consortium.live.ready()
        if (subscription.doubted or time.monotonic() - asked_at >= SURE_S) and not await still_signed_in(
            call, subscription
        ):
            raise signed_out()
        found = subscription.messages(call.state)
        left = until - time.monotonic()
        if found or left <= 0 or subscription.closed:
            return found
        held = subscription.held_s()
        try:
            async with asyncio.timeout(left if held is None else min(left, held)):
                await subscription.listen()
        except TimeoutError:
            pass


AFTER = Parameter("after", "The last position heard")
CONNECTION = Parameter("connection", "`connection` of the poll before")

ROUTES = (
    Route("GET", "/live", "The live socket", live, query=(AFTER,), also={426: schema.Problem}),
    Route(
        "POST",
        "/live",
        "The live line where no socket stands",
        poll,
        asks=list[schema.ClientMessage],
        gives=schema.Polled,
        query=(AFTER, CONNECTION),
    ),
)
