"""One question to a catalogue's server: bounded in time and size, to public and encrypted hosts unless the operator says otherwise.

No cookie is kept and no packed answer taken, so an answer can't grow while it's unpacked. Each redirect is checked like the first
address. Logs name the host alone: words that a patron looks for stay out of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from bridge.catalogue.problems import CatalogueProblem, CatalogueWhy
from bridge.contract.public_address import is_number, is_public
from bridge.hours.public_hosts import NotPublic, PublicResolver

WITHIN_S = 5.0
MOST_BYTES = 2 * 1024 * 1024
MOST_REDIRECTS = 3


async def bounded_get(
    url: str,
    query: Mapping[str, str],
    *,
    accept: str,
    own_network: bool = False,
    within_s: float = WITHIN_S,
) -> bytes:
    """Return what a server answers to a question. Raises CatalogueProblem."""
    try:
        async with asyncio.timeout(within_s):
            return await _follow(URL(url).update_query(query), accept, own_network)
    except TimeoutError:
        raise CatalogueProblem("too-slow") from None
    except NotPublic:
        raise CatalogueProblem("private-host") from None
    except (ClientError, OSError, ValueError) as error:
        why: CatalogueWhy = "private-host" if isinstance(error.__cause__, NotPublic) else "unreachable"
        raise CatalogueProblem(why, type(error).__name__) from None


async def _follow(url: URL, accept: str, own_network: bool) -> bytes:
    for _ in range(MOST_REDIRECTS + 1):
        _check(url, own_network)
        connector = TCPConnector(resolver=None if own_network else PublicResolver(), force_close=True)
        async with (
            ClientSession(
                connector=connector,
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=None),
                auto_decompress=False,
                headers={"Accept": accept, "Accept-Encoding": "identity"},
            ) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            if response.status not in (301, 302, 303, 307, 308):
                return await _taken(response)
            target = response.headers.get("Location", "")
            if not target:
                break
            url = url.join(URL(target))
    raise CatalogueProblem("redirects")


def _check(url: URL, own_network: bool) -> None:
    if url.scheme not in ("http", "https") or not url.host or url.user or url.password:
        raise CatalogueProblem("redirects")
    if own_network:
        return
    if url.scheme != "https" or (is_number(url.host) and not is_public(url.host)):
        raise CatalogueProblem("private-host")


async def _taken(response: ClientResponse) -> bytes:
    if response.status != 200:
        raise CatalogueProblem("refused", str(response.status))
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise CatalogueProblem("not-understood", "packed")
    raw = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise CatalogueProblem("too-large")
    return bytes(raw)
