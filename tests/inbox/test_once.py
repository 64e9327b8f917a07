"""Every deed of a librarian, sent twice at once under one Idempotency-Key: both are answered alike, and it happens once."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from bridge.inbox.live.action_results import ActionResults
from bridge.log.follower import Entry
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEEDS: tuple[tuple[str, str, dict[str, Any]], ...] = (
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
    for who, verb, body in DEEDS:
        key, where = secrets.token_hex(8), f"/conversations/{conversation}/{verb}"
        asked = [people[who].post(where, body, key=key) for _ in range(2)]
        (status, first), (other, second) = await asyncio.gather(*asked)
        assert (status, other) == (200, 200), (verb, first, second)
        assert first["event"] not in ("refused", "faulted")
        assert (first["action"], first["event"], first["line"]) == (second["action"], second["event"], second["line"])
        actions.append(first["action"])
    desk.services.replica.on_entries.remove(count)
    assert happened == Counter(actions), "one answer in the log for each"
    assert len(set(actions)) == len(DEEDS)
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
