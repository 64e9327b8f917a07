"""Access tokens from a refresh token (RFC 6749 section 6), as Gmail and Microsoft 365 want them.

The rule: one token serves IMAP and submission until a minute before it ends; a refresh token that the provider replaces is
kept in the channel's own folder, else the next start would use a dead one. A provider that says invalid_grant has revoked us:
that is BadCredentials and only a person can help; one that is away is Unavailable.
"""

from __future__ import annotations

import asyncio
import os
import time
from hashlib import sha256
from pathlib import Path

import aiohttp
import msgspec

from adapters.email.config import EmailConfig
from bridge.contract.adapter import BadCredentials, Unavailable

MARGIN_S = 60.0
FATAL = ("invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope")


class Granted(msgspec.Struct, frozen=True):
    """What a token server answers (names are RFC 6749's)."""

    access_token: str = ""
    expires_in: float = 3600.0
    refresh_token: str = ""
    error: str = ""


class KeptToken(msgspec.Struct, frozen=True):
    """The newest refresh token, and a hash of the configured one that it replaces: a newly configured one wins."""

    configured: str
    refresh_token: str


class Tokens:
    """Access tokens of one mailbox. `folder` keeps a rotated refresh token (None = nowhere)."""

    def __init__(self, config: EmailConfig, folder: Path | None) -> None:
        self._config = config
        self._place = folder / "refresh-token" if folder is not None else None
        self._token = ""
        self._until = 0.0
        self._turn = asyncio.Lock()

    async def token(self, fresh: bool = False) -> str:
        """Return a token that is good for a minute at least; `fresh`: the last one was refused.

        Raises BadCredentials, Unavailable.
        """
        refused = self._token if fresh else ""
        async with self._turn:
            if self._token == refused or time.monotonic() >= self._until:
                await self._refresh()
            return self._token

    async def _refresh(self) -> None:
        granted = await self._ask(await asyncio.to_thread(self._newest))
        self._token = granted.access_token
        self._until = time.monotonic() + max(0.0, granted.expires_in - MARGIN_S)
        if granted.refresh_token:
            await asyncio.to_thread(self._keep, granted.refresh_token)

    async def _ask(self, refresh_token: str) -> Granted:
        config = self._config
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": config.client_id}
        form |= {name: value for name in ("client_secret", "scope") if (value := getattr(config, name))}
        try:
            timeout = aiohttp.ClientTimeout(total=config.patience_s)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(config.token_url, data=form, allow_redirects=False) as answer,
            ):
                return _granted(answer.status, await answer.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"the token server cannot be reached: {type(error).__name__}") from None

    def _newest(self) -> str:
        """The kept refresh token, unless another one was configured since."""
        try:
            kept = msgspec.json.decode(self._place.read_bytes(), type=KeptToken) if self._place is not None else None
        except (OSError, msgspec.DecodeError):
            kept = None
        return kept.refresh_token if kept and kept.configured == self._mark() else self._config.refresh_token

    def _keep(self, refresh_token: str) -> None:
        if self._place is None:
            return
        draft = self._place.with_suffix(".new")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(KeptToken(self._mark(), refresh_token)))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, self._place)

    def _mark(self) -> str:
        return sha256(self._config.refresh_token.encode()).hexdigest()


def _granted(status: int, body: bytes) -> Granted:
    try:
        granted = msgspec.json.decode(body, type=Granted, strict=False)
    except msgspec.DecodeError:
        granted = Granted()
    if status == 200 and granted.access_token:
        return granted
    if granted.error in FATAL:
        raise BadCredentials(
            f"the token server refuses us: {granted.error}; sign in again and configure the new refresh token"
        )
    raise Unavailable(f"the token server gave no token (status {status})")
