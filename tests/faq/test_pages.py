"""The FAQ's public pages over HTTP: found, read, answered; what is not public is nobody's, and nothing hostile runs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from msgspec.structs import replace
from selectolax.lexbor import LexborHTMLParser

from bridge.app.http import Server, application
from bridge.contract.adapter import ChannelDesk
from bridge.contract.message import ChannelStatus
from bridge.faq.site import FaqSite
from bridge.portal.routes import Portal, PortalDesk
from bridge.runtime.health import DaemonHealth
from bridge.sql.archive import Archive
from bridge.sql.faq.counts import today
from bridge.sql.faq.entry import EntryFile, EntryText, FaqEntry
from routing.organisation import Library, Queue
from routing.state import State

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("faq-pages"),
]  # one reads what another wrote

OPEN = ChannelDesk(open=True, online=False)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(20)
FILE = "ab" * 32


def entry(title: str, body: str = "In your account.", **more: Any) -> FaqEntry:
    text = EntryText(language="en", title=title, body=body)
    return replace(FaqEntry(library="north", state="public", texts=(text,), topics=("Loans",)), **more)


class Reader:
    """A browser without script, and what stands behind the pages."""

    def __init__(self, url: str, archive: Archive, site: FaqSite) -> None:
        self.url = url
        self.archive = archive
        self.site = site
        self.session = aiohttp.ClientSession()

    async def get(self, path: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
        """GET a page, without following where it leads."""
        async with self.session.get(self.url + path, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers, await answer.text(errors="replace")

    async def html(self, path: str, **headers: str) -> LexborHTMLParser:
        """GET a page that is there."""
        status, _, text = await self.get(path, **headers)
        assert status == 200, path
        return LexborHTMLParser(text)

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> tuple[int, str]:
        """Send a form; return the status and where it leads."""
        async with self.session.post(self.url + path, data=form, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", "")

    async def counted(self) -> dict[str, dict[str, int]]:
        """Return what was counted of the library's entries today."""
        await self.site.tally.write()
        return await self.archive.faq_counts.of_library("north", today())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Reader]:
    folder: Path = tmp_path_factory.mktemp("faq")
    archive = await Archive.open(f"sqlite:///{folder / 'archive.sqlite'}")
    state = State()
    for name in ("north", "south", "west"):
        queue = Queue(id=f"{name}/reference", name="Reference")
        state.libraries[name] = Library(id=name, revision=1, name=f"{name.title()} <Library>", queues=(queue,))
    state.channels["web"] = ChannelStatus(channel="web", kind="webchat", queue="north/reference", up=True, live=True)
    site = FaqSite([lambda: state], archive)
    portal = Portal([PortalDesk(state=lambda: state, desk=lambda channel: OPEN, chats=())], faq=site.front)
    server = Server(application(health=DaemonHealth(), faq=site, portal=portal), "127.0.0.1:0")
    await server.start()
    found = Reader(server.url, archive, site)
    yield found
    await found.session.close()
    await server.stop()
    await archive.close()


async def test_a_reader_finds_an_answer_in_their_language(reader: Reader) -> None:
    german = EntryText(language="de", title="Wie verlängere ich meine Bücher?", body="Im *Konto*.")
    english = EntryText(language="en", title="How do I renew my books?", body="In your [account](https://x.example).")
    await reader.archive.faq.save(entry("", texts=(english, german)), "cora")
    assert (await reader.get("/faq/"))[1]["Location"] == "/faq/north/"
    home = await reader.html("/faq/north/")
    assert [link.text() for link in home.css(".faq-group a")] == ["Loans", "How do I renew my books?"]
    results = await reader.html("/faq/north/search?q=renwe+my+boook")
    link = results.css_first("ol.faq-links a")
    assert link is not None
    address = str(link.attributes["href"])
    assert address == "/faq/north/en/how-do-i-renew-my-books"
    page = await reader.html(address)
    assert [each.attributes["hreflang"] for each in page.css(".faq-translations a")] == ["de"]
    told = json.loads(page.css_first('script[type="application/ld+json"]').text())  # type: ignore[union-attr] # it is there
    assert told["mainEntity"][0]["acceptedAnswer"]["text"] == "In your account."
    deutsch = await reader.html("/faq/north/de/wie-verlangere-ich-meine-bucher", **{"Accept-Language": "de"})
    article = deutsch.css_first("article")
    assert article is not None
    assert (article.attributes["lang"], article.attributes["dir"]) == ("de", "ltr")
    assert "Hat das geholfen?" in deutsch.css_first("#helped").text()  # type: ignore[union-attr] # it is there


async def test_whether_it_helped_is_counted_and_a_remark_holds_no_person(reader: Reader) -> None:
    one = await reader.archive.faq.save(entry("Where do I park?"), "cora")
    path = "/faq/north/en/where-do-i-park"
    await reader.html(path)
    assert await reader.post(path, {"helpful": "yes"}, Origin=reader.url) == (
        303,
        f"{path}?language=en&told=yes#helpful",
    )
    assert (await reader.post(path, {"helpful": "no"}))[0] == 303
    assert (await reader.html(f"{path}?told=no")).css_first("textarea") is not None
    assert (await reader.post(path, {"remark": "I'm jane@x.example: which street?"}))[0] == 303
    assert (await reader.post(path, {"helpful": "yes"}, Origin="https://elsewhere.example"))[0] == 403
    assert (await reader.post(path, {"helpful": "perhaps"}))[0] == 400
    assert (await reader.counted())[one.id] == {"view": 1, "helpful": 1, "unhelpful": 1}
    assert [remark.text for remark in await reader.archive.faq_counts.remarks("north")] == [
        "I'm [address]: which street?"
    ]


async def test_what_is_not_public_is_not_there(reader: Reader) -> None:
    secret = "The door code is on the wall"
    for state in ("draft", "staff", "cooperative", "archived"):
        file = EntryFile(file="cd" * 32, name="x.png", type="image/png", size=28, alt="A door")
        await reader.archive.faq.save(entry(f"{secret} {state}", state=state, files=(file,)), "cora")
        assert (await reader.get(f"/faq/north/en/the-door-code-is-on-the-wall-{state}"))[0] == 404
    await reader.archive.faq.keep_file("north", "cd" * 32, "image/png", PICTURE)
    assert (await reader.get(f"/faq/north/files/{'cd' * 32}"))[0] == 404
    for path in ("", "search?q=door+code", "feed.atom", "titles.json", "topic?name=Loans"):
        assert secret not in (await reader.get(f"/faq/north/{path}"))[2]
    assert secret not in (await reader.get("/faq/sitemap.xml"))[2]
    for path in ("/faq/nowhere/", "/faq/north/en/x%00y", "/faq/north/en/" + "x" * 500, "/faq/south/en/where-do-i-park"):
        assert (await reader.get(path))[0] == 404


async def test_a_moved_entry_and_its_file_are_served_and_nothing_runs(reader: Reader) -> None:
    file = EntryFile(file=FILE, name="plan.png", type="image/png", size=28, alt="A plan of the floor")
    body = f"<script>alert(1)</script>\n\n![Plan](attachment:{FILE})"
    first = await reader.archive.faq.save(entry("</script><b>Hi", body, files=(file,)), "cora")
    await reader.archive.faq.keep_file("north", FILE, "image/png", PICTURE)
    await reader.archive.faq.save(replace(first, texts=(replace(first.texts[0], slug="hi"),)), "cora")
    status, headers, _ = await reader.get(f"/faq/north/en/{first.texts[0].slug}")
    assert (status, headers["Location"]) == (301, "/faq/north/en/hi")
    await reader.archive.faq.lead("north", "en", "4711", first.id)
    status, headers, _ = await reader.get("/faq/4711")
    assert (status, headers["Location"]) == (301, "/faq/north/en/hi")
    assert (await reader.get("/faq/4712"))[0] == 404
    status, headers, text = await reader.get("/faq/north/en/hi")
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "alert(1)</script>" not in text
    assert "</script><b>" not in text
    picture = LexborHTMLParser(text).css_first("article img")
    assert picture is not None
    async with reader.session.get(reader.url + str(picture.attributes["src"])) as answer:
        assert await answer.read() == PICTURE
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")


async def test_searches_that_found_nothing_are_a_gap_without_persons(reader: Reader) -> None:
    for words in ("telescope lending", "telescope lending", "jane@x.example 12345678", "jane@x.example 12345678"):
        await reader.html(f"/faq/north/search?q={words}")
    assert (await reader.get("/faq/north/ask?q=microscope"))[1]["Location"] == "/library/north/"
    assert [(gap.words, gap.count) for gap in await reader.archive.faq_counts.gaps("north")] == [
        ("telescope lending", 2)
    ]


async def test_machines_read_it(reader: Reader) -> None:
    status, headers, text = await reader.get("/faq/channels/web/titles.json")
    found = json.loads(text)
    assert (status, headers["ETag"]) == (200, f'"{found["version"]}"')
    assert "How do I renew my books?" in [each["t"] for each in found["entries"]]
    assert (await reader.get("/faq/channels/web/titles.json", **{"If-None-Match": headers["ETag"]}))[0] == 304
    assert (await reader.get("/faq/channels/none/titles.json"))[0] == 404
    feed = LexborHTMLParser((await reader.get("/faq/north/feed.atom"))[2])
    assert "Where do I park?" in [each.text() for each in feed.css("entry title")]
    assert f"<loc>{reader.url}/faq/north/en/where-do-i-park</loc>" in (await reader.get("/faq/sitemap.xml"))[2]


async def test_the_library_s_page_leads_to_its_entries_and_stands_without_them(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    await reader.archive.faq.save(entry("Where is the <quiet> room?", library="west", featured=True), "cora")
    page = await reader.html("/library/west/")
    (form,) = page.css("section form")
    assert form.attributes["action"] == "/faq/west/search"
    link = page.css(".links a")[0]
    assert link.text() == "Where is the <quiet> room?"
    assert (await reader.get(str(link.attributes["href"])))[0] == 200
    assert (await reader.html("/library/south/")).css("section form") == []

    async def away(*_: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr(reader.archive.faq, "stamp", away)
    assert (await reader.html("/library/west/?language=fr")).css("section form") == []
