"""The patron's pages, and the rules that browsers are told with them.

The rules (CSP 3, Fetch, HTML): a page loads from this daemon alone; nothing inline runs; only the origins on the channel's
list may put it into a frame, and the frame itself speaks with those alone. No cookie is ever set. The status answer, which a
library's page asks for before anybody acts, is readable by the same origins.
"""

from __future__ import annotations

import json
import mimetypes
import re
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from aiohttp import web

from adapters.webchat.codec import desk_state, encode
from adapters.webchat.first_screen import FIRST_SCREEN
from bridge.contract import catalogues
from bridge.contract.adapter import ChannelDesk
from bridge.contract.language_tag import direction

STATIC = Path(__file__).parent / "static"
CHAT, LOADER = "widget", "loader"  # catalogues: of the chat, of the button on a library's page
ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>(\*\.)?[a-z0-9\-]+(\.[a-z0-9\-]+)*\.?|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{0,5}))?"
)
MOST_ASKED = 20  # languages of a browser's preferences
DEFAULT_PORTS = {"http": 80, "https": 443}
HASHED = "public, max-age=31536000, immutable"
BRIEF = "public, max-age=300"
COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
}
HOST = re.compile(r"[A-Za-z0-9._\-\[\]:]+")
REST = re.compile(r"\.rest\.json$")
REFUSED = re.compile(r";q=0(\.0*)?$")


def allowed_origin(text: str) -> str:
    """Return an entry of the allow-list as browsers write origins, without a scheme's own port; raises ValueError."""
    found = ORIGIN.fullmatch(text.strip().rstrip("/").lower())
    port = int(found["port"] or DEFAULT_PORTS[found["scheme"]]) if found else 0
    if found is None or not 0 < port < 65536:
        raise ValueError(
            f"not an origin: {text!r} "
            "(write it like https://www.library.example, or https://*.library.example for all that lies below it)"
        )
    origin = f"{found['scheme']}://{found['host']}"
    return origin if port == DEFAULT_PORTS[found["scheme"]] else f"{origin}:{port}"


def listed(origin: str, origins: tuple[str, ...]) -> bool:
    """Say whether the allow-list holds an origin; `https://*.host` holds all below that host, as in a policy (CSP 3)."""
    return any(each in ("*", origin) or _below(origin, each) for each in origins)


def _below(origin: str, entry: str) -> bool:
    scheme, star, host = entry.partition("*")
    between = len(origin) - len(scheme) - len(host)
    return bool(star and host) and between > 0 and origin.startswith(scheme) and origin.endswith(host)


def takes(request: web.Request, coding: str) -> bool:
    """Say whether a browser takes what is packed so (RFC 9110 12.5.3)."""
    parts = [part.replace(" ", "") for part in request.headers.get("Accept-Encoding", "").lower().split(",")]
    return any(part.partition(";")[0] == coding and not REFUSED.search(part) for part in parts)


def language_of(request: web.Request) -> str:
    """Return the language of the chat: what the page around it asks for, else what the browser prefers (RFC 9110 12.5.4)."""
    accepted = (part.partition(";")[0] for part in request.headers.get("Accept-Language", "").split(",")[:MOST_ASKED])
    return catalogues.chosen(CHAT, [request.query.get("language", ""), *accepted])


class ChatWords(NamedTuple):
    """A language's words in the two parts in which the chat fetches them. `name` ends the address of the first; it names both."""

    name: str
    first: catalogues.Published
    rest: catalogues.Published


def chat_words(tag: str) -> ChatWords:
    """Return the chat's words in one of its languages."""
    first = catalogues.published(CHAT, tag, FIRST_SCREEN)
    rest = catalogues.published(CHAT, tag, None, FIRST_SCREEN)
    version = sha256(f"{first.name} {rest.name}".encode()).hexdigest()[:16]
    return ChatWords(f"{CHAT}.{tag}.{version}.json", first, rest)


def own_origins(request: web.Request, public_url: str) -> set[str]:
    """Return the origins under which this page itself may have been loaded."""
    parts = urlsplit(public_url)
    here = {f"http://{request.host}", f"https://{request.host}"}
    return {origin.lower() for origin in (here | {f"{parts.scheme}://{parts.netloc}"} if public_url else here)}


@dataclass(frozen=True)
class Pages:
    """The pages of one channel."""

    channel: str
    origins: tuple[str, ...]
    settings: dict[str, object]
    folder: Path = field(default=STATIC)

    def policy(self, request: web.Request, ancestors: tuple[str, ...]) -> str:
        """Return the Content-Security-Policy of a page; sockets are named, since not every browser counts them as 'self'."""
        host = request.host if HOST.fullmatch(request.host) else ""
        sockets = f" ws://{host} wss://{host}" if host else ""
        framers = " ".join(ancestors) or "'none'"
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
            f"connect-src 'self'{sockets}; base-uri 'none'; form-action 'none'; "
            f"frame-src 'self'; frame-ancestors {framers}"
        )

    def html(self, request: web.Request, name: str, ancestors: tuple[str, ...]) -> web.Response:
        """Answer with a page, its settings filled in."""
        language = language_of(request)
        words = chat_words(language).name
        settings = escape(json.dumps({**self.settings, "words": words}), quote=True)
        text = self.source(name).replace("%settings%", settings)
        hint = f'<link rel="preload" as="fetch" crossorigin="anonymous" href="./words/{words}">'
        spoken = f'<html lang="{language}" dir="{direction(language)}">'
        text = text.replace("</head>", f"{hint}</head>").replace('<html lang="en">', spoken)
        if self.settings.get("cardPattern"):
            text = text.replace("</head>", f"{self.card_script}</head>")
        headers = {
            **COMMON,
            "Content-Security-Policy": self.policy(request, ancestors),
            "Cache-Control": "no-cache",
            "Vary": "Accept-Language",
        }
        if ancestors == ():
            headers["X-Frame-Options"] = "DENY"
        return web.Response(text=text, content_type="text/html", headers=headers)

    def source(self, name: str) -> str:
        """Return a built page; 503 when the pages were never built."""
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise web.HTTPServiceUnavailable(text="The pages are not built: run `make pages`.\n") from error

    async def frame(self, request: web.Request) -> web.Response:
        """The chat inside a library's page."""
        return self.html(request, "frame.html", ("'self'", *self.origins))

    async def page(self, request: web.Request) -> web.Response:
        """The chat on a page of its own."""
        return self.html(request, "page.html", ())

    async def widget(self, request: web.Request) -> web.StreamResponse:
        """The loader that a library's page embeds."""
        return self.file(request, "widget.js", BRIEF, {"Cross-Origin-Resource-Policy": "cross-origin"})

    async def invitation(self, request: web.Request) -> web.StreamResponse:
        """What the loader imports where the library invites; a module of another origin needs its consent (HTML, Fetch)."""
        consent = {"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "*"}
        return self.file(request, "invite.js", BRIEF, consent)

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """A built file; its name holds its hash, so it never changes."""
        return self.file(request, f"assets/{request.match_info['name']}", HASHED, {})

    async def words(self, request: web.Request) -> web.StreamResponse:
        """The chat's words in one language; the address holds their digest, so they never change."""
        name, later = REST.subn(".json", request.match_info["name"])
        if catalogues.at_address(name, CHAT) is None:
            raise web.HTTPNotFound
        spoken = chat_words(name.split(".")[1])
        found = spoken.rest if later else spoken.first
        headers = {**COMMON, "Cache-Control": HASHED if spoken.name == name else "no-cache", "Vary": "Accept-Encoding"}
        packed = takes(request, "gzip")
        headers |= {"Content-Encoding": "gzip"} if packed else {}
        return web.Response(
            body=found.packed if packed else found.plain, content_type="application/json", headers=headers
        )

    async def languages(self, request: web.Request) -> web.Response:
        """The languages of the chat: of each the address of its words, and its direction."""
        found = {tag: f"{chat_words(tag).name} {direction(tag)}" for tag in catalogues.tags(CHAT)}
        return web.json_response(found, headers={**COMMON, "Cache-Control": "no-cache"})

    def file(self, request: web.Request, name: str, cache: str, headers: dict[str, str]) -> web.StreamResponse:
        """Answer with a built file, packed where the browser takes that; 404 when there is none."""
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()) or not path.is_file():
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        told = {**COMMON, "Cache-Control": cache, "Content-Type": kind, "Vary": "Accept-Encoding", **headers}
        for coding in ("br", "gzip"):
            packed = path.with_name(f"{path.name}.packed-{coding}")
            if takes(request, coding) and packed.is_file():
                return web.FileResponse(packed, headers={**told, "Content-Encoding": coding})
        return web.FileResponse(path, headers=told)

    def status(self, request: web.Request, desk: ChannelDesk | None) -> web.Response:
        """Say whether the desk is open, so that a button on a library's page tells the truth; cookieless."""
        headers = {**COMMON, "Cache-Control": "public, max-age=15", "Vary": "Origin"}
        origin = request.headers.get("Origin", "").lower()
        if listed(origin, self.origins):
            headers["Access-Control-Allow-Origin"] = origin or "*"
        if desk is None:
            return web.Response(status=503, headers=headers)
        language = catalogues.chosen(LOADER, [request.query.get("language", ""), desk.language])
        said = {**catalogues.words(LOADER, catalogues.ENGLISH), **catalogues.words(LOADER, language)}
        body: dict[str, object] = {
            "desk": desk_state(desk),
            "words": {**said, "language": language, "dir": direction(language)},
        }
        if desk.invitation is not None and desk.state == "here":  # nobody is invited to where nobody is
            body["invitation"] = desk.invitation
        return web.Response(body=encode(body), content_type="application/json", headers=headers)

    @cached_property
    def card_script(self) -> str:
        """The tag of the script that holds card numbers back, "" when the pages were built without it."""
        found = next((self.folder / "assets").glob("card-*.js"), None)
        return f'<script type="module" src="./assets/{found.name}"></script>' if found is not None else ""
