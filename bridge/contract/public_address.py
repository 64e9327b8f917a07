"""Which addresses are public: what a stranger names must not make this machine call one of its own network (OWASP, SSRF).

Public is what IANA's registries of special addresses leave (RFC 6890), and of IPv6 only global unicast. An IPv6 address that
wraps one of IPv4 (mapped, NAT64) is as public as that; 6to4, Teredo, ISATAP and IPv4-compatible ones are none.
A host of digits is an address, in short spellings too: aiohttp connects to `127.1` or `2130706433` and asks no resolver.
"""

from __future__ import annotations

import ipaddress

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


def is_number(host: str) -> bool:
    """Say whether a host is an IP address in any spelling: nobody resolves it, so it must be looked at before."""
    parts = host.rstrip(".").split(".")
    return ":" in host or all(part.isdigit() or part[:2].lower() == "0x" for part in parts)
