"""One push to one browser's push service, and what came of it (RFC 8030 5, 7.3).

The address comes from outside, so it must be a public one over https, and no redirect is followed (OWASP, SSRF). Logs name neither
path nor query: who knows a subscription's address may send to it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection
from contextlib import suppress
from typing import Literal

import structlog
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from msgspec import Struct
from yarl import URL

from bridge.contract.answer_notices import PushTarget
from bridge.hours.problems import CalendarProblem
from bridge.hours.public_hosts import NotPublic, PublicResolver, check, is_allowed
from bridge.push.encryption import BadKey, check_secret, encoded, encrypted, public_key
from bridge.push.server_key import ServerKey
from bridge.sql.people.field_fault import FieldFault

WITHIN_S = 10.0
LONGEST_URL = 2000
LONGEST_WAIT_S = 3600.0
AGAIN_S = 20.0
KEPT_S = 3600  # how long a push service keeps a notice for a device that is off

log = structlog.get_logger("bridge.push.sending")

Urgency = Literal["low", "normal", "high"]


class Outcome(Struct, frozen=True):
    """What came of a push. `again_s`: try again after so many seconds."""

    what: Literal["sent", "gone", "later", "refused"]
    again_s: float = 0.0


def subscription_faults(one: PushTarget, allowed: Collection[str]) -> list[FieldFault]:
    """Return what is wrong with a subscription from outside, by field. Names are resolved only when it is used."""
    found = []
    if why := _endpoint_fault(one.endpoint, allowed):
        found.append(FieldFault("endpoint", why))
    for name, read in (("p256dh", public_key), ("auth", check_secret)):
        try:
            read(getattr(one, name))
        except BadKey as error:
            found.append(FieldFault(name, f"is {error}"))
    return found


def _endpoint_fault(endpoint: str, allowed: Collection[str]) -> str:
    if len(endpoint) > LONGEST_URL or not endpoint.isascii() or not endpoint.isprintable():
        return "is not the address of a push service"
    try:
        check(URL(endpoint), allowed)
    except (ValueError, CalendarProblem):
        return "is not a public address over https"
    return ""


class PushSender:
    """Sends to push services; `allowed` are hosts, as `host` or `host:port`, that need not be public or encrypted."""

    def __init__(self, key: ServerKey, allowed: Collection[str] = ()) -> None:
        self.key = key
        self.allowed = allowed

    async def send(self, to: PushTarget, notice: bytes, topic: str, urgency: Urgency = "normal") -> Outcome:
        """Push a notice; a later one of the same topic takes its place while the device is off."""
        try:
            url = URL(to.endpoint)
            check(url, self.allowed)
            body = encrypted(notice, to.p256dh, to.auth)
        except (ValueError, BadKey, CalendarProblem):
            return Outcome("gone")
        headers = {
            "Authorization": self.key.authorization(url),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_S),
            "Urgency": urgency,
            "Topic": encoded(hashlib.sha256(topic.encode()).digest())[:32],
        }
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self._posted(url, body, headers)
        except NotPublic:
            return Outcome("gone")
        except (TimeoutError, ClientError, OSError) as error:
            if isinstance(error.__cause__, NotPublic):
                return Outcome("gone")
            log.info("push-service-away", host=url.host, error=type(error).__name__)
            return Outcome("later", AGAIN_S)

    async def _posted(self, url: URL, body: bytes, headers: dict[str, str]) -> Outcome:
        connector = TCPConnector(resolver=None if is_allowed(url, self.allowed) else PublicResolver(), force_close=True)
        timeout = ClientTimeout(total=None)
        async with (
            ClientSession(connector=connector, cookie_jar=DummyCookieJar(), timeout=timeout) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            return _outcome(url, response)


def _outcome(url: URL, response: ClientResponse) -> Outcome:
    match response.status:
        case 200 | 201 | 202 | 204:
            return Outcome("sent")
        case 404 | 410:
            return Outcome("gone")
        case 429 | 500 | 502 | 503 | 504:
            return Outcome("later", _wait_s(response.headers.get("Retry-After", "")))
        case status:  # not our key any more, or a notice that it does not like: again would be the same
            log.warning("push-refused", host=url.host, status=status)
            return Outcome("refused")


def _wait_s(header: str) -> float:
    wait = AGAIN_S
    if header.isascii() and header.isdigit():
        with suppress(ValueError):
            wait = float(header[:6])
    return min(max(wait, 1.0), LONGEST_WAIT_S)
