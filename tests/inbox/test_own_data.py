"""A patron's own data over HTTP: the link opens once, for its address and library alone; a coordinator gives the same file."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession

from bridge.contract.message import LINK_MARK, Attachment, Delivery
from bridge.privacy.own_data.links import PATH, OwnDataLinks
from bridge.sql.privacy.own_data_grants import OwnDataGrants
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk
from tests.inbox.test_forget import archived

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def mailed(desk: Desk, ana: Client, sender: str, text: str, **more: Any) -> str:
    """Let a patron ask by mail, and Ana answer and note something."""
    talk = await desk.patron(sender, text, channel="mail", name=sender.title(), **more)
    await ana.deed(talk, "claim")
    await ana.deed(talk, "messages", {"text": f"About {text}"})
    await ana.deed(talk, "notes", {"text": "They seem to be in a hurry"})
    return talk


async def offered(desk: Desk, ana: Client, talk: str, links: OwnDataLinks | None = None) -> str:
    """Have the link sent; return its path, as the words have it that go out."""
    await ana.deed(talk, "own_data")
    await archived(desk)
    lines = (await ana.get(f"/conversations/{talk}"))[1]["lines"]
    line = [one for one in lines if one["event"] == "own-data"][-1]
    assert PATH + LINK_MARK in line["text"], "staff read no secret"
    kept = Delivery(
        id=line["id"],
        channel="mail",
        conversation=talk,
        to="",
        kind="notice",
        at=0,
        text=line["text"],
        event="own-data",
    )
    sent = (links or desk.services.own_data.links).worded(kept).text
    return sent[sent.index(PATH) :].split()[0]


def opened(body: bytes) -> tuple[dict[str, Any], str, zipfile.ZipFile]:
    """Return what programs read, the page, and the file itself."""
    file = zipfile.ZipFile(io.BytesIO(body))
    assert file.testzip() is None
    return msgspec.json.decode(file.read("data.json")), file.read("index.html").decode(), file


async def test_the_patron_gets_one_file_once_with_theirs_alone(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    essay = await desk.services.blobs.save(_chunks(b"%PDF-1.4 mine"), "my essay.pdf", 1000)
    assert isinstance(essay, Attachment)
    talk = await mailed(desk, ana, "fay@p.example", "Where is <b>my</b> essay?", attachments=(essay,))
    await mailed(desk, ana, "gil@p.example", "Gil's secret")
    south = await desk.patron("fay@p.example", "At South", channel="south-mail")
    path = await offered(desk, ana, talk)
    async with ClientSession(desk.url) as patron:
        async with patron.get(path) as page:
            assert (page.status, page.headers["Cache-Control"]) == (200, "no-store, no-transform")
            assert "North Library" in await page.text()
        async with patron.get(path) as again:
            assert again.status == 200, "a look uses nothing"
        async with patron.post(path) as given:
            assert (given.status, given.headers["Content-Type"]) == (200, "application/zip")
            told, page_in_it, file = opened(await given.read())
        async with patron.post(path) as replayed:
            assert replayed.status == 404
    assert south
    assert told["addresses"] == ["fay@p.example"]
    [one] = told["conversations"]
    assert (one["id"], one["library"], one["notes_left_out"]) == (talk, "North Library", 1)
    assert [line["from"] for line in one["lines"]][:1] == ["you"]
    assert one["lines"][0]["files"] == [{"name": "my essay.pdf", "file": "files/1-my essay.pdf"}]
    assert file.read("files/1-my essay.pdf") == b"%PDF-1.4 mine"
    assert "Where is &lt;b&gt;my&lt;/b&gt; essay?" in page_in_it
    for document in (page_in_it, str(told)):
        assert "hurry" not in document
        assert "Gil" not in document
    deeds = [row.what for row in await desk.services.archive.access_audit.of([talk])]
    assert "own-data-taken" in deeds


async def test_what_was_guessed_replayed_or_made_elsewhere_gets_one_answer(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    talk = await mailed(desk, ana, "hal@p.example", "What do you have of me?")
    path = await offered(desk, ana, talk)
    grants = OwnDataGrants(desk.services.archive.engine)
    elsewhere = OwnDataLinks(grants, desk.services.secret, "another consortium")
    foreign = await offered(desk, ana, talk, elsewhere)
    names = [path[:-1] + ("A" if path[-1] != "A" else "B"), foreign, PATH + LINK_MARK, PATH + talk + ".x"]
    async with ClientSession(desk.url) as stranger:
        answers = set()
        for name in names:
            async with stranger.get(name) as page:
                answers.add((page.status, await page.text()))
        assert len(answers) == 1
        assert {status for status, _ in answers} == {404}
        async with stranger.post(names[0]):
            pass
        async with stranger.get(names[0]) as page:
            assert page.status == 429, "guesses are counted"
        async with stranger.post(path) as given:
            assert given.status == 200, "a link that we made isn't held up by guesses"


async def test_a_coordinator_gives_the_file_and_nobody_else_does(desk: Desk, browsers: Browsers) -> None:
    ana, cora, eve = [await browsers.of(name) for name in ("ana", "cora", "eve")]
    talk = await mailed(desk, ana, "ida@p.example", "At the desk, in person")
    await archived(desk)
    url = f"{desk.url}/api/v1/conversations/{talk}/patron/data"
    body = b""
    for client, status in ((ana, 403), (eve, 404), (cora, 200)):
        async with client.session.get(url) as answer:
            assert answer.status == status
            body = await answer.read()
    told, _, _ = opened(body)
    assert [one["id"] for one in told["conversations"]] == [talk]
    assert (await eve.post(f"/conversations/{talk}/own_data"))[0] == 404
    deeds = (await cora.get(f"/conversations/{talk}/audit"))[1]["deeds"]
    assert {"who": "cora", "what": "own-data-given"}.items() <= deeds[0].items()


async def _chunks(raw: bytes) -> Any:
    yield raw
