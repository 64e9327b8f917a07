"""Matrix's client-server interface by HTTP (spec.matrix.org): one question, and what its answer means."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NoReturn, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from adapters.matrix.config import MatrixConfig
from bridge.contract.adapter import BadCredentials, Misconfigured, Throttled, Unavailable

CLIENT = "/_matrix/client/v3"
CHUNK = 1 << 16
MAX_ANSWER = 32 << 20  # a sync of a busy account
MAX_FILE = 20_000_000
_MXC = re.compile(r"mxc://([A-Za-z0-9.:\[\]-]{1,255})/([A-Za-z0-9_-]{1,255})")

T = TypeVar("T")


class HomeserverRefused(Exception):
    """The server said no. `code` is Matrix's word for why, `retry_after` is in seconds, `body` is all that it said."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"the server answers {status}")
        self.status = status
        self.body = body
        said = _said(body)
        self.code = str(said.get("errcode", ""))[:100]
        self.words = str(said.get("error", ""))[:200]
        after = said.get("retry_after_ms", 0)
        self.retry_after = after / 1000 if isinstance(after, int | float) and after > 0 else 0.0


AWAY = (aiohttp.ClientError, OSError, HomeserverRefused)


def path(*parts: str) -> str:
    """Return the path of a question; each part is spelt so that it stays one part."""
    return "/".join((CLIENT, *(quote(part, safe="") for part in parts)))


class MatrixApi:
    """One session with a homeserver. Methods raise HomeserverRefused, aiohttp.ClientError, TimeoutError."""

    def __init__(self, config: MatrixConfig) -> None:
        self._base = config.server.rstrip("/")
        self._patience_s = config.patience_s
        self._session = aiohttp.ClientSession()
        self.token = ""

    async def close(self) -> None:
        """Drop every connection."""
        await self._session.close()

    async def get(self, where: str, type_: type[T], query: Mapping[str, str] | None = None, more_s: float = 0.0) -> T:
        """Ask for something; it may take `more_s` seconds longer than usual. Raises msgspec.DecodeError as well."""
        return msgspec.json.decode(await self._asked("GET", where, more_s, params=query or {}), type=type_)

    async def post(self, where: str, fields: Mapping[str, Any], type_: type[T]) -> T:
        """Hand something in. Raises msgspec.DecodeError as well."""
        return msgspec.json.decode(await self._asked("POST", where, 0.0, json=fields), type=type_)

    async def put(self, where: str, fields: Mapping[str, Any], type_: type[T]) -> T:
        """Hand something in under an id of ours. Raises msgspec.DecodeError as well."""
        return msgspec.json.decode(await self._asked("PUT", where, 0.0, json=fields), type=type_)

    async def upload(self, data: bytes, media_type: str) -> str:
        """Hand in a file; return its address."""
        headers = {"Content-Type": media_type}
        more_s = len(data) / 100_000
        body = await self._asked("POST", "/_matrix/media/v3/upload", more_s, data=data, headers=headers)
        return msgspec.json.decode(body, type=UploadedMedia).content_uri

    @asynccontextmanager
    async def file(self, address: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a patron's file. Our own server fetches it, so no stranger names a host for us. Raises LookupError."""
        found = _MXC.fullmatch(address)
        if found is None:
            raise LookupError("no address of a file")
        where = "/".join(("/_matrix/client/v1/media/download", quote(found[1], safe=""), quote(found[2], safe="")))
        async with (
            asyncio.timeout(self._patience_s + MAX_FILE / 1_000_000),
            self._session.get(self._base + where, headers=self._headers(), allow_redirects=False) as response,
        ):
            if response.status == 404:
                raise LookupError("the file is gone")
            if response.status != 200:
                raise HomeserverRefused(response.status, b"")
            yield response.content.iter_chunked(CHUNK)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def _asked(self, method: str, where: str, more_s: float, **how: Any) -> bytes:
        headers = self._headers() | how.pop("headers", {})
        async with (
            asyncio.timeout(self._patience_s + more_s),
            self._session.request(
                method, self._base + where, allow_redirects=False, headers=headers, **how
            ) as response,
        ):
            parts: list[bytes] = []
            size = 0
            async for chunk in response.content.iter_chunked(CHUNK):
                parts.append(chunk)
                size += len(chunk)
                if size > MAX_ANSWER:
                    raise aiohttp.ClientPayloadError("an answer that is too large")
            if response.status == 200:
                return b"".join(parts)
            raise HomeserverRefused(response.status, b"".join(parts))


class UploadedMedia(msgspec.Struct, frozen=True):
    """Where a file is that was handed in."""

    content_uri: str


def _said(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def ended(error: Exception) -> NoReturn:
    """Raise what a failed question means for the session."""
    if isinstance(error, HomeserverRefused):
        if error.code in ("M_USER_DEACTIVATED", "M_USER_LOCKED"):
            raise BadCredentials("the server has closed the account") from None
        if error.status == 401:
            raise Unavailable("the server has ended our session") from None
        if error.status == 429:
            raise Throttled("the server asks us to wait") from None
        if error.status == 404 or error.code == "M_UNRECOGNIZED":
            raise Misconfigured("the server has no such interface: is it a Matrix homeserver?") from None
        raise Unavailable(f"the server answers {error.status}") from None
    if isinstance(error, ValueError):
        raise Unavailable("the server's answer is none of Matrix's") from None
    raise Unavailable(f"the server cannot be reached: {type(error).__name__}") from None
