"""One look at a calendar's address: what is new there, in bounded time and size.

No cookie is kept and no credential sent. Logs name neither path nor query, since a private calendar's address is its password.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Collection

import msgspec
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from bridge.hours.problems import CalendarProblem, Why
from bridge.hours.public_hosts import NotPublic, PublicResolver, check, is_allowed

MOST_BYTES = 2 * 1024 * 1024
WITHIN_S = 10.0
MOST_REDIRECTS = 5
_LONGEST_TAG = 500


class Fetched(msgspec.Struct, frozen=True):
    """A calendar's bytes, and what its host wants to be asked with next time."""

    body: bytes
    etag: str = ""
    modified: str = ""


async def fetch(
    url: str, *, etag: str = "", modified: str = "", allowed: Collection[str] = (), within_s: float = WITHIN_S
) -> Fetched | None:
    """Return what is at an address, None when it is what it was. Raises CalendarProblem.

    `etag` and `modified` are those of the last time; `allowed` are the hosts that need not be public or encrypted.
    """
    asked = {"If-None-Match": etag, "If-Modified-Since": modified}
    headers = {name: value for name, value in asked.items() if value}
    try:
        async with asyncio.timeout(within_s):
            return await _follow(URL(url), headers, allowed)
    except TimeoutError:
        raise CalendarProblem("too-slow") from None
    except NotPublic:
        raise CalendarProblem("private-host") from None
    except (ClientError, OSError, ValueError) as error:
        why: Why = "private-host" if isinstance(error.__cause__, NotPublic) else "unreachable"
        raise CalendarProblem(why, type(error).__name__) from None


async def _follow(url: URL, headers: dict[str, str], allowed: Collection[str]) -> Fetched | None:
    for _ in range(MOST_REDIRECTS + 1):
        check(url, allowed)
        connector = TCPConnector(resolver=None if is_allowed(url, allowed) else PublicResolver(), force_close=True)
        async with (
            ClientSession(
                connector=connector,
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=None),
                auto_decompress=False,
                headers={"Accept": "text/calendar, application/json", "Accept-Encoding": "identity, gzip"},
            ) as session,
            session.get(url, headers=headers, allow_redirects=False) as response,
        ):
            if response.status not in (301, 302, 303, 307, 308):
                return await _taken(response)
            target = response.headers.get("Location", "")
            if not target:
                break
            url = url.join(URL(target))
    raise CalendarProblem("redirects")


async def _taken(response: ClientResponse) -> Fetched | None:
    if response.status == 304:
        return None
    if response.status != 200:
        raise CalendarProblem("refused", str(response.status))
    raw = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise CalendarProblem("too-large")
    return Fetched(
        _unpacked(bytes(raw), response.headers.get("Content-Encoding", "")),
        etag=response.headers.get("ETag", "")[:_LONGEST_TAG],
        modified=response.headers.get("Last-Modified", "")[:_LONGEST_TAG],
    )


def _unpacked(raw: bytes, encoding: str) -> bytes:
    """Return the bytes as they were before they were packed: never more than may be kept."""
    if encoding.lower() in ("", "identity"):
        return raw
    try:
        found = zlib.decompressobj(wbits=47).decompress(raw, MOST_BYTES + 1)  # gzip or deflate
    except zlib.error:
        raise CalendarProblem("not-a-calendar") from None
    if len(found) > MOST_BYTES:
        raise CalendarProblem("too-large")
    return found
