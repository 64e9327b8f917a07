"""A real HTTP server on loopback in the place of a catalogue that is slow, broken or hostile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

RECORD = '<record xmlns="http://www.loc.gov/MARC21/slim">{}</record>'
TITLE = (
    '<controlfield tag="001">{id}</controlfield><datafield tag="245" ind1="0" ind2="0">'
    '<subfield code="a">{title}</subfield></datafield>'
)


class OddHost:
    """What the host answers with, and how often it was asked."""

    def __init__(self) -> None:
        self.body = b""
        self.status = 200
        self.headers: dict[str, str] = {}
        self.hang = asyncio.Event()
        self.hang.set()
        self.asked: list[str] = []
        self.url = ""

    async def serve(self, request: web.Request) -> web.Response:
        """Answer one request."""
        self.asked.append(request.query_string)
        await self.hang.wait()
        return web.Response(body=self.body, status=self.status, headers=self.headers)


@asynccontextmanager
async def odd_host() -> AsyncIterator[OddHost]:
    """Run such a host."""
    host = OddHost()
    app = web.Application()
    app.router.add_get("/{path:.*}", host.serve)
    async with TestServer(app) as server:
        host.url = str(server.make_url("/sru"))
        yield host
        host.hang.set()


def sru(*records: str, total: int | None = None) -> bytes:
    """Return an SRU answer with these `recordData`."""
    inside = "".join(f"<record><recordData>{one}</recordData></record>" for one in records)
    count = len(records) if total is None else total
    return (
        '<searchRetrieveResponse xmlns="http://www.loc.gov/zing/srw/"><version>1.1</version>'
        f"<numberOfRecords>{count}</numberOfRecords><records>{inside}</records></searchRetrieveResponse>"
    ).encode()


def titled(title: str, id: str = "1") -> str:
    """Return a record with nothing but a title."""
    return RECORD.format(TITLE.format(id=id, title=title))
