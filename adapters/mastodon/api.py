"""Mastodon's interface by HTTP (docs.joinmastodon.org/api): one question, and what its answer means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn
from urllib.parse import urlsplit

import aiohttp
import msgspec

from adapters.mastodon.config import MastodonConfig
from bridge.contract.adapter import BadCredentials, Misconfigured, Unavailable
from bridge.contract.public_address import is_number, is_public

CHUNK = 1 << 16
MAX_ANSWER = 8 << 20
MAX_FILE = 20_000_000
IN_WORK = 206  # of a file that is still looked at


class ServerRefused(Exception):
    """The server said no. `retry_after` is in seconds."""

    def __init__(self, status: int, said: str, retry_after: float) -> None:
        super().__init__(f"the server answers {status}")
        self.status = status
        self.said = said
        self.retry_after = retry_after


class MastodonApi:
    """One session with a server. Methods raise ServerRefused, aiohttp.ClientError, TimeoutError."""

    def __init__(self, config: MastodonConfig) -> None:
        self._base = config.server.rstrip("/")
        self._patience_s = config.patience_s
        self._here = config.is_here
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {config.token}"})
        self._files = aiohttp.ClientSession()  # files lie on other hosts, which get no token

    async def close(self) -> None:
        """Drop every connection."""
        await self._session.close()
        await self._files.close()

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """Ask for something."""
        _, body = await self._asked("GET", path, 0.0, params=query or {})
        return body

    async def post(self, path: str, fields: Mapping[str, Any], key: str = "") -> bytes:
        """Hand something in; a second one with the same `key` is the same one, for an hour."""
        headers = {"Idempotency-Key": key} if key else {}
        _, body = await self._asked("POST", path, 0.0, json=dict(fields), headers=headers)
        return body

    async def upload(self, form: aiohttp.FormData, size: int) -> tuple[int, bytes]:
        """Hand in a file of `size` bytes; return the status, too, which says whether it is still looked at."""
        return await self._asked("POST", "/api/v2/media", size / 100_000, data=form)

    async def uploaded(self, media: str) -> int:
        """Return the status of a file that was handed in: 206 while it is looked at, 200 afterwards."""
        status, _ = await self._asked("GET", f"/api/v1/media/{media}", 0.0)
        return status

    async def _asked(self, method: str, path: str, more_s: float, **how: Any) -> tuple[int, bytes]:
        async with (
            asyncio.timeout(self._patience_s + more_s),
            self._session.request(method, self._base + path, allow_redirects=False, **how) as response,
        ):
            body = b""
            async for chunk in response.content.iter_chunked(CHUNK):
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise aiohttp.ClientPayloadError("an answer that is too large")
            if response.status in (200, 202, IN_WORK):
                return response.status, body
            raise ServerRefused(response.status, _said(body), _seconds(response.headers.get("Retry-After", "")))

    @asynccontextmanager
    async def file(self, url: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a patron's file. Raises LookupError where there is none to be had."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not self._here and (parts.scheme != "https" or not host or (is_number(host) and not is_public(host))):
            raise LookupError("a file at no public address")
        async with (
            asyncio.timeout(self._patience_s + MAX_FILE / 1_000_000),
            self._files.get(url, allow_redirects=False) as response,
        ):
            if response.status == 429 or response.status >= 500:
                raise ServerRefused(response.status, "", 0.0)
            if response.status != 200:
                raise LookupError("the file is gone")
            yield response.content.iter_chunked(CHUNK)


def _said(body: bytes) -> str:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return ""
    return str(found.get("error", ""))[:200] if isinstance(found, dict) else ""


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0


def ended(error: Exception) -> NoReturn:
    """Raise what a failed question means for the session."""
    if isinstance(error, ServerRefused):
        if error.status in (401, 403):
            raise BadCredentials("the server refuses the access token, or it lacks a permission") from None
        if error.status == 404:
            raise Misconfigured("the server has no such interface: is it a Mastodon server?") from None
        raise Unavailable(f"the server answers {error.status}") from None
    raise Unavailable(f"the server cannot be reached: {type(error).__name__}") from None
