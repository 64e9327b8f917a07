"""The patron's own page, below /account/: it takes a card number and a PIN, and hands them to the library system alone.

No script, no cookie, no third party; nothing here is logged or kept by a browser (RFC 9111 `no-store`). The link is a secret of ten
minutes that a patron gets in the conversation. What the form sends is a POST body, never an address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web

from bridge.account.access import AccountAccess, AccountGrant
from bridge.account.library_system import SCOPES, AccountProblem, AccountScope, AccountWhy
from bridge.account.words import language_of, say

MOST_BODY = 4096
STYLE = Path(__file__).parent / "style.css"
HEADERS = {
    "Cache-Control": "no-store, no-transform",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Frame-Options": "DENY",
}

log = structlog.get_logger("bridge.account")


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryFacts:
    """What the page says of a library."""

    name: str
    language: str
    timezone: str


@dataclass(frozen=True, slots=True)
class AccountDoor:
    """One consortium's accounts, and how its libraries are called."""

    access: AccountAccess
    library: Callable[[str], LibraryFacts]


class AccountPages:
    """The pages over all consortia."""

    def __init__(self, doors: Sequence[AccountDoor]) -> None:
        self._doors = doors
        self._sheet = STYLE.read_text("utf-8")

    def mount(self, app: web.Application) -> None:
        """Put the pages into an application."""
        app.router.add_get("/account/style.css", self._style)
        app.router.add_get("/account/{token}", self._form)
        app.router.add_post("/account/end", self._end)
        app.router.add_post("/account/{token}", self._prove)

    async def _style(self, request: web.Request) -> web.Response:
        return web.Response(
            text=self._sheet, content_type="text/css", headers={"Cache-Control": "public, max-age=3600"}
        )

    async def _form(self, request: web.Request) -> web.Response:
        door = self._door(request)
        return _gone(request) if door is None else _form_page(request, door)

    async def _prove(self, request: web.Request) -> web.Response:
        door = self._door(request)
        if door is None:
            return _gone(request)
        given = await _given(request)
        scopes = frozenset(cast("list[AccountScope]", [one for one in given.get("may", []) if one in SCOPES]))
        if not scopes:
            return _form_page(request, door, "choose", status=422)
        card, pin = (next(iter(given.get(name, [])), "") for name in ("card", "pin"))
        try:
            grant = await door.access.prove(request.match_info["token"], card, pin, scopes, request.remote or "nowhere")
        except AccountProblem as problem:
            if problem.why == "gone":
                return _gone(request)
            return _form_page(request, door, problem.why, scopes, status=_status(problem.why))
        log.info("account-shown", library=grant.library)
        return _done(request, door, grant)

    async def _end(self, request: web.Request) -> web.Response:
        handle = next(iter((await _given(request)).get("handle", [])), "")
        for door in self._doors:
            if (grant := door.access.by_handle(handle)) is not None:
                door.access.end(grant.conversation)
        language = language_of(request.headers.get("Accept-Language", ""), "en")
        return _page(language, say(language, "ended-title"), f"<p>{escape(say(language, 'ended'))}</p>")

    def _door(self, request: web.Request) -> AccountDoor | None:
        token = request.match_info["token"]
        return next((door for door in self._doors if door.access.offered(token) is not None), None)


async def _given(request: web.Request) -> dict[str, list[str]]:
    """Read a form, without the help of what keeps it in files or names it in errors."""
    if (request.content_length or 0) > MOST_BODY:
        return {}
    raw = bytearray()
    async for chunk in request.content.iter_chunked(MOST_BODY):
        raw += chunk
        if len(raw) > MOST_BODY:
            return {}
    try:
        return parse_qs(raw.decode(), max_num_fields=20)
    except ValueError:
        return {}


def _form_page(
    request: web.Request,
    door: AccountDoor,
    problem: str = "",
    chosen: frozenset[AccountScope] = frozenset({"loans"}),
    status: int = 200,
) -> web.Response:
    offer = door.access.offered(request.match_info["token"])
    if offer is None:
        return _gone(request)
    facts = door.library(offer.library)
    config = door.access.of(offer.library)
    language = language_of(request.headers.get("Accept-Language", ""), facts.language)

    def word(key: str, **values: str) -> str:
        return escape(say(language, key, **values))

    boxes = "".join(
        f'<label class="choice"><input type="checkbox" name="may" value="{one}"{" checked" if one in chosen else ""}>'
        f"<span>{word(one)}</span></label>"
        for one in SCOPES
    )
    key = "unreachable" if problem in ("too-slow", "refused", "not-understood") else problem
    telephone = config.telephone if config is not None else ""
    key = "locked-call" if key == "locked" and telephone else key
    told = f'<p class="problem" role="alert">{word(key, telephone=telephone)}</p>' if key else ""
    return _page(
        language,
        say(language, "title"),
        f'<p>{word("lead", library=facts.name)}</p>{told}<form method="post" autocomplete="off">'
        f'<label>{word("card")}<input name="card" required maxlength="64" autocomplete="off" autocapitalize="off"'
        ' spellcheck="false"></label>'
        f'<label>{word("pin")}<input name="pin" type="password" required maxlength="128" autocomplete="off"></label>'
        f'<fieldset><legend>{word("may")}</legend>{boxes}</fieldset><p class="hint">{word("ends")}</p>'
        f"<button>{word('send')}</button></form>",
        status,
    )


def _done(request: web.Request, door: AccountDoor, grant: AccountGrant) -> web.Response:
    facts = door.library(grant.library)
    language = language_of(request.headers.get("Accept-Language", ""), facts.language)
    until = f"{datetime.fromtimestamp(grant.until, UTC).astimezone(_zone(facts.timezone)):%H:%M}"
    what = "; ".join(say(language, one) for one in SCOPES if one in grant.scopes)
    return _page(
        language,
        say(language, "done-title"),
        f'<p>{escape(say(language, "done", what=what, until=until))}</p><p class="hint">{escape(say(language, "ends"))}</p>'
        f'<form method="post" action="/account/end"><input type="hidden" name="handle" value="{escape(grant.handle)}">'
        f"<button>{escape(say(language, 'end'))}</button></form>",
    )


def _gone(request: web.Request) -> web.Response:
    language = language_of(request.headers.get("Accept-Language", ""), "en")
    return _page(language, say(language, "gone-title"), f"<p>{escape(say(language, 'gone'))}</p>", 404)


def _page(language: str, title: str, body: str, status: int = 200) -> web.Response:
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        '<link rel="stylesheet" href="/account/style.css"></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)


def _status(why: AccountWhy) -> int:
    return {"not-verified": 403, "locked": 429}.get(why, 503)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return ZoneInfo("UTC")
