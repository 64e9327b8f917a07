"""Which hosts the desk asks for a coordinator: public ones, and those that the operator allows.

An address that a coordinator types makes the server ask. It must not reach what only the server can (OWASP, server-side request
forgery). So every address that a name resolves to is checked, and the connection goes to those very addresses: a name that
resolves to another one a moment later gains nothing. The caller checks each redirect like the first address.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bridge.hours.problems import CalendarProblem

_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))


class NotPublic(OSError):
    """A name resolves to an address that is not public."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also when it is an IPv4 address written as one of IPv6."""
    try:
        ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if any(ip in network for network in _NAT64):
            return False
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo is not None else None)
        ip = inner if inner is not None else ip
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def is_allowed(url: URL, allowed: Collection[str]) -> bool:
    """Whether the operator allows a host by name: `host`, or `host:port` for that port alone."""
    return url.host in allowed or f"{url.host}:{url.port}" in allowed


def check(url: URL, allowed: Collection[str]) -> None:
    """Refuse an address that the desk does not ask. Raises CalendarProblem."""
    if url.scheme not in ("http", "https") or not url.host or url.user or url.password:
        raise CalendarProblem("redirects")
    if is_allowed(url, allowed):
        return
    if url.scheme != "https":
        raise CalendarProblem("not-https")
    if _is_number(url.host) and not is_public(url.host):
        raise CalendarProblem("private-host")


def _is_number(host: str) -> bool:
    """Whether a host is an IP address, in short spellings too (`127.1`): those are connected to without the resolver."""
    return ":" in host or host.replace(".", "").isdigit()


class PublicResolver(AbstractResolver):
    """Resolves names to public addresses only. A name with any other one is refused whole: an honest calendar has none."""

    def __init__(self) -> None:
        self._names = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises NotPublic, OSError."""
        found = await self._names.resolve(host, port, family)
        if not all(is_public(one["host"]) for one in found):
            raise NotPublic("resolves to an address that is not public")
        return found

    async def close(self) -> None:
        """Nothing is kept."""
        await self._names.close()
