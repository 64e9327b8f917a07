"""What an account, and what a component, needs: the keys of a `[[channel]]` with `kind = "xmpp"` or `kind = "xmpp-component"`.

The rule: certificates are checked, always; a password travels in clear only to this very machine.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from adapters.xmpp import jid
from bridge.contract.adapter import Misconfigured

Security = Literal["starttls", "tls", "none"]


class XmppConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account on any server, like `ask@library.org`.

    jid, password     the account.
    host, port        where the server is; "" and 0 = as the domain's DNS says (RFC 6120, 3.2).
    security          "starttls", "tls" (from the first byte), or "none", to this machine only.
    resource          the name of our connection. The account may be used by people's own clients under other names.
    ca                authority to trust instead of the system's: PEM text, in the file as `ca_file = "/path"`.
    title             how the library is called in answers to "who are you?".
    timezone          of the opening hours in the buddy's status, like "Europe/Vienna"; "" = this machine's.
    blocked           addresses and domains that are not heard.
    file_hosts        hosts that files may be fetched from although they are on a private network or speak no TLS.
    file_limit          bytes of one file that a patron may send.
    beat_s, patience_s  how often a silent server is asked, and how long it may take to answer (seconds).
    """

    jid: str
    password: str
    host: str = ""
    port: int = 0
    security: Security = "starttls"
    resource: str = "deskbridge"
    ca: str = ""
    title: str = ""
    timezone: str = ""
    blocked: tuple[str, ...] = ()
    file_hosts: tuple[str, ...] = ()
    file_limit: int = 10 << 20
    beat_s: float = 45.0
    patience_s: float = 20.0

    def __repr__(self) -> str:
        return f"XmppConfig(jid={self.jid!r}, host={self.host!r})"

    def check(self) -> None:
        """Raise Misconfigured, with everything that cannot work."""
        wrong = list(_faults(self))
        if not self.password:
            wrong.append("password is missing")
        if not self.resource or "/" in self.resource:
            wrong.append("resource must be a word")
        if self.security == "none" and not loopback(self.host):
            wrong.append(f'security = "none" would send the password in clear to {self.host or "another machine"}')
        if bool(self.host) != bool(self.port) and self.port:
            wrong.append("port needs a host")
        if wrong:
            raise Misconfigured("; ".join(wrong))

    @property
    def full(self) -> str:
        """The address with our resource."""
        return f"{self.jid}/{self.resource}"

    @property
    def where(self) -> tuple[str, int] | None:
        """Host and port, None when DNS is to say."""
        return (self.host, self.port or (5223 if self.security == "tls" else 5222)) if self.host else None

    def tls(self) -> ssl.SSLContext:
        """Return how certificates are checked. Raises Misconfigured for a `ca` that is none."""
        try:
            context = ssl.create_default_context(cadata=self.ca or None)
        except (ValueError, ssl.SSLError):
            raise Misconfigured("ca holds no certificates in PEM") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class ComponentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One address of a component (XEP-0114), like `law@ask.library.org`; channels of one domain share its connection.

    jid               this channel's address; its domain is the component's.
    secret            what the server shares with the component.
    host, port        where the server listens for components.
    title, url, avatar  what the address's card says: a name, a page, a picture's file (PNG or JPEG, up to 64 KiB).
    other keys        as for an account.
    """

    jid: str
    secret: str
    host: str = "127.0.0.1"
    port: int = 5347
    title: str = ""
    url: str = ""
    avatar: str = ""
    timezone: str = ""
    blocked: tuple[str, ...] = ()
    file_hosts: tuple[str, ...] = ()
    file_limit: int = 10 << 20
    beat_s: float = 45.0
    patience_s: float = 20.0

    def __repr__(self) -> str:
        return f"ComponentConfig(jid={self.jid!r}, host={self.host!r}, port={self.port})"

    def check(self) -> None:
        """Raise Misconfigured, with everything that cannot work."""
        wrong = list(_faults(self))
        if not self.secret:
            wrong.append("secret is missing")
        if not jid.user(self.jid):
            wrong.append("jid needs a name before the component's domain, like law@ask.library.org")
        if wrong:
            raise Misconfigured("; ".join(wrong))

    @property
    def domain(self) -> str:
        """The component's own name."""
        return jid.domain(self.jid).lower()


def zone(name: str) -> ZoneInfo | None:
    """Return a time zone, None for "" (this machine's)."""
    return ZoneInfo(name) if name else None


def loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _faults(config: XmppConfig | ComponentConfig) -> Iterator[str]:
    if jid.bare(config.jid) != config.jid or "@" not in config.jid:
        yield f"jid {config.jid!r} is not an address like ask@library.org, in lower case"
    if not 0 <= config.port < 65536:
        yield "port must be a number below 65536"
    if config.beat_s <= 0 or config.patience_s <= 0 or config.file_limit <= 0:
        yield "beat_s, patience_s and file_limit must be more than 0"
    for each in config.blocked:
        if not jid.bare(each):
            yield f"blocked: {each!r} is neither an address nor a domain"
    try:
        zone(config.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"timezone {config.timezone!r} is not known"
