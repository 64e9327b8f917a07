"""Files up and down: only through the conversation they belong to, and nothing that a browser would run."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bridge.contract.message import Attachment
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 200
PAGE = b"<!doctype html><script>alert(1)</script>"


async def upload(client: Client, conversation: str, raw: bytes, name: str) -> tuple[int, dict[str, object]]:
    """Send a file as a form, as the page does."""
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", raw, filename=name, content_type="image/png")
    url = f"{client.desk.url}/api/v1/conversations/{conversation}/attachments"
    async with client.session.post(url, data=form, headers=client.headers()) as response:
        return response.status, await response.json()


async def test_a_file_goes_up_is_sent_and_comes_down(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("files", "Could you send the map?")
    ana, ben, dora = [await browsers.of(name) for name in ("ana", "ben", "dora")]
    await ana.deed(conversation, "claim")
    status, found = await upload(ana, conversation, PNG, "../../map of 1790.png")
    assert status == 200, found
    said = await ana.deed(conversation, "messages", {"text": "", "attachments": [found["ticket"]]})
    file = said["line"]["attachments"][0]
    assert (file["name"], file["media_type"], file["size"], file["inline"]) == (
        "map of 1790.png",
        "image/png",
        len(PNG),
        True,
    )
    async with ben.session.get(desk.url + file["url"]) as response:
        assert (response.status, await response.read()) == (200, PNG)
        headers = response.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Content-Disposition"].startswith("inline")
    async with dora.session.get(desk.url + file["url"]) as response:
        assert response.status == 404, "another library's"
    other = await desk.patron("files-2", "me too")
    async with ana.session.get(desk.url + file["url"].replace(conversation, other)) as response:
        assert response.status == 404, "no line of that conversation carries it"


async def test_the_files_of_an_answer_that_failed_go_again(desk: Desk, browsers: Browsers) -> None:
    """Without another upload, to the same patron only, and only what an answer carried."""
    conversation, other = await desk.patron("files-again", "The map?"), await desk.patron("files-stranger", "A map?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(conversation, "claim")
    await ben.deed(other, "claim")
    _, found = await upload(ana, conversation, PNG + b"again", "map.png")
    said = await ana.deed(conversation, "messages", {"text": "Here", "attachments": [found["ticket"]]})
    line = said["line"]
    await desk.receipt(line["id"], "failed", reason="unreachable")
    again = await ana.deed(conversation, "messages", {"text": "Here", "again": line["id"]})
    assert again["line"]["id"] != line["id"]
    assert again["line"]["attachments"] == line["attachments"]
    only = await ana.deed(conversation, "messages", {"text": "", "again": line["id"]})
    assert only["line"]["attachments"] == line["attachments"]
    asked = (await ana.get(f"/conversations/{conversation}"))[1]["lines"][0]
    for client, where, answer in ((ben, other, line["id"]), (ana, conversation, asked["id"]), (ana, conversation, "x")):
        status, problem = await client.post(f"/conversations/{where}/messages", {"text": "", "again": answer})
        assert (status, problem["error"]) == (422, "unknown-message")
    kept = await desk.services.blobs.path(line["attachments"][0]["digest"])
    assert kept is not None
    kept.unlink()
    status, problem = await ana.post(f"/conversations/{conversation}/messages", {"text": "", "again": line["id"]})
    assert (status, problem["error"]) == (422, "file-gone")


async def test_what_a_browser_would_run_is_a_download(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("markup", "hello")
    ana = await browsers.of("ana")
    await ana.deed(conversation, "claim")
    _, found = await upload(ana, conversation, PAGE, "innocent.png")
    said = await ana.deed(conversation, "messages", {"text": "look", "attachments": [found["ticket"]]})
    file = said["line"]["attachments"][0]
    assert not file["inline"]
    async with ana.session.get(desk.url + file["url"]) as response:
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert "default-src 'none'; sandbox" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "raw, media_type, name, shown",
    [
        (b"GIF89a/*<script>alert(1)</script>*/", "text/x-cleaned-html", "mail.html", "image/gif"),
        (PAGE, "image/png", "picture.png", ""),
        (PAGE, "text/x-cleaned-html", "mail.html", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml", "x.svg", ""),
        (b"%PDF-1.7 alert(1)", "application/pdf", "x.pdf", ""),
        (PNG, "text/html", "page.html", "image/png"),
        (b"plain words", "text/plain", "mail.html", ""),
    ],
)
async def test_what_a_line_says_of_a_file_opens_nothing(
    desk: Desk, browsers: Browsers, raw: bytes, media_type: str, name: str, shown: str
) -> None:
    """Also for files that transcripts hold already: how a file is sent, its bytes say."""

    async def chunks() -> AsyncIterator[bytes]:
        yield raw

    kept = await desk.services.blobs.save(chunks(), name, 10_000)
    claimed = Attachment(digest=kept.digest, media_type=media_type, size=10**15, name=name)
    conversation = await desk.patron(f"forged-{name}-{media_type}-{shown}", "look", attachments=(claimed,))
    ana = await browsers.of("ana")
    file = (await ana.get(f"/conversations/{conversation}"))[1]["lines"][0]["attachments"][0]
    async with ana.session.get(desk.url + file["url"]) as response:
        assert (response.status, await response.read()) == (200, raw)
        headers = response.headers
    assert headers["Content-Type"] == (shown or "application/octet-stream")
    assert headers["Content-Disposition"].startswith("inline" if shown else "attachment")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'; sandbox" in headers["Content-Security-Policy"]
    assert "no-store" in headers["Cache-Control"], "the next one at this browser must not find it"


async def test_a_ticket_whose_file_is_gone_by_now_asks_for_another_upload(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("ticket-late", "hello")
    ana = await browsers.of("ana")
    await ana.deed(conversation, "claim")
    _, found = await upload(ana, conversation, b"left lying for days", "notes.txt")
    place = await desk.services.blobs.path(hashlib.sha256(b"left lying for days").hexdigest())
    assert place is not None
    place.unlink()
    status, problem = await ana.post(
        f"/conversations/{conversation}/messages", {"text": "Here", "attachments": [found["ticket"]]}
    )
    assert (status, problem["error"]) == (422, "file-gone")


async def test_a_ticket_is_good_for_its_conversation_and_its_librarian_only(desk: Desk, browsers: Browsers) -> None:
    one, other = await desk.patron("ticket-1", "hello"), await desk.patron("ticket-2", "hello")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(one, "claim")
    await ben.deed(other, "claim")
    _, found = await upload(ana, one, PNG, "map.png")
    ticket = str(found["ticket"])
    for client, conversation, given in (
        (ben, other, ticket),
        (ana, one, ticket[:-4] + "AAAA"),
        (ana, one, "x"),
        (ana, one, "é"),
    ):
        body = {"text": "", "attachments": [given]}
        status, problem = await client.post(f"/conversations/{conversation}/messages", body)
        assert (status, problem["error"]) == (422, "bad-ticket")


async def test_too_large_and_empty_files_are_refused(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("large-file", "hello")
    ana = await browsers.of("ana")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b"x" * 1024 * 1024

    url = f"{desk.url}/api/v1/conversations/{conversation}/attachments?name=big.txt"
    async with ana.session.post(url, data=endless(), headers=ana.headers()) as response:
        assert (response.status, (await response.json())["error"]) == (413, "too-large")
    assert (await upload(ana, conversation, b"", "empty.png"))[0] == 422
    leftovers = list((desk.data / "blobs").rglob("*.part"))
    assert leftovers == []


@pytest.mark.parametrize(
    "form",
    [
        b'--b\r\nContent-Disposition: form-data; name=f; filename="a\x00.txt"\r\n\r\nabc\r\n--b--\r\n',
        b"--b\r\nno header at all\r\n\r\nabc\r\n--b--\r\n",
        b"--b\r\nX: " + b"x" * 100_000 + b"\r\n\r\nabc\r\n--b--\r\n",
        b"nothing of the kind",
    ],
    ids=["NUL in a name", "no header", "long header", "no form"],
)
async def test_a_form_that_cannot_be_read_is_refused_in_words(desk: Desk, browsers: Browsers, form: bytes) -> None:
    conversation = await desk.patron("odd-form", "hello")
    ana = await browsers.of("ana")
    headers = ana.headers(f"odd-form-{hash(form)}") | {"Content-Type": "multipart/form-data; boundary=b"}
    url = f"{desk.url}/api/v1/conversations/{conversation}/attachments"
    async with ana.session.post(url, data=form, headers=headers) as response:
        assert (response.status, (await response.json())["error"]) == (400, "no-file")


async def test_a_mail_as_html_is_shown_isolated(desk: Desk, browsers: Browsers) -> None:
    async def cleaned() -> AsyncIterator[bytes]:
        yield b"<p>Dear <b>library</b></p>"

    kept = await desk.services.blobs.save(cleaned(), "mail.html", 1000)
    conversation = await desk.patron("jane@example.org", "Dear library", channel="mail", html=kept.digest)
    ana = await browsers.of("ana")
    line = (await ana.get(f"/conversations/{conversation}"))[1]["lines"][0]
    async with ana.session.get(desk.url + line["html"]) as response:
        assert (response.status, await response.read()) == (200, b"<p>Dear <b>library</b></p>")
    policy = response.headers["Content-Security-Policy"]
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in response.headers["Cache-Control"]
