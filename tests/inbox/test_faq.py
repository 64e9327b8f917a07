"""The FAQ in the inbox: who may write and publish, two who edit at once, and entries made from conversations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")


def entry(title: str, state: str = "public", library: str = "north", **more: Any) -> dict[str, Any]:
    text = {"language": "en", "title": title, "body": "At the **desk**."}
    return {"entry": {"library": library, "state": state, "texts": [text], **more}}


async def added(client: Client, title: str, state: str = "public", **more: Any) -> dict[str, Any]:
    status, found = await client.post("/faq", entry(title, state, **more))
    assert status == 200, found
    return dict(found)


async def test_librarians_write_drafts_and_coordinators_publish(browsers: Browsers) -> None:
    ana, cora, dora = [await browsers.of(name) for name in ("ana", "cora", "dora")]
    draft = (await added(ana, "Where is the map room?", "draft"))["entry"]
    assert (await ana.put(f"/faq/entries/{draft['id']}", {"entry": {**draft, "state": "public"}}))[0] == 403
    assert (await ana.post("/faq", entry("New", "cooperative")))[0] == 403
    assert (await ana.post("/faq", entry("Elsewhere", "draft", library="south")))[0] == 404
    assert (await dora.get(f"/faq/entries/{draft['id']}"))[0] == 404
    assert (await dora.put(f"/faq/entries/{draft['id']}", {"entry": draft}))[0] == 404
    status, public = await cora.put(f"/faq/entries/{draft['id']}", {"entry": {**draft, "state": "public"}})
    assert (status, public["paths"]) == (200, {"en": "/faq/north/en/where-is-the-map-room"})
    assert (await ana.put(f"/faq/entries/{draft['id']}", {"entry": {**public["entry"], "topics": ["Maps"]}}))[0] == 403
    status, seen = await dora.get(f"/faq/entries/{draft['id']}")
    assert (status, seen["writes"]) == (200, False)
    for path in ("versions",):
        assert (await dora.get(f"/faq/entries/{draft['id']}/{path}"))[0] == 404
    for path in ("/faq/care?library=north", "/faq?library=nowhere"):
        assert (await dora.get(path))[0] == 404
    found = (await dora.get("/faq?library=north"))[1]
    assert {row["state"] for row in found["rows"]} <= {"cooperative", "public"}


async def test_of_two_who_edit_the_second_sees_what_the_first_saved(browsers: Browsers) -> None:
    cora, ben = await browsers.of("cora"), await browsers.of("ben")
    kept = (await added(ben, "Who teaches Zotero?", "staff"))["entry"]
    await cora.put(f"/faq/entries/{kept['id']}", {"entry": {**kept, "topics": ["Citation"]}})
    status, clash = await ben.put(f"/faq/entries/{kept['id']}", {"entry": {**kept, "topics": ["Teaching"]}})
    assert (status, clash["reason"], clash["by"], clash["now"]["topics"]) == (
        409,
        "outdated",
        "Cora Cruz",
        ["Citation"],
    )
    versions = (await ben.get(f"/faq/entries/{kept['id']}/versions"))[1]["versions"]
    assert [one["revision"] for one in versions] == [2, 1]
    assert versions[0]["differences"] == [{"field": "topics", "lines": ["+ Citation"]}]
    call = await cora.call("DELETE", f"/faq/entries/{kept['id']}", headers=cora.headers())
    assert call[0] == 204
    assert (await ben.put(f"/faq/entries/{kept['id']}", {"entry": kept}))[0] == 404


async def test_faults_name_their_field(browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    wrong = entry("x", owner="nobody", review_by="soon")
    wrong["entry"]["texts"].append({"language": "en", "title": ""})
    wrong["entry"]["files"] = [{"file": "0" * 64, "name": "a.png", "type": "image/png", "size": 3}]
    status, found = await cora.post("/faq", wrong)
    assert status == 422
    assert {fault["field"] for fault in found["faults"]} == {
        "texts", "texts[2].title", "review_by", "owner", "files[1].alt", "files[1].file",
    }  # fmt: skip


async def test_an_entry_is_made_from_a_conversation_without_its_patron(desk: Desk, browsers: Browsers) -> None:
    cora, dora = await browsers.of("cora"), await browsers.of("dora")
    words = "Hi! My name is Jane Roe, card 2123456789. How do I borrow a telescope? Jane.Roe@x.example"
    talk = await desk.patron("jane", words, name="Jane Roe")
    await cora.deed(talk, "messages", {"text": "Dear Jane, telescopes are in room 3. Ring 030 1234567. Cora"})
    status, draft = await cora.get(f"/conversations/{talk}/faq/draft")
    assert status == 200
    text = draft["entry"]["texts"][0]
    assert (text["title"], draft["entry"]["source"]) == ("How do I borrow a telescope?", talk)
    for person in ("Jane", "Roe", "Cora", "2123456789", "1234567"):
        assert person not in text["title"] + text["body"] + str(text["asked"])
    assert {part["kind"] for part in draft["removed"]} == {"name", "number", "mail"}
    assert (await dora.get(f"/conversations/{talk}/faq/draft"))[0] == 404
    kept = (await cora.post("/faq", {"entry": {**draft["entry"], "state": "public"}}))[1]["entry"]
    made = (await cora.get(f"/conversations/{talk}/patron"))[1]["faq"]
    assert [(one["id"], one["conversation"]) for one in made] == [(kept["id"], talk)]
    assert talk not in str((await dora.get(f"/faq/entries/{kept['id']}"))[1])


async def test_entries_near_the_patrons_words_are_offered_and_their_use_is_counted(
    desk: Desk, browsers: Browsers
) -> None:
    cora, ana = await browsers.of("cora"), await browsers.of("ana")
    kept = (await added(cora, "How do I renew my books?", topics=["Loans"]))["entry"]
    inside = (await added(cora, "What is the code of the renewal machine for books?", "staff"))["entry"]
    talk = await desk.patron("renewer", "hello, can I renwe the books I have?")
    status, found = await ana.get(f"/conversations/{talk}/faq")
    assert status == 200
    offered = {one["id"]: one for one in found["entries"]}
    assert offered[kept["id"]]["text"] == "At the desk."
    assert offered[kept["id"]]["url"] == f"{desk.url}/faq/north/en/how-do-i-renew-my-books"
    assert (offered[inside["id"]]["text"], offered[inside["id"]]["url"]) == ("", "")
    await ana.deed(talk, "messages", {"text": "At the desk.", "faq": kept["id"]})
    assert (await ana.post(f"/conversations/{talk}/messages", {"text": "x", "faq": "none"}))[0] == 422
    rows = (await cora.get("/faq?library=north&q=renew"))[1]["rows"]
    assert next(row for row in rows if row["id"] == kept["id"])["used"] == 1
    said = [line for line in (await ana.get(f"/conversations/{talk}"))[1]["lines"] if line["who"] == "librarian"]
    assert len(said) == 1


async def test_a_file_is_kept_for_its_library_and_shown_with_its_entry(desk: Desk, browsers: Browsers) -> None:
    cora, dora = await browsers.of("cora"), await browsers.of("dora")
    picture = b"\x89PNG\r\n\x1a\n" + bytes(64)

    async def upload(client: Client, body: bytes) -> tuple[int, Any]:
        where = f"{desk.url}/api/v1/faq/files?library=north&name=plan.png"
        async with client.session.post(where, data=body, headers=client.headers()) as answer:
            return answer.status, await answer.json()

    assert (await upload(dora, picture))[0] == 404
    assert (await upload(cora, b"<svg onload=alert(1)>"))[0] == 422
    file = {**(await upload(cora, picture))[1]["file"], "alt": "A plan"}
    kept = (await added(cora, "Where is the lift?", "staff", files=[file]))["entry"]
    where = f"/api/v1/faq/entries/{kept['id']}/files/{file['file']}"
    async with cora.session.get(desk.url + where) as answer:
        assert (await answer.read(), answer.headers["Cache-Control"]) == (picture, "private, no-store")
    async with dora.session.get(desk.url + where) as answer:
        assert answer.status == 404


async def test_what_needs_care_is_listed_and_seen_to(desk: Desk, browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    counts = desk.services.archive.faq_counts
    kept = (await added(cora, "Is this old?", "staff", review_by="2020-01-01"))["entry"]
    for _ in range(2):
        await counts.missed("north", "en", "kayak")
    await counts.remark(kept["id"], "It is old.")
    found = (await cora.get("/faq/care?library=north"))[1]
    assert [row["id"] for row in found["due"]] == [kept["id"]]
    assert [gap["words"] for gap in found["gaps"]] == ["kayak"]
    remark = found["remarks"][0]["n"]
    assert (await cora.post("/faq/care?library=north", {"gap": "kayak", "remark": remark}))[0] == 204
    after = (await cora.get("/faq/care?library=north"))[1]
    assert (after["gaps"], after["remarks"]) == ([], [])
    assert (await cora.post("/faq/preview", {"markdown": "<b>*x*</b>"}))[1] == {
        "html": "<p>&lt;b&gt;<em>x</em>&lt;/b&gt;</p>\n"
    }
