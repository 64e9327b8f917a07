"""How often one may ask: token buckets by name.

Sign-in is limited by network and by account name apart (OWASP ASVS 2.2.1). So one host cannot try many accounts, and many hosts
cannot try one. The account's own lock-out is kept in SQL. A browser that a librarian has signed in with is counted by itself.
So strangers who try their name do not use up their attempts. Writes are limited by librarian, far above what a person does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from math import ceil

from bridge.contract.token_bucket import Rate, TokenBuckets

REMEMBERED = 20_000


def network(address: str) -> str:
    """Return the network that one client can use: a household has one address of IPv4, and a /64 of IPv6 (RFC 6177).

    An address of IPv4 spelled as one of IPv6 (mapped, 6to4) is that of IPv4.
    """
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    inner = ip.ipv4_mapped or ip.sixtofour
    return str(inner) if inner is not None else str(ip_network(f"{ip}/64", strict=False))


class Limit:
    """A bucket of `burst` tokens for every name, filled at `per_s` tokens a second. Forgets the names longest unused."""

    def __init__(self, per_s: float, burst: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets = TokenBuckets(Rate(per_s, burst), REMEMBERED)

    def wait_s(self, name: str) -> int:
        """Take a token of `name`: 0 when there was one, else the whole seconds until there will be."""
        return ceil(self._buckets.take(name, self._clock()))


class InboxLimits:
    """The limits of the interface."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.sign_in_by_host = Limit(0.5, 20, clock=clock)
        self.sign_in_by_name = Limit(0.2, 10, clock=clock)
        self.sign_in_by_browser = Limit(1 / 30, 10, clock=clock)
        self.sign_on_answers = Limit(2, 60, clock=clock)
        self.password_changes = Limit(0.2, 10, clock=clock)
        self.reads = Limit(100, 400, clock=clock)
        self.writes = Limit(20, 100, clock=clock)
        self.staff_messages = Limit(1, 30, clock=clock)
