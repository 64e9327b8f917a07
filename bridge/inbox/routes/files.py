"""Files up and down.

Down: only through a conversation one may see, and only what one of its lines carries. A browser is told exactly what the bytes
are, may show nothing but images in place, and runs nothing: sandboxed, without origin (OWASP File Upload; CSP 3 `sandbox`).
Up: the type is sniffed, the size limited, and the ticket handed out is good for this conversation alone.
Again: what an answer carried may go to the same patron once more, by the answer's id and without another upload.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from urllib.parse import unquote

import msgspec
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bridge.contract.adapter import TooLarge
from bridge.contract.message import Attachment
from bridge.files.names import disposition
from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.http.upload_tickets import ticket
from bridge.inbox.routes.conversation import together
from bridge.inbox.services import MAX_UPLOAD
from bridge.inbox.views.lines import IMAGES, SOUNDS, file
from bridge.sql.transcripts.lines import TranscriptLine

CHUNK = 64 * 1024
UNREADABLE = (ValueError, HttpProcessingError)  # what aiohttp raises for a form that is none
PAGE = 500

_DIGEST = re.compile(r"[0-9a-f]{64}")

ISOLATED = "default-src 'none'; sandbox; frame-ancestors 'none'"
MAIL = {
    "Content-Disposition": "inline",
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}
# A browser that others use after this librarian has no file of a patron's, nor has one after it was forgotten.
KEPT_BY_NOBODY = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}


class _MailPage:
    """A line's HTML, which the mail adapter cleaned and wrote itself. Only a line says so, never a file."""


async def attachments(call: Call) -> schema.Uploaded:
    """Take a file in, as the body itself or as the one part of a form."""
    return await taken_in(call, call.id)


async def taken_in(call: Call, purpose: str) -> schema.Uploaded:
    """Keep a file and hand out a ticket for it, good for `purpose`: a conversation, or what has none yet."""
    name, chunks = await _upload(call)
    try:
        kept = await call.services.blobs.save(chunks, name, MAX_UPLOAD)
    except TooLarge:
        raise
    except ValueError as error:
        raise Refusal(422, "type-refused", f"{error}.") from None
    if not kept.size:
        raise Refusal(422, "invalid", "The file is empty.")
    return schema.Uploaded(file=file(call.id, kept), ticket=ticket(call.services.secret, kept, call.me, purpose))


async def _upload(call: Call) -> tuple[str, AsyncIterator[bytes]]:
    request = call.request
    if (request.content_length or 0) > MAX_UPLOAD + CHUNK:
        raise TooLarge(MAX_UPLOAD)
    if request.content_type != "multipart/form-data":
        return call.query["name"] or unquote(request.headers.get("X-File-Name", "")), request.content.iter_chunked(
            CHUNK
        )
    try:
        part = await (await request.multipart()).next()
    except UNREADABLE:
        part = None
    if not isinstance(part, BodyPartReader):
        raise Refusal(400, "no-file", "The form holds no file.")
    return part.filename or call.query["name"], _chunks(part)


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    try:
        while chunk := await part.read_chunk(CHUNK):
            yield chunk
    except UNREADABLE:
        raise Refusal(400, "no-file", "The form cannot be read to its end.") from None


async def files(call: Call) -> web.StreamResponse:
    """Send a file that a line of this conversation carries, or the cleaned HTML of a mail."""
    digest = call.request.match_info["digest"]
    found = await _carried(call, digest) if _DIGEST.fullmatch(digest) else None
    path = await call.services.blobs.path(digest) if found is not None else None
    kept = await call.services.blobs.look(digest) if path is not None else None
    if found is None or path is None or kept is None:
        raise not_found()
    call.services.archive.access_audit.note(call.me, [call.id], "file")
    if isinstance(found, _MailPage):
        body = await asyncio.to_thread(path.read_bytes)
        return web.Response(body=body, headers={**KEPT_BY_NOBODY, **MAIL}, content_type="text/html", charset="utf-8")
    shown = kept.media_type in IMAGES | SOUNDS  # by its bytes, not by what the line says
    headers = {
        "Content-Type": kept.media_type if shown else "application/octet-stream",
        "Content-Disposition": disposition(msgspec.structs.replace(kept, name=found.name))
        if shown
        else _download(found),
        "Content-Security-Policy": ISOLATED,
    }
    return web.FileResponse(path, headers={**KEPT_BY_NOBODY, **headers})


def _download(found: Attachment) -> str:
    return disposition(found).replace("inline", "attachment", 1)


async def _carried(call: Call, digest: str) -> Attachment | _MailPage | None:
    """Return the file of this digest that a line of the conversation carries, or that it is a line's own HTML."""
    async for line in _lines(call, call.id):
        found = _of_line(line, digest)
        if found is not None:
            return found
    return None


async def _lines(call: Call, conversation: str) -> AsyncIterator[TranscriptLine]:
    """Yield every line of a conversation, page by page, the newest page first."""
    before = ""
    while True:
        lines = await call.services.reader.transcript(conversation, before=before, limit=PAGE)
        for line in lines:
            yield line
        if len(lines) < PAGE:
            return
        before = lines[0].position


def _of_line(line: TranscriptLine, digest: str) -> Attachment | _MailPage | None:
    if line.html == digest:
        return _MailPage()
    if line.original == digest:
        return Attachment(digest=digest, media_type="message/rfc822", size=0, name="message.eml")
    return next((one for one in line.attachments if one.digest == digest), None)


async def sent_before(call: Call, answer: str) -> tuple[Attachment, ...]:
    """Return the files of an answer in this conversation's timeline. Raises Refusal 422: no such answer, or a file is gone."""
    for conversation in await together(call, call.state.conversations.get(call.id)):
        async for line in _lines(call, conversation):
            if line.id == answer and line.who == "librarian":
                await check_kept(call, line.attachments)
                return line.attachments
    raise Refusal(422, "unknown-message", "There is no such answer in this conversation.")


async def check_kept(call: Call, attachments: Sequence[Attachment]) -> None:
    """Raise Refusal 422 where a file is gone: it was forgotten, or taken in over a day ago and not sent."""
    for one in attachments:
        if await call.services.blobs.path(one.digest) is None:
            raise Refusal(422, "file-gone", "A file of this message is not kept any more; attach it anew.")


NAME = Parameter("name", "The file's name, where the body is the file itself")

ROUTES = (
    Route(
        "POST",
        "/conversations/{id}/attachments",
        "Take a file in for a message to this patron",
        attachments,
        scope="conversation",
        asks=bytes,
        gives=schema.Uploaded,
        query=(NAME,),
    ),
    Route(
        "GET",
        "/conversations/{id}/files/{digest}",
        "A file of this conversation",
        files,
        scope="conversation",
        gives=bytes,
    ),
)
