"""A colleague joins a conversation through the interface: what they may do, what they may not, and what everybody's pages show."""

from __future__ import annotations

import asyncio

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_joins_answers_beside_the_owner_and_leaves_again(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("company", "Do you have maps of 1790?", name="Jane")
    ana, ben, cora = [await browsers.of(name) for name in ("ana", "ben", "cora")]
    assert not (await ana.deed(conversation, "claim"))["row"]["can_join"], "it is hers"
    row = next(row for row in await ben.rows("open") if row["id"] == conversation)
    assert (row["can_join"], row["joined"], row["views"]) == (True, False, ["open"])

    done = await ben.deed(conversation, "join")
    assert (done["event"], done["row"]["owner"], done["row"]["views"]) == ("joined", "ana", ["open", "mine"])
    assert (done["row"]["joined"], done["row"]["can_join"]) == (True, False)
    assert conversation in [row["id"] for row in await ben.rows("mine")]
    assert (await ben.deed(conversation, "messages", {"text": "In the map room."}))["event"] == "said"
    await ana.deed(conversation, "messages", {"text": "Second floor."})
    message = desk.services.replica.state.conversations[conversation].last_message
    assert (await ben.deed(conversation, "read", {"message": message}))["row"]["unread"] == 0

    view = (await cora.get(f"/conversations/{conversation}"))[1]
    assert view["row"]["companions"] == [{"id": "ben", "name": "Ben Berg"}]
    said = [(line["author"], line["text"]) for line in view["lines"] if line["who"] == "librarian"]
    assert said == [("Ben Berg", "In the map room."), ("Ana Alves", "Second floor.")]
    assert [line["text"] for line in view["lines"] if line["event"] == "joined" and line["who"] == "desk"] == [
        "Ben has joined us and can answer too."
    ]
    events = [(line["event"], line["details"].get("by")) for line in view["lines"] if line["who"] == "system"]
    assert ("joined", "Ben Berg") in events

    left = await ben.deed(conversation, "leave")
    assert (left["event"], left["row"]["views"], left["row"]["can_join"]) == ("left-conversation", ["open"], True)
    assert conversation not in [row["id"] for row in await ben.rows("mine")]
    status, clash = await ben.post(f"/conversations/{conversation}/messages", {"text": "One more"})
    assert (status, clash["reason"], clash["holder_name"]) == (409, "taken", "Ana Alves")


@pytest.mark.parametrize(
    ("verb", "body", "reason"),
    [("close", {}, "taken"), ("transfer", {"librarian": "cora"}, "not-yours"), ("release", None, "not-yours")],
)
async def test_only_the_owner_ends_it_or_passes_it_on(
    desk: Desk, browsers: Browsers, verb: str, body: object, reason: str
) -> None:
    conversation = await desk.patron(f"owned-{verb}", "hello?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(conversation, "claim")
    await ben.deed(conversation, "join")
    status, clash = await ben.post(f"/conversations/{conversation}/{verb}", body)
    assert (status, clash["reason"], clash["holder"], clash["holder_name"]) == (409, reason, "ana", "Ana Alves")


async def test_what_cannot_be_joined_or_left_says_why(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("why", "hello?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")

    async def refused(who: str, verb: str) -> str:
        status, clash = await {"ana": ana, "ben": ben}[who].post(f"/conversations/{conversation}/{verb}")
        assert status == 409, clash
        return str(clash["reason"])

    assert await refused("ben", "join") == "unclaimed"
    await ana.deed(conversation, "claim")
    assert await refused("ana", "leave") == "yours"
    assert await refused("ben", "leave") == "not-joined"
    assert (await ana.deed(conversation, "join"))["event"] == "done"
    await ana.deed(conversation, "close", {})
    assert await refused("ben", "join") == "closed"


async def test_the_same_key_joins_once(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("once", "hello?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(conversation, "claim")
    where = f"/conversations/{conversation}/join"
    answers = await asyncio.gather(*(ben.post(where, key="the-very-same-join") for _ in range(5)))
    assert [(status, body["event"]) for status, body in answers] == [(200, "joined")] * 5
    view = (await ana.get(f"/conversations/{conversation}"))[1]
    assert len([line for line in view["lines"] if line["who"] == "system" and line["event"] == "joined"]) == 1


async def test_joining_while_it_is_being_closed_does_one_after_the_other(desk: Desk, browsers: Browsers) -> None:
    """Whichever the stream takes first: nobody is in what is closed, and the colleague is told why."""
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    for n in range(8):
        conversation = await desk.patron(f"race-{n}", "hello?")
        await ana.deed(conversation, "claim")
        deeds = [ana.post(f"/conversations/{conversation}/close", {}), ben.post(f"/conversations/{conversation}/join")]
        closed, entered = await asyncio.gather(*(deeds if n % 2 else reversed(deeds)))
        closed, entered = (closed, entered) if n % 2 else (entered, closed)
        assert closed[0] == 200
        assert entered[0] == 200 or (entered[0], entered[1]["reason"]) == (409, "closed")
        it = desk.services.replica.state.conversations[conversation]
        assert (it.state, it.companions) == ("closed", ())
        assert conversation not in [row["id"] for row in await ben.rows("mine")]


async def test_another_librarys_people_come_in_by_a_transfer_only(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("strange", "hello?")
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    await ana.deed(conversation, "claim")
    assert (await dora.post(f"/conversations/{conversation}/join"))[0] == 404
    assert (await dora.post(f"/conversations/{conversation}/leave"))[0] == 404
    page = await dora.live()
    await until(lambda: desk.services.replica.state.staff.get("dora"))
    await ana.deed(conversation, "transfer", {"librarian": "dora"})
    assert (await dora.deed(conversation, "join"))["row"]["joined"]
    await dora.deed(conversation, "reject")
    assert (await dora.deed(conversation, "messages", {"text": "Good evening"}))["event"] == "said"
    await dora.deed(conversation, "leave")
    assert (await dora.get(f"/conversations/{conversation}"))[0] == 404, "no longer hers to see"
    await page.close()


async def test_pages_hear_who_comes_and_goes_and_what_may_be_done(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("heard", "hello?", name="Hedda Heard")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(conversation, "claim")
    a, b = await ana.live(), await ben.live()
    for page in (a, b):
        await page.next()
    await ana.deed(conversation, "notes", {"text": "@Ben Berg maps?", "mentions": ["ben"]})
    assert (await b.until(lambda m: m["t"] == "mention" and m["conversation"] == conversation))["can_join"]
    joined = await ben.deed(conversation, "join")
    await a.up_to(joined["position"])
    assert [one["id"] for one in a.rows[conversation]["companions"]] == ["ben"]
    await b.up_to(joined["position"])
    assert (b.rows[conversation]["joined"], a.rows[conversation]["joined"]) == (True, False)
    await ana.deed(conversation, "notes", {"text": "@Ben Berg thanks", "mentions": ["ben"]})
    again = await b.until(lambda m: m["t"] == "mention" and m["text"].endswith("thanks"))
    assert not again["can_join"], "he is in it"
    closed = await ana.deed(conversation, "close", {})
    await b.up_to(closed["position"])
    assert (b.rows[conversation]["views"], b.rows[conversation]["companions"]) == (["closed"], [])
    for page in (a, b):
        await page.close()
