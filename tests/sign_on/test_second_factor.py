"""A second factor after the password: codes that count once, recovery codes, roles that must have one, a lost one that is reset."""

from __future__ import annotations

import csv
import io
import re
import time
from base64 import b32decode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from bridge.sign_on.settings import SignOnSettings
from bridge.sign_on.totp import step_of
from tests.inbox.conftest import Browsers
from tests.inbox.desk import PASSWORD, Client, Desk
from tests.inbox.desk import desk as running

# The last tests read what the others left in the audit: all of them run in one process, in order.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("second-factor")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk whose coordinators must have a second factor."""
    settings = SignOnSettings(second_factor=("coordinator",))
    async with running(tmp_path_factory.mktemp("desk"), sign_on=settings) as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def browsers(desk: Desk) -> AsyncIterator[Browsers]:
    """Browsers on the shared desk."""
    async with AsyncExitStack() as stack:
        yield Browsers(desk, stack)


def _code(secret: str, steps: int = 0) -> str:
    """Return what an app shows now, or `steps` times 30 seconds later."""
    raw = b32decode(secret + "=" * (-len(secret) % 8))
    return TOTP(raw, 6, SHA1(), 30).generate(int(time.time()) + 30 * steps).decode()


async def _add_app(client: Client) -> tuple[str, list[str]]:
    """Add an app; return its secret and the recovery codes."""
    status, begun = await client.post("/second-factor/add/codes/begin", key="")
    assert status == 200, begun
    assert begun["picture"].startswith("data:image/svg+xml")
    asked = {"token": begun["token"], "code": _code(begun["secret"], -1), "name": "Phone"}
    status, added = await client.post("/second-factor/add/codes", asked, key="")
    assert status == 200, added
    return begun["secret"], added["codes"]


async def _entered(desk: Desk, browsers: Browsers, name: str) -> Client:
    """A browser in which somebody has shown a second factor."""
    client = await browsers.of(name)
    newest = max(await desk.services.archive.accounts.sessions(name), key=lambda one: one.opened_at)
    await desk.services.archive.second_factors.shown(name, newest.id)
    return client


async def _lists(client: Client) -> tuple[int, str]:
    status, found = await client.get("/conversations?view=open")
    return status, found.get("error", "")


@pytest.mark.parametrize("seconds, code", [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")])
async def test_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B: the last six digits of the vectors for SHA-1."""
    assert step_of(b"12345678901234567890", code, seconds) == seconds // 30
    assert step_of(b"12345678901234567890", code, seconds + 90) is None
    assert step_of(b"12345678901234567890", code, seconds, after=seconds // 30) is None, "it was used"


async def test_a_password_alone_opens_nothing_and_a_code_counts_once(browsers: Browsers) -> None:
    first = await browsers.of("ana")
    other = await browsers.of("ana")
    secret, recovery = await _add_app(first)
    assert len(set(recovery)) == 10
    assert await _lists(first) == (200, ""), "it was shown here"
    assert await _lists(other) == (403, "second-factor"), "not there"
    assert sorted(one["half"] for one in (await first.get("/sessions"))[1]["sessions"]) == [False, True]
    ana = await (await browsers.of()).sign_in("ana")
    assert (await ana.get("/me"))[1]["second_factor"] == "asked"
    assert await _lists(ana) == (403, "second-factor")
    for closed in ("/second-factor/add/codes/begin", "/password", "/second-factor/recovery"):
        assert (await ana.post(closed, {"new": "seven red lanterns", "old": PASSWORD}, key=""))[1][
            "error"
        ] == "second-factor"
    code = _code(secret)
    status, me = await ana.post("/second-factor/show/code", {"code": f"{code[:3]} {code[3:]}"}, key="")
    assert (status, me["second_factor"]) == (200, "")
    assert await _lists(ana) == (200, "")
    ana.csrf = me["csrf"]
    status, me = await ana.post("/password", {"new": PASSWORD + " staple", "old": PASSWORD}, key="")
    assert (status, me["second_factor"]) == (200, ""), "it was shown in this browser"
    ana.csrf = me["csrf"]
    assert (await ana.post("/password", {"new": PASSWORD, "old": PASSWORD + " staple"}, key=""))[0] == 200
    thief = await (await browsers.of()).sign_in("ana")
    assert (await thief.post("/second-factor/show/code", {"code": code}, key=""))[1]["error"] == "wrong-factor"
    assert (await thief.post("/second-factor/show/code", {"code": recovery[0].upper()}, key=""))[0] == 200
    again = await (await browsers.of()).sign_in("ana")
    assert (await again.post("/second-factor/show/code", {"code": recovery[0]}, key=""))[1]["error"] == "wrong-factor"
    assert (await again.get("/second-factor"))[1]["recovery_left"] == 9


async def test_guesses_are_stopped(browsers: Browsers) -> None:
    await _add_app(await browsers.of("ben"))
    ben = await (await browsers.of()).sign_in("ben")
    guesses = [await ben.post("/second-factor/show/code", {"code": f"{n:06}"}, key="") for n in range(7)]
    assert [status for status, _ in guesses] == [403] * 5 + [429] * 2
    assert (await ben.post("/second-factor/show/passkey", {"token": "none", "credential": "{}"}, key=""))[0] == 429


async def test_a_role_that_needs_one_adds_it_first_and_keeps_it(desk: Desk, browsers: Browsers) -> None:
    cora = await (await browsers.of()).sign_in("cora")
    assert (await cora.get("/me"))[1]["second_factor"] == "to-add"
    assert await _lists(cora) == (403, "second-factor-missing")
    await _add_app(cora)
    assert await _lists(cora) == (200, "")
    _, view = await cora.get("/second-factor")
    assert view["required"] is True
    one = view["factors"][0]["id"]
    status, problem = await cora.call("DELETE", f"/second-factor/{one}", headers=cora.headers())
    assert (status, problem["error"]) == (422, "factor-required")


async def test_a_lost_one_is_reset_by_the_coordinator_of_the_library_alone(desk: Desk, browsers: Browsers) -> None:
    cora, eve, ana = [await _entered(desk, browsers, name) for name in ("cora", "eve", "ana")]
    where = "/organisation/north/people/ben/second-factor"
    assert (await ana.call("DELETE", where, headers=ana.headers()))[0] == 403
    assert (await eve.call("DELETE", where, headers=eve.headers()))[0] == 404
    assert (await cora.call("DELETE", where, headers=cora.headers()))[0] == 204
    ben = await (await browsers.of()).sign_in("ben")
    assert await _lists(ben) == (200, "")


async def test_who_is_signed_in_where_is_shown_and_ended(desk: Desk, browsers: Browsers) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 <script>"}
    here, there = await browsers.of(), await browsers.of("dora")
    body = {"name": "dora", "password": PASSWORD}
    status, me = await here.call("POST", "/login", body, headers=here.headers() | agent)
    assert status == 200
    here.csrf = me["csrf"]
    found = (await here.get("/sessions"))[1]["sessions"]
    assert [(one["device"], one["way"]) for one in found if one["here"]] == [("Firefox, Linux", "password")]
    stranger = await _entered(desk, browsers, "ana")
    other = next(one["id"] for one in found if not one["here"])
    assert (await stranger.call("DELETE", f"/sessions/{other}", headers=stranger.headers()))[0] == 404
    assert (await here.call("DELETE", f"/sessions/{other}", headers=here.headers()))[0] == 204
    assert (await there.get("/me"))[0] == 401
    third = await browsers.of("dora")
    assert (await here.post("/sessions/end-others", key=""))[0] == 204
    assert (await third.get("/me"))[0] == 401
    assert (await here.get("/me"))[0] == 200


async def test_coordinators_read_the_audit_of_their_own_library_and_can_take_it_away(
    desk: Desk, browsers: Browsers
) -> None:
    await desk.services.archive.accounts.add("=cmd", "=cmd", "north")
    stranger = await browsers.of()
    await stranger.post("/login", {"name": "=cmd", "password": "a wrong password"}, key="")
    cora = await _entered(desk, browsers, "cora")
    _, page = await cora.get("/account-events?library=north")
    told = {(one["librarian"], one["what"], one["detail"]) for one in page["events"]}
    if not {librarian for librarian, _, _ in told} & {"ana", "ben"}:
        pytest.skip("it reads what the tests before it have done: run the whole module")
    assert {
        ("ana", "signed-in", "password"),
        ("ana", "factor-added", "codes"),
        ("ana", "recovery-used", ""),
        ("ben", "failed", "codes"),
        ("ben", "factor-reset", ""),
        ("cora", "role", "none -> coordinator"),
        ("=cmd", "failed", "password"),
    } <= told
    assert {one["library"] for one in page["events"]} == {"north"}
    _, only = await cora.get("/account-events?role=coordinator&what=signed-in")
    assert {one["librarian"] for one in only["events"]} == {"cora"}
    assert (await cora.get("/account-events?library=south"))[0] == 404
    assert (await (await browsers.of("dora")).get("/account-events"))[0] == 403
    async with cora.session.get(f"{desk.url}/api/v1/account-events/file?library=north") as answer:
        rows = list(csv.DictReader(io.StringIO(await answer.text())))
    assert "'=cmd" in {row["librarian"] for row in rows}
    assert not re.search(r"(^|,)=cmd", "\n".join(",".join(row.values()) for row in rows))
    _, found = await cora.get("/account-events/file?format=json")
    assert found[0]["what"] == "exported", "the first file"
