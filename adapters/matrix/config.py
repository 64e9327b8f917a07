"""What a Matrix account needs: the keys of a `[[channel]]` with `kind = "matrix"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

import msgspec

from bridge.contract.adapter import Misconfigured

LOOPBACK = ("127.0.0.1", "localhost", "::1")
USER = re.compile(
    r"@[!-9;-~]{1,200}:[A-Za-z0-9.:\[\]-]{1,200}"
)  # appendix 4.2 of the specification, old names included
MAX_USER = 255


def _parts(address: str) -> SplitResult:
    """Return the parts of an address; those of "" for one that is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def is_user(text: str) -> bool:
    """Say whether `text` is the name of a person on Matrix: `@name:server`."""
    return len(text) <= MAX_USER and bool(USER.fullmatch(text))


class MatrixConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`server` is the address of the account's homeserver, `user` the account (`@ask:example.org`), `password` its password.

    poll_s            how long the server may keep a question open while nothing happens, in seconds.
    patience_s        how long an answer may take beyond that.
    first_hours       how far back we look in a chat that we join.
    replace_identity  take the account's cross-signing identity over from the client that made it, which loses its own then.
    """

    asks: ClassVar[tuple[str, ...]] = ("server", "user", "password")

    server: str
    user: str
    password: str
    poll_s: float = 30.0
    patience_s: float = 20.0
    first_hours: float = 24.0
    replace_identity: bool = False

    def __repr__(self) -> str:
        return f"MatrixConfig(server={self.server!r}, user={self.user!r})"

    def check(self) -> None:
        """Raise Misconfigured, with everything that cannot work."""
        wrong = list(self._faults())
        if wrong:
            raise Misconfigured("; ".join(wrong))

    def _faults(self) -> Iterator[str]:
        parts = _parts(self.server)
        here = parts.hostname in LOOPBACK
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and here)):
            yield "server must be the address of the homeserver, like https://matrix.example.org"
        if parts.path.strip("/") or parts.query or parts.username:
            yield "server must hold nothing after its host"
        if not is_user(self.user):
            yield "user must be the whole name of the account, like @ask:example.org"
        if not self.password:
            yield "password must not be empty"
        if self.poll_s <= 0 or self.patience_s <= 0 or self.first_hours < 0:
            yield "poll_s and patience_s must be above 0, and first_hours not below 0"
