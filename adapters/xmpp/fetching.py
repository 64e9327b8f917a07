"""Fetch a file from an address that a stranger wrote, and call no machine of a private network for it.

An address is a stranger's wish that this machine call another one (OWASP, Server-Side Request Forgery). It is read once, by
the library that calls it, so the reading that is checked is the one that counts. Full-width digits, other dots, hexadecimal
and octal numbers all become what they mean. Then the address of the socket itself is checked, before it is connected and
after, at every redirect again. What a name resolved to before counts for nothing. Hosts that the configuration lists are
excepted.

Public is what IANA's registries of special addresses leave (RFC 6890), and of IPv6 only global unicast. An IPv6 address that
wraps one of IPv4 (mapped, NAT64) is as public as that; 6to4, Teredo, ISATAP and IPv4-compatible ones are none.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp.resolver import ThreadedResolver
from yarl import URL

REDIRECTS = 3
REDIRECTING = (301, 302, 303, 307, 308)

_PRIVATE4 = [
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
_GLOBAL6 = ipaddress.IPv6Network("2000::/3")
_PRIVATE6 = [ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")]
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


class Unfetched(Exception):
    """A file could not be had; the text says why and holds no address."""


class _Private(OSError):
    """What would be called is no machine of the public network."""


def is_public(address: str) -> bool:
    """Say whether a numeric address is one of the public network."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _PRIVATE4)
    if ip.ipv4_mapped is not None:
        return is_public(str(ip.ipv4_mapped))
    if ip in _NAT64:
        return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
    isatap = (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP
    return ip in _GLOBAL6 and not isatap and not any(ip in network for network in _PRIVATE6)


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
