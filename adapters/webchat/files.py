"""Files of a conversation: up while writing, down with the conversation's token alone.

The rules: what a file is, is sniffed by the blob store and not believed; an office file with macros is refused; over 10 MB nothing
is kept. A file is fetched with the token in the Authorization header and the proof that binds it to the patron, never by a bare
address; it leaves as `application/octet-stream`, as a download, with sniffing off, so that no browser runs it under our origin; and
no browser keeps it, where its address alone would open it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

import msgspec
from aiohttp import web

from adapters.webchat import tokens
from adapters.webchat.admission import Admission
from adapters.webchat.codec import FileRef, FrameRefused, clean_word, encode, file_ref
from adapters.webchat.limits import MAX_FILE, Door
from adapters.webchat.talk import tenths
from bridge.contract.adapter import Busy, Ports, TooLarge, UnsafeFile

CHUNK = 64 * 1024
MOST_TAG = 20  # characters of a language's tag
BUSY_S = 5.0  # come again after
OOXML = "application/vnd.openxmlformats-officedocument."
ODF = "application/vnd.oasis.opendocument."
TAKEN = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "application/rtf", "text/plain"}
    | {f"{OOXML}wordprocessingml.document", f"{OOXML}spreadsheetml.sheet", f"{OOXML}presentationml.presentation"}
    | {f"{ODF}text", f"{ODF}spreadsheet", f"{ODF}presentation"}
)
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "attachment",
    "Cache-Control": "no-store",
    "Content-Type": "application/octet-stream",
}


@dataclass(frozen=True, slots=True)
class ChatFiles:
    """Upload and download for one channel."""

    ports: Ports
    door: Door
    admission: Admission

    async def upload(self, request: web.Request, token: str, mark: str) -> web.Response:
        """Keep the body as a file; answers its reference, and a token when this is the first thing a patron sends."""
        minted = "" if token else self.admission.mint(request.headers.get("X-Seed", ""))
        sender = tokens.address(token or minted)
        size = request.content_length or MAX_FILE  # what does not say counts as the largest
        if size > MAX_FILE:
            raise FrameRefused("file-too-large")
        self._admit(sender if token else "", mark, size)
        ref = await self._save(request, sender)
        body = encode({"file": ref, **({"token": minted} if minted else {})})
        return web.Response(body=body, content_type="application/json")

    def _admit(self, sender: str, mark: str, size: int) -> None:
        now = time.monotonic()
        wait = self.door.uploads.take(sender, now) if sender else self.door.newcomers.take(mark, now)
        wait = wait or self.door.megabytes.take(mark, now, size / 1e6)
        if wait:
            raise FrameRefused("slow-down", retry_after=tenths(wait))

    async def _save(self, request: web.Request, sender: str) -> FileRef:
        name = clean_word(unquote(request.headers.get("X-File-Name", ""), errors="replace"))[:150] or "file"
        try:
            kept = await self.ports.blobs.save(chunks(request), name, MAX_FILE, TAKEN)
        except Busy as error:
            raise FrameRefused("busy", retry_after=BUSY_S) from error
        except TooLarge as error:
            raise FrameRefused("file-too-large") from error
        except UnsafeFile as error:
            raise FrameRefused("file-unsafe") from error
        except ValueError as error:
            raise FrameRefused("file-type") from error
        ticket = tokens.ticket(self.ports.secret, sender, kept.digest, kept.name)
        return msgspec.structs.replace(file_ref(self.ports.secret, sender, kept), ticket=ticket)

    async def download(self, request: web.Request, token: str) -> web.StreamResponse:
        """Answer with the bytes of a file of this patron's conversation."""
        digest = request.match_info["digest"]
        if not token or not tokens.proven(
            self.ports.secret, tokens.address(token), digest, request.headers.get("X-Proof", "")
        ):
            raise FrameRefused("file")
        path = await self.ports.blobs.path(digest)
        if path is None:
            raise FrameRefused("file-gone")
        return web.FileResponse(path, headers=SAFE)

    async def own_data(self, request: web.Request, token: str) -> web.StreamResponse:
        """Answer with all that is kept of this patron, as it's put together."""
        if not token or self.ports.own_data is None:
            raise FrameRefused("token")
        sender = tokens.address(token)
        if wait := self.door.own_data.take(sender, time.monotonic()):
            raise FrameRefused("slow-down", retry_after=tenths(wait))
        found = self.ports.own_data(sender, clean_word(request.query.get("language", ""))[:MOST_TAG])
        first = await anext(found)  # a refusal comes before it
        response = web.StreamResponse(headers={**SAFE, "Content-Type": "application/zip"})
        await response.prepare(request)
        await response.write(first)
        async for chunk in found:
            await response.write(chunk)
        await response.write_eof()
        return response


async def chunks(request: web.Request) -> AsyncIterator[bytes]:
    """Iterate over a request's body."""
    async for chunk in request.content.iter_chunked(CHUNK):
        yield chunk
