"""What Twilio calls: /inbound for texts, /status for what became of ours, /media/… for files we lend it.

The order of questions is the rule: whose account is it, is it signed with that account's token, and only then what it says. So
nobody without the token learns which numbers are ours. The signature covers the address as Twilio called it: `public_url` and the
path, or what the request and its proxy say. 2xx means durable; 503 means not now, and the list of messages is asked later.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, quote
from xml.sax.saxutils import escape

import structlog
from aiohttp import web

from adapters.sms.codec import Inbound, webhook
from adapters.sms.config import SmsConfig
from adapters.sms.media import lent
from adapters.sms.signature import signed
from bridge.contract.adapter import Busy, Ports, TooLarge

MAX_FIELDS = 200
FORM = "application/x-www-form-urlencoded"

Taken = Callable[[Inbound], Awaitable[str]]
Told = Callable[[str, Mapping[str, str]], Awaitable[None]]

ACTIVE = frozenset(
    {"text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "application/xml"}
)  # run in browsers

log = structlog.get_logger("adapters.sms")


class Webhooks:
    """The HTTP side. `taken` makes a text durable and says what it is answered; `told` takes a status of a delivery."""

    def __init__(self, config: SmsConfig, ports: Ports, public_url: str, taken: Taken, told: Told) -> None:
        self._tokens = {config.account_sid: config.tokens}
        self._ports = ports
        self._public_url = public_url
        self._taken = taken
        self._told = told
        if ports.routes is not None:
            ports.routes.add_post("/inbound", self.inbound)
            ports.routes.add_post("/status", self.status)
            ports.routes.add_get("/media/{token}/{name}", self.media)

    async def inbound(self, request: web.Request) -> web.Response:
        """Take a text."""
        fields = await self.authentic(request)
        try:
            inbound = webhook(fields, int(time.time() * 1000))
        except ValueError as error:  # its words may be the stranger's number
            log.warning("a webhook that is no text", channel=self._ports.channel, why=type(error).__name__)
            raise web.HTTPBadRequest from None
        try:
            answer = await self._taken(inbound)
        except Busy:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"}) from None
        except TooLarge:
            raise web.HTTPRequestEntityTooLarge(0, 0) from None
        except ValueError:
            raise web.HTTPUnprocessableEntity from None
        words = f"<Message>{escape(answer)}</Message>" if answer else ""
        xml = f'<?xml version="1.0" encoding="UTF-8"?><Response>{words}</Response>'
        return web.Response(text=xml, content_type="text/xml")

    async def status(self, request: web.Request) -> web.Response:
        """Take what became of a text of ours; the address that we gave names the delivery."""
        fields = await self.authentic(request)
        try:
            await self._told(request.query.get("delivery", ""), fields)
        except Busy:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"}) from None
        return web.Response(status=204)

    async def media(self, request: web.Request) -> web.StreamResponse:
        """Hand out a file that was lent."""
        try:
            digest, media_type = lent(self._ports.secret, request.match_info["token"])
        except LookupError:
            raise web.HTTPNotFound from None
        path = await self._ports.blobs.path(digest)
        if path is None:
            raise web.HTTPNotFound
        name = quote(request.match_info["name"], safe="")
        headers = {
            "Content-Type": "application/octet-stream" if media_type in ACTIVE else media_type,
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "Cache-Control": "private, no-store",
        }
        return web.FileResponse(path, headers=headers)

    async def authentic(self, request: web.Request) -> dict[str, str]:
        """Return the fields of a request that Twilio signed. Raises HTTPForbidden for any other."""
        body = await request.read()
        is_json = request.content_type == "application/json"
        pairs = _json(body) if is_json else _form(body)
        fields = dict(pairs)
        signature = request.headers.get("X-Twilio-Signature", "")
        settings = request.headers.get("X-Twilio-Webhooks-Signature-Settings", "")
        for token in self._tokens.get(fields.get("AccountSid", ""), ()):
            for url in self._addresses(request):
                if signed(token, url, signature, pairs, body=body if is_json else None, settings=settings):
                    return fields
        log.warning("a webhook with a wrong signature", channel=self._ports.channel, path=request.path)
        raise web.HTTPForbidden

    def _addresses(self, request: web.Request) -> list[str]:
        """Return what Twilio may have called: what we told it, or what the request says, through a proxy or not."""
        path = request.raw_path
        hosts = dict.fromkeys([request.headers.get("X-Forwarded-Host", "").partition(",")[0].strip(), request.host])
        found = [f"{scheme}://{host}{path}" for host in hosts if host for scheme in ("https", "http")]
        if self._public_url:
            found.insert(0, self._public_url + path)
        return found


def _form(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise web.HTTPBadRequest from None


def _json(body: bytes) -> list[tuple[str, str]]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest from None
    if not isinstance(told, dict):
        raise web.HTTPBadRequest
    return [(name, str(value)) for name, value in told.items() if isinstance(value, str | int | float)]
