"""What a person reads at an address that no page has. A program is answered as the interface answers it."""

from __future__ import annotations

from aiohttp import web

from bridge.pages.frame import frame_of_none
from bridge.pages.languages import words
from bridge.pages.public_site import language_of, page

MACHINES = ("/api/", "/channels/")  # below them no page of ours is looked for


def asked_by_a_person(request: web.Request) -> bool:
    """Say whether a browser wants to show what is there: it asks for HTML by name (RFC 9110 12.5.1)."""
    reads = request.method in ("GET", "HEAD") and not f"{request.path}/".startswith(MACHINES)
    return reads and "text/html" in request.headers.get("Accept", "").lower()


def missing(request: web.Request) -> web.Response:
    """Answer 404 with a page in the reader's language. Raises HTTPServiceUnavailable where the pages are not built."""
    language = language_of(request, "")
    found = page(request, "pages/missing.html", language, status=404, **frame_of_none(words(language)["ask"]))
    found.headers["Cache-Control"] = "no-store"
    return found
