"""One connection to Redis, as narrow as we need it: commands go out back to back, replies come in the same order.

Many callers share a link: their commands travel in one write and one fsync answers them all, which a pool of connections
that each wait for their own reply cannot do. A caller that is cancelled leaves its place in the row, and its reply is dropped.
A link that fails answers every waiting caller with `RedisLinkLost`; it is never used again.

Commands that block (XREAD BLOCK, WAIT, SUBSCRIBE) hold up everything behind them: give each a link of its own.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import hiredis

Argument = str | bytes | int
_SCHEMES = ("unix", *(f"{tls}{kind}" for tls in ("redis", "rediss") for kind in ("", "+sentinel", "+cluster")))
_ESCAPE = "special characters of a password are written as %XX"
ASKING_S = 2.0  # that a Sentinel or a node may take to say where the master is


class RedisLinkLost(ConnectionError):
    """The connection is gone, or the server stopped answering; what was under way may or may not have happened."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Whom we believe, and what we show: `ca_file` is an authority of one's own in place of the system's, `cert_file` and
    `key_file` (unless the first holds both) are ours for a server that asks."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""

    def context(self) -> ssl.SSLContext:
        """Return the rules of a connection; the server's certificate and name are always checked. Raises OSError."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file or None)
        except OSError as error:
            files = ", ".join(filter(None, (self.ca_file, self.cert_file, self.key_file)))
            raise OSError(f"{files}: {error.strerror or error}") from None
        return context


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server listens, and who we are there. `path` is a Unix socket; else `host` and `port`."""

    host: str = "127.0.0.1"
    port: int = 6379
    path: str = ""
    tls: Tls | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    database: int = 0

    @staticmethod
    def parse(url: str) -> ServerAddress:
        """Read redis://, rediss:// or unix:// (`unix:///run/r.sock?db=0`). Raises ValueError; the text holds no password."""
        return Place.parse(url).servers[0]

    def moved(self, host: str, port: int) -> ServerAddress:
        """Return the same elsewhere. A Cluster that does not tell its hosts says "" or "?": the host that was asked."""
        return replace(self, host=self.host if host in ("", "?") else host, port=port)


@dataclass(frozen=True, slots=True)
class Place:
    """What a url names: a server (`kind` ""), or those who know where it is now: Sentinels with a service, nodes of a Cluster."""

    kind: str
    servers: tuple[ServerAddress, ...]
    service: str = ""

    @staticmethod
    def parse(url: str) -> Place:
        """Read a url as docs/redis.md describes them. Raises ValueError; the text holds no password."""
        parts = _split(url)
        scheme, _, kind = parts.scheme.partition("+")
        options = _options(parts.query, tls=scheme == "rediss")
        path = unquote(parts.path)
        service = path.strip("/") if kind == "sentinel" else ""
        if kind == "sentinel" and not service:
            raise ValueError("not a Redis url: name what the Sentinels watch, as in redis+sentinel://host/desk")
        database = options.pop("db", "") or ("" if scheme == "unix" or service else path.strip("/")) or "0"
        if not database.isdecimal():
            raise ValueError("not a Redis url: the database is no number")
        who, _, hosts = parts.netloc.rpartition("@")
        name, _, password = who.partition(":")
        one = ServerAddress(
            path=path if scheme == "unix" else "",
            tls=Tls(**options) if scheme == "rediss" else None,
            username=unquote(name),
            password=unquote(password),
            database=int(database),
        )
        port = 26379 if service else 6379
        return Place(kind, tuple(one.moved(*_host(host, port)) for host in hosts.split(",")), service)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError(f"not a Redis url: {_ESCAPE}") from None
    if parts.scheme not in _SCHEMES:
        raise ValueError(f"not a Redis url: scheme {parts.scheme!r}; use one of {', '.join(_SCHEMES)}")
    if parts.fragment:
        raise ValueError(f"not a Redis url: {_ESCAPE}")
    return parts


def _options(query: str, *, tls: bool) -> dict[str, str]:
    known = ("db", "ca_file", "cert_file", "key_file") if tls else ("db",)
    options = dict(parse_qsl(query, keep_blank_values=True))
    if options.keys() - set(known):
        raise ValueError(f"not a Redis url: after ? it may say {', '.join(known)}; {_ESCAPE}")
    return options


def _host(text: str, port: int) -> tuple[str, int]:
    found = re.fullmatch(r"\[([^]]*)\](?::(\d+))?|([^:]*)(?::(\d+))?", text)
    number = int((found and (found[2] or found[4])) or port)
    if not found or number > 65535:
        raise ValueError(f"not a Redis url: a host has no such port; {_ESCAPE}")
    return found[1] or found[3] or "", number


async def locate(url: str, key: str) -> ServerAddress:
    """Return where the server is that holds `key` now: Sentinels are asked for the master, nodes of a Cluster for its slot,
    one after the other until one knows. Raises LinkLost when none does, ValueError for a url that cannot be."""
    place = Place.parse(url)
    if not place.kind:
        return place.servers[0]
    causes = []
    for server in place.servers:
        try:
            if place.kind == "cluster":
                return server.moved(*await _asked(server, lambda link: _owner(link, key)))
            return server.moved(*await _ask_sentinel(server, place.service))
        except (RedisLinkLost, hiredis.ReplyError) as error:
            causes.append(f"{server.host}:{server.port}: {error}")
    raise RedisLinkLost(f"nobody knows the master ({'; '.join(causes)})")


async def _ask_sentinel(server: ServerAddress, service: str) -> tuple[str, int]:
    """Ask without a name first: few Sentinels want one, and others refuse it. Those that do want the servers'."""
    nameless = replace(server, username="", password="", database=0)
    try:
        return await _asked(nameless, lambda link: _master(link, service))
    except hiredis.ReplyError as error:
        if not str(error).startswith("NOAUTH"):
            raise
    named = replace(server, database=0)
    return await _asked(named, lambda link: _master(link, service))


async def _asked(
    server: ServerAddress, question: Callable[[RedisConnection], Coroutine[Any, Any, tuple[str, int]]]
) -> tuple[str, int]:
    link = await RedisConnection.connect(server, patience=ASKING_S, within=ASKING_S)
    try:
        return await question(link)
    finally:
        link.close()


async def _master(link: RedisConnection, service: str) -> tuple[str, int]:
    found = await link.call("SENTINEL", "get-master-addr-by-name", service)
    if not found:
        raise RedisLinkLost(f"this Sentinel does not watch {service!r}")
    return found[0].decode(), int(found[1])


async def _owner(link: RedisConnection, key: str) -> tuple[str, int]:
    slot = await link.call("CLUSTER", "KEYSLOT", key)
    for first, last, (host, port, *_), *_ in await link.call("CLUSTER", "SLOTS"):
        if first <= slot <= last:
            return (host or b"").decode(), int(port)
    raise RedisLinkLost("no node has this slot")


# hiredis declares a tuple of exactly one
_packed = cast("Callable[[tuple[Argument, ...]], bytes]", hiredis.pack_command)


class _Unfinished:
    """What the reader returns while a reply is incomplete."""


_UNFINISHED = _Unfinished()


class RedisConnection(asyncio.Protocol):
    """One connection. `patience` is how many seconds the server may stay silent while a caller waits (0 = for ever)."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._reader = hiredis.Reader(notEnoughData=_UNFINISHED)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._heard = self._loop.time()
        self._watch: asyncio.TimerHandle | None = None
        self.pushed: asyncio.Queue[Any] = asyncio.Queue()
        self.lost: BaseException | None = None
        self.server = ""  # which run of which server: another after every restart and failover

    @staticmethod
    async def connect(address: ServerAddress, *, patience: float, within: float) -> RedisConnection:
        """Connect, sign in, choose the database, `within` seconds. Raises LinkLost, or hiredis.ReplyError when refused."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(within):
                if address.path:
                    _, link = await loop.create_unix_connection(lambda: RedisConnection(patience), address.path)
                else:
                    context = address.tls.context() if address.tls else None
                    where = (address.host, address.port)
                    _, link = await loop.create_connection(lambda: RedisConnection(patience), *where, ssl=context)
                try:
                    await link._greet(address)
                except BaseException:
                    link.close()
                    raise
        except (OSError, TimeoutError) as error:
            raise RedisLinkLost(f"cannot reach Redis: {str(error) or type(error).__name__}") from error
        return link

    async def _greet(self, address: ServerAddress) -> None:
        if address.username:
            await self.call("AUTH", address.username, address.password)
        elif address.password:
            await self.call("AUTH", address.password)
        if address.database:
            await self.call("SELECT", address.database)
        info = await self.call("INFO", "server")
        self.server = info.partition(b"run_id:")[2].split(b"\r\n")[0].decode()

    def call(self, *command: Argument) -> asyncio.Future[Any]:
        """Send a command and return the future of its reply. The future raises hiredis.ReplyError or LinkLost."""
        reply: asyncio.Future[Any] = self._loop.create_future()
        if self._transport is None or self.lost is not None:
            reply.set_exception(RedisLinkLost("the connection to Redis is closed"))
            return reply
        if not self._waiting:
            self._heard = self._loop.time()
            if self._watch is None and self._patience:
                self._watch = self._loop.call_later(self._patience, self._check)
        self._waiting.append(reply)
        self._transport.write(_packed(command))
        return reply

    def close(self) -> None:
        """Drop the connection at once; waiting callers get LinkLost."""
        if self._transport is not None:
            self._transport.abort()
        self._fail(RedisLinkLost("the connection to Redis was closed"))

    # ---- what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not _UNFINISHED:
                self._deliver(reply)
        except hiredis.ProtocolError as error:
            self._fail(RedisLinkLost(f"Redis spoke gibberish: {error}"))
            self.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(RedisLinkLost(f"Redis closed the connection: {error or 'end of stream'}"))

    # ---- inside

    def _deliver(self, reply: Any) -> None:
        if not self._waiting:
            self.pushed.put_nowait(reply)
            return
        waiter = self._waiting.popleft()
        if waiter.done():
            return
        if isinstance(reply, hiredis.ReplyError):
            waiter.set_exception(reply)
        else:
            waiter.set_result(reply)

    def _check(self) -> None:
        self._watch = None
        if not self._waiting:
            return
        left = self._heard + self._patience - self._loop.time()
        if left <= 0:
            self._fail(RedisLinkLost(f"Redis has not answered for {self._patience:g} s"))
            self.close()
        else:
            self._watch = self._loop.call_later(left, self._check)

    def _fail(self, error: RedisLinkLost) -> None:
        if self.lost is not None:
            return
        self.lost = error
        if self._watch is not None:
            self._watch.cancel()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(error)
                waiter.exception()  # seen: nobody may be waiting any more
        self._waiting.clear()
        self.pushed.put_nowait(error)
