"""A telephone in the browser: a page on the local Twilio-like server that texts the desk, and shows what the desk texts back.

For the demonstration and for tests; it listens on this machine alone. What the page sends is JSON, which no other site's page can
post here without asking first, and nobody is answered "yes".

    GET  /phone/                       the page
    GET  /phone/lines?number=…&after=n what was written since line n; waits up to WAIT_S for something
    POST /phone/texts                  {"number", "text", "files": [{"name", "data" in base64}]}
    GET  /phone/files/<id>             a picture
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
from pathlib import Path
from typing import Any

from aiohttp import web

from bridge.testing.twilio import Twilio
from bridge.testing.twilio_records import Media, TwilioMessage

STATIC = Path(__file__).parent / "static" / "phone"
WAIT_S = 20.0
MAX_TEXT = 1600
MAX_FILE = 5_000_000
NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
SHOWN = ("image/png", "image/jpeg", "image/gif", "image/webp")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Content-Security-Policy": POLICY}


class Phone:
    """The page and what it asks for; give `mount` to the server before it opens."""

    def __init__(self, twilio: Twilio) -> None:
        self._twilio = twilio
        self._files: dict[str, Media] = {}
        twilio.mounts.append(self.mount)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"{self._twilio.url}/phone/"

    def mount(self, application: web.Application) -> None:
        """Add the page to the server."""
        application.add_routes(
            [
                web.get("/phone/", self._page),
                web.get("/phone/lines", self._lines),
                web.post("/phone/texts", self._text),
                web.get("/phone/files/{id:ME[0-9a-f]{32}}", self._file),
                web.get("/phone/assets/{name:[A-Za-z0-9_.-]+}", self._asset),
            ]
        )

    async def _page(self, request: web.Request) -> web.Response:
        try:
            html = (STATIC / "index.html").read_text(encoding="utf-8")
        except FileNotFoundError:
            raise web.HTTPServiceUnavailable(text="The pages are not built: run `make pages`.\n") from None
        html = html.replace("%number%", self._twilio.numbers[0])
        return web.Response(text=html, content_type="text/html", headers=HEADERS)

    async def _asset(self, request: web.Request) -> web.FileResponse:
        path = STATIC / "assets" / request.match_info["name"]
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=HEADERS)

    async def _lines(self, request: web.Request) -> web.Response:
        handset = self._twilio.handset(_number(request.query.get("number", "")))
        after = request.query.get("after", "0")
        begin = int(after) if after.isascii() and after.isdigit() else 0
        try:
            async with asyncio.timeout(WAIT_S):
                await handset.more_than(begin)
        except TimeoutError:
            pass
        lines = [self._line(record) for record in handset.lines[begin:]]
        return web.json_response({"after": begin + len(lines), "lines": lines}, headers=HEADERS)

    def _line(self, record: TwilioMessage) -> dict[str, Any]:
        self._files |= {media.sid: media for media in record.media}
        pictures = [{"url": f"files/{media.sid}", "name": media.name} for media in record.media]
        mine = record.direction == "inbound"
        return {"id": record.sid, "mine": mine, "text": record.body, "files": pictures, "at": record.made.isoformat()}

    async def _text(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType
        try:
            told = json.loads(await request.read())
            text = str(told["text"])[:MAX_TEXT]
            files = [(str(each["name"]), base64.b64decode(each["data"], validate=True)) for each in told["files"]]
        except (ValueError, KeyError, TypeError, binascii.Error):
            raise web.HTTPBadRequest from None
        if not (text.strip() or files) or any(len(data) > MAX_FILE for _, data in files):
            raise web.HTTPBadRequest
        record = self._twilio.text(_number(str(told.get("number", ""))), text, files)
        return web.json_response({"id": record.sid}, headers=HEADERS)

    async def _file(self, request: web.Request) -> web.Response:
        media = self._files.get(request.match_info["id"])
        if media is None:
            raise web.HTTPNotFound
        kind = media.media_type if media.media_type in SHOWN else "application/octet-stream"
        return web.Response(body=media.data, content_type=kind, headers=HEADERS)


def _number(text: str) -> str:
    if not NUMBER.fullmatch(text):
        raise web.HTTPBadRequest
    return text
