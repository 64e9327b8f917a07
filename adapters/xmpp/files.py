"""Files: fetched when a patron sends an address (XEP-0066), offered as one when a librarian attaches (XEP-0363 or our own page).

A patron's address is a stranger's wish that this machine call another one (see `fetching`): there is a limit on size and time. What
could not be fetched stays as the address in the text: nothing is lost.

Our own page needs `public_url`; its addresses are signed, so that nobody finds a file that was not sent to them.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote
from xml.etree.ElementTree import Element

import aiohttp
from aiohttp import web

from adapters.xmpp import fetching
from adapters.xmpp.connection import StanzaRefused, XmppConnection
from adapters.xmpp.fetching import Unfetched
from adapters.xmpp.jid import DISCO_INFO, DISCO_ITEMS, FORMS, UPLOAD, attribute, content
from bridge.contract.adapter import Ports, TooLarge
from bridge.contract.message import Attachment
from bridge.contract.sealed_token import Seal

FETCH_S = 15.0
UPLOAD_S = 60.0
SEAL = Seal("file", 16, "base64")
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif"})  # in place; a PDF may run code, so it is a download


class UploadService:
    """Where our server takes files."""

    def __init__(self, address: str, limit: int) -> None:
        self.address = address
        self.limit = limit


class XmppFiles:
    """The files of one channel."""

    def __init__(self, ports: Ports, hosts: tuple[str, ...], limit: int) -> None:
        self._ports = ports
        self._hosts = frozenset(host.lower() for host in hosts)
        self._limit = limit
        if ports.routes is not None:
            ports.routes.add_get("/files/{digest:[0-9a-f]{64}}/{seal:[A-Za-z0-9_-]{22}}/{name}", self._serve)

    # -- in

    async def fetch(self, url: str) -> Attachment:
        """Return the file at a patron's address, kept. Raises Unfetched."""
        try:
            async with asyncio.timeout(FETCH_S), fetching.fetched(url, self._hosts) as (place, content):
                return await self._ports.blobs.save(content.iter_chunked(1 << 16), place.name, self._limit)
        except TooLarge:
            raise Unfetched("too large") from None
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            raise Unfetched(type(error).__name__) from None

    # -- out

    def offered(self, file: Attachment) -> str:
        """Return the address of our own page for a file, "" when nobody outside could open it."""
        if not self._ports.public_url or self._ports.routes is None:
            return ""
        seal = SEAL.text(self._ports.secret, file.digest, file.name)
        path = f"channels/{self._ports.channel}/files/{file.digest}/{seal}/{quote(file.name, safe='')}"
        return f"{self._ports.public_url.rstrip('/')}/{path}"

    async def upload(self, link: XmppConnection, service: UploadService, file: Attachment, path: Path) -> str:
        """Put a file where our server takes files and return its address. Raises Unfetched, StreamLost."""
        if service.limit and file.size > service.limit:
            raise Unfetched("too large")
        wish = f"filename={attribute(file.name)} size='{file.size}' content-type={attribute(file.media_type)}"
        try:
            async with asyncio.timeout(UPLOAD_S):
                answer = await link.ask(f"<request xmlns='{UPLOAD}' {wish}/>", to=service.address)
                put, headers, get = _slot(answer)
                body = await asyncio.to_thread(path.read_bytes)
                headers["Content-Type"] = file.media_type
                async with aiohttp.ClientSession() as session, session.put(put, data=body, headers=headers) as stored:
                    if stored.status not in (200, 201):
                        raise Unfetched(f"status {stored.status}")
        except StanzaRefused as refused:
            raise Unfetched(refused.condition) from None
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise Unfetched(type(error).__name__) from None
        return get

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        digest, seal, name = (request.match_info[key] for key in ("digest", "seal", "name"))
        path = await self._ports.blobs.path(digest)
        if not SEAL.proves(seal, self._ports.secret, digest, name) or path is None:
            raise web.HTTPNotFound
        head = await asyncio.to_thread(_head, path)
        kind = head if head in SHOWN else "application/octet-stream"
        place = "inline" if kind in SHOWN else "attachment"
        headers = {
            "Content-Type": kind,
            "Content-Disposition": f"{place}; filename*=UTF-8''{quote(name, safe='')}",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "private, no-store",
        }
        return web.FileResponse(path, headers=headers)


async def service(link: XmppConnection) -> UploadService | None:
    """Return where our server takes files, None when it takes none. Raises StreamLost."""
    try:
        items = await link.ask(f"<query xmlns='{DISCO_ITEMS}'/>", to=link.server)
    except StanzaRefused:
        return None
    for address in (link.server, *(item.get("jid", "") for item in items.iter(f"{{{DISCO_ITEMS}}}item"))):
        with suppress(StanzaRefused):
            info = await link.ask(f"<query xmlns='{DISCO_INFO}'/>", to=address)
            if any(each.get("var") == UPLOAD for each in info.iter(f"{{{DISCO_INFO}}}feature")):
                return UploadService(address, _limit(info))
    return None


def _limit(info: Element) -> int:
    for field in info.iter(f"{{{FORMS}}}field"):
        if field.get("var") == "max-file-size":
            value = content(field.find(f"{{{FORMS}}}value"))
            return int(value) if value.isascii() and value.isdigit() else 0
    return 0


def _slot(answer: Element) -> tuple[str, dict[str, str], str]:
    """Return where to put, with which headers (the three that XEP-0363 allows), and where it is read."""
    put, get = answer.find(f".//{{{UPLOAD}}}put"), answer.find(f".//{{{UPLOAD}}}get")
    if put is None or get is None:
        raise ValueError("no slot")
    allowed = {"authorization", "cookie", "expires"}
    headers = {
        each.get("name", ""): content(each).replace("\n", "").replace("\r", "")
        for each in put.findall(f"{{{UPLOAD}}}header")
        if each.get("name", "").lower() in allowed
    }
    return put.get("url", ""), headers, get.get("url", "")


def _head(path: Path) -> str:
    """Return what a kept file may be shown as; by its first bytes, never by its name."""
    with path.open("rb") as file:
        head = file.read(16)
    for magic, kind in (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"%PDF-", "application/pdf"),
    ):
        if head.startswith(magic):
            return kind
    return "application/octet-stream"


async def fetched(files: XmppFiles, urls: tuple[str, ...]) -> tuple[list[Attachment], list[str]]:
    """Fetch all; return what was had and the addresses of what was not."""
    had: list[Attachment] = []
    missed: list[str] = []
    for url in urls:
        try:
            had.append(await files.fetch(url))
        except Unfetched:
            missed.append(url)
    return had, missed
