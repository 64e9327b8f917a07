"""The public pages' templates, headers and files.

Templates escape what is put into them. A page runs no inline script, loads from this daemon alone, is framed by nobody and sets no
cookie. A form may lead to this daemon, and to the origins that its page names. Built files have their hash in their name.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from aiohttp import web
from jinja2 import BaseLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from bridge.contract.language_tag import direction
from bridge.pages.languages import chosen, languages, say, words
from bridge.runtime import compression

STATIC = Path(__file__).parent / "static"
MANIFEST = STATIC / ".vite" / "manifest.json"
ASSETS = "/pages/"  # entries of the manifest begin with assets/
HASHED = "public, max-age=31536000, immutable"
BRIEF_S = 30  # for how long a page may be shown again without asking


class Assets(NamedTuple):
    """The addresses of what every page loads."""

    script: str
    styles: tuple[str, ...]


class NotBuilt(Exception):
    """The pages' style and script are not there: `make pages` builds them."""


@cache
def assets() -> Assets:
    """Return where the pages' style and script are. Raises NotBuilt."""
    try:
        entry = msgspec.json.decode(MANIFEST.read_bytes())["portal.ts"]
    except FileNotFoundError:
        raise NotBuilt from None
    return Assets(ASSETS + entry["file"], tuple(ASSETS + each for each in entry.get("css", ())))


class _Rooms(BaseLoader):
    """Finds `portal/library.html` in the folder `templates` of `bridge/portal`."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        room, _, name = template.partition("/")
        return _room(room).get_source(environment, name)


@cache
def _room(name: str) -> PackageLoader:
    return PackageLoader(f"bridge.{name}")


@cache
def _templates() -> Environment:
    return Environment(
        loader=_Rooms(),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def language_of(request: web.Request, own: str) -> str:
    """Return the language that a request is answered in; `own` is the library's."""
    return chosen(request.query.get("language", ""), request.headers.get("Accept-Language", ""), own)


def page(
    request: web.Request, template: str, language: str, *, forms: Sequence[str] = (), status: int = 200, **facts: Any
) -> web.Response:
    """Answer with a page made of `facts`. `forms` are the origins, beside our own, to which its forms may lead."""
    text = _templates().get_template(template)
    try:
        files = assets()
    except NotBuilt as error:
        raise web.HTTPServiceUnavailable(text="The pages are not built: run `make pages`.\n") from error
    shown = text.render(
        w=words(language),
        say=partial(say, language),
        language=language,
        direction=direction(language),
        languages=languages(),
        assets=files,
        **facts,
    )
    etag = sha256(shown.encode()).hexdigest()[:32]
    headers = {
        "Content-Security-Policy": policy(request, forms),
        "Cache-Control": f"public, max-age={BRIEF_S}",
        "Vary": "Accept-Language",
        "Content-Language": language,
        "ETag": f'"{etag}"',
    }
    if any(each.value == etag for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(text=shown, status=status, content_type="text/html", headers=headers)


def policy(request: web.Request, forms: Sequence[str]) -> str:
    """Return the Content-Security-Policy of a page (CSP 3). Redirects of a form count as its target."""
    targets = " ".join(("'self'", *forms))
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )


def json_script(value: object) -> Markup:
    """Return JSON that may stand inside a `<script type="application/ld+json">`: no sign in it can end the element."""
    text = msgspec.json.encode(value).decode()
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


async def asset(request: web.Request) -> web.StreamResponse:
    """Answer with a built file, packed where the browser takes that."""
    name = request.match_info["name"]
    path = (STATIC / "assets" / name).resolve()
    if not path.is_relative_to(STATIC.resolve()) or not path.is_file():
        raise web.HTTPNotFound
    sent, coding = compression.built(request, path)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return web.FileResponse(sent, headers={"Cache-Control": HASHED, "Content-Type": kind, **coding})


def with_query(request: web.Request, **changed: str) -> str:
    """Return the address of this page with some words of its query changed."""
    query: Mapping[str, str] = {**request.query, **changed}
    return str(request.rel_url.with_query(dict(query)))
