"""The interface's own description, and who is let in: every route, from the table itself."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from openapi_spec_validator import validate

from bridge.app.http import application
from bridge.inbox.app import ROUTES
from bridge.inbox.http.rate_limits import Limit
from bridge.inbox.http.responses import BASE
from bridge.inbox.http.route import Route
from bridge.runtime.health import DaemonHealth
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

STAFF = [route for route in ROUTES if route.access != "anyone"]
WRITES = [route for route in ROUTES if route.writes]
BODIED = [route for route in WRITES if route.asks not in (None, bytes)]
CONVERSATION = [route for route in ROUTES if route.scope == "conversation"]
LIBRARY = [route for route in ROUTES if route.scope == "library"]

BODIES: dict[str, Any] = {
    "messages": {"text": "hello"},
    "notes": {"text": "hm"},
    "consult": {"library": "south"},
    "say_in_room": {"text": "hello"},
    "edit_in_room": {"text": "hello"},
    "make_room": {"name": "Maps"},
    "room_members": {"add": ["ben"]},
    "end_consult": {"library": "south"},
    "call_offer": {"kinds": ["meeting"]},
    "call_set": {"call": "some-call", "to": "ended"},
    "call_window": {"call": "some-call"},
    "read": {"message": "some-message"},
    "transfer": {"queue": "south/reference"},
    "close": {},
    "recode": {"code": "practice"},
    "identify": {"name": "Jane"},
    "block": {},
    "merge": {"other": "some-other"},
    "unmerge": {"other": "some-other"},
    "keep_draft": {"text": "half a thought"},
    "set_follow_up": {"state": "open"},
    "set_presence": {"queues": []},
    "add_faq_entry": {"entry": {"library": "north", "texts": [{"language": "en", "title": "Why?"}]}},
    "save_faq_entry": {"entry": {"library": "north", "texts": [{"language": "en", "title": "Why?"}], "revision": 9}},
    "preview_faq": {"markdown": "*hello*"},
    "seen_to_faq": {},
    "count_questions": {
        "questions": [{"id": "a-question", "library": "north", "at": 0, "mode": "phone", "kind": "other"}]
    },
    "keep_first_day": {"state": "skipped"},
    "rehearsal": {"name": "open-sunday", "now": 0},
    "make_sheet": {
        "id": "a-rehearsal",
        "manners": "web",
        "code": "answered",
        "rehearsal": {"name": "open-sunday", "now": 9000},
    },
    "share_sheet": {"coordinators": True},
    "keep_sheet": {"keep": True},
    "write_sheet_words": {"lines": [{"heading": "closure", "level": 2}]},
    "scenario_save": {"scenario": {"title": "Maps"}},
    "scenario_read": {"toml": "title = 1"},
    "save_search": {"name": "Bees", "query": "bees"},
    "save_my_scripts": {"edition": "of another time", "scripts": []},
    "password": {"new": "long enough, surely", "old": "no"},
    "renew_loan": {"id": "1"},
    "cancel_hold": {"id": "1"},
    "poll": [],
    "set_queue": {"queue": "north/reference", "opening": "usual"},
    "place": {"queues": ["north/reference"]},
    "give": {"librarian": "ana"},
    "begin": {"channel": "none-such", "address": "jane@example.org", "text": "Hello"},
    "forward": {"address": "jane@example.org", "what": "transcript"},
    "announce": {"text": "The lift is broken.", "until": 1 << 50, "library": "north"},
    "save_library": {
        "library": {"id": "north", "revision": 999, "name": "North"},
        "calendar": {},
    },  # of no edition: not saved
}


def path(route: Route, id: str = "none-such") -> str:
    """The path of a route with its parameters filled in, and the queries it must have."""
    found = route.path.replace("{id}", id).replace("{digest}", "0" * 64).replace("{librarian}", "ana")
    found = found.replace("{person}", "nobody").replace("{change}", "999999")
    found = found.replace("{message}", "some-message").replace("{name}", "maps")
    words = {"view": "open", "q": "word", "after": "0", "record": "none-such", "library": "north", "name": "plan.png"}
    query = "&".join(f"{each.name}={words[each.name]}" for each in route.query if each.required)
    return f"{found}?{query}" if query else found


def named(route: Route) -> str:
    """What a test of a route is called."""
    return f"{route.method} {route.path}"


async def ask(client: Any, route: Route, id: str = "none-such") -> tuple[int, Any]:
    """Ask for a route as our page would."""
    headers = client.headers("a-key-of-its-own-" + route.name + id) if route.writes else {}
    body = None if route.asks is bytes else BODIES.get(route.name)
    status, found = await client.call(route.method, path(route, id), body, headers=headers)
    return int(status), found


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def newcomer(desk: Desk) -> None:
    """An account of somebody who must still choose a password, and whom no library lists.

    All routes are asked in a few seconds, which is more than one person writes.
    """
    desk.services.limits.writes = Limit(1000, 10_000)
    code = await desk.services.archive.accounts.add("newcomer", "newcomer", "north")
    await desk.services.archive.accounts.sign_in("newcomer", code)


async def test_the_description_is_valid_and_is_served(browsers: Browsers) -> None:
    status, document = await (await browsers.of()).get("/openapi.json")
    assert status == 200
    assert document["openapi"].startswith("3.1")
    validate(document)


async def test_every_mounted_route_is_described_and_every_described_one_mounted(desk: Desk, browsers: Browsers) -> None:
    _, document = await (await browsers.of()).get("/openapi.json")
    described = {(method.upper(), where) for where, methods in document["paths"].items() for method in methods}
    app = application(health=DaemonHealth(), inbox=desk.inbox)
    mounted = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.resource.canonical.startswith(BASE)
    }
    mounted = {(method, where) for method, where in mounted if method != "HEAD"} - {("GET", f"{BASE}/openapi.json")}
    assert described == mounted
    assert len(described) == len(ROUTES)


async def test_every_operation_says_how_it_can_fail(browsers: Browsers) -> None:
    _, document = await (await browsers.of()).get("/openapi.json")
    for where, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            assert "503" in answers, (where, method)
            if operation["x-access"] != "anyone":
                assert "401" in answers, (where, method)
            if where.endswith("/claim"):
                assert {"200", "202", "409"} <= answers.keys()


@pytest.mark.parametrize("route", ROUTES, ids=named)
async def test_every_answer_is_described(desk: Desk, browsers: Browsers, route: Route) -> None:
    """Asked rightly, and wrongly in every way that the checks before a route know, each answers as its description says."""
    cora, newcomer = await browsers.of("cora"), await browsers.of("newcomer")
    conversation = await desk.patron(f"described-{route.name}", "hello?")  # of its own: one of them is blocked
    answers = (await cora.get("/openapi.json"))[1]["paths"][BASE + route.path][route.method.lower()]["responses"]
    where, body = path(route, "north" if route.scope == "library" else conversation), BODIES.get(route.name)
    odd = where + ("&" if "?" in where else "?") + "&".join(f"{each.name}={'9' * 401}" for each in route.query)
    ours = {"Origin": desk.url} | (cora.headers(f"described-{route.name}") if route.writes else {})
    asked: list[tuple[Client, str, Any, dict[str, str]]] = [
        (cora, where, body, ours),
        (cora, odd, body, ours | ({"Idempotency-Key": f"described-odd-{route.name}"} if route.writes else {})),
        (newcomer, where, body, newcomer.headers("described-newcomer")),
    ]
    if route.writes:
        asked += [
            (cora, where, body, ours | {"Idempotency-Key": "short"}),
            (cora, where, "x" * 300_000, ours | {"Idempotency-Key": f"described-long-{route.name}"}),
            (cora, path(route, "another"), body, ours),
        ]
    if route.path.startswith("/reports"):
        asked.append((cora, f"{where}?library=south", None, ours))
    for client, address, given, headers in asked:
        url = f"{desk.url}{BASE}{address}"
        async with client.session.request(route.method, url, json=given, headers=headers) as response:
            raw = await response.read()
        assert str(response.status) in answers, (address[:100], response.status, raw[:200])


@pytest.mark.parametrize("route", STAFF, ids=named)
async def test_nobody_gets_in_without_a_session(browsers: Browsers, route: Route) -> None:
    status, problem = await ask(await browsers.of(), route)
    assert (status, problem["error"]) == (401, "signed-out")


@pytest.mark.parametrize("route", [route for route in WRITES if route.access != "anyone"], ids=named)
async def test_no_write_without_the_token(browsers: Browsers, route: Route) -> None:
    ana = await browsers.of("ana")
    ana.csrf = "guessed"
    status, problem = await ask(ana, route)
    assert (status, problem["error"]) == (403, "bad-token")


@pytest.mark.parametrize("route", CONVERSATION, ids=named)
async def test_a_conversation_of_another_library_is_not_there(desk: Desk, browsers: Browsers, route: Route) -> None:
    conversation = await desk.patron("outsiders", "only for north")
    dora = await browsers.of("dora")
    assert (await ask(dora, route, conversation))[0] == 404
    assert (await ask(dora, route, "no-such-conversation"))[0] == 404
    it = desk.services.replica.state.conversations[conversation]
    assert (it.state, it.owner) == ("waiting", ""), "nothing happened to it"


@pytest.mark.parametrize("route", LIBRARY, ids=named)
async def test_a_library_is_edited_by_its_own_coordinator_only(browsers: Browsers, route: Route) -> None:
    none = 403 if route.access == "administrator" else 404
    assert (await ask(await browsers.of("ana"), route, "north"))[0] == 403, "no coordinator"
    assert (await ask(await browsers.of("eve"), route, "north"))[0] == none, "another library's"
    assert (await ask(await browsers.of("cora"), route, "none-such"))[0] == none, "no library"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.keyed], ids=named)
async def test_no_deed_without_an_idempotency_key(desk: Desk, browsers: Browsers, route: Route) -> None:
    conversation = await desk.patron("keyless", "hello?")
    ana = await browsers.of("ana")
    status, problem = await ana.call(
        route.method, path(route, conversation), BODIES.get(route.name), headers=ana.headers()
    )
    assert (status, problem["error"]) == (400, "key-missing")


@pytest.mark.parametrize("route", [route for route in BODIED if route.access != "administrator"], ids=named)
@pytest.mark.parametrize("raw", [b"{", b"[1]", b'{"unheard": 1}', b"\xff\xfe", b'{"text": "\\u0000"}'])
async def test_a_body_that_is_not_as_described_is_refused(
    desk: Desk, browsers: Browsers, route: Route, raw: bytes
) -> None:
    ana = await browsers.of("cora")
    conversation = await desk.patron("malformed", "hello?")
    id = {"library": "north", "room": "all"}.get(route.scope, conversation)
    headers = ana.headers(f"malformed-{route.name}-{hash(raw)}") | {"Content-Type": "application/json"}
    url = f"{desk.url}{BASE}{path(route, id)}"
    async with ana.session.request(route.method, url, data=raw, headers=headers) as response:
        problem = await response.json()
    assert response.status in (400, 422), problem
    assert problem.keys() == {"error", "detail"}


async def test_a_body_that_is_too_large_is_refused(desk: Desk, browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    conversation = await desk.patron("large", "hello?")
    status, problem = await ana.post(f"/conversations/{conversation}/notes", {"text": "x" * 300_000})
    assert (status, problem["error"]) == (413, "too-large")


async def test_what_is_not_there_and_what_is_not_allowed_answer_alike(browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    assert (await ana.get("/nothing"))[1]["error"] == "not-found"
    assert (await ana.call("DELETE", "/me"))[1]["error"] == "method-not-allowed"
    assert (await ana.get("/conversations?view=everything"))[0] == 422
    assert (await ana.get("/conversations"))[0] == 422
    assert (await ana.get("/conversations?view=open&cursor=%FF"))[0] == 422


async def test_answers_carry_what_keeps_browsers_safe(desk: Desk) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{desk.url}{BASE}/me") as response:
        headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert "Server" not in headers
    assert not re.search(r"aiohttp|python", str(headers), re.I)
