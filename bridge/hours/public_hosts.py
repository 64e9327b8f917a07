"""Which hosts the desk asks for a coordinator: public ones, and those that the operator allows.

An address that a coordinator types makes the server ask. It must not reach what only the server can (OWASP, server-side request
forgery). So every address that a name resolves to is checked, and the connection goes to those very addresses: a name that
resolves to another one a moment later gains nothing. The caller checks each redirect like the first address.
"""

from __future__ import annotations

import socket
from collections.abc import Collection

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bridge.contract.public_address import is_number, is_public
from bridge.hours.problems import CalendarProblem


class NotPublic(OSError):
    """A name resolves to an address that is not public."""


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
    if is_number(url.host) and not is_public(url.host):
        raise CalendarProblem("private-host")


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
