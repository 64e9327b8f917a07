"""Colleagues write to each other: who may see which room, on each route and in each push, and what a page holds after a gap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bridge.files.blobs import FileBlobs
from bridge.inbox.app import ROUTES
from bridge.inbox.http.rate_limits import Limit
from bridge.inbox.live import staff_news
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, until
from tests.inbox.test_forget import archived

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _say(client: Client, room: str, text: str, *, key: str | None = None) -> dict[str, Any]:
    status, said = await client.post(f"/rooms/{room}/messages", {"text": text}, key=key)
    assert status == 200, said
    return dict(said)


async def _words(client: Client, room: str) -> list[str]:
    status, found = await client.get(f"/rooms/{room}/messages")
    assert status == 200, found
    return [one["text"] for one in found["messages"]]


async def _room(client: Client, *members: str) -> str:
    status, room = await client.post("/rooms", {"name": "Maps", "members": list(members)})
    assert status == 200, room
    return str(room["id"])


async def _pair(client: Client, other: str) -> str:
    status, room = await client.put(f"/colleagues/{other}/room", None)
    assert status == 200, room
    return str(room["id"])


async def _rooms(client: Client) -> dict[str, dict[str, Any]]:
    return {room["id"]: room for room in (await client.get("/colleagues"))[1]["rooms"]}


async def _consulted(desk: Desk, browsers: Browsers, patron: str, **whom: Any) -> str:
    conversation = await desk.patron(patron, "A question about an atlas", name="Jane")
    ana = await browsers.of("ana")
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "consult", whom or {"librarian": "dora"})
    return conversation


async def test_rooms_of_everybody_of_a_library_and_of_two(browsers: Browsers) -> None:
    ana, ben, dora = [await browsers.of(name) for name in ("ana", "ben", "dora")]
    assert {"all", "library:north"} <= (await _rooms(ana)).keys()
    await _say(ana, "all", "Good morning")
    await _say(ana, "library:north", "Ours alone")
    pair = await _pair(dora, "ana")
    assert await _pair(ana, "dora") == pair
    await _say(dora, pair, "Just us")
    assert "Good morning" in await _words(dora, "all")
    assert "Ours alone" in await _words(ben, "library:north")
    assert await _words(ana, pair) == ["Just us"]
    assert (await _rooms(ana))[pair]["last"]["text"] == "Just us"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scope == "room"], ids=lambda route: route.name)
async def test_a_room_that_is_not_yours_looks_like_none_on_each_route(
    desk: Desk, browsers: Browsers, route: Any
) -> None:
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    made, pair = await _room(ana, "ben"), await _pair(ana, "ben")
    talk = f"talk:{await desk.patron(f'strange-{route.name}', 'hello', name='Joe')}"
    said = await _say(ana, made, "among us")
    body = {"text": "mine"} if route.name != "room_members" else {"add": ["dora"]}
    for room in ("library:north", made, pair, talk, "room:none", "pair:none", "nothing", "all:x", "library:"):
        path = route.path.replace("{id}", room).replace("{message}", said["id"])
        headers = dora.headers(f"a-key-for-{room}" if route.keyed else "")
        status, found = await dora.call(route.method, path, body if route.writes else None, headers=headers)
        assert (status, found["error"]) == (404, "not-found"), room
    assert await _words(ana, made) == ["among us"]


async def test_a_stranger_is_never_pushed_to_and_a_member_is(desk: Desk, browsers: Browsers) -> None:
    ana, ben, dora = [await browsers.of(name) for name in ("ana", "ben", "dora")]
    conversation = await desk.patron("pushed", "hello", name="Joe")
    await ana.deed(conversation, "claim")
    pages = {name: await client.live() for name, client in (("ben", ben), ("dora", dora))}
    for page in pages.values():
        await page.until(lambda m: m["t"] == "hello")
    made = await _room(ana, "ben")
    for room in ("library:north", made, f"talk:{conversation}"):
        await _say(ana, room, f"secret in {room}")
    await _say(ana, "all", "the end")
    told: dict[str, list[str]] = {}
    for name, page in pages.items():
        await page.until(_tells("the end"))
        heard = [one for one in page.heard if one["t"] == "colleagues"]
        told[name] = [message["text"] for one in heard for message in one["messages"]]
        assert name == "ben" or not [room for one in heard for room in one["rooms"] if room["id"] != "all"]
        await page.close()
    assert told["dora"] == ["the end"]
    assert told["ben"][-4:] == [
        "secret in library:north",
        f"secret in {made}",
        f"secret in talk:{conversation}",
        "the end",
    ]


def _tells(text: str) -> Callable[[dict[str, Any]], bool]:
    return lambda m: m["t"] == "colleagues" and any(one["text"] == text for one in m["messages"])


async def test_what_a_page_holds_and_what_it_missed_is_what_a_fresh_one_reads(browsers: Browsers) -> None:
    """Messages, an edit, a deletion, a new room, one left: by the live line, and by the changes after a gap."""
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    left = await _room(ben, "ana")
    old = await _say(ana, "library:north", "an old one")
    page = _Held(await ana.get("/colleagues"), {"library:north": await ana.get("/rooms/library:north/messages")})
    gap = _Held(await ana.get("/colleagues"), {"library:north": await ana.get("/rooms/library:north/messages")})
    live = await ana.live()
    await live.until(lambda m: m["t"] == "hello")
    await ana.put(f"/rooms/library:north/messages/{old['id']}", {"text": "changed"})
    gone = await _say(ben, "library:north", "to be taken back")
    path = f"/rooms/library:north/messages/{gone['id']}"
    assert (await ben.call("DELETE", path, headers=ben.headers()))[1]["deleted"]
    new = await _room(ben, "ana")
    assert (await ben.post(f"/rooms/{left}/members", {"remove": ["ana"]}))[0] == 200
    await _say(ben, new, "the last word")
    await live.until(_tells("the last word"))
    for told in live.heard:
        if told["t"] == "colleagues":
            page.apply(told)
    gap.apply((await ana.get(f"/colleagues/changes?after={gap.at}"))[1])
    fresh = _Held(await ana.get("/colleagues"), {"library:north": await ana.get("/rooms/library:north/messages")})
    assert left not in fresh.rooms
    assert page.shown() == gap.shown() == fresh.shown()
    await live.close()


class _Held:
    """What a page holds: its rooms, and the messages of those that it opened."""

    def __init__(self, rooms: tuple[int, Any], opened: dict[str, tuple[int, Any]]) -> None:
        self.at = rooms[1]["at"]
        self.rooms = {room["id"]: room for room in rooms[1]["rooms"]}
        self.messages = {one["id"]: one for _, found in opened.values() for one in found["messages"]}
        self.opened = set(opened)

    def apply(self, told: dict[str, Any]) -> None:
        assert not told["more"]
        self.at = told["at"]
        for room in told["rooms"]:
            if room["listed"]:
                self.rooms[room["id"]] = room | {"last": self.rooms.get(room["id"], room)["last"]}
        for one in told["messages"]:
            held = self.messages.get(one["id"])
            if one["room"] in self.opened and (held is None or one["n"] > held["n"]):
                self.messages[one["id"]] = one
            last = self.rooms[one["room"]]["last"]
            if last is None or one["seq"] >= last["seq"]:
                self.rooms[one["room"]] |= {"last": one}
        for room in told["gone"]:
            self.rooms.pop(room, None)

    def shown(self) -> tuple[Any, ...]:
        return self.at, self.rooms, sorted(self.messages.values(), key=lambda one: one["seq"])


async def test_another_process_hears_of_it_even_when_the_notice_is_lost(
    desk: Desk, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staff_news, "LOOK_S", 0.1)
    async with desk.other_process() as other:
        cora = other.client()
        async with cora:
            page = await (await cora.enter("cora")).live()
            await page.until(lambda m: m["t"] == "hello")
            news = other.inbox.consortia[0].live.staff_news
            await until(lambda: news.position >= 0, "it has begun")
            said = await desk.services.staff_messages.say("all", "ana", "told by nobody", "a-key-of-mine")
            assert said.n
            await page.until(_tells("told by nobody"))
            await _say(await browsers.of("ana"), "all", "told by a notice")
            await page.until(_tells("told by a notice"))
            await page.close()


async def test_a_repeat_is_the_same_message_and_its_words_are_not_kept_with_the_key(
    desk: Desk, browsers: Browsers
) -> None:
    ana = await browsers.of("ana")
    first = await _say(ana, "all", "only once", key="the-same-key-1")
    assert await _say(ana, "all", "only once", key="the-same-key-1") == first
    status, found = await ana.post("/rooms/all/messages", {"text": "another"}, key="the-same-key-1")
    assert (status, found["error"]) == (422, "key-reused")
    assert (await _words(ana, "all")).count("only once") == 1


@pytest.mark.parametrize(
    ("body", "status"), [({"text": ""}, 422), ({"text": "  \n"}, 422), ({"text": "x" * 4001}, 422), ({}, 422)]
)
async def test_what_cannot_be_said(browsers: Browsers, body: Any, status: int) -> None:
    ana = await browsers.of("ana")
    assert (await ana.post("/rooms/all/messages", body))[0] == status


async def test_only_the_author_changes_a_message(browsers: Browsers) -> None:
    ana, ben = await browsers.of("ana"), await browsers.of("ben")
    said = await _say(ana, "all", "mine")
    path = f"/rooms/all/messages/{said['id']}"
    assert (await ben.put(path, {"text": "yours"}))[0] == 403
    assert (await ben.call("DELETE", path, headers=ben.headers()))[0] == 403
    assert (await ana.put(path, {"text": "still mine"}))[1]["edited_at"]


async def test_members_who_may_change_them(browsers: Browsers) -> None:
    ana, ben, cora = [await browsers.of(name) for name in ("ana", "ben", "cora")]
    room = await _room(ana, "ben", "cora")
    assert (await ben.post(f"/rooms/{room}/members", {"remove": ["cora"]}))[0] == 403
    assert (await ben.post(f"/rooms/{room}/members", {"add": ["dora"]}))[0] == 200
    status, found = await ben.post(f"/rooms/{room}/members", {"add": ["dora", "nobody"]})
    assert (status, found["detail"]) == (422, "add[2]: there is no such librarian.")
    assert (await cora.post(f"/rooms/{room}/members", {"remove": ["cora"]}))[0] == 200
    assert (await cora.get(f"/rooms/{room}/messages"))[0] == 404
    assert (await ana.post("/rooms/all/members", {"add": ["dora"]}))[0] == 403
    assert (await ana.put("/colleagues/nobody/room", None))[0] == 404


async def test_who_writes_too_fast_is_slowed_down(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    usual = desk.services.limits.staff_messages
    desk.services.limits.staff_messages = Limit(0.001, 2)
    try:
        answers = [(await ana.post("/rooms/all/messages", {"text": f"{n}"}))[0] for n in range(3)]
    finally:
        desk.services.limits.staff_messages = usual
    assert answers == [200, 200, 429]


# ---- beside a conversation ------------------------------------------------------------


async def test_a_colleague_of_another_library_is_asked_reads_and_answers(desk: Desk, browsers: Browsers) -> None:
    dora, ben = await browsers.of("dora"), await browsers.of("ben")
    page = await dora.live()
    await page.until(lambda m: m["t"] == "hello")
    conversation = await _consulted(desk, browsers, "asked")
    told = await page.until(lambda m: m["t"] == "consult")
    assert (told["conversation"], told["by_name"], told["patron"]) == (conversation, "Ana Alves", "Jane")
    row = (await page.until(lambda m: m["t"] == "rows" and m["upsert"]))["upsert"][0]
    assert (row["consulted"], row["can_join"], row["views"]) == (True, False, ["open"])
    await page.close()
    ana, talk = await browsers.of("ana"), f"talk:{conversation}"
    await _say(ana, talk, "Do you have this atlas?")
    await _say(dora, talk, "On shelf 12.")
    assert await _words(ben, talk) == ["Do you have this atlas?", "On shelf 12."], "the library reads it, as notes"
    view = (await dora.get(f"/conversations/{conversation}"))[1]
    assert view["row"]["consults"][0]["name"] == "Dora Dahl"
    assert talk in await _rooms(dora)
    assert (await dora.post(f"/conversations/{conversation}/messages", {"text": "Hi"}))[0] == 409
    await archived(desk)
    audit = (await (await browsers.of("cora")).get(f"/conversations/{conversation}/audit"))[1]
    what = [(one["who"], one["what"], one["detail"]) for one in audit["deeds"]]
    assert ("ana", "consulted", "Dora Dahl") in what
    assert ("dora", "read", "") in what


async def test_what_colleagues_wrote_is_in_no_transcript_search_or_export(desk: Desk, browsers: Browsers) -> None:
    conversation = await _consulted(desk, browsers, "apart")
    ana, word = await browsers.of("ana"), "Zwischenruf"
    await _say(ana, f"talk:{conversation}", f"{word} beside")
    await _say(ana, "all", f"{word} everywhere")
    await archived(desk)
    view = (await ana.get(f"/conversations/{conversation}"))[1]
    assert not [line for line in view["lines"] if word in str(line)]
    assert (await ana.get(f"/search?q={word}"))[1]["hits"] == []
    entries = [raw async for raw in everything(desk)]
    assert entries
    assert not [raw for raw in entries if word.encode() in raw], "nothing of it is in Redis"


async def everything(desk: Desk) -> Any:
    """Yield each value that Redis holds."""
    import redis.asyncio as redis

    client = redis.Redis.from_url(desk.server.url)
    try:
        async for key in client.scan_iter():
            if (raw := await client.dump(key)) is not None:
                yield raw
        for name in await client.keys("*log*"):
            yield repr(await client.xrange(name)).encode()
    finally:
        await client.aclose()


@pytest.mark.parametrize("whom", [{"librarian": "dora"}, {"queue": "south/reference"}, {"library": "south"}])
async def test_taken_back_or_ended_they_see_nothing_more(desk: Desk, browsers: Browsers, whom: dict[str, str]) -> None:
    name = next(iter(whom))
    conversation = await _consulted(desk, browsers, f"back-{name}", **whom)
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    talk = f"talk:{conversation}"
    assert await _words(dora, talk) == []
    await ana.deed(conversation, "end_consult", whom)
    await _gone(dora, conversation)
    await ana.deed(conversation, "consult", whom)
    assert await _words(dora, talk) == []
    await ana.deed(conversation, "messages", {"text": "Here."})
    await ana.deed(conversation, "close", {})
    await _gone(dora, conversation)
    assert (await ana.post(f"/rooms/{talk}/messages", {"text": "late"}))[0] == 403


async def _gone(client: Client, conversation: str) -> None:
    for path in (f"/conversations/{conversation}", f"/rooms/talk:{conversation}/messages"):
        assert (await client.get(path))[0] == 404
    assert f"talk:{conversation}" not in await _rooms(client)
    assert conversation not in [row["id"] for row in await client.rows("open")]


async def test_who_is_invited_to_join_answers_with_an_honest_greeting(desk: Desk, browsers: Browsers) -> None:
    conversation = await _consulted(desk, browsers, "invited", librarian="dora", join=True)
    dora = await browsers.of("dora")
    row = next(row for row in await dora.rows("open") if row["id"] == conversation)
    assert row["can_join"]
    await dora.deed(conversation, "join")
    view = (await dora.get(f"/conversations/{conversation}"))[1]
    joined = [line["text"] for line in view["lines"] if line["event"] == "joined" and line["who"] == "desk"]
    assert joined == ["Dora Dahl from South Library has joined us and can answer too."]


async def test_who_only_sees_it_wait_asks_nobody(desk: Desk, browsers: Browsers) -> None:
    conversation = await _consulted(desk, browsers, "spread")
    dora = await browsers.of("dora")
    status, clash = await dora.post(f"/conversations/{conversation}/consult", {"library": "south"})
    assert (status, clash["reason"]) == (409, "no-access")
    assert (await dora.post(f"/conversations/{conversation}/consult", {}))[0] == 422
    assert (await dora.deed(conversation, "end_consult", {"librarian": "dora"}))["event"] == "consult-ended"


async def test_a_mention_of_a_colleague_who_is_asked_waits_for_them(desk: Desk, browsers: Browsers) -> None:
    """Across libraries, after a transfer, until they read it."""
    conversation = await _consulted(desk, browsers, "mentioned")
    ana, dora = await browsers.of("ana"), await browsers.of("dora")
    await ana.deed(conversation, "notes", {"text": "Dora, the atlas?", "mentions": ["dora"]})
    await ana.deed(conversation, "release", {})
    await (await browsers.of("ben")).deed(conversation, "claim")
    await archived(desk)
    for _ in range(2):
        page = await dora.live()
        told = await page.until(lambda m: m["t"] == "mention")
        assert (told["conversation"], told["text"]) == (conversation, "Dora, the atlas?")
        await page.close()
    view = (await dora.get(f"/conversations/{conversation}"))[1]
    assert [line["text"] for line in view["lines"] if line["who"] == "note"] == ["Dora, the atlas?"]
    assert await desk.services.archive.mentions.unread("dora") == []


async def test_notes_are_for_those_whom_it_was_passed_to_and_nobody_else(desk: Desk, browsers: Browsers) -> None:
    """Another library reads them while a transfer asks it and once it has the conversation; not before, nor when it declined."""
    conversation = await desk.patron("passed", "hello", name="Joe")
    ana, dora, eve = [await browsers.of(name) for name in ("ana", "dora", "eve")]
    await ana.deed(conversation, "claim")
    await ana.deed(conversation, "notes", {"text": "He has asked before."})

    async def read(client: Client) -> list[str]:
        status, view = await client.get(f"/conversations/{conversation}")
        return [line["text"] for line in view["lines"] if line["who"] == "note"] if status == 200 else []

    page = await dora.live()
    await page.until(lambda m: m["t"] == "hello")
    await page.say(t="watch", conversation=conversation)
    assert await read(dora) == []
    await ana.deed(conversation, "transfer", {"librarian": "dora"})
    assert await read(dora) == ["He has asked before."]
    assert await read(eve) == []
    await dora.deed(conversation, "reject")
    assert await read(dora) == []
    await ana.deed(conversation, "transfer", {"librarian": "dora"})
    await dora.deed(conversation, "accept")
    assert await read(dora) == ["He has asked before."]
    assert await read(eve) == []
    await page.until(lambda m: m["t"] == "rows" and [row for row in m["upsert"] if row["owner"] == "dora"])
    assert not [one for one in page.heard if one["t"] == "lines"], "she asked for them while they were not hers to see"
    await page.close()


async def test_forgetting_the_patron_forgets_the_talk(desk: Desk, browsers: Browsers) -> None:
    conversation = await _consulted(desk, browsers, "to-forget")
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    await _say(ana, f"talk:{conversation}", "She lives in Elm Street")
    await ana.deed(conversation, "messages", {"text": "Here."})
    await ana.deed(conversation, "close", {})
    await archived(desk)
    assert (await cora.post(f"/conversations/{conversation}/forget", {}))[0] == 200
    await archived(desk)

    await desk.services.archive.retention(FileBlobs(desk.data / "blobs")).forget([conversation])
    assert await desk.services.staff_messages.page(f"talk:{conversation}") == []
