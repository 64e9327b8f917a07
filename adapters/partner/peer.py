"""The way to a partner: signed requests over HTTPS, to public hosts alone, with a bound on time and size.

An address comes from another deployment. So it could name a host of our own network (SSRF). Names are resolved here, and the
connection goes to an address that was looked at. Redirects are not followed.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from adapters.partner import codec, signature
from adapters.partner.config import PartnerConfig
from bridge.contract.partners import Partner
from bridge.contract.public_address import is_number, is_public

MAX_REPLY = 64 * 1024
CHUNK = 1 << 16


class PeerAway(Exception):
    """The partner didn't answer. `sent`: it may have heard us all the same."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class ForbiddenAddress(ValueError):
    """We don't connect to such an address."""


def check_address(url: str, *, private: bool) -> None:
    """Check that we may connect to a partner's address, as far as it can be told without asking. Raises ForbiddenAddress."""
    try:
        where = urlsplit(url)
        host, _ = where.hostname or "", where.port
    except ValueError:
        raise ForbiddenAddress("that is no address") from None
    if where.scheme != "https" and not (private and where.scheme == "http"):
        raise ForbiddenAddress("a partner's address begins with https")
    if not host or where.username is not None or where.query or where.fragment or not where.path.endswith("/"):
        raise ForbiddenAddress("that is no partner's address")
    if not private and not _public_name(host):
        raise ForbiddenAddress("a partner's host must be public")


def _public_name(host: str) -> bool:
    if is_number(host):
        return is_public(host)
    return "." in host and not host.endswith((".local", ".internal", ".localhost"))


class _PublicResolver(AbstractResolver):
    """Resolves names to public addresses alone."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not found or not all(is_public(each["host"]) for each in found):
            raise OSError(None, "the host isn't public")
        return found

    async def close(self) -> None:
        await self._inner.close()


class Peers:
    """Requests to partners. `open` before the first, `close` after the last."""

    def __init__(self, config: PartnerConfig) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Be ready to ask."""
        resolver = None if self._config.allow_private else _PublicResolver()
        connector = aiohttp.TCPConnector(resolver=resolver, limit=100, limit_per_host=20, use_dns_cache=False)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._config.patience_s)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)

    async def close(self) -> None:
        """Drop every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def say(self, partner: Partner, said: codec.Said) -> codec.PeerReply:
        """Send a message; return the answer, whose word is "" when it was taken. Raises PeerAway."""
        body = codec.encode(said)
        async with self._asked(partner, "POST", "v1/messages", body) as answer:
            data = await answer.content.read(MAX_REPLY)
            try:
                reply = codec.decode_reply(data)
            except ValueError:
                reply = codec.PeerReply(word="unreadable")
        if answer.status == 200:
            return reply
        if answer.status in (429, 502, 503, 504):
            raise PeerAway(f"the partner answers {answer.status}", sent=False)
        return reply if reply.word else codec.PeerReply(word=f"http-{answer.status}")

    @asynccontextmanager
    async def file(self, partner: Partner, conversation: str, digest: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Open a file of a conversation. Raises PeerAway; LookupError when there is none."""
        async with self._asked(partner, "GET", f"v1/files/{conversation}/{digest}", b"") as answer:
            if answer.status != 200:
                if answer.status in (429, 502, 503, 504):
                    raise PeerAway(f"the partner answers {answer.status}", sent=False)
                raise LookupError(f"the partner answers {answer.status}")
            yield answer.content.iter_chunked(CHUNK)

    @asynccontextmanager
    async def _asked(self, partner: Partner, method: str, path: str, body: bytes) -> AsyncIterator[Any]:
        if self._session is None:
            raise PeerAway("there is no session", sent=False)
        try:
            check_address(partner.url, private=self._config.allow_private)
        except ForbiddenAddress as error:
            raise PeerAway(str(error), sent=False) from None
        request = signature.Request(method, f"{partner.url}{path}", {signature.VERSION: str(codec.SPEAKS)}, body)
        signed = signature.sign(
            partner.seed, partner.id, request, created=int(time.time()), nonce=secrets.token_urlsafe(16)
        )
        headers = {**request.headers, **signed, "Content-Type": "application/json", "Accept-Encoding": "identity"}
        try:
            async with (
                asyncio.timeout(self._config.patience_s),
                self._session.request(method, request.url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                yield answer
        except aiohttp.ClientConnectorError as error:
            raise PeerAway(f"the partner can't be reached ({type(error).__name__})", sent=False) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise PeerAway(f"the partner doesn't answer ({type(error).__name__})", sent=True) from None
