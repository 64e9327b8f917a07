"""Somebody whom a proxy in front has signed in: who they are by its headers.

The headers count on connections from the addresses that the configuration names, and are taken off every request before anything
else sees it. A header that comes twice counts for nothing: a proxy that adds its own to that of a stranger would let strangers in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware
from multidict import CIMultiDict, CIMultiDictProxy

from bridge.sign_on.identity import VouchedIdentity
from bridge.sign_on.settings import ProxySettings

MOST_GROUPS = 2000

PROXIED = web.RequestKey("proxied", VouchedIdentity)  # who a trusted proxy says is asking

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


def identified(settings: ProxySettings) -> Middleware:
    """Return what reads the headers of a trusted proxy, and takes them off all requests; it comes before all other middleware."""
    networks = [ipaddress.ip_network(one, strict=False) for one in settings.addresses]

    @web.middleware
    async def identified(request: web.Request, handler: Serve) -> web.StreamResponse:
        if not any(name in request.headers for name in settings.headers):
            return await handler(request)
        found = identity_in(settings, request.headers) if _comes_from(request, networks) else None
        kept = CIMultiDict(request.headers)
        for name in settings.headers:
            kept.popall(name, None)
        clean = request.clone(headers=kept)
        if found is not None:
            clean[PROXIED] = found
        return await handler(clean)

    return identified


def identity_in(settings: ProxySettings, headers: CIMultiDictProxy[str]) -> VouchedIdentity | None:
    """Return who the headers name, None where they name nobody, or more than one."""
    user = _only(headers, settings.user_header)
    if not 0 < len(user) <= 255:
        return None
    groups = _only(headers, settings.groups_header) if settings.groups_header else None
    return VouchedIdentity(
        way="proxy",
        issuer="proxy",
        subject=user,
        names=(user.lower(),),
        name=_only(headers, settings.name_header)[:200] if settings.name_header else "",
        groups=_listed(groups) if groups is not None else None,
    )


def _only(headers: CIMultiDictProxy[str], name: str) -> str:
    values = headers.getall(name, [])
    text = values[0].strip() if len(values) == 1 else ""
    return text if text.isprintable() else ""  # half a character of some other encoding is none


def _listed(text: str) -> tuple[str, ...]:
    """Return groups with semicolons between them, else with commas."""
    parts = text.split(";" if ";" in text else ",")
    return tuple(one.strip() for one in parts if one.strip())[:MOST_GROUPS]


def _comes_from(request: web.Request, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    """Whether the connection itself comes from one of the networks; a unix socket's peer is this machine."""
    transport = request.transport
    peer = transport.get_extra_info("peername") if transport is not None else None
    address = peer[0] if isinstance(peer, tuple) else "127.0.0.1" if transport is not None else ""
    try:
        host = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(host in network for network in networks)
