"""The public pages over HTTP: what stands on them is true, nothing of a library's own words becomes more than text."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
import pytest
from icalendar import Calendar
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser

from bridge.app.http import Server, application
from bridge.catalogue.search import Catalogues
from bridge.catalogue.settings import CatalogueConfig
from bridge.contract.adapter import ChannelDesk
from bridge.portal.library_page import ChatChannel
from bridge.portal.routes import Portal, PortalDesk
from bridge.runtime.health import DaemonHealth
from routing.organisation import Library, PortalLink, PortalPage, Queue
from routing.state import State
from tests.catalogue.odd_host import odd_host, sru, titled

HERE = ChannelDesk(open=True, online=True, busy=False)
SHUT = ChannelDesk(open=False, online=False)
HOUR = 3_600_000
NORTH = Library(
    id="north",
    revision=1,
    name="North Library",
    timezone="Europe/Berlin",
    queues=(Queue(id="north/reference", name="Reference"),),
)
SOUTH = replace(NORTH, id="south", name="South", queues=(Queue(id="south/reference", name="Reference"),))
Get = Callable[..., Any]


class Answer:
    """A page as it came."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text
        self.html = LexborHTMLParser(text)

    def words(self, selector: str) -> list[str]:
        """Return the texts of what a selector finds."""
        return [" ".join(each.text().split()) for each in self.html.css(selector)]


@asynccontextmanager
async def site(
    *libraries: Library, desk: ChannelDesk = HERE, catalogues: Catalogues | None = None
) -> AsyncIterator[Get]:
    """Serve the pages of some libraries; the first has a chat."""
    state = State()
    for one in libraries:
        state.libraries[one.id] = one
    chats = (ChatChannel("web", "north/reference", "/channels/web/chat", "/channels/web/widget.js"),)
    found = catalogues or Catalogues()
    portal = Portal([PortalDesk(state=lambda: state, desk=lambda channel: desk, chats=chats, catalogues=found)])
    server = Server(application(health=DaemonHealth(), portal=portal), "127.0.0.1:0")
    await server.start()

    async def get(path: str, **headers: str) -> Answer:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        async with session.get(server.url + path, headers=told, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.text())

    try:
        async with aiohttp.ClientSession() as session:
            yield get
    finally:
        await server.stop()


async def test_the_only_library_is_the_first_page_and_several_are_a_list() -> None:
    async with site(NORTH) as get:
        page = await get("/")
        assert page.words(".name") == ["North Library"]
        assert page.html.css_first("html").attributes["data-launcher"] == "/channels/web/widget.js"
    unasked = replace(SOUTH, id="backup", name="Back-up", queues=())
    partner = replace(SOUTH, id="far", name="Far", partner="p1")
    async with site(NORTH, SOUTH, unasked, partner) as get:
        page = await get("/")
        assert page.words(".of") == ["North Library", "South"]
        assert (await get("/library/backup/")).status == 404
        assert (await get("/library/south/")).words(".state") == []  # no channel leads to it: no chat is offered
        missing = await get("/library/%3Cb%3E/")
        assert (missing.status, missing.html.css("b")) == (404, [])
    async with site() as get:
        assert (await get("/")).headers["Location"] == "/inbox"


@pytest.mark.parametrize("path", ["/nothing-here", "/library/nowhere/", "/faq/north/en/nothing"])
async def test_an_address_that_no_page_has_is_told_to_a_person_in_their_language(path: str) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept_Language": "de-DE,de;q=0.9"}
    async with site(NORTH) as get:
        page = await get(path, **browser)
        assert (page.status, page.html.css_first("html").attributes["lang"]) == (404, "de")
        assert page.words("h1") == ["Diese Seite gibt es nicht"]
        assert page.html.css_first("main a").attributes["href"] == "/"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        for elsewhere, headers in (("/nothing-here", {}), ("/api/v1/nothing", browser), ("/api", browser)):
            answer = await get(elsewhere, **headers)
            assert (answer.status, msgspec.json.decode(answer.text)["error"]) == (404, "not-found")


@pytest.mark.parametrize(
    "desk, says, button, reaches",
    [
        (HERE, "A librarian is here now.", "Chat", ""),
        (ChannelDesk(open=True, online=True, busy=True), "All librarians are busy", "Chat", ""),
        (ChannelDesk(open=True, online=False), "Nobody is at the desk right now.", "Leave a question", ""),
        (ChannelDesk(open=False, online=False), "The desk is closed.", "Leave a question", "address or phone"),
        (replace(SHUT, answers="mail"), "The desk is closed.", "Leave a question", "email address that you"),
        (replace(SHUT, answers=""), "The desk is closed.", "Leave a question", "in the browser that you ask from"),
        (replace(HERE, down=True), "can't take messages right now", "Chat", ""),
    ],
)
async def test_it_says_how_the_desk_is_and_where_an_answer_comes_to(
    desk: ChannelDesk, says: str, button: str, reaches: str
) -> None:
    async with site(NORTH, desk=desk) as get:
        page = await get("/library/north/")
        assert says in page.words(".state")[0]
        told = [words for words in page.words(".ask .soft") if words.startswith("The answer")]
        assert (reaches in told[0]) if reaches else not told
        assert page.words(".button") == [button]


async def test_a_reader_gets_their_language_and_it_is_marked() -> None:
    opens = int(time.time() * 1000) + 30 * HOUR
    closed = ChannelDesk(open=False, online=False, next_opening=opens, timezone="Europe/Berlin")
    for header, query, spoken in (
        ("de-AT,en;q=0.5", "", "de"),
        ("sv, fr;q=0.3, es;q=0.9", "", "es"),
        ("de", "?language=fr", "fr"),
        ("tlh;q=x, ;;, *", "", "en"),
        ("", "?language=../../etc", "en"),
    ):
        async with site(NORTH, desk=closed) as get:
            page = await get(f"/library/north/{query}", Accept_Language=header)
            assert page.html.css_first("html").attributes["lang"] == spoken, header
            assert page.headers["Content-Language"] == spoken
            assert page.words(".languages [aria-current]") == [
                {"de": "Deutsch", "es": "Español", "fr": "Français", "en": "English"}[spoken]
            ]
            assert re.search(r"\d:\d\d", page.words(".state")[0]), "when it opens"


async def test_a_library_s_own_words_stay_words() -> None:
    """Text, Markdown, links, JSON-LD, the policy: nothing ends an element, a header or a rule."""
    bad = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    markdown = f"{bad}\n\n[x](javascript:alert(1)) [y](data:text/html,x) [z](https://ok.example)\n\n# One\n\n| a |\n|---|\n| b |"
    library = replace(
        NORTH,
        name=bad,
        accent="#123456",
        portal=PortalPage(
            tagline=bad,
            welcome=markdown,
            street=bad,
            town=bad,
            privacy=markdown,
            links=(PortalLink(label=bad, url="https://l.example"),),
        ),
    )
    async with site(library) as get:
        for path in ("/library/north/", "/library/north/privacy"):
            page = await get(path)
            assert page.status == 200
            scripts = page.html.css("script")
            assert all(
                each.attributes.get("src") or each.attributes["type"] == "application/ld+json" for each in scripts
            )
            assert page.html.css("img") == []
            hrefs = [each.attributes.get("href") or "" for each in page.html.css("a")]
            assert not [each for each in hrefs if each.startswith(("javascript:", "data:"))]
            assert "https://ok.example" in hrefs
            assert "One" in page.words("h2")
            assert page.headers["Content-Security-Policy"].count(";") == 8
            assert "unsafe" not in page.headers["Content-Security-Policy"]
            assert "Set-Cookie" not in page.headers
        (described,) = (await get("/library/north/")).html.css('script[type="application/ld+json"]')
        assert msgspec.json.decode(described.text())["name"] == bad
        assert (await get("/library/north/accessibility")).status == 404, "an empty notice is no page"


async def test_a_search_leads_to_the_catalogue_with_the_words_and_nothing_more() -> None:
    page = PortalPage(catalogue="https://cat.example/find?q={words}&tab=all")
    async with site(replace(NORTH, portal=page)) as get:
        shown = await get("/library/north/")
        assert "form-action 'self' https://cat.example;" in shown.headers["Content-Security-Policy"]
        for words in ("Ærø & #1?", "a\r\nSet-Cookie: x=1", "{words}", "x" * 5000):
            told = await get(f"/library/north/catalogue?words={quote(words)}")
            assert told.status == 303
            whole = f"https://cat.example/find?q={quote(words.strip()[:300], safe='')}&tab=all"
            assert told.headers["Location"] == whole
            assert "Set-Cookie" not in told.headers
    async with site(NORTH) as get:
        assert (await get("/library/north/catalogue?words=x")).status == 404


async def test_a_catalogue_that_the_desk_can_search_is_searched_on_the_page() -> None:
    """Found, not found, away, asked too often; a record's own address leads to the web or nowhere."""
    async with odd_host() as host:
        host.body = sru(titled("Aida &lt;1871&gt;", "a/1"))
        config = CatalogueConfig(
            library="north", url=host.url, own_network=True, record_link="https://opac.example/{id}"
        )
        async with site(NORTH, catalogues=Catalogues([config])) as get:
            assert (await get("/library/north/")).words("#where") == []
            page = await get("/library/north/catalogue?words=Aida+%3Cb%3E")
            assert page.words(".records a") == ["Aida <1871>"]
            assert page.html.css(".records a")[0].attributes["href"] == "https://opac.example/a%2F1"
            assert "“Aida <b>”" in page.words(".soft")[0]
            host.body = b"no catalogue"
            assert "doesn't answer" in " ".join(
                (await get("/library/north/catalogue?words=other&language=en")).words("p")
            )
            statuses = [(await get(f"/library/north/catalogue?words=other{n}")).status for n in range(30)]
            assert statuses[-1] == 429
            assert (await get("/library/north/catalogue")).status == 200
    link = CatalogueConfig(library="north", profile="link", search_link="https://cat.example/?q={words}")
    async with site(NORTH, catalogues=Catalogues([link])) as get:
        assert (await get("/library/north/catalogue?words=a+b")).headers["Location"] == "https://cat.example/?q=a+b"
        assert "https://cat.example" in (await get("/library/north/")).headers["Content-Security-Policy"]


async def test_hours_are_shown_told_to_machines_and_given_as_a_calendar() -> None:
    """An opening that ended is not told; a day without one is closed; a library without hours shows none."""
    now = int(time.time() * 1000)
    opened = ((now - 2 * HOUR, now - HOUR), (now - HOUR // 2, now + HOUR), (now + 72 * HOUR, now + 80 * HOUR))
    async with site(replace(NORTH, openings=opened)) as get:
        page = await get("/library/north/")
        rows = page.words(".hours tr")
        assert len(rows) == 7
        assert rows[0].startswith("Today")
        assert sum("Closed" in row for row in rows) >= 3
        (described,) = page.html.css('script[type="application/ld+json"]')
        told = msgspec.json.decode(described.text())["openingHoursSpecification"]
        assert {each["validFrom"] for each in told} == {each["validThrough"] for each in told}
        assert len({each["validFrom"] for each in told}) == 7
        calendar = await get("/library/north/hours.ics")
        assert calendar.headers["Content-Type"] == "text/calendar; charset=utf-8"
        events = Calendar.from_ical(calendar.text).walk("VEVENT")
        starts = [int(event.decoded("dtstart").timestamp()) for event in events]
        assert starts == [start // 1000 for start, end in opened if end > now]
    async with site(NORTH) as get:
        assert (await get("/library/north/")).words(".hours tr") == []
        assert (await get("/library/north/hours.ics")).status == 404


async def test_a_page_that_has_not_changed_is_not_sent_again() -> None:
    async with site(NORTH) as get:
        first = await get("/library/north/")
        again = await get("/library/north/", If_None_Match=first.headers["ETag"])
        assert (again.status, again.text) == (304, "")
        style = first.html.css_first('link[rel="stylesheet"]').attributes["href"]
        file = await get(str(style))
        assert (file.status, file.headers["Content-Type"]) == (200, "text/css")
        assert "immutable" in file.headers["Cache-Control"]
        for path in ("/pages/assets/..%2f..%2froutes.py", "/pages/assets/nothing.css"):
            assert (await get(path)).status == 404
