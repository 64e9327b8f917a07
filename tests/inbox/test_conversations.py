"""A conversation from the first word to the last, through the interface."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bridge.contract.message import FormAnswer
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_waiting_conversation_can_be_read_without_claiming_it(desk: Desk, browsers: Browsers) -> None:
    answers = (FormAnswer(label="You are", text="Student"),)
    conversation = await desk.patron("reader", "Where are the maps?", name="Jane", answers=answers)
    ana = await browsers.of("ana")
    row = next(row for row in await ana.rows("waiting") if row["id"] == conversation)
    assert (row["patron"], row["last_text"], row["can_claim"], row["state"]) == (
        "Jane",
        "Where are the maps?",
        True,
        "waiting",
    )
    status, view = await ana.get(f"/conversations/{conversation}")
    assert status == 200
    assert [line["text"] for line in view["lines"] if line["who"] == "patron"] == ["Where are the maps?"]
    assert view["answers"] == [{"label": "You are", "text": "Student"}]
    assert view["policy"]["text"].startswith("# North")
    assert view["scripts"] == [
        {"key": "hours", "title": "Hours", "text": "We are open until six.", "folder": "", "own": False}
    ]
    assert view["descriptive"] == ["catalogue", "loans"]
    assert desk.services.replica.state.conversations[conversation].state == "waiting"


async def test_somebody_of_another_library_sees_the_patron_s_library_s_policies_and_scripts(
    desk: Desk, browsers: Browsers
) -> None:
    conversation = await desk.patron("abroad", "Where are the maps?")
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    page = await dora.live()
    await page.until(lambda m: m["t"] == "hello")
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "transfer", {"librarian": "dora"})
    await dora.deed(conversation, "accept")
    status, view = await dora.get(f"/conversations/{conversation}")
    await page.close()
    assert (status, view["policy"]["library"]) == (200, "north")
    assert view["policy"]["text"].startswith("# North")
    assert [one["key"] for one in view["scripts"]] == ["hours"]


@pytest.mark.parametrize(
    "before", ["²", "9" * 19, "1.²", "soon", f"{'9' * 13}.{'9' * 12}.{'9' * 11}", f"{'9' * 13}.{'9' * 12}.{'9' * 10}"]
)
async def test_what_is_no_position_of_a_line_is_refused(desk: Desk, browsers: Browsers, before: str) -> None:
    conversation = await desk.patron("reader", "Where are the maps?")
    ana = await browsers.of("ana")
    status, refused = await ana.get(f"/conversations/{conversation}/lines?before={before}")
    assert (status, refused["error"]) == (422, "invalid")
    line = (await ana.get(f"/conversations/{conversation}"))[1]["lines"][0]["position"]
    assert (await ana.get(f"/conversations/{conversation}/lines?before={line}"))[0] == 200


async def test_of_two_who_claim_at_once_one_wins_and_the_other_is_told_who(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("clash", "hello?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    answers = await asyncio.gather(*(who.post(f"/conversations/{conversation}/claim") for who in (ana, ben)))
    assert sorted(status for status, _ in answers) == [200, 409]
    owner = desk.services.replica.state.conversations[conversation].owner
    clash = next(body for status, body in answers if status == 409)
    assert clash["holder"] == owner
    assert clash["holder_name"] in ("Ana Alves", "Ben Berg")


async def test_talk_note_transfer_close_recode_reopen(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("whole", "I look for a map of 1790.", name="Jane")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    assert (await ana.deed(conversation, "claim"))["event"] == "claimed"
    said = await ana.deed(conversation, "messages", {"text": "Let me see."})
    assert (said["event"], said["line"]["text"], said["row"]["last_by"]) == ("said", "Let me see.", "librarian")
    noted = await ana.deed(conversation, "notes", {"text": "She was here last week."})
    assert (noted["line"]["who"], noted["line"]["author"]) == ("note", "Ana Alves")
    await desk.receipt(said["line"]["id"], "delivered")
    await until(lambda: desk.services.replica.state.deliveries[said["line"]["id"]].stage == "delivered")

    await ben.put("/presence", {"queues": ["north/reference"]})
    page = await ben.live()
    await page.until(lambda m: m["t"] == "hello")
    await until(lambda: desk.services.replica.state.staff["ben"].connections)
    offered = await ana.deed(conversation, "transfer", {"librarian": "ben", "note": "You know maps."})
    assert offered["row"]["transfer"]["librarian_name"] == "Ben Berg"
    mine = next(row for row in await ben.rows("mine") if row["id"] == conversation)
    assert mine["transfer"]["to_me"]
    assert (await ben.deed(conversation, "accept"))["row"]["owner"] == "ben"

    view = (await ben.get(f"/conversations/{conversation}"))[1]
    talk = [
        (line["who"], line["text"], line["stage"])
        for line in view["lines"]
        if line["who"] in ("patron", "librarian", "note")
    ]
    assert talk == [
        ("patron", "I look for a map of 1790.", ""),
        ("librarian", "Let me see.", "delivered"),
        ("note", "She was here last week.", ""),
    ]
    assert [line["position"] for line in view["lines"]] == sorted(line["position"] for line in view["lines"])
    closed = await ben.deed(conversation, "close", {"code": "answered", "descriptive": ["loans"], "read_scale": 3})
    assert (closed["row"]["state"], closed["row"]["code"], closed["row"]["views"]) == ("closed", "answered", ["closed"])
    assert conversation in [row["id"] for row in await ana.rows("closed")]
    assert (await ben.deed(conversation, "recode", {"code": "practice"}))["row"]["code"] == "practice"
    assert (await ben.deed(conversation, "reopen"))["row"]["state"] == "active"
    status, clash = await ana.post(f"/conversations/{conversation}/messages", {"text": "not mine any more"})
    assert (status, clash["holder"], clash["holder_name"]) == (409, "ben", "Ben Berg")
    await page.close()


async def test_a_key_makes_a_write_happen_once(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("once", "hello?")
    ana = await browsers.of("ana")
    await ana.deed(conversation, "claim")
    where, body = f"/conversations/{conversation}/messages", {"text": "Once only."}
    answers = await asyncio.gather(*(ana.post(where, body, key="the-very-same-key") for _ in range(5)))
    again = await ana.post(where, body, key="the-very-same-key")
    line = answers[0][1]["line"]
    assert [(status, body["event"], body["line"]) for status, body in (*answers, again)] == [(200, "said", line)] * 6
    status, problem = await ana.post(where, {"text": "Something else."}, key="the-very-same-key")
    assert (status, problem["error"]) == (422, "key-reused")
    view = (await ana.get(f"/conversations/{conversation}"))[1]
    assert [line["text"] for line in view["lines"] if line["who"] == "librarian"] == ["Once only."]


async def test_drafts_stay_with_their_librarian_and_their_conversation(desk: Desk, browsers: Browsers) -> None:
    one, other = await desk.patron("draft-1", "first"), await desk.patron("draft-2", "second")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    assert (await ana.put(f"/conversations/{one}/draft", {"text": "Dear Jane, I"}))[0] == 204
    assert (await ana.get(f"/conversations/{one}"))[1]["draft"]["text"] == "Dear Jane, I"
    assert (await ana.get(f"/conversations/{other}"))[1]["draft"] is None
    assert (await ben.get(f"/conversations/{one}"))[1]["draft"] is None
    assert [draft["conversation"] for draft in (await ana.get("/drafts"))[1]["drafts"]] == [one]
    assert (await ana.put(f"/conversations/{one}/draft", {"text": ""}))[0] == 204
    assert (await ana.get("/drafts"))[1]["drafts"] == []


async def test_two_windows_overwrite_nothing_of_each_other(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("windows", "Do you have it?")
    ana = await browsers.of("ana")
    path = f"/conversations/{conversation}/draft"

    async def keep(text: str, window: str, base: int, **more: Any) -> tuple[int, Any]:
        return await ana.put(path, {"text": text, "window": window, "base": base, **more})

    async def kept() -> dict[str, Any]:
        drafts = (await ana.get("/drafts"))[1]["drafts"]
        return next(one for one in drafts if one["conversation"] == conversation and not one["note"])

    assert (await keep("one", "first", 0))[0] == 204
    assert (await keep("one more", "first", 0))[0] == 204  # a window's own saves follow each other
    status, clash = await keep("two", "second", 0)
    assert (status, clash["reason"], clash["draft"]["text"]) == (409, "draft-changed", "one more")
    assert (await keep("", "second", 0))[0] == 409
    assert (await keep("two", "second", 0, note=True))[0] == 204  # a note is another text
    assert (await kept())["text"] == "one more"
    assert (await keep("both", "second", clash["draft"]["at"]))[0] == 204
    assert (await keep("one more still", "first", 0))[0] == 409
    assert (await keep("both", "first", 0))[0] == 204  # the same text is no clash
    assert (await ana.put(path, {"text": "of an earlier page"}))[0] == 204
    assert (await kept())["text"] == "of an earlier page"


async def test_search_finds_words_in_my_libraries_only(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("searcher", "Do you have the Xanthippe letters?")
    await desk.patron("elsewhere", "Xanthippe in the south", channel="south-web")
    ana, dora = await browsers.of("ana"), await browsers.of("dora")

    async def hits(who: Client, words: str) -> list[dict[str, Any]]:
        return list((await who.get(f"/search?q={words}"))[1]["hits"])

    found: list[dict[str, Any]] = []
    south: list[dict[str, Any]] = []

    for _ in range(500):
        found, south = await hits(ana, "xanthip"), await hits(dora, "xanthippe")
        if found and south:
            break
        await asyncio.sleep(0.02)
    assert [hit["conversation"] for hit in found] == [conversation]
    assert {"text": "Xanthippe", "hit": True} in found[0]["matches"][0]["snippet"]
    assert [hit["library"] for hit in south] == ["south"]
    assert await hits(ana, "%22)%20OR%201=1") == []


@pytest.mark.parametrize("deadline", [2**53, 2**63, -1])
async def test_a_deadline_that_no_column_or_page_can_hold_is_refused(
    desk: Desk, browsers: Browsers, deadline: int
) -> None:
    conversation = await desk.patron(f"never-{deadline}", "A long question", contact="jane@example.org")
    ana = await browsers.of("ana")
    await ana.deed(conversation, "claim")
    plan = {"address": "jane@example.org", "deadline": deadline, "question": "Which map?"}
    status, problem = await ana.post(
        f"/conversations/{conversation}/close", {"code": "follow_up_library", "follow_up": plan}
    )
    assert (status, problem["error"]) == (422, "invalid")


async def test_a_follow_up_has_an_owner_an_address_and_a_deadline(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("later", "A long question", contact="jane@example.org")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "messages", {"text": "I will find out."})
    plan = {"address": "jane@example.org", "deadline": 4_000_000_000_000, "question": "Which map?"}
    await ana.deed(conversation, "close", {"code": "follow_up_library", "follow_up": plan})
    _, listed = await ben.get("/follow-ups")
    one = next(each for each in listed["follow_ups"] if each["conversation"] == conversation)
    assert (one["address"], one["deadline"], one["owner"], one["state"]) == (
        "jane@example.org",
        4_000_000_000_000,
        "",
        "new",
    )
    status, _ = await ben.post(f"/follow-ups/{one['id']}", {"state": "open", "owner": "ben"})
    assert status == 200
    _, listed = await ben.get("/follow-ups")
    assert next(each["owner_name"] for each in listed["follow_ups"] if each["id"] == one["id"]) == "Ben Berg"
    dora = await browsers.of("dora")
    assert (await dora.get("/follow-ups"))[1]["follow_ups"] == []
    assert (await dora.post(f"/follow-ups/{one['id']}", {"state": "closed"}))[0] == 404


async def test_lists_go_page_by_page_in_order(desk: Desk, browsers: Browsers) -> None:
    for n in range(7):
        await desk.patron(f"queue-{n}", f"question {n}", channel="south-web")
    dora = await browsers.of("dora")
    ids: list[str] = []
    cursor = ""
    while True:
        page = (await dora.get(f"/conversations?view=waiting&limit=3&cursor={cursor}"))[1]
        assert len(page["rows"]) <= 3
        ids += [row["id"] for row in page["rows"]]
        cursor = page["next"]
        if not cursor:
            break
    whole = (await dora.get("/conversations?view=waiting"))[1]["rows"]
    assert ids == [row["id"] for row in whole]
    assert [row["since"] for row in whole] == sorted(row["since"] for row in whole)
    assert len(ids) == len(set(ids)) >= 7


async def test_presence_is_by_opting_in_and_only_to_queues_i_serve(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    status, found = await ana.put("/presence", {"queues": ["north/reference"], "live": 2})
    assert (status, found["queues"], found["live"]) == (200, ["north/reference"], 2)
    assert (await ana.put("/presence", {"queues": ["south/reference"]}))[1]["error"] == "unknown-queue"
    status, found = await ana.put("/presence", {"queues": []})
    assert (status, found["present"]) == (200, False)


async def test_the_organisation_is_edited_one_revision_after_the_other(desk: Desk, browsers: Browsers) -> None:
    eve = await browsers.of("eve")
    status, document = await eve.get("/organisation/south")
    assert (status, document["library"]["id"]) == (200, "south")
    document["library"]["name"] = "South Bank Library"
    document["calendar"]["weekly"] = {"monday": ["09:00-17:00"]}
    status, saved = await eve.put("/organisation/south", document)
    assert (status, saved["revision"]) == (200, document["library"]["revision"] + 1)
    status, clash = await eve.put("/organisation/south", document)
    assert (status, clash["reason"]) == (409, "outdated")
    await until(lambda: desk.services.replica.state.libraries["south"].name == "South Bank Library")
    again = (await eve.get("/organisation/south"))[1]
    again["calendar"]["weekly"] = {"someday": ["nine to five"]}
    status, problem = await eve.put("/organisation/south", again)
    assert (status, problem["error"]) == (422, "faulty")
    again = (await eve.get("/organisation/south"))[1]
    again["library"]["queues"][0]["tiers"] = [{"teams": ["south/nobody"], "after_s": -1}]
    status, problem = await eve.put("/organisation/south", again)
    assert (status, problem["error"]) == (422, "faulty")
    assert "queues[1].tiers[1].after_s" in problem["detail"]
    again["library"]["queues"][0]["tiers"] = [{"teams": ["south/nobody"], "after_s": 1}]
    again["library"]["contact_channel"] = "mail"
    detail = (await eve.put("/organisation/south", again))[1]["detail"]
    for fault in ("queues[1].tiers[1].teams", "contact_channel: 'mail' is a channel of another library"):
        assert fault in detail
    again = (await eve.get("/organisation/south"))[1]
    again["library"]["librarians"].append({"id": "ana", "name": "Ana"})
    assert (await eve.put("/organisation/south", again))[1]["error"] == "not-yours"


async def test_a_coordinator_gives_a_code_to_his_own_people(browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    status, given = await cora.post("/organisation/north/librarians/ben/code")
    assert (status, given["librarian"]) == (200, "ben")
    ben = await browsers.of()
    status, me = await ben.post("/login", {"name": "ben", "code": given["code"]}, key="")
    assert (status, me["must_change_password"]) == (200, True)
    assert (await cora.post("/organisation/north/librarians/dora/code"))[0] == 404


async def test_a_block_is_lifted_also_when_the_talk_has_gone_on_elsewhere(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    conversation = await desk.patron("barred", "hello?")
    for verb in ("claim", "block"):
        await ana.deed(conversation, verb, {"reason": "rude"} if verb == "block" else None)
    await desk.patron("barred@example.org", "so here", channel="mail", thread=conversation)
    await ana.deed(conversation, "unblock")
    assert await desk.patron("barred", "sorry") == conversation
