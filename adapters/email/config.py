"""What a mailbox needs: the keys of a `[[channel]]` with `kind = "email"`.

The rule: certificates are checked, always; a password travels in clear only to this very machine, for tests and for a mail
server that shares the host. Everything that cannot work is said at once, before anything is connected.
"""

from __future__ import annotations

import ipaddress
import ssl
from typing import ClassVar, Literal

import msgspec

from adapters.email.addresses import MailAddress
from bridge.contract.adapter import Misconfigured

Security = Literal["tls", "starttls", "none"]
IMAP_PORTS = {"tls": 993, "starttls": 143, "none": 143}
SMTP_PORTS = {"tls": 465, "starttls": 587, "none": 25}


class EmailConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`address` is the mailbox; `user` signs in ("" = the address). Either `password`, or the four `token_url` … `refresh_token`.

    folders        which are read; each holds its own connection.
    first          what is taken when a folder is read for the first time: "unread" mails, "all", or only what is "new".
    keyword        marks what is durable with us, so that reading the mailbox by hand disturbs nothing.
    mark_seen, move_to   what else happens to such a mail.
    sent_folder    where copies of answers lie; `sent_copy = false` where the server files them by itself.
    aliases        other addresses of this mailbox; mail from any of them is our own.
    trusted_server the name in Authentication-Results whose SPF, DKIM and DMARC verdicts are shown.
    ca             whose certificates are trusted in place of the system's: `ca_file = "…"` names a file in PEM.
    plus           the server delivers `ask+anything@` to `ask@`.
    beat_s, patience_s   how often a silent server is asked, and how long it may take to answer (seconds).
    """

    asks: ClassVar[tuple[str, ...]] = ("password",)

    address: str
    imap_host: str
    smtp_host: str
    imap_port: int = 0
    smtp_port: int = 0
    imap_security: Security = "tls"
    smtp_security: Security = "tls"
    user: str = ""
    password: str = ""
    smtp_user: str = ""
    smtp_password: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = ""
    refresh_token: str = ""
    scope: str = ""
    folders: tuple[str, ...] = ("INBOX",)
    first: Literal["unread", "all", "new"] = "unread"
    keyword: str = "Deskbridge"
    mark_seen: bool = False
    move_to: str = ""
    sent_folder: str = ""
    sent_copy: bool = True
    aliases: tuple[str, ...] = ()
    trusted_server: str = ""
    plus: bool = True
    library: str = ""
    signature: str = ""
    automatic_per_day: int = 4
    ca: str = ""
    beat_s: float = 120.0
    patience_s: float = 30.0

    def __repr__(self) -> str:
        return f"EmailConfig(address={self.address!r}, imap={self.imap_host!r}, smtp={self.smtp_host!r})"

    @property
    def login(self) -> str:
        """Whom IMAP signs in."""
        return self.user or self.address

    @property
    def smtp_login(self) -> str:
        """Whom submission signs in; "" where the server wants nobody to."""
        return self.smtp_user or (self.login if self.smtp_secret or self.oauth else "")

    @property
    def smtp_secret(self) -> str:
        """The password of submission."""
        return self.smtp_password or self.password

    @property
    def oauth(self) -> bool:
        """Whether tokens are used in place of a password."""
        return bool(self.token_url)

    @property
    def own(self) -> tuple[str, ...]:
        """Every address of this mailbox."""
        return (self.address, *self.aliases)

    @property
    def own_folded(self) -> frozenset[str]:
        """Every address of this mailbox, in lower case, for comparing."""
        return frozenset(address.casefold() for address in self.own)

    def ports(self) -> tuple[int, int]:
        """Return the ports of IMAP and of submission."""
        return (
            self.imap_port or IMAP_PORTS[self.imap_security],
            self.smtp_port or SMTP_PORTS[self.smtp_security],
        )

    def check(self) -> None:
        """Raise Misconfigured, with everything that cannot work."""
        wrong = list(_faults(self))
        if wrong:
            raise Misconfigured("; ".join(wrong))

    def tls(self) -> ssl.SSLContext:
        """Return how certificates are checked. Raises Misconfigured for a `ca` that holds no certificate."""
        try:
            context = ssl.create_default_context(cadata=self.ca or None)
        except (ValueError, ssl.SSLError):
            raise Misconfigured("ca_file holds no certificate in PEM") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


def _faults(config: EmailConfig) -> list[str]:
    wrong = [f"{one!r} is not a mail address" for one in config.own if not MailAddress("", one).valid]
    if not config.folders or not all(config.folders) or len(set(config.folders)) < len(config.folders):
        wrong.append("folders must name at least one folder, each once")
    if config.move_to and config.move_to in config.folders:
        wrong.append("move_to is one of the folders that are read")
    if not (config.password or config.oauth):
        wrong.append("password is missing (or token_url, client_id and refresh_token)")
    if config.oauth and not (config.client_id and config.refresh_token):
        wrong.append("token_url needs client_id and refresh_token")
    if config.oauth and not config.token_url.startswith("https://") and not _loopback_url(config.token_url):
        wrong.append("token_url must begin with https://")
    if not config.keyword.isalnum() or not config.keyword.isascii():
        wrong.append("keyword must be letters and digits")
    if config.beat_s <= 0 or config.patience_s <= 0 or config.automatic_per_day < 0:
        wrong.append("beat_s and patience_s must be more than 0, automatic_per_day not less")
    for what, security, host in (
        ("imap", config.imap_security, config.imap_host),
        ("smtp", config.smtp_security, config.smtp_host),
    ):
        if security == "none" and not _loopback(host):
            wrong.append(f'{what}_security = "none" would send the password in clear to {host}')
    return wrong


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _loopback_url(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "http://localhost:"))
