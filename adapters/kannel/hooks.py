"""What Kannel calls: /in for texts, /report for what became of ours.

A text needs the hook's password (HTTP Basic, RFC 7617: Kannel sends it where its `post-url` holds `user:password@`). A report needs
the seal in its own address, which we made: so no password goes out with a text. 200 means durable. At 503 Kannel keeps the text
and comes again with the same id, if `http-request-retry` says so.
"""

from __future__ import annotations

import time
from base64 import b64decode
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from adapters.kannel import codec
from adapters.kannel.codec import CarriedText
from adapters.kannel.config import KannelConfig
from bridge.contract.adapter import Busy, Ports, TooLarge
from bridge.contract.message import Stage
from bridge.contract.sealed_token import Seal, same

USER = "kannel"
REPORT = Seal("kannel-report", size=16)

Taken = Callable[[CarriedText], Awaitable[None]]
Told = Callable[[str, Stage, str, str], Awaitable[None]]

log = structlog.get_logger("adapters.kannel")


class Hooks:
    """The HTTP side. `taken` makes a text durable; `told` takes a stage of a delivery, with the reason and the network's words."""

    def __init__(self, config: KannelConfig, ports: Ports, taken: Taken, told: Told) -> None:
        self._config = config
        self._ports = ports
        self._taken = taken
        self._told = told
        if ports.routes is not None:
            ports.routes.add_post("/in", self.text)
            ports.routes.add_get("/report", self.report)

    def report_url(self, base: str, delivery: str) -> str:
        """Return where Kannel is to report on a delivery; `%d` and `%A` are for Kannel to fill in."""
        seal = REPORT.text(self._ports.secret, delivery)
        here = f"{base}/channels/{self._ports.channel}/report"
        return f"{here}?delivery={delivery}&seal={seal}&status=%d&detail=%A"

    async def text(self, request: web.Request) -> web.Response:
        """Take a text."""
        if not _knows(request.headers.get("Authorization", ""), self._config.hook_password):
            log.warning("a text without the hook's password", channel=self._ports.channel)
            raise web.HTTPUnauthorized(headers={"WWW-Authenticate": 'Basic realm="texts"'})
        try:
            now = int(time.time() * 1000)
            text = codec.inbound(request.query, await request.read(), self._config.country, now)
        except ValueError as error:  # its words may be the stranger's number
            log.warning("a call that is no text", channel=self._ports.channel, why=type(error).__name__)
            raise web.HTTPBadRequest from None
        try:
            await self._taken(text)
        except Busy:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"}) from None
        except TooLarge:
            raise web.HTTPRequestEntityTooLarge(0, 0) from None
        except ValueError:
            raise web.HTTPUnprocessableEntity from None
        return web.Response()

    async def report(self, request: web.Request) -> web.Response:
        """Take what became of a text of ours."""
        query = request.query
        delivery = query.get("delivery", "")
        if not delivery or not REPORT.proves(query.get("seal", ""), self._ports.secret, delivery):
            log.warning("a report with a wrong seal", channel=self._ports.channel)
            raise web.HTTPForbidden
        found = codec.stage(query.get("status", ""))
        if found is not None:
            stage, reason = found
            detail = query.get("detail", "")[:200] if stage == "failed" else ""
            try:
                await self._told(delivery, stage, reason, detail)
            except Busy:
                raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"}) from None
        return web.Response()


def _knows(header: str, password: str) -> bool:
    """Say whether somebody signs in as Kannel."""
    scheme, _, given = header.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        signed = b64decode(given, validate=True)
    except ValueError:
        return False
    return same(signed, f"{USER}:{password}".encode())
