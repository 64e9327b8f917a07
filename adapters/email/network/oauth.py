"""Access tokens from a refresh token (RFC 6749 section 6), as Gmail and Microsoft 365 want them.

The rule: one token serves IMAP and submission until a minute before it ends; a refresh token that the provider replaces is
remembered, else the next start, or the next host, would use a dead one. It is encrypted with the channel's secret. A provider that
says invalid_grant has revoked us: that is BadCredentials and only a person can help; one that is away is Unavailable.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256

import aiohttp
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.email.config import EmailConfig
from bridge.contract.adapter import BadCredentials, Busy, Unavailable
from bridge.contract.memory import Memory, MemoryKind, MemoryRow
from bridge.contract.sealed_token import derived_key

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


NEWEST = "newest"  # the key of the only row
NONCE = 12  # bytes


def _former(raw: bytes, written: int) -> Iterator[MemoryRow]:
    """Take the file of an earlier version as it is; it is encrypted when it is read."""
    yield MemoryRow(NEWEST, raw, written)


REFRESH_TOKEN = MemoryKind(name="refresh-token", most=1, former="refresh-token", read=_former)


class Tokens:
    """Access tokens of one mailbox. `memory` keeps a rotated refresh token, encrypted with a key that is made of `secret`."""

    def __init__(self, config: EmailConfig, memory: Memory, secret: bytes) -> None:
        self._config = config
        self._memory = memory
        self._cipher = AESGCM(derived_key(secret, "refresh token"))
        self._token = ""
        self._unkept = ""  # a refresh token that could not be kept yet
        self._until = 0.0
        self._turn = asyncio.Lock()

    async def token(self, fresh: bool = False) -> str:
        """Return a token that is good for a minute at least; `fresh`: the last one was refused.

        Raises BadCredentials, Unavailable, also while nobody can say which refresh token is the newest.
        """
        refused = self._token if fresh else ""
        async with self._turn:
            if self._token == refused or time.monotonic() >= self._until:
                await self._refresh()
            return self._token

    async def _refresh(self) -> None:
        try:
            if self._unkept:
                await self._keep(self._unkept)
            granted = await self._ask(await self._newest())
            if granted.refresh_token:
                self._unkept = granted.refresh_token
                await self._keep(granted.refresh_token)
        except Busy as error:
            raise Unavailable(str(error)) from None
        self._token = granted.access_token
        self._until = time.monotonic() + max(0.0, granted.expires_in - MARGIN_S)

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

    async def _newest(self) -> str:
        """The kept refresh token, unless another one was configured since."""
        for row in await self._memory.rows(REFRESH_TOKEN, [NEWEST]):
            plain = row.value.startswith(b"{")  # moved from a file
            with suppress(msgspec.DecodeError, InvalidTag):
                raw = (
                    row.value if plain else self._cipher.decrypt(row.value[1 : 1 + NONCE], row.value[1 + NONCE :], None)
                )
                kept = msgspec.json.decode(raw, type=KeptToken)
                if plain:
                    await self._put(raw)
                if kept.configured == self._mark():
                    return kept.refresh_token
        return self._config.refresh_token

    async def _keep(self, refresh_token: str) -> None:
        await self._put(msgspec.json.encode(KeptToken(self._mark(), refresh_token)))
        self._unkept = ""

    async def _put(self, raw: bytes) -> None:
        nonce = os.urandom(NONCE)
        sealed = b"\x01" + nonce + self._cipher.encrypt(nonce, raw, None)
        await self._memory.put(REFRESH_TOKEN, [MemoryRow(NEWEST, sealed)])

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
