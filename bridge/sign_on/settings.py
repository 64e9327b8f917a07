"""What the configuration says of signing on: which ways there are, and who becomes what.

Passwords are one way beside the others. Where they are allowed, accounts with a password work while a provider is away.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from routing.organisation import Role

ROLES: tuple[Role, ...] = ("counter", "librarian", "coordinator", "administrator")  # from the lowest to the highest
HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class GroupRole(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the members of a group are: their role, at `library` alone where one is named, and the teams that a new one joins."""

    group: str
    role: Role
    library: str = ""
    teams: tuple[str, ...] = ()


class JoiningRules(msgspec.Struct, frozen=True, kw_only=True):
    """Who may sign on. `create`: somebody without an account gets one, at `library` or at that of their group.

    Where `groups` are named, nobody gets in who is in none of them, and a role is what the groups say at each sign-on.
    """

    link: bool = False
    create: bool = False
    library: str = ""
    groups: tuple[GroupRole, ...] = ()


class OidcSettings(msgspec.Struct, frozen=True, kw_only=True):
    """An OpenID provider. `email_domains`: of addresses in one of these, the part before the `@` is a sign-in name, too."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    groups_claim: str = "groups"
    link_by_email: bool = False
    email_domains: tuple[str, ...] = ()
    create: bool = False
    library: str = ""
    groups: tuple[GroupRole, ...] = ()

    @property
    def rules(self) -> JoiningRules:
        """Return who may sign on."""
        return JoiningRules(link=self.link_by_email, create=self.create, library=self.library, groups=self.groups)


class ProxySettings(msgspec.Struct, frozen=True, kw_only=True):
    """A proxy that signs people in, and names them in headers; `addresses` are the networks that it connects from."""

    name: str
    user_header: str
    addresses: tuple[str, ...]
    name_header: str = ""
    groups_header: str = ""
    create: bool = False
    library: str = ""
    groups: tuple[GroupRole, ...] = ()

    @property
    def rules(self) -> JoiningRules:
        """Return who may sign on; the proxy's name for somebody is their sign-in name."""
        return JoiningRules(link=True, create=self.create, library=self.library, groups=self.groups)

    @property
    def headers(self) -> tuple[str, ...]:
        """Return the headers that only the proxy may send."""
        return tuple(name for name in (self.user_header, self.name_header, self.groups_header) if name)


class SignOnSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All ways. `passwords`: those of accounts here count. `second_factor`: roles that must show one after a password."""

    passwords: bool = True
    second_factor: tuple[Role, ...] = ()
    oidc: OidcSettings | None = None
    proxy: ProxySettings | None = None


class SignOnFault(NamedTuple):
    """A field that can't be used, and what to do about it."""

    field: str
    what: str
    do: str


def may_be_asked(url: str) -> bool:
    """Whether we send secrets to an address: over https, or to this machine."""
    try:
        parts = urlsplit(url)
        local = parts.scheme == "http" and parts.hostname in LOOPBACK
        return bool(parts.hostname) and parts.port != 0 and (parts.scheme == "https" or local)
    except ValueError:  # half an IPv6 address, a port that is no number
        return False


def faults_of(settings: SignOnSettings, public_url: str) -> Iterator[SignOnFault]:
    """Yield what is wrong with settings whose fields are all of their types."""
    if not (settings.passwords or settings.oidc or settings.proxy):
        yield SignOnFault("passwords", "leaves nobody a way to sign in", "set it to true, or name a provider")
    if settings.second_factor and not settings.passwords:
        yield SignOnFault("second_factor", "is asked after passwords alone", "leave it out, or allow passwords")
    if settings.oidc is not None:
        yield from _oidc_faults(settings.oidc, public_url)
    if settings.proxy is not None:
        yield from _proxy_faults(settings.proxy)


def _oidc_faults(oidc: OidcSettings, public_url: str) -> Iterator[SignOnFault]:
    parts = urlsplit(oidc.issuer) if may_be_asked(oidc.issuer) else None
    if parts is None or parts.query or parts.fragment:
        yield SignOnFault(
            "oidc.issuer", "is no issuer", "write https://login.example.org, as the provider names itself"
        )
    if not public_url:
        yield SignOnFault("oidc", "needs an address that the provider sends people back to", "set http.public_url")
    for field in ("name", "client_id", "client_secret"):
        if not getattr(oidc, field).strip():
            yield SignOnFault(f"oidc.{field}", "is empty", "write what the provider gave you")
    if "openid" not in oidc.scopes:
        yield SignOnFault("oidc.scopes", "lack openid", "add it: else the provider says nothing of who signed in")
    for domain in oidc.email_domains:
        if not DOMAIN.fullmatch(domain):
            yield SignOnFault("oidc.email_domains", f"{domain!r} is no domain", "write example.org, in lower case")
    yield from _rule_faults("oidc", oidc.rules)


def _proxy_faults(proxy: ProxySettings) -> Iterator[SignOnFault]:
    for field in ("user_header", "name_header", "groups_header"):
        header = getattr(proxy, field)
        if (header or field == "user_header") and not HEADER.fullmatch(header):
            yield SignOnFault(f"proxy.{field}", f"{header!r} is no header's name", "write one like X-Remote-User")
    if not proxy.addresses:
        yield SignOnFault(
            "proxy.addresses", "names no proxy", "write its address, as 10.0.0.4; nobody else is believed"
        )
    for address in proxy.addresses:
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            yield SignOnFault("proxy.addresses", f"{address!r} is not a network", "write 10.0.0.0/8 or 10.0.0.4")
    if proxy.groups and not proxy.groups_header:
        yield SignOnFault("proxy.groups", "can't be read", "name the groups_header that the proxy sends")
    yield from _rule_faults("proxy", proxy.rules)


def _rule_faults(where: str, rules: JoiningRules) -> Iterator[SignOnFault]:
    if rules.create and not rules.library and not all(one.library for one in rules.groups):
        yield SignOnFault(f"{where}.library", "is missing", "name the library that new people belong to")
    if rules.create and not rules.library and not rules.groups:
        yield SignOnFault(f"{where}.create", "needs a library or groups", "name one of them")
    for n, one in enumerate(rules.groups, 1):
        if not one.group.strip():
            yield SignOnFault(
                f"{where}.groups[{n}].group", "is empty", "write the group's name as the provider sends it"
            )
        home = one.library or rules.library
        for team in one.teams:
            if not team.startswith(f"{home}/"):
                yield SignOnFault(
                    f"{where}.groups[{n}].teams", f"{team!r} is no team of {home!r}", "write library/team"
                )
