"""What a Telegram bot needs: the keys of a `[[channel]]` with `kind = "telegram"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec

from bridge.contract.adapter import Misconfigured

LOOPBACK = ("127.0.0.1", "localhost", "::1")
LONGEST_POLL_S = 50
_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{20,100}")


class TelegramConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`token` is what @BotFather gave.

    welcome      what a patron reads who opens the chat with the bot and has not written yet; "" = nothing.
    api          the Bot API; an own `telegram-bot-api` server is another.
    poll_s       how long one request for updates may wait.
    patience_s   how long an answer may take beyond that.
    """

    token: str
    welcome: str = "Hello! Write your question here, and a librarian will answer."
    api: str = "https://api.telegram.org"
    poll_s: int = 25
    patience_s: float = 20.0

    def __repr__(self) -> str:
        return f"TelegramConfig(api={self.api!r})"

    def check(self) -> None:
        """Raise Misconfigured, with everything that cannot work."""
        wrong = list(self._faults())
        if wrong:
            raise Misconfigured("; ".join(wrong))

    def _faults(self) -> Iterator[str]:
        if not _TOKEN.fullmatch(self.token):
            yield "token must be what @BotFather gave, like 123456:ABC…"
        parts = urlsplit(self.api)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            yield "api must begin with https://"
        if not 0 < self.poll_s <= LONGEST_POLL_S or self.patience_s <= 0:
            yield f"poll_s must be 1 to {LONGEST_POLL_S}, and patience_s more than 0"
        if len(self.welcome) > 4096:
            yield "welcome must have at most 4096 characters"
