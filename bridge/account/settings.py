"""What `[[account]]` in deskbridge.toml means: how a library's system is asked about patrons who prove who they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class AccountConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The library system of one library.

    partners             librarians of partner libraries who serve its patrons may offer it too
    telephone            what a patron is told who fails too often
    host, port, tls      of SIP2; `authority` is the certificate of an authority of your own, as PEM
    plain_text_network   the operator says that nobody listens between the desk and this host
    login, password      of the SIP2 terminal, "" = none; `location` goes with them
    institution          SIP2's AO; `terminal_password` its AC
    encoding             of SIP2: utf-8, latin-1 or cp850
    url                  of Koha, like https://staff.library.example; `client`, `client_secret` are of an API key
    """

    library: str
    kind: Literal["sip2", "koha"]
    consortium: str = "main"
    partners: bool = False
    telephone: str = ""
    host: str = ""
    port: int = 6001
    tls: bool = False
    authority: str = ""
    plain_text_network: bool = False
    login: str = ""
    password: str = ""
    location: str = ""
    institution: str = ""
    terminal_password: str = ""
    encoding: Literal["utf-8", "latin-1", "cp850"] = "utf-8"
    url: str = ""
    client: str = ""
    client_secret: str = ""


def account_faults(config: AccountConfig) -> Iterator[tuple[str, str, str]]:
    """Yield the field, what is wrong with it, and what to do."""
    if config.kind == "sip2":
        yield from _sip2_faults(config)
    else:
        yield from _koha_faults(config)


def _sip2_faults(config: AccountConfig) -> Iterator[tuple[str, str, str]]:
    if not config.host:
        yield "host", "is missing", "write the host of the SIP2 server"
    elif not (config.tls or config.plain_text_network or config.host in LOOPBACK):
        do = "write tls = true, reach it by a tunnel on 127.0.0.1, or write plain_text_network = true"
        yield "tls", "is off: card numbers and PINs would be sent in the open", do
    if not 0 < config.port < 65536:
        yield "port", "is no port", "write 6001, or what the server listens on"
    for field in ("login", "password", "location", "institution", "terminal_password"):
        if any(char in getattr(config, field) for char in "|\r\n"):
            yield field, "holds a character that SIP2 can't carry", "leave out | and line breaks"


def _koha_faults(config: AccountConfig) -> Iterator[tuple[str, str, str]]:
    local = any(config.url.startswith(f"http://{host}") for host in LOOPBACK)
    if not config.url.startswith(("https://", "http://")):
        yield "url", "is missing", "write https:// and the host of Koha's staff interface"
    elif config.url.startswith("http://") and not (local or config.plain_text_network):
        yield "url", "is not encrypted", "write https://, or plain_text_network = true"
    if not config.client or not config.client_secret:
        yield "client", "and client_secret are missing", "make an API key in Koha and write both"
