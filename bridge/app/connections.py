"""Connections of strangers: how long each may take, and what a malformed request leaves behind (a count, no line of the log).

A request's head is whole within `HEAD_S`, and a connection without one is closed. Its body comes at `SLOWEST` bytes a second or
faster, after a first `BODY_S`; so does a client that takes our answer. A connection on which nothing
moves ends (Slowloris; CWE-400). One whose other end went away without a word is closed by the kernel after `DEAD_S`
(TCP_USER_TIMEOUT, RFC 5482).

Descriptors are kept back for Redis, the database, files and the log: a connection beyond `most_connections` is told so and closed.
So strangers who open all connections that there are stop no work that is under way.

Bodies are taken as they come: none is decompressed, so that no request is larger than it looks.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
from contextlib import suppress
from typing import Any, cast

import structlog
from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from prometheus_client import Counter

from bridge.runtime.logging import traced

HEAD_S = 30.0
IDLE_S = 55.0  # between two requests
BODY_S = 30.0
SLOWEST = 1024  # bytes a second, once BODY_S is over
LOOK_S = 10.0
DEAD_S = 60.0
BACKLOG = (
    4096  # connections that wait to be taken while we are busy or between two processes; the kernel may allow fewer
)
MAX_HEAD = 64 * 1024  # bytes of one header: browsers send all cookies of a site in one

MALFORMED = Counter("deskbridge_http_malformed", "Requests that are no HTTP, or break its limits")
REFUSED = Counter("deskbridge_http_refused", "Connections that were refused since too many were open")
TOO_SLOW = Counter("deskbridge_http_too_slow", "Connections that were closed since they stood still", ["at"])
RESERVE = 128  # descriptors, or a quarter of few

TOO_MANY = b"Too many connections are open here. Try again in a moment.\n"
TOO_MANY_ANSWER = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Type: text/plain\r\n"
    b"Cache-Control: no-store\r\nContent-Length: %d\r\n\r\n%s" % (len(TOO_MANY), TOO_MANY)
)
log = structlog.get_logger("bridge.app.http")


def most_connections() -> int:
    """Return how many connections may be open at once."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return most - min(RESERVE, most // 4)


class Connection(web.RequestHandler):
    """aiohttp's protocol with the limits of the module's header."""

    __slots__ = ("_body", "_body_timer", "_head_timer", "_left", "_refused", "_seen", "_write_timer")

    open_now = 0  # connections of this process

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None
        self._body: Any = None
        self._seen = 0
        self._left = 0
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; the first request has to come."""
        Connection.open_now += 1
        if Connection.open_now > most_connections():
            self._refuse(cast("asyncio.Transport", transport))
            return
        super().connection_made(transport)
        with suppress(AttributeError, OSError):  # a path's socket has none, nor has every system
            transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(DEAD_S * 1000)
            )
        self._head_timer = self._loop.call_later(HEAD_S, self._end, "head")

    def _refuse(self, transport: asyncio.Transport) -> None:
        self._refused = True
        REFUSED.inc()
        transport.write(TOO_MANY_ANSWER)
        transport.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """End; no timer outlives a connection."""
        Connection.open_now -= 1
        if self._refused:
            return
        for timer in (self._head_timer, self._body_timer, self._write_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._body_timer = self._write_timer = self._body = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; note whether a head is whole, begun, or not there."""
        if self._refused:
            return
        before = self._request_count
        super().data_received(data)
        if self._request_count != before:
            self._head_came()
        elif data and self._head_timer is None and self._current_request is None and self.transport is not None:
            self._head_timer = self._loop.call_later(HEAD_S, self._end, "head")

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
        body = self._messages[-1][1] if self._messages else None
        if body is not None and not body.is_eof() and (self._body is None or self._body.is_eof()):
            if self._body_timer is not None:  # of an earlier body, which came whole
                self._body_timer.cancel()
            self._body, self._seen = body, 0
            self._body_timer = self._loop.call_later(BODY_S, self._look_at_body)

    def _look_at_body(self) -> None:
        self._body_timer = None
        if self._body is None or self._body.is_eof() or self._current_request is None:
            self._body = None
            return
        came, self._seen = self._body.total_bytes - self._seen, self._body.total_bytes
        if came < SLOWEST * LOOK_S and not self._reading_paused:  # we did listen
            self._end("body")
            return
        self._body_timer = self._loop.call_later(LOOK_S, self._look_at_body)

    def pause_writing(self) -> None:
        """The other end is slower than we are: from now on it must get on."""
        super().pause_writing()
        if self._write_timer is None and self.transport is not None:
            self._left = self.transport.get_write_buffer_size()
            self._write_timer = self._loop.call_later(BODY_S, self._look_at_reader)

    def resume_writing(self) -> None:
        """It got on."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def _look_at_reader(self) -> None:
        self._write_timer = None
        if self.transport is None:
            return
        left = self.transport.get_write_buffer_size()
        taken, self._left = self._left - left, left
        if taken < SLOWEST * LOOK_S:
            self._end("answer")
            return
        self._write_timer = self._loop.call_later(LOOK_S, self._look_at_reader)

    def _end(self, at: str) -> None:
        self._head_timer = None
        if self.transport is not None:
            TOO_SLOW.labels(at).inc()
            self.transport.abort()

    def log_exception(self, *words: Any, **more: Any) -> None:
        """Tell what failed and where, without aiohttp's words."""
        error = more.get("exc_info")
        log.error("connection-failed", **(traced(error) if isinstance(error, BaseException) else {}))

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what no handler could; nothing of the request is told to the log, nor back."""
        if isinstance(exc, HttpProcessingError):
            MALFORMED.inc()
            status = 400
        elif exc is not None:
            log.error("request-failed", **traced(exc))
        if request.writer.output_size > 0:  # an answer has begun, and another cannot follow
            raise ConnectionError("broken off")
        body = b'{"error":"bad-request","detail":"The request is not HTTP as it should be."}'
        if status != 400:
            body = b'{"error":"fault","detail":"Something here is broken; it was noted."}'
        headers = {
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
            hdrs.SERVER: "Deskbridge",
        }
        response = web.Response(status=status, body=body, content_type="application/json", headers=headers)
        response.force_close()
        return response


class Site(web.BaseSite):
    """What a runner listens on: host:port, a socket's path, or an open socket; its connections keep to our limits."""

    def __init__(self, runner: web.AppRunner, listen: str, passed: socket.socket | None = None) -> None:
        super().__init__(runner, backlog=BACKLOG)
        self._listen = listen
        self._passed = passed

    @property
    def name(self) -> str:
        """Return where it listens."""
        return self._listen

    async def start(self) -> None:
        """Listen. Raises OSError when the address is taken or not ours."""
        await super().start()
        loop = asyncio.get_running_loop()
        if self._passed is not None:
            await self._take_over(self._passed, loop)
            return
        if self._listen.startswith("/"):
            self._server = await loop.create_unix_server(self._connection, self._listen, backlog=self._backlog)
            return
        host, _, port = self._listen.rpartition(":")
        self._server = await loop.create_server(self._connection, host.strip("[]"), int(port), backlog=self._backlog)

    async def _take_over(self, passed: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        """Listen on a socket that is another's: its path stays when we end, since the next process listens there."""
        if passed.family != socket.AF_UNIX:
            self._server = await loop.create_server(self._connection, sock=passed, backlog=self._backlog)
            return
        stays: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        self._server = await loop.create_unix_server(self._connection, sock=passed, backlog=self._backlog, **stays)

    def _connection(self) -> Connection:
        manager = self._runner.server
        assert manager is not None
        return Connection(
            manager,
            loop=asyncio.get_running_loop(),
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=IDLE_S,
            max_field_size=MAX_HEAD,
            lingering_time=5.0,
        )
