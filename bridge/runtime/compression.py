"""Answers take less room on the wire (RFC 9110 8.4, 12.5.3). Pages are packed when they are built, all else when it is sent.

An answer with a secret of ours, such as a session's or an upload's, is sent as it is. Packed together with words that others
choose, its length would tell about it (BREACH). It says `Cache-Control: no-transform` (RFC 9111 5.2.2.6), which proxies heed too.
Small answers, and those that are packed already, such as pictures, are sent as they are, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

SMALLEST = 500  # bytes; below, packing gains nothing
CODINGS = ("br", "gzip")  # the best first
TEXTS = ("application/json", "application/javascript", "application/manifest+json", "application/xml", "image/svg+xml")
SECRET = "no-transform"


def accepted(header: str) -> list[str]:
    """Return which of our codings a request's Accept-Encoding takes, the best for us first."""
    weights = {}
    for part in header.lower().split(","):
        name, _, more = part.partition(";")
        weights[name.strip()] = _weight(more)
    return [coding for coding in CODINGS if weights.get(coding, weights.get("*", 0.0)) > 0]


def _weight(parameters: str) -> float:
    name, _, value = parameters.replace(" ", "").partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def is_text(media_type: str) -> bool:
    """Say whether packing is worth while."""
    return media_type.startswith("text/") or media_type in TEXTS


def built(request: web.BaseRequest, file: Path) -> tuple[Path, dict[str, str]]:
    """Return the file to send for a built one (see hatch_build.py), and the headers that say how it is packed."""
    vary = {"Vary": "Accept-Encoding"}
    for coding in accepted(request.headers.get("Accept-Encoding", "")):
        packed = file.with_name(f"{file.name}.packed-{coding}")
        if packed.is_file():
            return packed, vary | {"Content-Encoding": coding}
    return file, vary


@web.middleware
async def packed(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Pack what a handler answers, where the other end takes it and it is worth while."""
    response = await handler(request)
    if (
        not isinstance(response, web.Response)
        or response.prepared
        or SECRET in response.headers.get("Cache-Control", "")
    ):
        return response
    if not is_text(response.content_type) or "Content-Encoding" in response.headers:
        return response
    if "Accept-Encoding" not in response.headers.get("Vary", ""):
        response.headers.add("Vary", "Accept-Encoding")
    body = response.body
    if not isinstance(body, bytes | bytearray) or len(body) < SMALLEST or response.status in (204, 206, 304):
        return response
    if "gzip" in accepted(request.headers.get("Accept-Encoding", "")):
        response.enable_compression(web.ContentCoding.gzip)
    return response
