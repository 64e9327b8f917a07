"""Signing in and out."""

from __future__ import annotations

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import PASSWORD, Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_signs_in_is_known_and_who_signs_out_is_not(browsers: Browsers) -> None:
    ana = await (await browsers.of()).sign_in("ana")
    status, me = await ana.get("/me")
    assert (status, me["id"], me["name"], me["libraries"]) == (200, "ana", "Ana Alves", ["north"])
    assert (await ana.post("/logout", {}, key=""))[0] == 204
    status, problem = await ana.get("/me")
    assert (status, problem["error"]) == (401, "signed-out")


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(desk: Desk, browsers: Browsers) -> None:
    stranger = await browsers.of()
    body = {"name": "ben", "password": PASSWORD}
    async with stranger.session.post(f"{desk.url}/api/v1/login", json=body, headers=stranger.headers()) as response:
        cookie = response.headers["Set-Cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Secure" not in cookie, "plain http on loopback"


async def test_behind_a_trusted_proxy_with_https_the_cookie_is_secure(desk: Desk, browsers: Browsers) -> None:
    stranger = await browsers.of()
    body = {"name": "ben", "password": PASSWORD}
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "desk.example.org", "X-Forwarded-For": "203.0.113.9"}
    headers = stranger.headers() | forwarded | {"Origin": "https://desk.example.org"}
    async with stranger.session.post(f"{desk.url}/api/v1/login", json=body, headers=headers) as response:
        assert response.status == 403, "loopback is no trusted proxy of this desk, so its headers count for nothing"


@pytest.mark.parametrize("name, password", [("ana", "wrong password"), ("nobody", PASSWORD), ("ANA ", "")])
async def test_a_wrong_name_and_a_wrong_password_look_alike(browsers: Browsers, name: str, password: str) -> None:
    stranger = await browsers.of()
    status, problem = await stranger.post("/login", {"name": name, "password": password}, key="")
    if password:
        assert (status, problem["error"], problem["detail"]) == (401, "wrong", "The name or the password is wrong.")
    else:
        assert status == 422


async def test_names_are_locked_after_too_many_wrong_passwords(browsers: Browsers) -> None:
    stranger = await browsers.of()
    answers = [await stranger.post("/login", {"name": "eve", "password": f"guess {n}"}, key="") for n in range(8)]
    assert [status for status, _ in answers][:5] == [401] * 5
    assert answers[-1][0] == 429
    assert (await stranger.post("/login", {"name": "eve", "password": PASSWORD}, key=""))[0] == 429


async def test_a_one_time_code_signs_in_once_and_asks_for_a_password(desk: Desk, browsers: Browsers) -> None:
    code = await desk.services.archive.accounts.reset("dora")
    dora = await browsers.of()
    status, me = await dora.post("/login", {"name": "dora", "code": code}, key="")
    assert (status, me["must_change_password"]) == (200, True)
    dora.csrf = me["csrf"]
    assert (await dora.get("/conversations?view=open"))[1]["error"] == "must-change-password"
    again = await browsers.of()
    assert (await again.post("/login", {"name": "dora", "code": code}, key=""))[0] == 401
    status, me = await dora.post("/password", {"new": "another good one"}, key="")
    assert (status, me["must_change_password"]) == (200, False)
    dora.csrf = me["csrf"]
    assert (await dora.get("/conversations?view=open"))[0] == 200


async def test_a_new_password_ends_the_other_sessions(browsers: Browsers) -> None:
    here, there = await browsers.of("cora"), await browsers.of("cora")
    status, me = await here.post("/password", {"old": PASSWORD, "new": "a longer password"}, key="")
    assert status == 200
    here.csrf = me["csrf"]
    assert (await here.get("/me"))[0] == 200
    assert (await there.get("/me"))[0] == 401
    assert (await here.post("/password", {"old": "wrong", "new": PASSWORD}, key=""))[0] == 403
    assert (await here.post("/password", {"old": "a longer password", "new": PASSWORD}, key=""))[0] == 200


async def test_a_poll_that_goes_on_after_a_new_password_tells_the_new_token(browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    _, polled = await cora.call("POST", "/live", [], headers=cora.headers())
    connection = polled["connection"]
    _, me = await cora.post("/password", {"old": PASSWORD, "new": "a longer password"}, key="")
    cora.csrf = me["csrf"]
    assert (await cora.put("/presence", {"queues": ["north/reference"]}))[0] == 200
    told = list[str]()
    while not told:
        query = f"/live?after={polled['position']}&connection={connection}"
        status, polled = await cora.call("POST", query, [], headers=cora.headers())
        assert (status, polled["connection"]) == (200, connection)
        told = [message["me"]["csrf"] for message in polled["messages"] if message["t"] == "me"]
    assert told[-1] == cora.csrf
    assert (await cora.post("/password", {"old": "a longer password", "new": PASSWORD}, key=""))[0] == 200


async def test_a_write_needs_the_token_and_our_own_origin(browsers: Browsers) -> None:
    ana = await browsers.of("ana")
    asked = {"queues": ["north/reference"]}
    assert (await ana.call("PUT", "/presence", asked))[1]["error"] == "bad-token"
    headers = ana.headers() | {"X-Deskbridge": "1"}
    assert (await ana.call("PUT", "/presence", asked, headers=headers))[1]["error"] == "bad-token"
    headers = ana.headers() | {"Origin": "https://evil.example"}
    assert (await ana.call("PUT", "/presence", asked, headers=headers))[1]["error"] == "forbidden"
    headers = {"X-Deskbridge": ana.csrf, "Sec-Fetch-Site": "cross-site"}
    assert (await ana.call("PUT", "/presence", asked, headers=headers))[0] == 403
    assert (await ana.call("PUT", "/presence", asked, headers={"X-Deskbridge": ana.csrf}))[0] == 200
