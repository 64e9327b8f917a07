"""Below /counter/: the page on which staff count at a desk, on a tablet or a telephone.

It opens without a connection too, by a service worker of its own, and keeps what is counted until the desk answers. Nothing on it
is secret: who counts is said by the inbox's session, and the interface decides what they may do.
"""

from __future__ import annotations

import asyncio
import json
import mimetypes
from html import escape
from pathlib import Path

from aiohttp import web

from bridge.contract import catalogues
from bridge.runtime import compression

STATIC = Path(__file__).parent / "counter_static"
PAGE = "/counter/"
WORDS = "counter"  # the catalogue of the page's words
WORKER = "worker.js"
FOR_EVER = "public, max-age=31536000, immutable"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"


def mount(app: web.Application) -> None:
    """Put the page into an application."""
    app.router.add_get(PAGE.rstrip("/"), _leading)
    app.router.add_get(PAGE, _page)
    app.router.add_get(PAGE + WORKER, _worker)
    app.router.add_get(f"{PAGE}assets/{{name}}", _asset)
    app.router.add_get(f"{PAGE}words/{{name}}", _words)


async def _leading(request: web.Request) -> web.Response:
    raise web.HTTPFound(PAGE)


async def _page(request: web.Request) -> web.Response:
    try:
        text = await asyncio.to_thread((STATIC / "index.html").read_text, "utf-8")
    except FileNotFoundError:
        raise web.HTTPServiceUnavailable(text="The pages are not built: run `make pages`.\n") from None
    served = escape(json.dumps(catalogues.addresses(WORDS)), quote=True)
    headers = {"Content-Security-Policy": POLICY, "X-Robots-Tag": "noindex", "Cache-Control": "no-cache"}
    body = text.replace("%words%", served)
    return web.Response(text=body, content_type="text/html", charset="utf-8", headers=headers)


async def _worker(request: web.Request) -> web.StreamResponse:
    headers = {"Content-Security-Policy": WORKER_POLICY, "Cache-Control": "no-cache"}
    return _sent(request, STATIC / WORKER, headers)


async def _asset(request: web.Request) -> web.StreamResponse:
    return _sent(request, STATIC / "assets" / request.match_info["name"], {"Cache-Control": FOR_EVER})


def _sent(request: web.Request, file: Path, headers: dict[str, str]) -> web.StreamResponse:
    if file.parent not in (STATIC, STATIC / "assets") or not file.is_file():
        raise web.HTTPNotFound
    sent, coding = compression.built(request, file)
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return web.FileResponse(sent, headers={"Content-Type": kind} | headers | coding)


async def _words(request: web.Request) -> web.Response:
    """Answer with the page's words in one language; an address holds their hash, so they never change."""
    name = request.match_info["name"]
    found = catalogues.at_address(name, WORDS)
    if found is None:
        raise web.HTTPNotFound
    cache = FOR_EVER if found.name == name else "no-cache"
    return web.Response(body=found.plain, content_type="application/json", headers={"Cache-Control": cache})
