"""Telling a library's team by its webhook: shaped for who listens, signed, tried three times, and how it went is kept.

The signature is that of Standard Webhooks: HMAC-SHA-256 over id, time and body, in `webhook-signature`. Slack, Teams and ntfy
ignore it. The address comes from a coordinator: a public one over https, and no redirect is followed (OWASP, SSRF).
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from yarl import URL

from bridge.contract.sealed_token import sealed
from bridge.hours.problems import CalendarProblem
from bridge.hours.public_hosts import NotPublic, PublicResolver, check, is_allowed
from bridge.log.replica import Replica
from bridge.push.staff_notices import AGAIN_MS, StaffNoticeDue, due
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.staff_webhooks import StaffWebhook, StaffWebhooks, WebhookShape

LOOK_S = 15.0
WITHIN_S = 5.0
PAUSES_S = (0.0, 1.0, 5.0)

log = structlog.get_logger("bridge.push.team_webhook")


def body_of(shape: WebhookShape, notice: StaffNoticeDue, at: int) -> tuple[bytes, str]:
    """Return the body and its media type, as each listener wants it."""
    match shape:
        case "slack":
            return json.dumps({"text": notice.text}).encode(), "application/json"
        case "teams":
            card = {
                "type": "AdaptiveCard",
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "version": "1.4",
                "body": [{"type": "TextBlock", "text": notice.text, "wrap": True}],
            }
            held = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
            return json.dumps({"type": "message", "attachments": [held]}).encode(), "application/json"
        case "ntfy":
            return notice.text.encode(), "text/plain; charset=utf-8"
        case "json":
            said = {
                "type": f"desk.{notice.event}",
                "timestamp": at,
                "data": {
                    "library": notice.library,
                    "text": notice.text,
                    "count": notice.count,
                    "longest_s": notice.longest_s,
                },
            }
            return json.dumps(said).encode(), "application/json"


def signature(secret: str, id: str, at_s: int, body: bytes) -> str:
    """Return the signature of Standard Webhooks."""
    key = b64decode(secret.removeprefix("whsec_"))
    return "v1," + b64encode(sealed(key, f"{id}.{at_s}.".encode() + body)).decode("ascii")


class TeamWebhooks:
    """The webhooks of one consortium. `leads`: whether the core runs in this process; `allowed`: hosts as for pushes."""

    def __init__(
        self, kept: StaffWebhooks, replica: Replica, leads: Callable[[], bool], allowed: Collection[str] = ()
    ) -> None:
        self.kept = kept
        self._replica = replica
        self._leads = leads
        self._allowed = allowed
        self._told: dict[tuple[str, str], int] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            if self._leads():
                await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Tell what began, or lasts for another hour."""
        hooks = await self.kept.all()
        now = now_ms()
        holds = {(one.library, one.event): one for one in due(self._replica.state, hooks.keys(), now)} if hooks else {}
        self._told = {key: at for key, at in self._told.items() if key in holds}
        fresh = [
            (hooks[library], one)
            for (library, event), one in holds.items()
            if event in hooks[library].events and self._told.get((library, event), 0) < now - AGAIN_MS
        ]
        for _, one in fresh:
            self._told[one.library, one.event] = now
        await asyncio.gather(*(self.tell(hook, one) for hook, one in fresh))

    async def tell(self, hook: StaffWebhook, notice: StaffNoticeDue) -> str:
        """Send a notice; return why it did not go through, "" when it did. That is kept for the coordinators."""
        body, kind = body_of(hook.shape, notice, now_ms())
        id, why = f"msg_{secrets.token_hex(12)}", ""
        for pause in PAUSES_S:
            await asyncio.sleep(pause)
            at_s = int(time.time())
            headers = {
                "Content-Type": kind,
                "webhook-id": id,
                "webhook-timestamp": str(at_s),
                "webhook-signature": signature(hook.secret, id, at_s, body),
            }
            why, again = await self._post(hook.url, body, headers)
            if not again:
                break
        await self.kept.went(hook.library, why)
        return why

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[str, bool]:
        """Post once: what is wrong, and whether trying again may help."""
        try:
            target = URL(url)
            check(target, self._allowed)
            resolver = None if is_allowed(target, self._allowed) else PublicResolver()
            async with (
                asyncio.timeout(WITHIN_S),
                ClientSession(
                    connector=TCPConnector(resolver=resolver, force_close=True),
                    cookie_jar=DummyCookieJar(),
                    timeout=ClientTimeout(total=None),
                ) as session,
                session.post(target, data=body, headers=headers, allow_redirects=False) as response,
            ):
                if 200 <= response.status < 300:
                    return "", False
                return f"status {response.status}", response.status == 429 or response.status >= 500
        except CalendarProblem as problem:
            return ("not-https" if problem.why == "not-https" else "private"), False
        except NotPublic:
            return "private", False
        except TimeoutError:
            return "slow", True
        except (ClientError, OSError, ValueError) as error:
            if isinstance(error.__cause__, NotPublic):
                return "private", False
            return "unreachable", True
