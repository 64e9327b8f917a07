"""Fetch a file from an address that a stranger wrote, and call no machine of a private network for it.

An address is a stranger's wish that this machine call another one (OWASP, Server-Side Request Forgery). It is read once, by
the library that calls it, so the reading that is checked is the one that counts. Full-width digits, other dots, hexadecimal
and octal numbers all become what they mean. Then the address of the socket itself is checked, before it is connected and
after, at every redirect again. What a name resolved to before counts for nothing. Hosts that the configuration lists are
excepted.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from bridge.contract.public_address import is_public

REDIRECTS = 3
REDIRECTING = (301, 302, 303, 307, 308)


class Unfetched(Exception):
    """A file could not be had; the text says why and holds no address."""


class _Private(OSError):
    """What would be called is no machine of the public network."""


@asynccontextmanager
async def fetched(url: str, hosts: Collection[str]) -> AsyncIterator[tuple[URL, aiohttp.StreamReader]]:
    """Open what lies at an address: where it was in the end, and its bytes as they come. Raises Unfetched."""
    try:
        place = URL(url)
        for _ in range(REDIRECTS + 1):
            _check(place, hosts)
            async with (
                _session(open_to_all=place.host in hosts) as session,
                session.get(place, allow_redirects=False) as answer,
            ):
                if answer.status not in REDIRECTING:
                    _check_peer(answer, open_to_all=place.host in hosts)
                    if answer.status != 200:
                        raise Unfetched(f"status {answer.status}")
                    yield place, answer.content
                    return
                place = place.join(URL(answer.headers.get("Location", "")))
        raise Unfetched("too many redirects")
    except _Private:
        raise Unfetched("a private address") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        private = isinstance(error.__cause__, _Private) or isinstance(getattr(error, "os_error", None), _Private)
        raise Unfetched("a private address" if private else type(error).__name__) from None


def _check(place: URL, hosts: Collection[str]) -> None:
    if place.host in hosts and place.scheme in ("http", "https"):
        return
    if place.scheme != "https" or not place.host or place.user is not None or place.password is not None:
        raise Unfetched("not https")


def _check_peer(answer: aiohttp.ClientResponse, *, open_to_all: bool) -> None:
    transport = answer.connection.transport if answer.connection is not None else None
    peer = transport.get_extra_info("peername") if transport is not None else None
    # A short answer has been read whole and its socket is closed by now; it was checked before it was connected.
    if peer and not open_to_all and not is_public(peer[0]):
        raise _Private("a private address")


def _session(*, open_to_all: bool) -> aiohttp.ClientSession:
    def made(place: Any) -> socket.socket:
        family, kind, proto, _, address = place
        if not open_to_all and not is_public(str(address[0])):
            raise _Private("a private address")
        return socket.socket(family, kind, proto)

    connector = aiohttp.TCPConnector(
        resolver=ThreadedResolver(), use_dns_cache=False, force_close=True, socket_factory=made
    )
    return aiohttp.ClientSession(
        connector=connector, headers={"User-Agent": "Deskbridge"}, auto_decompress=False, trust_env=False
    )
