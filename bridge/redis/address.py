"""Where Redis is: what a url of the configuration names, and which server holds our keys now.

    redis://host            one server; rediss:// with TLS, unix:// by a socket
    redis+sentinel://…      several Sentinels; one of them tells the address of the master
    redis+cluster://…       several nodes; one of them tells which node has our slot

`locate` is asked when a connection fails or a server refuses as "not here", so after a failover the next call finds the new master.
The text of a ValueError never holds the password, because people paste such texts into reports.

**Why redis-py does not ask.** The answers lead to our own connection with its own TLS settings. So redis-py would be a second
client for two commands, at 0.1 s and 7 MB in each of our processes. One url names several hosts, so the grammar of urls would
stay ours; so would the order of trying a Sentinel without and with a password. Its Cluster client does not know the host "?",
by which nodes hide their names. Tests against real Sentinels and a real Cluster cover the code here
(tests/bridge/test_servers.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import hiredis

from bridge.redis.connection import RedisConnection, RedisLinkLost, ServerAddress, Tls

_SCHEMES = ("unix", *(f"{tls}{kind}" for tls in ("redis", "rediss") for kind in ("", "+sentinel", "+cluster")))
_ESCAPE = "special characters of a password are written as %XX"
ASKING_S = 2.0  # that a Sentinel or a node may take to say where the master is


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """What a url names: one server (`kind` ""), Sentinels that watch `service`, or nodes of a Cluster."""

    kind: str
    servers: tuple[ServerAddress, ...]
    service: str = ""

    @staticmethod
    def parse(url: str) -> RedisUrl:
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
        account, _, hosts = parts.netloc.rpartition("@")
        name, _, password = account.partition(":")
        one = ServerAddress(
            path=path if scheme == "unix" else "",
            tls=Tls(**options) if scheme == "rediss" else None,
            username=unquote(name),
            password=unquote(password),
            database=int(database),
        )
        port = 26379 if service else 6379
        return RedisUrl(kind, tuple(one.moved(*_host(host, port)) for host in hosts.split(",")), service)


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


def server_at(url: str) -> ServerAddress:
    """Read redis://, rediss:// or unix:// (`unix:///run/r.sock?db=0`). Raises ValueError; the text holds no password."""
    return RedisUrl.parse(url).servers[0]


async def locate(url: str, key: str) -> ServerAddress:
    """Return where the server is that holds `key` now.

    Sentinels are asked for the master, nodes of a Cluster for the slot of `key`, one after the other until one answers.
    Raises RedisLinkLost when none does, ValueError for a url that we do not know.
    """
    named = RedisUrl.parse(url)
    if not named.kind:
        return named.servers[0]
    causes = []
    for server in named.servers:
        try:
            if named.kind == "cluster":
                return server.moved(*await _asked(server, lambda link: _owner(link, key)))
            return server.moved(*await _ask_sentinel(server, named.service))
        except (RedisLinkLost, hiredis.ReplyError) as error:
            causes.append(f"{server.host}:{server.port}: {error}")
    raise RedisLinkLost(f"nobody knows the master ({'; '.join(causes)})")


async def _ask_sentinel(server: ServerAddress, service: str) -> tuple[str, int]:
    """Ask without a password first: few Sentinels want one, and others refuse it. Those that do want the servers' password."""
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
