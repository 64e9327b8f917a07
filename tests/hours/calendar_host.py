"""A real HTTP server on loopback that serves a calendar, as slowly, wrongly or changed as a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer


class CalendarHost:
    """What the host answers with, and what it was asked."""

    def __init__(self) -> None:
        self.body = b""
        self.etag = ""
        self.status = 200
        self.location = ""
        self.packed = False
        self.hang = asyncio.Event()
        self.hang.set()
        self.asked: list[dict[str, str]] = []
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.asked.append(dict(request.headers))
        await self.hang.wait()
        if self.location:
            return web.Response(status=302, headers={"Location": self.location})
        if self.etag and request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304)
        response = web.Response(body=self.body, status=self.status, headers={"ETag": self.etag} if self.etag else {})
        if self.packed:
            response.enable_compression(web.ContentCoding.gzip)
        return response


@asynccontextmanager
async def calendar_host() -> AsyncIterator[CalendarHost]:
    """Run such a host."""
    host = CalendarHost()
    app = web.Application()
    app.router.add_get("/hours", host.serve)
    async with TestServer(app) as server:
        host.url = str(server.make_url("/hours"))
        yield host
        host.hang.set()


def ics(*events: str, head: str = "") -> bytes:
    """Return a calendar of these events: each as lines of its properties."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Library//Hours//EN", *([head] if head else [])]
    for n, event in enumerate(events):
        uid = [] if "UID:" in event else [f"UID:{n}@library.example"]
        lines += ["BEGIN:VEVENT", *uid, "DTSTAMP:20260101T000000Z", *event.split("\n"), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
