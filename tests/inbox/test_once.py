"""Every action of a librarian, sent twice under one Idempotency-Key, happens once and is answered alike."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import event

from bridge.inbox.live.action_results import ActionResults
from bridge.log.follower import Entry
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until
from tests.inbox.test_forget import archived

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACTIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("ana", "claim", {}),
    ("ana", "messages", {"text": "Good morning."}),
    ("ana", "notes", {"text": "An old friend."}),
    ("ana", "identify", {"name": "Jane", "contact": "jane@example.org"}),
    ("ana", "transfer", {"librarian": "ben", "note": "You know maps."}),
    ("ben", "accept", {}),
    ("ben", "release", {}),
    ("ana", "claim", {}),
    ("ana", "close", {"code": "follow_up_me", "follow_up": {"address": "jane@example.org"}}),
    ("ana", "recode", {"code": "practice"}),
    ("ana", "reopen", {}),
    ("ana", "block", {"reason": "rude", "until": 0}),
)


async def test_every_deed_sent_twice_at_once_happens_once(desk: Desk, browsers: Browsers) -> None:
    people = {name: await browsers.of(name) for name in ("ana", "ben")}
    page = await people["ben"].live()
    await until(lambda: getattr(desk.services.replica.state.staff.get("ben"), "connections", None), "Ben is here")
    conversation = await desk.patron("twice", "hello?")
    happened: Counter[str] = Counter()

    def count(entries: Sequence[Entry]) -> None:
        happened.update(step.cause for entry in entries for step in entry.steps if step.answer >= 0)

    desk.services.replica.on_entries.append(count)
    actions: list[str] = []
    for who, verb, body in ACTIONS:
        key, where = secrets.token_hex(8), f"/conversations/{conversation}/{verb}"
        asked = [people[who].post(where, body, key=key) for _ in range(2)]
        (status, first), (other, second) = await asyncio.gather(*asked)
        assert (status, other) == (200, 200), (verb, first, second)
        assert first["event"] not in ("refused", "faulted")
        assert (first["action"], first["event"], first["line"]) == (second["action"], second["event"], second["line"])
        actions.append(first["action"])
    desk.services.replica.on_entries.remove(count)
    assert happened == Counter(actions), "one answer in the log for each"
    assert len(set(actions)) == len(ACTIONS)
    view = (await people["ana"].get(f"/conversations/{conversation}"))[1]
    said = [(line["who"], line["text"]) for line in view["lines"] if line["who"] in ("librarian", "note")]
    assert said == [("librarian", "Good morning."), ("note", "An old friend.")]
    await page.close()


async def test_a_process_that_starts_knows_what_the_one_before_it_answered(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    conversation = await desk.patron("before", "hello?")
    status, acted = await ana.post(f"/conversations/{conversation}/claim", key="before-the-crash")
    assert status == 200, acted
    later = ActionResults()
    asked = asyncio.create_task(later.of(acted["action"], 20))
    await later.recall(desk.services.store)
    found = await asked
    assert found is not None
    assert str(found.position) == acted["position"]
    assert found.step.cause == acted["action"]


async def test_a_click_costs_no_commit_of_its_own(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    conversation = await desk.patron("commits", "hello?")
    await ana.deed(conversation, "claim")
    await archived(desk)  # no transaction of the log's writer is under way, of which only the end would be seen
    commits, under_way = list[set[str]](), dict[int, set[str]]()

    def executed(sql: Any, cursor: Any, statement: str, *more: Any) -> None:
        under_way.setdefault(id(sql.connection.dbapi_connection), set()).add(statement)

    def committed(sql: Any) -> None:
        commits.append(under_way.pop(id(sql.connection.dbapi_connection), set()))

    engine = desk.services.archive.engine.sync_engine
    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    try:
        for n in range(5):
            await ana.deed(conversation, "notes", {"text": f"note {n}"})
    finally:
        event.remove(engine, "before_cursor_execute", executed)
        event.remove(engine, "commit", committed)
    of_writer = [one for one in commits if any("UPDATE follower" in statement for statement in one)]
    own = [one for one in commits if one not in of_writer and any("written" in statement for statement in one)]
    assert not own, "before: two of each click"


async def test_a_key_is_bound_to_its_request_in_every_process(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    conversation = await desk.patron("bound", "hello?")
    await ana.deed(conversation, "claim")
    where, body, key = f"/conversations/{conversation}/notes", {"text": "An old friend."}, "one-key-one-request"
    status, first = await ana.post(where, body, key=key)
    assert status == 200, first
    refused = await ana.post(where, {"code": "no-such-code"}, key="taken-and-refused-1")
    clash = await ana.post(
        f"/conversations/{conversation}/transfer", {"librarian": "nobody"}, key="taken-and-refused-2"
    )
    assert (refused[0], clash[0]) == (422, 409)
    await archived(desk)
    await desk.services.store.trim_log((await desk.services.store.head()).seq)
    async with desk.other_process() as other, other.client() as there:
        await there.enter("ana")
        status, again = await there.post(where, body, key=key)
        assert (status, again["action"], again["event"]) == (200, first["action"], "noted")
        status, problem = await there.post(where, {"text": "Something else."}, key=key)
        assert (status, problem["error"]) == (422, "key-reused")
        status, problem = await there.post(f"/conversations/{conversation}/release", {}, key=key)
        assert (status, problem["error"]) == (422, "key-reused")
        path = f"/conversations/{conversation}/transfer"
        status, problem = await there.post(path, {"librarian": "nobody"}, key="taken-and-refused-2")
        assert (status, problem["reason"]) == (409, clash[1]["reason"])
    view = (await ana.get(f"/conversations/{conversation}"))[1]
    assert [line["text"] for line in view["lines"] if line["who"] == "note"] == ["An old friend."]


async def test_a_repeat_is_answered_though_the_conversation_is_out_of_sight_by_now(
    desk: Desk, browsers: Browsers
) -> None:
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    page = await dora.live()
    await until(lambda: getattr(desk.services.replica.state.staff.get("dora"), "connections", None), "Dora is here")
    conversation = await desk.patron("away", "hello?")
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "transfer", {"librarian": "dora"})
    path = f"/conversations/{conversation}/reject"
    status, first = await dora.post(path, key="rejected-once")
    assert status == 200, first
    assert (await dora.get(f"/conversations/{conversation}"))[0] == 404
    assert (await dora.post(path, key="rejected-later"))[0] == 404
    status, again = await dora.post(path, key="rejected-once")
    assert (status, again["action"], again["event"], again["row"]) == (200, first["action"], first["event"], None)
    await page.close()
