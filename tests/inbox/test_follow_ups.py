"""The list of follow-ups: pages, filters, words, masked addresses, closed ones; and what may be seen of whose."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec
import pytest

from bridge.contract.message import FollowUpPlan
from bridge.inbox.views.follow_up_list import counts, follow_up_count, page, place_at
from bridge.sql.people.calendar import Calendar
from routing.records import FollowUpRecord
from routing.state import State
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, north, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = 1_700_000_000_000
MANY = 5_000


def many() -> State:
    """Return a desk of North with thousands of follow-ups: a third Ana's, one in fifty overdue, some without a deadline."""
    state = State.fresh()
    state.libraries.put("north", north())
    for n in range(MANY):
        plan = FollowUpPlan(
            address=f"p{n}@example.org", deadline=0 if n % 7 == 0 else NOW + (n * 7919 % MANY) - 100, question=f"Q{n}"
        )
        one = FollowUpRecord(
            id=f"f{n}",
            conversation=f"c{n}",
            library="north",
            state="new",
            plan=plan,
            opened_at=NOW - n,
            owner="ana" if n % 3 == 0 else "",
            name=f"Patron {n}",
        )
        state.follow_ups.put(one.id, one)
    return state


async def test_thousands_come_page_by_page_each_once_those_due_first() -> None:
    state, after, seen = many(), None, list[Any]()
    while True:
        found, more = page(state, "ben", "all", "", NOW, after, 50)
        seen += found
        if not more:
            break
        after = place_at(more)
    assert len({one.id for one in seen}) == len(seen) == MANY
    dues = [one.deadline or 1 << 60 for one in seen]
    assert dues == sorted(dues)
    told = counts(state, "ben", NOW)
    assert (told.all, told.overdue) == (MANY, sum(1 for one in seen if 0 < one.deadline <= NOW))
    assert follow_up_count(state, "ben") == MANY
    assert follow_up_count(state, "dora") == 0


async def test_a_page_of_thousands_costs_no_more_than_a_look_at_each() -> None:
    """Twice as many take about twice as long, not four times: the best of five of each is compared."""
    state = many()
    whole = min(_timed(state) for _ in range(5))
    for n in range(MANY // 2, MANY):
        state.follow_ups.drop(f"f{n}")
    half = min(_timed(state) for _ in range(5))
    assert whole < half * 6, (half, whole)


def _timed(state: State) -> float:
    began = time.process_time()
    page(state, "ben", "all", "patron 12", NOW, None, 50)
    return time.process_time() - began


async def closed(desk: Desk, browsers: Browsers, who: str, **plan: Any) -> str:
    """Let Ana end a chat as the library's follow-up; return the conversation."""
    conversation = await desk.patron(who, f"The question of {who}", name=who.title())
    ana = await browsers.of("ana")
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "close", {"code": "follow_up_library", "follow_up": plan})
    return conversation


async def listed(browser: Any, **query: str) -> list[dict[str, Any]]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    status, found = await browser.get(f"/follow-ups?{asked}")
    assert status == 200
    return list(found["follow_ups"])


async def test_filters_and_words_find_what_is_shown(desk: Desk, browsers: Browsers) -> None:
    wanted = await closed(desk, browsers, "maya", address="maya@example.org", question="An atlas")
    other = await closed(desk, browsers, "noel", address="noel@example.org", question="A map")
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    for words in ("maya", "ATLAS", "maya@example", "north+atlas"):
        assert [one["conversation"] for one in await listed(ana, q=words)] == [wanted]
    assert await listed(ana, q="maya+map") == []
    ids = {one["conversation"]: one["id"] for one in await listed(ana)}
    await ana.post(f"/follow-ups/{ids[other]}", {"state": "open", "owner": "ana"})
    assert other in [one["conversation"] for one in await listed(ana, show="mine")]
    assert other not in [one["conversation"] for one in await listed(ana, show="unassigned")]
    assert await listed(dora) == []
    assert (await ana.get("/follow-ups?show=everything"))[0] == 422
    assert (await ana.get("/follow-ups?after=nonsense"))[0] == 422


async def test_one_that_somebody_elsewhere_owns_is_pending_and_held(desk: Desk, browsers: Browsers) -> None:
    conversation = await closed(desk, browsers, "otto", address="otto@example.org")
    ana, ben, cora, dora = [await browsers.of(name) for name in ("ana", "ben", "cora", "dora")]
    (one,) = await listed(ana, q="otto")
    await ana.post(f"/follow-ups/{one['id']}", {"state": "open", "owner": "dora"})
    await until(lambda: desk.services.replica.state.follow_ups[one["id"]].owner == "dora", "it is Dora's")
    (told,) = await listed(ben, show="elsewhere", q="otto")
    assert (told["state"], told["elsewhere"], told["held"], told["owner_name"]) == ("pending", True, True, "Dora Dahl")
    assert [each["held"] for each in await listed(cora, q="otto")] == [False]
    assert [each["held"] for each in await listed(dora)] == [False]
    status, refused = await ben.post(f"/follow-ups/{one['id']}", {"state": "open", "owner": "ben"})
    assert (status, refused["reason"]) == (409, "follow-up-elsewhere")
    assert (await dora.get(f"/conversations/{conversation}"))[0] == 200, "who answers later may read what was asked"
    assert (await cora.post(f"/follow-ups/{one['id']}", {"state": "open", "owner": "cora"}))[0] == 200
    assert (await dora.get(f"/conversations/{conversation}"))[0] == 404


async def test_closed_ones_are_listed_with_their_outcome_and_audited(desk: Desk, browsers: Browsers) -> None:
    conversation = await closed(desk, browsers, "pia", address="pia@example.org")
    ana, dora, cora = await browsers.of("ana"), await browsers.of("dora"), await browsers.of("cora")
    (one,) = await listed(ana, q="pia")
    assert (await ana.post(f"/follow-ups/{one['id']}", {"state": "closed", "outcome": "not-needed"}))[0] == 200
    async with asyncio.timeout(20):
        while not (found := await listed(ana, show="closed", q="pia")):
            await asyncio.sleep(0.02)
    assert [(each["id"], each["state"], each["outcome"]) for each in found] == [(one["id"], "closed", "not-needed")]
    assert found[0]["closed_at"] > 0
    assert await listed(ana, q="pia") == []
    assert await listed(dora, show="closed", q="pia") == []
    _, audit = await cora.get(f"/conversations/{conversation}/audit")
    assert ("follow-up", "closed not-needed") in [(each["what"], each["detail"]) for each in audit["deeds"]]


async def test_a_masked_address_is_shown_masked_and_not_found_by_what_is_hidden(desk: Desk, browsers: Browsers) -> None:
    conversation = await closed(desk, browsers, "quentin", address="very.secret@example.org")
    masking = msgspec.structs.replace(north(), mask_addresses=True)
    told = await desk.services.organisation.put(masking, Calendar())
    await desk.services.gathering.ingest([told])
    ana = await browsers.of("ana")
    await until(lambda: desk.services.replica.state.libraries["north"].mask_addresses, "the library masks")
    (one,) = await listed(ana, q="quentin")
    assert (one["conversation"], one["address"]) == (conversation, "ve…@example.org")
    assert await listed(ana, q="secret") == []
    assert (await ana.post(f"/follow-ups/{one['id']}", {"state": "open", "owner": "ana"}))[0] == 200
    assert desk.services.replica.state.follow_ups[one["id"]].plan.address == "very.secret@example.org"
