"""The live line: who may open it, how it resumes, what it does with pages that are slow, silent or signed out."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from bridge.inbox.app import Inbox
from bridge.inbox.live.log_changes import LogChanges
from bridge.inbox.live.subscription import MOST_ROWS, Subscription
from bridge.inbox.views.list_index import ListIndex
from bridge.log.follower import Position
from routing.access import connected
from routing.events import Noted
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, Page, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_connection_is_presence_while_it_lasts(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    page = await ana.live()
    hello = await page.next()
    assert (hello["t"], hello["me"]["id"]) == ("hello", "ana")
    staff = await until(lambda: desk.services.replica.state.staff.get("ana"), "the core hears of it")
    assert (desk.services.process, hello["connection"]) in staff.connections
    await page.close()
    await until(lambda: not desk.services.replica.state.staff["ana"].connections, "and of its end")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_a_socket_is_opened_by_our_own_page_only(desk: Desk, browsers: Browsers, origin: str) -> None:
    ana = await browsers.of("ana")
    headers = {"Origin": origin} if origin else {}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await ana.session.ws_connect(f"{desk.url}/api/v1/live", headers=headers)
    assert refused.value.status == 403


async def test_messages_are_packed_each_by_itself(desk: Desk, browsers: Browsers) -> None:
    """A window that is kept would let a token's length be guessed from a patron's words."""
    ana = await browsers.of("ana")
    url = f"{desk.url}/api/v1/live"
    async with ana.session.ws_connect(url, headers={"Origin": desk.url}, compress=15) as socket:
        offered = socket._response.headers["Sec-WebSocket-Extensions"]
        assert "permessage-deflate" in offered
        assert "server_no_context_takeover" in offered
        page = Page(socket)
        await page.next()
        conversation = await desk.patron("packed", "A long question. " * 200)
        await page.until(lambda m: m["t"] == "rows" and conversation in [row["id"] for row in m["upsert"]])
    async with ana.session.ws_connect(url, headers={"Origin": desk.url}, compress=15) as socket:
        await socket.send_str("0" * 20_000_000)  # 20 kB on the wire
        while (message := await socket.receive(30)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert (message.type, socket.close_code) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.MESSAGE_TOO_BIG)
    async with ana.session.ws_connect(url, headers={"Origin": desk.url}, compress=0) as socket:
        assert not socket.compress


async def test_a_session_in_the_address_opens_nothing(desk: Desk, browsers: Browsers) -> None:
    token, _ = await desk.services.archive.accounts.open_session("ana")
    stranger = await browsers.of()
    url = f"{desk.url}/api/v1/live?deskbridge={token}&token={token}"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await stranger.session.ws_connect(url, headers={"Origin": desk.url})
    assert refused.value.status == 401


async def test_a_page_hears_a_new_conversation_and_its_end_for_others(desk: Desk, browsers: Browsers) -> None:
    ana, ben, dora = [await browsers.of(name) for name in ("ana", "ben", "dora")]
    pages = [await who.live() for who in (ana, ben, dora)]
    for page in pages:
        await page.next()
    conversation = await desk.patron("heard", "Is somebody there?")
    for page in pages[:2]:
        await page.until(lambda m: m["t"] == "rows" and conversation in [row["id"] for row in m["upsert"]])
    await ana.deed(conversation, "claim")
    await pages[1].until(lambda m: m["t"] == "rows" and any(row["owner"] == "ana" for row in m["upsert"]))
    elsewhere = await desk.patron("heard-south", "And here?", channel="south-web")
    await pages[2].until(lambda m: m["t"] == "rows" and elsewhere in [row["id"] for row in m["upsert"]])
    assert conversation not in str(pages[2].heard), "another library's page never hears of it"
    assert elsewhere not in str(pages[0].heard)


async def test_after_a_gap_a_page_goes_on_where_it_was(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    page = await ana.live()
    await page.next()
    first = await desk.patron("gap-1", "before")
    await page.until(lambda m: m["t"] == "rows" and first in page.rows)
    position = page.position
    await page.close()
    missed = [await desk.patron(f"gap-{n}", "meanwhile") for n in range(2, 6)]
    again = await ana.live(position)
    await again.until(lambda m: set(missed) <= again.rows.keys())
    assert not any(message["t"] == "reset" for message in again.heard)


@pytest.mark.parametrize(
    "after", ["elsewhere:5", "nonsense", "x:99999999", ":::", "a:-1", "x:0", f"x:{1 << 64}", f"x:{10**300}"]
)
async def test_a_position_that_is_not_known_means_fetching_afresh(browsers: Browsers, after: str) -> None:
    ana = await browsers.of("ana")
    page = await ana.live(after)
    reset = await page.until(lambda m: m["t"] != "hello")
    assert (reset["t"], reset["reason"]) == ("reset", "unknown")


async def test_a_watched_conversation_tells_its_lines_and_their_ticks(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("ticks", "hello?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(conversation, "claim")
    page = await ben.live()
    await page.next()
    view = (await ben.get(f"/conversations/{conversation}"))[1]
    await page.say(t="watch", conversation=conversation, position=view["position"])
    said = await ana.deed(conversation, "messages", {"text": "Good morning."})
    line = said["line"]["id"]
    await page.until(lambda m: line in page.lines)
    await desk.receipt(line, "failed", reason="unreachable")
    await page.until(lambda m: m["t"] == "lines" and page.lines[line]["stage"] == "failed")
    assert (page.lines[line]["text"], page.lines[line]["reason"]) == ("Good morning.", "unreachable")


async def test_what_may_not_be_seen_cannot_be_watched(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("secret", "only north")
    dora = await browsers.of("dora")
    page = await dora.live()
    await page.next()
    await page.say(t="watch", conversation=conversation)
    await desk.patron("secret", "and more")
    await page.say(t="pong")
    await page.until(lambda m: m["t"] == "ping")
    assert not page.lines
    assert conversation not in str(page.heard)


async def test_what_is_not_to_be_seen_any_more_is_not_heard_any_more(desk: Desk, browsers: Browsers) -> None:
    """Dora opens what a transfer offers her, and keeps it open when it is taken back: a page is not trusted to leave."""
    conversation = await desk.patron("taken-back", "hello?")
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    await ana.deed(conversation, "claim")
    page = await dora.live()
    await until(lambda: desk.services.replica.state.staff.get("dora"))
    await ana.deed(conversation, "transfer", {"librarian": "dora"})
    view = (await dora.get(f"/conversations/{conversation}"))[1]
    await page.say(t="watch", conversation=conversation, position=view["position"])
    await page.until(lambda m: m["t"] == "lines")
    await ana.deed(conversation, "release")
    await page.until(lambda m: m["t"] == "rows" and conversation in m["remove"])
    noted = await ana.deed(conversation, "notes", {"text": "for north alone"})
    await page.up_to(noted["position"])
    assert "for north alone" not in str(page.heard)
    offered = await ana.deed(conversation, "transfer", {"librarian": "dora"})
    await page.up_to(offered["position"])
    assert noted["line"]["id"] in page.lines, "offered again, it is hers to read as a whole"
    await ana.deed(conversation, "release")
    await page.close()


async def test_colleagues_see_who_looks_and_who_types(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("looked-at", "hello?")
    ana, ben, dora = [await browsers.of(name) for name in ("ana", "ben", "dora")]
    a, b, d = [await who.live() for who in (ana, ben, dora)]
    await b.next()
    await d.next()
    await a.say(t="watch", conversation=conversation)
    seen = await b.until(lambda m: m["t"] == "signal" and m["kind"] == "viewing" and m["conversation"] == conversation)
    assert (seen["librarian"], seen["name"]) == ("ana", "Ana Alves")
    await a.say(t="typing", conversation=conversation, note=True)
    await b.until(lambda m: m["t"] == "signal" and m["kind"] == "typing")
    assert (await ben.get(f"/conversations/{conversation}"))[1]["viewing"][0]["id"] == "ana"
    await d.say(t="pong")
    await d.until(lambda m: m["t"] == "ping")
    assert not any(message["t"] == "signal" and message["conversation"] == conversation for message in d.heard)


async def test_a_page_behind_others_views_nothing_unless_another_shows_it(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("hidden-page", "hello?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    one, two, b = await ana.live(), await ana.live(), await ben.live()
    await b.next()

    async def told(kind: str) -> None:
        await b.until(lambda m: m["t"] == "signal" and m["conversation"] == conversation and m["kind"] == kind)

    async def viewers() -> list[str]:
        return [each["id"] for each in (await ben.get(f"/conversations/{conversation}"))[1]["viewing"]]

    for page in (one, two):
        await page.say(t="watch", conversation=conversation)
        await told("viewing")
    await one.say(t="looking", shown=False)
    await one.say(t="pong")
    await one.until(lambda m: m["t"] == "ping")
    assert await viewers() == ["ana"], "her other page shows it"
    await two.say(t="looking", shown=False)
    await told("gone")
    await desk.inbox.consortia[0].live.still_viewing(
        next(each for each in desk.inbox.consortia[0].live._subscriptions.values() if not each.shown)
    )
    assert await viewers() == []
    await one.say(t="looking", shown=True)
    await told("viewing")
    assert await viewers() == ["ana"]


async def test_who_is_named_in_a_note_is_called_once_and_nobody_else_is(desk: Desk, browsers: Browsers) -> None:
    """The conversation need not be open; who writes it, who is not named and who may not see it hear nothing of the words."""
    conversation = await desk.patron("named", "hello?", name="Nell Named")
    people = {name: await browsers.of(name) for name in ("ana", "ben", "cora", "dora")}
    pages = {name: await client.live() for name, client in people.items()}
    for page in pages.values():
        await page.next()
    note = {"text": "@Ben Berg do you know her?", "mentions": ["ben", "ana", "dora", "nobody"]}
    noted = await people["ana"].deed(conversation, "notes", note)
    called = await pages["ben"].until(lambda m: m["t"] == "mention")
    assert (called["conversation"], called["line"], called["text"]) == (conversation, noted["line"]["id"], note["text"])
    assert (called["by_name"], called["patron"], called["library_name"]) == ("Ana Alves", "Nell Named", "North Library")
    await pages["ben"].up_to(noted["position"])
    for name in ("ana", "cora", "dora"):
        await pages[name].up_to(noted["position"])
        assert not any(message["t"] == "mention" for message in pages[name].heard), name
    assert "do you know her" not in str(pages["dora"].heard)
    assert sum(message["t"] == "mention" for message in pages["ben"].heard) == 1


async def test_after_signing_out_a_socket_hears_not_one_word(desk: Desk, browsers: Browsers) -> None:
    """Whichever way the session ended; it was up to fifteen seconds."""
    accounts = desk.services.archive.accounts

    async def sign_out(who: Client) -> None:
        assert (await who.post("/logout"))[0] == 204

    async def shut_out(who: Client) -> None:
        await accounts.disable("ben")

    async def reset(who: Client) -> None:
        await accounts.reset("ben")

    for n, end in enumerate((sign_out, shut_out, reset)):
        await accounts.disable("ben", disabled=False)
        ben, again = await browsers.of("ben"), await browsers.of("ana")
        page, other = await ben.live(), await again.live()
        await page.next()
        await other.next()
        await end(ben)
        await desk.patron(f"after-{n}", "a secret word")
        await other.until(lambda m: m["t"] == "rows" and m["upsert"])
        await page.until(lambda m: m["t"] == "signed-out")
        assert "a secret word" not in str(page.heard)
        with pytest.raises(TypeError):
            await page.next()
    await accounts.disable("ben", disabled=False)


async def test_a_long_poll_that_waits_hears_nothing_after_signing_out(desk: Desk, browsers: Browsers) -> None:
    ben = await browsers.of("ben")
    first = (await ben.post("/live", []))[1]
    query = f"/live?after={first['position']}&connection={first['connection']}"
    waiting = asyncio.create_task(ben.post(query, []))
    await until(lambda: ben_waits(desk), "the poll waits")
    await desk.services.archive.accounts.reset("ben")
    status, problem = await waiting
    assert (status, problem["error"]) == (401, "signed-out")


def ben_waits(desk: Desk) -> bool:
    return desk.inbox.consortia[0].live.taken_by("ben") > 0


@pytest.mark.parametrize("fresh", [True, False], ids=["another process", "the same process"])
async def test_a_page_that_comes_back_learns_no_ids_of_another_library(
    desk: Desk, browsers: Browsers, fresh: bool
) -> None:
    dora, ana = await browsers.of("dora"), await browsers.of("ana")
    page, other = await dora.live(), await ana.live()
    hello = await page.next()
    await other.next()
    await page.close()
    live = desk.inbox.consortia[0].live
    await until(lambda: not live.taken_by("dora"), "dora's page went")
    if fresh:
        live._remembered.clear()
        live._known.clear()
    theirs = [await desk.patron(f"north-{fresh}-{n}", "hello") for n in range(3)]
    mine = await desk.patron(f"south-{fresh}", "hello", channel="south-web")
    back = await dora.live(hello["position"])
    if fresh:
        await back.until(lambda m: m["t"] == "reset")
    else:
        await back.until(lambda m: m["t"] == "rows" and mine in [row["id"] for row in m["upsert"]])
    await ana.deed(theirs[0], "claim")
    await ana.deed(theirs[0], "close", {"code": "answered"})
    after = await desk.patron(f"south-{fresh}-again", "hello", channel="south-web")
    await back.until(lambda m: m["t"] == "rows" and after in [row["id"] for row in m["upsert"]])
    assert not [each for each in theirs if each in str(back.heard)]


async def test_who_was_named_during_a_gap_is_called_afterwards(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("named-late", "hello?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    page = await ben.live()
    await desk.patron("named-late", "still there?")
    await page.until(lambda m: m["t"] == "rows" and conversation in page.rows)
    await page.close()
    noted = await ana.deed(conversation, "notes", {"text": "@Ben Berg please", "mentions": ["ben"]})
    again = await ben.live(page.position)
    called = await again.until(lambda m: m["t"] == "mention")
    assert called["line"] == noted["line"]["id"]


async def test_a_reset_takes_no_call_back(desk: Desk) -> None:
    """A mention from before a reset is in no list, so it is told before the reset."""
    conversation = await desk.patron("named-reset", "hello?")
    token, _ = await desk.services.archive.accounts.open_session("ben")
    session = await desk.services.archive.accounts.session(token)
    assert session is not None
    subscription = Subscription(session, "resetting", Position("e", 1), ListIndex(), set(), desk.services.sign_on)
    note = Noted(conversation=conversation, id="n1", by="ana", text="@Ben Berg", mentions=("ben",))
    subscription.note(LogChanges(mentions=[note]), Position("e", 2))
    subscription.reset("slow")
    told = subscription.messages(desk.services.replica.state)
    assert [type(message).__name__ for message in told[:2]] == ["MentionTold", "Reset"]


async def test_the_patron_is_told_of_typing_by_who_has_the_conversation_only(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("typed-to", "hello?")
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    await ana.deed(conversation, "claim")
    heard: dict[str, Any] = {}

    async def listen() -> None:
        async for signal in desk.services.signs.listen():
            if signal.conversation == conversation:
                heard[signal.librarian] = (signal.address, signal.name)

    listening = asyncio.create_task(listen())
    a, b = await ana.live(), await ben.live()
    await b.say(t="typing", conversation=conversation)
    await a.say(t="typing", conversation=conversation)
    await until(lambda: heard.keys() == {"ana", "ben"})
    assert heard == {"ana": ("typed-to", "Ana"), "ben": ("", "")}
    await ben.deed(conversation, "join")
    await b.say(t="typing", conversation=conversation)
    await until(lambda: heard["ben"] == ("typed-to", "Ben"), "who joined is told of too")
    listening.cancel()


@pytest.mark.parametrize(
    "raw, code",
    [("{", 1007), ('{"t": "dance"}', 1007), ('{"t": "watch", "conversation": ""}', 1007), ("x" * 20_000, 1009)],
)
async def test_a_page_that_talks_nonsense_is_sent_away(browsers: Browsers, raw: str, code: int) -> None:
    ana = await browsers.of("ana")
    page = await ana.live()
    await page.next()
    await page.socket.send_str(raw)
    async for _ in page.socket:
        pass
    assert page.socket.close_code == code


async def test_who_floods_is_sent_away(browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    page = await ana.live()
    await page.next()
    for _ in range(200):
        await page.socket.send_str('{"t": "pong", "at": 1}')
    async for _ in page.socket:
        pass
    assert page.socket.close_code == 1008


async def test_a_slow_page_costs_a_bounded_set_and_then_hears_reset(desk: Desk) -> None:
    token, _ = await desk.services.archive.accounts.open_session("ana")
    session = await desk.services.archive.accounts.session(token)
    assert session is not None
    subscription = Subscription(session, "slow", Position("e", 1), ListIndex(), set(), desk.services.sign_on)
    for n in range(2 * MOST_ROWS):
        subscription.note(LogChanges(rows={f"c{n}"}), Position("e", n + 2))
    told = subscription.messages(desk.services.replica.state)
    assert type(told[0]).__name__ == "Reset"
    assert len(told) < 5


async def test_the_long_poll_says_the_same_as_the_socket(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    headers = ana.headers()
    status, polled = await ana.call("POST", "/live", [], headers=headers)
    assert (status, polled["messages"][0]["t"]) == (200, "hello")
    conversation = await desk.patron("polled", "by long poll")
    rows: dict[str, Any] = {}
    said: list[Any] = [{"t": "watch", "conversation": conversation}]
    lines: dict[str, Any] = {}
    await ana.deed(conversation, "claim")
    fresh: dict[str, Any] = {}
    while rows.get(conversation) != fresh or not lines:
        query = f"/live?after={polled['position']}&connection={polled['connection']}"
        before = polled["connection"]
        status, polled = await ana.call("POST", query, said, headers=headers)
        assert (status, polled["connection"]) == (200, before)
        said = []
        if not lines:
            await desk.patron("polled", "more")
        for message in polled["messages"]:
            if message["t"] == "rows":
                rows |= {row["id"]: row for row in message["upsert"]}
            if message["t"] == "lines":
                lines |= {line["id"]: line for line in message["lines"]}
        fresh = next(row for row in await ana.rows("mine") if row["id"] == conversation)
    assert rows[conversation]["owner"] == "ana"
    assert {line["text"] for line in lines.values()} >= {"more"}


async def test_a_poll_whose_answer_was_lost_is_told_again(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    _, first = await ana.call("POST", "/live", [], headers=ana.headers())
    conversation = await desk.patron("lost-answer", "hello?")
    polled, told, query = first, list[str](), ""
    while conversation not in told:  # other news may come before it
        query = f"/live?after={polled['position']}&connection={first['connection']}"
        polled, told = await _polled(ana, query)
    polled, again = await _polled(ana, query)
    assert conversation in again, (query, polled)


async def test_who_comes_first_is_not_sent_away_by_his_own_coming(desk: Desk, browsers: Browsers) -> None:
    """The live side may be made after the state was loaded: it knows then which channels there are."""
    live = Inbox([desk.services]).consortia[0].live
    try:
        assert not live._kinds_changed()
    finally:
        desk.services.replica.on_entries.remove(live._take)
        desk.services.replica.on_reset.remove(live._restart)


async def _polled(librarian: Client, query: str) -> tuple[dict[str, Any], list[str]]:
    """Ask once; return what is answered, and the conversations whose rows are told."""
    _, polled = await librarian.call("POST", query, [], headers=librarian.headers())
    rows = [row["id"] for message in polled["messages"] if message["t"] == "rows" for row in message["upsert"]]
    return polled, rows


async def test_another_librarian_cannot_take_a_poll_over(browsers: Browsers) -> None:
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    _, first = await ana.call("POST", "/live", [], headers=ana.headers())
    query = f"/live?after=&connection={first['connection']}"
    _, polled = await dora.call("POST", query, [], headers=dora.headers())
    assert polled["connection"] != first["connection"]
    assert polled["messages"][0]["me"]["id"] == "dora"


async def test_counts_are_right_after_the_state_was_loaded_afresh(desk: Desk, browsers: Browsers) -> None:
    await desk.patron("counted", "hello?")
    cora = await browsers.of("cora")
    page = await cora.live()
    before = (await page.next())["desk"]
    for tell in desk.services.replica.on_reset:
        tell()
    assert before["open"]
    assert (await page.until(lambda m: m["t"] == "desk"))["desk"] == before
    await page.close()


async def test_lists_that_are_being_built_when_the_state_is_loaded_afresh_are_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.inbox.views.list_index.SLICE", 1)
    for n in range(4):
        await desk.patron(f"afresh-{n}", "hello?")
    state, lists, others = desk.services.replica.state, ListIndex(), ListIndex()
    building = asyncio.create_task(lists.ready(desk.services.replica))
    for _ in range(3):
        await asyncio.sleep(0)
    lists.forget()
    await building
    await others.ready(desk.services.replica)
    assert lists.desk(state, "cora") == others.desk(state, "cora")
    assert lists.page(state, "cora", "open", None, 100) == others.page(state, "cora", "open", None, 100)


async def _here(desk: Desk, who: Client, name: str = "dora") -> Page:
    """Let somebody of south sit down at the queue there, and return the page."""
    page = await who.live()
    await page.next()
    await until(lambda: connected(desk.services.replica.state, name))
    assert (await who.put("/presence", {"queues": ["south/reference"]}))[0] == 200
    return page


async def test_what_a_queue_of_mine_is_asked_to_take_is_there_after_a_reload(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("for-south", "hello?")
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    page = await _here(desk, dora)
    await ana.deed(conversation, "claim")
    counted = await _open(dora)
    offered = await ana.deed(conversation, "transfer", {"queue": "south/reference"})
    await page.up_to(offered["position"])
    fresh = {row["id"]: row for row in await dora.rows("open")}
    assert page.rows[conversation]["transfer"]["to_me"]
    assert fresh[conversation] == page.rows[conversation]
    assert await _open(dora) == counted + 1
    await dora.deed(conversation, "accept")


async def _open(who: Client) -> int:
    """Return how many open conversations a fresh page counts."""
    page = await who.live()
    hello = await page.next()
    await page.close()
    return int(hello["desk"]["open"])


async def test_what_i_gave_back_at_another_library_is_there_after_a_reload(desk: Desk, browsers: Browsers) -> None:
    conversation = await desk.patron("given-back", "hello?")
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    page = await _here(desk, dora)
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "transfer", {"librarian": "dora"})
    await dora.deed(conversation, "accept")
    released = await dora.deed(conversation, "release")
    await page.up_to(released["position"])
    for view in ("waiting", "open"):
        assert [row for row in await dora.rows(view) if row["id"] == conversation] == [page.rows[conversation]]
    taken = await ana.deed(conversation, "claim")
    await page.up_to(taken["position"])
    assert conversation not in page.rows
    assert conversation not in [row["id"] for view in ("waiting", "open") for row in await dora.rows(view)]


async def test_who_comes_back_hears_that_what_was_held_before_is_gone(desk: Desk, browsers: Browsers) -> None:
    """The process that a page comes back to need not know what the page was given: it may have been another one."""
    conversation = await desk.patron("withdrawn", "hello?")
    ana, eve = await browsers.of("ana"), await browsers.of("eve")
    page = await _here(desk, eve, "eve")
    await ana.deed(conversation, "claim")
    offered = await ana.deed(conversation, "transfer", {"librarian": "eve"})
    await page.up_to(offered["position"])
    await page.close()
    live = desk.inbox.consortia[0].live
    await until(lambda: not live.taken_by("eve"))
    again = await eve.live(page.position)
    again.rows, again.position = dict(page.rows), page.position
    heard = await desk.patron("south-meanwhile", "hello?", channel="south-web")
    await again.until(lambda m: m["t"] == "rows" and heard in again.rows)
    released = await ana.deed(conversation, "release")
    await again.up_to(released["position"])
    assert conversation not in again.rows, "it is not offered to her any more"
