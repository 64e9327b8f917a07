"""The addresses of the portal. Everybody may read them; nothing is written by them.

/                            the only library's page, else a list of libraries
/library/<id>/               a library's page
/library/<id>/accessibility  what it says about that
/library/<id>/privacy
/library/<id>/hours.ics      its hours as a calendar
/library/<id>/catalogue      leads to the catalogue's own results for `words`
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from babel import Locale

from bridge.catalogue.search import Catalogues, Found
from bridge.contract.adapter import ChannelDesk
from bridge.contract.emblem import emblem
from bridge.contract.token_bucket import Rate, TokenBuckets
from bridge.faq.site import FaqFront
from bridge.pages.frame import NOTICES, frame, frame_of_none
from bridge.pages.languages import locale, words
from bridge.pages.markdown import html_of
from bridge.pages.nowhere import missing
from bridge.pages.public_site import asset, json_script, language_of, page
from bridge.portal import desk_hours, library_page
from bridge.portal.library_page import ChatChannel
from routing.organisation import Library
from routing.state import State

CALENDAR_S = 900
REMEMBERED = 20_000  # addresses whose searches are counted
LONGEST_WORDS = 300  # characters of a search that are handed on


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalDesk:
    """One consortium as the portal needs it.

    state   how its core sees it now
    desk    how the desk of a channel is
    chats   its channels with a page on which one can write
    catalogues  where its libraries' catalogues are searched
    """

    state: Callable[[], State]
    desk: Callable[[str], ChannelDesk]
    chats: Sequence[ChatChannel]
    catalogues: Catalogues = field(default_factory=Catalogues)


class Portal:
    """The public pages of every library of an installation. `public_url` is what people type, "" = what a request names.

    `faq` returns what a library's page shows of its FAQ in a language, None where there is no entry or it cannot be read now.
    """

    def __init__(
        self,
        desks: Sequence[PortalDesk],
        public_url: str = "",
        faq: Callable[[Library, str], Awaitable[FaqFront | None]] | None = None,
    ) -> None:
        self._desks = desks
        self._faq = faq
        self._searches = TokenBuckets(Rate(0.5, 20), REMEMBERED)
        self._public_url = public_url.rstrip("/")

    def mount(self, app: web.Application) -> None:
        """Put the routes into an application."""
        routes = (
            ("/", self._front),
            ("/pages/assets/{name}", asset),
            ("/library/{id}", self._with_slash),
            ("/library/{id}/", self._one(self._library)),
            ("/library/{id}/hours.ics", self._one(self._calendar)),
            ("/library/{id}/catalogue", self._one(self._catalogue)),
            *((f"/library/{{id}}/{name}", self._one(self._notice)) for name in NOTICES),
        )
        for path, handler in routes:
            app.router.add_get(path, handler)

    def libraries(self) -> list[tuple[PortalDesk, Library]]:
        """Return the libraries that have a page: those here in whose queues one can ask, not those of partner deployments."""
        return [
            (desk, library)
            for desk in self._desks
            for library in desk.state().roster.libraries.values()
            if library.queues and not library.removed and not library.partner
        ]

    # ---- what is asked for ----

    def _one(
        self, show: Callable[[web.Request, PortalDesk, Library], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def found(request: web.Request) -> web.Response:
            name = request.match_info["id"]
            for desk, library in self.libraries():
                if library.id == name:
                    return await show(request, desk, library)
            return missing(request)

        return found

    async def _with_slash(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPMovedPermanently(f"/library/{request.match_info['id']}/")

    async def _front(self, request: web.Request) -> web.StreamResponse:
        libraries = self.libraries()
        if not libraries:
            raise web.HTTPFound("/inbox")
        if len(libraries) == 1:
            return await self._library(request, *libraries[0])
        language = language_of(request, libraries[0][1].language)
        w = words(language)
        shown = sorted((library for _, library in libraries), key=lambda each: each.name.casefold())
        return page(
            request,
            "portal/libraries.html",
            language,
            libraries=[
                (each.name, each.portal.tagline, address(each), each.accent, emblem(each.name)) for each in shown
            ],
            **frame_of_none(w["libraries"]),
        )

    # ---- one library ----

    async def _library(self, request: web.Request, desk: PortalDesk, library: Library) -> web.Response:
        language, there = self._spoken(request, library)
        now = time.time_ns() // 1_000_000
        chat = library_page.chat_of(library, desk.chats)
        hours = library_page.hours_of(library, now, there)
        searched = desk.catalogues.of(library.id)
        catalogue = library.portal.catalogue or desk.catalogues.search_link(library.id)
        faq = await self._faq(library, language) if self._faq is not None else None
        return page(
            request,
            "portal/library.html",
            language,
            forms=[library_page.origin_of(catalogue)] if catalogue else [],
            catalogue="here" if searched is not None and searched.searched else "there" if catalogue else "",
            **self._common(library, language) | {"launcher": chat.launcher if chat else ""},
            page=library.portal,
            welcome=html_of(library.portal.welcome),
            chat=library_page.chat_status(chat, desk.desk(chat.channel), now, there) if chat else None,
            ways=library_page.ways(library.portal),
            hours=hours,
            faq=faq,
            here=address(library),
            described=json_script(library_page.described(library, self._whole(request, library), hours)),
        )

    async def _notice(self, request: web.Request, desk: PortalDesk, library: Library) -> web.Response:
        language, _ = self._spoken(request, library)
        name = request.path.rpartition("/")[2]
        source = getattr(library.portal, name)
        if not source.strip():
            return missing(request)
        common = self._common(library, language)
        return page(
            request, "portal/notice.html", language, **common, heading=words(language)[name], text=html_of(source)
        )

    async def _calendar(self, request: web.Request, desk: PortalDesk, library: Library) -> web.Response:
        if library.openings is None:
            return missing(request)
        name = f"{library.name}: {words(language_of(request, library.language))['hours']}"
        body = desk_hours.calendar(library.openings, library.id, name, library.timezone, time.time_ns() // 1_000_000)
        headers = {
            "Cache-Control": f"public, max-age={CALENDAR_S}",
            "Content-Disposition": "inline; filename=hours.ics",
        }
        return web.Response(body=body, content_type="text/calendar", charset="utf-8", headers=headers)

    async def _catalogue(self, request: web.Request, desk: PortalDesk, library: Library) -> web.Response:
        """Show what is found, or lead to the catalogue's own page where the desk cannot search it."""
        words = request.query.get("words", "")[:LONGEST_WORDS]
        config = desk.catalogues.of(library.id)
        if config is None or not config.searched:
            target = desk.catalogues.search_link(library.id, words) or library_page.search_address(
                library.portal.catalogue, words
            )
            if not target:
                return missing(request)
            return web.Response(status=303, headers={"Location": target, "Cache-Control": "no-store"})
        return await self._found(request, desk, library, " ".join(words.split()))

    async def _found(self, request: web.Request, desk: PortalDesk, library: Library, words: str) -> web.Response:
        language, _ = self._spoken(request, library)
        asked = request.query.get("start", "")
        start = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
        may = not words or self._searches.allows(request.remote or "", time.monotonic())
        found = await desk.catalogues.search(library.id, words, "any", start) if may else Found()
        return page(
            request,
            "portal/catalogue.html",
            language,
            status=200 if may else 429,
            **self._common(library, language),
            asked=words,
            too_many=not may,
            found=found,
            records=[
                (one, library_page.web_address(desk.catalogues.record_link(library.id, one))) for one in found.records
            ],
            own=desk.catalogues.search_link(library.id, words),
            here=address(library),
        )

    # ---- shared by the pages of a library ----

    def _spoken(self, request: web.Request, library: Library) -> tuple[str, Locale]:
        language = language_of(request, library.language)
        return language, locale(language, library.country)

    def _common(self, library: Library, language: str) -> dict[str, Any]:
        return frame(library, language, address(library), library.portal.tagline)

    def _whole(self, request: web.Request, library: Library) -> str:
        return f"{self._public_url or f'{request.scheme}://{request.host}'}{address(library)}"


def address(library: Library) -> str:
    """Return where a library's page is, below the installation's own address."""
    return f"/library/{library.id}/"
