"""What a Mastodon account needs: the keys of a `[[channel]]` with `kind = "mastodon"`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import SplitResult, urlsplit

import msgspec

from bridge.contract.adapter import Misconfigured

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _parts(address: str) -> SplitResult:
    """Return the parts of an address; those of "" for one that is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


class MastodonConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`server` is where the library's account is, `token` an access token of it (read, write:statuses, write:media).

    poll_s       seconds between two looks for new mentions. A server allows 300 requests in five minutes.
    first_hours  how far back the first look goes.
    patience_s   how long an answer may take.
    """

    asks: ClassVar[tuple[str, ...]] = ("server", "token")

    server: str
    token: str
    poll_s: float = 10.0
    first_hours: float = 24.0
    patience_s: float = 20.0

    def __repr__(self) -> str:
        return f"MastodonConfig(server={self.server!r})"

    @property
    def is_here(self) -> bool:
        """Whether the server runs on this machine."""
        return _parts(self.server).hostname in LOOPBACK

    def check(self) -> None:
        """Raise Misconfigured, with everything that cannot work."""
        wrong = list(self._faults())
        if wrong:
            raise Misconfigured("; ".join(wrong))

    def _faults(self) -> Iterator[str]:
        parts = _parts(self.server)
        if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and self.is_here)):
            yield "server must be the address of the library's server, like https://social.example"
        if parts.path.strip("/") or parts.query or parts.username:
            yield "server must hold nothing after its host"
        if len(self.token) < 8 or not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            yield "token must be an access token, as the server shows it under Development"
        if self.poll_s <= 0 or self.patience_s <= 0 or self.first_hours < 0:
            yield "poll_s and patience_s must be above 0, and first_hours not below 0"
