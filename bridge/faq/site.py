"""The FAQ's public pages. Everybody may read them; nothing is written by them but counts, and words that carry no person.

/faq/                                  the only library's FAQ, else the libraries that have one
/faq/sitemap.xml
/faq/<number>                          to the entry that another system had under it
/faq/channels/<channel>/titles.json    the titles of the library that a channel leads to
/faq/<library>/                        its topics
/faq/<library>/topic?name=             one topic
/faq/<library>/search?q=               results
/faq/<library>/ask?q=                  to the library's page, when a search did not help
/faq/<library>/feed.atom, titles.json
/faq/<library>/files/<id>              a file of a public entry
/faq/<library>/<language>/<slug>       an entry; POST: did it help?
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web

from bridge.contract.emblem import emblem
from bridge.contract.language_tag import direction
from bridge.contract.token_bucket import Rate, TokenBuckets
from bridge.faq import feeds
from bridge.faq.public_list import PublicEntry, PublicList, PublicLists
from bridge.faq.scrub import scrub
from bridge.faq.tally import FaqTally
from bridge.pages.frame import frame, frame_of_none
from bridge.pages.languages import words
from bridge.pages.markdown import html_of, text_of
from bridge.pages.public_site import json_script, language_of, page
from bridge.sql.archive import Archive
from bridge.sql.faq.counts import Counted, today
from bridge.sql.faq.entry import PUBLIC, EntryText, FaqEntry
from bridge.sql.faq.search import FITS, FaqHit, Scope
from routing.organisation import Library
from routing.state import State

log = structlog.get_logger("bridge.faq")

LONGEST_SEARCH = 200
RESULTS, RELATED, POPULAR, SHOWN_OF_TOPIC = 20, 4, 6, 6
POPULAR_DAYS = 30
FRONT_S, FRONT_PATIENCE_S, MOST_FRONTS = 60.0, 2.0, 5_000
REMEMBERED = 20_000  # addresses whose rate is known
ANSWERS: dict[str, Counted] = {"yes": "helpful", "no": "unhelpful", "solved": "solved"}
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
Show = Callable[[web.Request, Library], Awaitable[web.StreamResponse]]
States = Callable[[], State]


class FaqFront(NamedTuple):
    """A library's FAQ as its page shows it: where it is, and the address and title of some entries."""

    home: str
    links: Sequence[tuple[str, str]]


class FaqSite:
    """The pages of every library of an installation; `states` are the cores of its consortia as this process sees them."""

    def __init__(self, states: Sequence[States], archive: Archive, public_url: str = "") -> None:
        self._states = states
        self._archive = archive
        self._public_url = public_url.rstrip("/")
        self._lists = PublicLists(archive.faq)
        self.tally = FaqTally(archive.faq_counts)
        self._searches = TokenBuckets(Rate(2, 40), REMEMBERED)
        self._fronts: dict[tuple[str, str], tuple[float, FaqFront | None]] = {}
        self._answers = TokenBuckets(Rate(0.2, 12), REMEMBERED)

    def mount(self, app: web.Application) -> None:
        """Put the routes into an application."""
        get = app.router.add_get
        get("/faq", self._with_slash)
        get("/faq/", self._front)
        get("/faq/sitemap.xml", self._sitemap)
        get("/faq/{number:[0-9]{1,12}}", self._of_before)
        get("/faq/channels/{channel}/titles.json", self._titles_of_channel)
        for path, show in (
            ("", self._home), ("topic", self._topic), ("search", self._results), ("ask", self._ask), ("feed.atom", self._feed),
            ("titles.json", self._titles), ("files/{id}", self._file), ("{language}/{slug}", self._entry),
        ):  # fmt: skip
            get(f"/faq/{{library}}/{path}", self._of_library(show))
        app.router.add_post("/faq/{library}/{language}/{slug}", self._of_library(self._answer))
        app.cleanup_ctx.append(self._counting)

    async def _counting(self, app: web.Application) -> Any:
        task = asyncio.create_task(self.tally.run(), name="faq counts")
        yield
        task.cancel()
        await asyncio.wait([task])

    def libraries(self) -> list[Library]:
        """Return the libraries that may have a FAQ: those here, not those of partner deployments."""
        every = (library for state in self._states for library in state().roster.libraries.values())
        return [library for library in every if library.queues and not library.removed and not library.partner]

    async def search(self, library: str, asked: str, language: str, *, limit: int = RESULTS) -> list[FaqHit]:
        """Return the public entries nearest to a question; for other pages, too."""
        return await self._archive.faq_search.find(asked, Scope((library,)), language=language, limit=limit)

    async def popular(self, library: str, language: str) -> list[tuple[str, str]]:
        """Return the address and title of what was read most in the last weeks; for other pages, too."""
        found = await self._lists.of(library)
        counted = await self._archive.faq_counts.of_library(library, today() - timedelta(days=POPULAR_DAYS))
        reads = {id: by.get("view", 0) + 3 * by.get("helpful", 0) for id, by in counted.items()}
        most = sorted((one for one in found.entries if reads.get(one.id)), key=lambda one: (-reads[one.id], one.id))
        return [_link(found, one, language) for one in most[:POPULAR]]

    async def front(self, library: Library, language: str) -> FaqFront | None:
        """Return what a library's page shows of its FAQ; None without an entry, and where the database is away or slow.

        It is looked at once a minute for all readers of a language."""
        key, now = (library.id, language), time.monotonic()
        kept = self._fronts.get(key)
        if kept is not None and now - kept[0] < FRONT_S:
            return kept[1]
        try:
            async with asyncio.timeout(FRONT_PATIENCE_S):
                found = await self._front_of(library.id, language)
        except Exception as error:  # the page stands without it; what is wrong is told elsewhere
            log.warning("the FAQ cannot be read for a library's page", why=type(error).__name__)
            found = None
        if len(self._fronts) >= MOST_FRONTS:
            self._fronts.clear()
        self._fronts[key] = (now, found)
        return found

    async def _front_of(self, library: str, language: str) -> FaqFront | None:
        found = await self._lists.of(library)
        if not found.entries:
            return None
        featured = [_link(found, one, language) for one in found.entries if one.featured]
        most = await self.popular(library, language)
        links = list(
            dict.fromkeys([*featured, *most, *(_link(found, one, language) for one in found.entries[:POPULAR])])
        )
        return FaqFront(_home(library), links[:POPULAR])

    # ---- what is asked for ----

    def _of_library(self, show: Show) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def found(request: web.Request) -> web.StreamResponse:
            name = request.match_info["library"]
            library = next((one for one in self.libraries() if one.id == name), None)
            return await show(request, library) if library is not None else self._missing(request)

        return found

    async def _with_slash(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPMovedPermanently("/faq/")

    async def _front(self, request: web.Request) -> web.StreamResponse:
        libraries = self.libraries()
        counted = await self._archive.faq.counted([one.id for one in libraries])
        shown = sorted((one for one in libraries if counted.get(one.id)), key=lambda one: one.name.casefold())
        if len(shown) == 1:
            raise web.HTTPFound(_home(shown[0].id))
        language = language_of(request, libraries[0].language if libraries else "")
        found = [(one.name, _home(one.id), counted[one.id], one.accent, emblem(one.name)) for one in shown]
        return page(
            request, "faq/libraries.html", language, libraries=found, **frame_of_none(words(language)["faq"], "/faq/")
        )

    async def _of_before(self, request: web.Request) -> web.StreamResponse:
        there = {library.id for library in self.libraries()}
        for language, entry in await self._archive.faq.led(request.match_info["number"]):
            if entry.level == PUBLIC and entry.library in there:
                text = entry.text_in(language)
                raise web.HTTPMovedPermanently(feeds.entry_path(entry.library, text.language, text.slug))
        return self._missing(request)

    def _missing(self, request: web.Request, library: Library | None = None) -> web.Response:
        language = language_of(request, library.language if library is not None else "")
        common = _common(library, language) if library is not None else frame_of_none(words(language)["faq"], "/faq/")
        return page(request, "faq/missing.html", language, status=404, **common)

    async def _home(self, request: web.Request, library: Library) -> web.StreamResponse:
        language = language_of(request, library.language)
        found = await self._lists.of(library.id)
        groups = [(topic, _topic(library.id, topic), found.about(topic)) for topic in found.topics]
        shown = [
            (topic, href, [_link(found, one, language) for one in entries[:SHOWN_OF_TOPIC]], len(entries))
            for topic, href, entries in groups
        ]
        others = [_link(found, one, language) for one in found.entries if not one.topics][:100]
        return page(
            request, "faq/home.html", language,
            **_common(library, language), topics=shown, others=others, count=len(found.entries),
            featured=[_link(found, one, language) for one in found.entries if one.featured][:POPULAR],
            popular=await self.popular(library.id, language),
        )  # fmt: skip

    async def _topic(self, request: web.Request, library: Library) -> web.StreamResponse:
        language = language_of(request, library.language)
        found, name = await self._lists.of(library.id), request.query.get("name", "")
        entries = found.about(name)
        if not entries:
            return self._missing(request, library)
        links = [_link(found, one, language) for one in entries]
        return page(request, "faq/topic.html", language, **_common(library, language), topic=name, entries=links)

    async def _results(self, request: web.Request, library: Library) -> web.StreamResponse:
        language = language_of(request, library.language)
        asked = " ".join(request.query.get("q", "")[:LONGEST_SEARCH].replace("\x00", " ").split())
        if self._searches.take(request.remote or "", time.monotonic()):
            raise web.HTTPTooManyRequests
        hits = await self.search(library.id, asked, language) if asked else []
        if asked and not any(hit.fit >= FITS for hit in hits):
            await self._missed(library, language, asked)
        found = [(hit.title, feeds.entry_path(library.id, hit.language, hit.slug), hit.language) for hit in hits]
        return page(request, "faq/results.html", language, **_common(library, language), asked=asked, hits=found)

    async def _ask(self, request: web.Request, library: Library) -> web.StreamResponse:
        """Lead to the library's page; what was searched for in vain counts as a gap."""
        asked = " ".join(request.query.get("q", "")[:LONGEST_SEARCH].replace("\x00", " ").split())
        if asked and not self._searches.take(request.remote or "", time.monotonic()):
            await self._missed(library, language_of(request, library.language), asked)
        return web.Response(status=303, headers={"Location": _desk(library.id), "Cache-Control": "no-store"})

    async def _missed(self, library: Library, language: str, asked: str) -> None:
        clean, removed = scrub(asked)
        if not removed:
            await self._archive.faq_counts.missed(library.id, language, clean.casefold())

    # ---- one entry ----

    async def _entry(self, request: web.Request, library: Library) -> web.StreamResponse:
        found = await self._at(request, library)
        if isinstance(found, web.Response):
            return found
        entry, text = found
        told = request.query.get("told", "")
        if not told and request.method == "GET":
            self.tally.count(entry.id, "view")
        language = language_of(request, text.language)
        body = await asyncio.to_thread(html_of, text.body, f"{_home(library.id)}files/")
        described = feeds.described(text.title, text_of(text.body), text.language)
        here = feeds.entry_path(library.id, text.language, text.slug)
        return page(
            request, "faq/entry.html", language, **_common(library, language), text=text, body=body, here=here, told=told,
            dir=direction(text.language), described=json_script(described), canonical=self._base(request) + here,
            topics=[(topic, _topic(library.id, topic)) for topic in entry.topics],
            translations=[
                (one.language, feeds.entry_path(library.id, one.language, one.slug), one.title)
                for one in entry.texts if one.language != text.language
            ],
            files=[(f"{_home(library.id)}files/{one.file}", one.name, one.alt, one.type in PICTURES) for one in entry.files
                   if f"attachment:{one.file}" not in text.body],
            related=await self._related(library.id, entry, text), day=_day(entry.changed_at),
            old=bool(entry.review_by) and entry.review_by < today().isoformat(),
        )  # fmt: skip

    async def _at(self, request: web.Request, library: Library) -> tuple[FaqEntry, EntryText] | web.Response:
        """Return the public entry at the address of a request; else what to answer."""
        language, slug = request.match_info["language"], request.match_info["slug"]
        found = (
            await self._archive.faq.at_address(library.id, language, slug) if "\x00" not in slug + language else None
        )
        if found is None or found[0].state != "public":
            return self._missing(request, library)
        entry, moved = found
        text = entry.text_in(language)
        if moved:
            where = feeds.entry_path(library.id, text.language, text.slug)
            return web.Response(status=301, headers={"Location": where, "Cache-Control": "public, max-age=300"})
        return entry, text

    async def _related(self, library: str, entry: FaqEntry, text: EntryText) -> list[tuple[str, str]]:
        """Return links to what is related by hand, else to what is nearest by search."""
        found = await self._lists.of(library)
        by_id = {one.id: one for one in found.entries}
        near = [by_id[id] for id in entry.related if id in by_id]
        if not near:
            hits = await self._archive.faq_search.find(text.title, Scope((library,)), language=text.language, fits=0.2)
            near = [by_id[hit.entry] for hit in hits if hit.entry != entry.id and hit.entry in by_id]
        return [_link(found, one, text.language) for one in near[:RELATED]]

    async def _answer(self, request: web.Request, library: Library) -> web.StreamResponse:
        """Count whether an entry helped; keep what a reader adds, without persons."""
        if not self._from_here(request):
            raise web.HTTPForbidden
        if self._answers.take(request.remote or "", time.monotonic()):
            raise web.HTTPTooManyRequests
        found = await self._at(request, library)
        if isinstance(found, web.Response):
            return found
        entry, text = found
        form = await request.post()
        told, remark = str(form.get("helpful", "")), form.get("remark", "")
        if told in ANSWERS:
            self.tally.count(entry.id, ANSWERS[told])
        elif isinstance(remark, str) and remark.strip():
            clean, _ = scrub(remark.replace("\x00", " ").strip())
            await self._archive.faq_counts.remark(entry.id, clean)
            told = "remark"
        else:
            raise web.HTTPBadRequest
        where = feeds.entry_path(library.id, text.language, text.slug)
        query = f"?language={quote(language_of(request, text.language))}&told={told}#helpful"
        return web.Response(status=303, headers={"Location": where + query, "Cache-Control": "no-store"})

    def _from_here(self, request: web.Request) -> bool:
        """Say whether a form comes from a page of ours; a browser names the page's origin with each POST (Fetch 3.1)."""
        origin = request.headers.get("Origin", "")
        return not origin or urlsplit(origin).netloc in (request.host, urlsplit(self._public_url).netloc)

    # ---- for machines ----

    async def _file(self, request: web.Request, library: Library) -> web.StreamResponse:
        id = request.match_info["id"]
        listed = await self._lists.of(library.id)
        found = await self._archive.faq.file(library.id, id) if id in listed.files else None
        if found is None:
            raise web.HTTPNotFound
        return file_answer(*found, listed.files[id])

    async def _feed(self, request: web.Request, library: Library) -> web.StreamResponse:
        name = f"{library.name}: {words(language_of(request, library.language))['faq']}"
        body = feeds.atom(await self._lists.of(library.id), name, self._base(request))
        return _brief(body.encode(), "application/atom+xml")

    async def _sitemap(self, request: web.Request) -> web.StreamResponse:
        lists = [await self._lists.of(one.id) for one in self.libraries()]
        return _brief(feeds.sitemap(lists, self._base(request)).encode(), "application/xml")

    async def _titles(self, request: web.Request, library: Library) -> web.StreamResponse:
        found = await self._lists.of(library.id)
        headers = {"Cache-Control": "public, max-age=60", "ETag": f'"{found.version}"'}
        if any(tag.value == found.version for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=feeds.titles(found), content_type="application/json", headers=headers)

    async def _titles_of_channel(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["channel"]
        queues = (state().channels[name].queue for state in self._states if name in state().channels)
        library = next(queues, "").partition("/")[0]
        for one in self.libraries():
            if one.id == library:
                return await self._titles(request, one)
        raise web.HTTPNotFound

    def _base(self, request: web.Request) -> str:
        return self._public_url or f"{request.scheme}://{request.host}"


def file_answer(type: str, body: bytes, name: str) -> web.Response:
    """Return a file of an entry: pictures are shown, all else is downloaded, and nothing of it runs."""
    way = "inline" if type in PICTURES else "attachment"
    headers = {
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "public, max-age=3600",
    }
    return web.Response(body=body, content_type=type, headers=headers)


def _brief(body: bytes, kind: str) -> web.Response:
    return web.Response(
        body=body,
        content_type=kind,
        charset="utf-8",
        headers={"Cache-Control": "public, max-age=300", "Vary": "Accept-Language"},
    )


def _home(library: str) -> str:
    return f"/faq/{quote(library, safe='')}/"


def _desk(library: str) -> str:
    return f"/library/{quote(library, safe='')}/"


def _topic(library: str, name: str) -> str:
    return f"{_home(library)}topic?name={quote(name, safe='')}"


def _link(found: PublicList, one: PublicEntry, language: str) -> tuple[str, str]:
    """Return the address and title of an entry, in a language where there is such a text."""
    own, slug, title, _ = one.text_in(language)
    return feeds.entry_path(found.library, own, slug), title


def _day(ms: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(ms / 1000))


def _common(library: Library, language: str) -> Mapping[str, Any]:
    """Return what every page of a library's FAQ shows."""
    shown = frame(library, language, _desk(library.id), words(language)["faq"])
    return shown | {"faq_home": _home(library.id)}
