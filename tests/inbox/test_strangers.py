"""What strangers try in a librarian's name: they learn nothing by it, and lock nobody out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bridge.inbox.http.rate_limits import InboxLimits, Limit
from bridge.sql.people.accounts import LOCK_AFTER
from tests.inbox.conftest import Browsers
from tests.inbox.desk import PASSWORD, Client, Desk
from tests.inbox.desk import desk as running

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk for which all browsers of these tests come from addresses of their own."""
    limits = InboxLimits()
    limits.sign_in_by_host = Limit(1000, 1000)
    async with running(tmp_path_factory.mktemp("desk"), limits=limits) as found:
        yield found


async def _try(client: Client, name: str, password: str = "a guess") -> tuple[int, Any]:
    return await client.post("/login", {"name": name, "password": password}, key="")


async def test_a_name_that_does_not_exist_is_locked_like_one_that_does(browsers: Browsers) -> None:
    stranger = await browsers.of()
    answers = {name: [await _try(stranger, name) for _ in range(LOCK_AFTER + 1)] for name in ("eve", "no-such-name")}
    assert answers["eve"] == answers["no-such-name"]
    assert [status for status, _ in answers["eve"]] == [401] * LOCK_AFTER + [429]
    assert answers["eve"][-1][1]["error"] == "locked"


async def test_an_address_from_which_many_are_tried_still_lets_her_in(desk: Desk, browsers: Browsers) -> None:
    """The reading room and the desk may share one address."""
    at_work, stranger = await browsers.of(), await browsers.of()
    await at_work.sign_in("cora")
    usual = desk.services.limits.sign_in_by_host
    desk.services.limits.sign_in_by_host = Limit(0.001, 1)
    try:
        answers = [(await _try(stranger, f"reader {n}"))[0] for n in range(3)]
        assert answers == [401, 429, 429]
        assert (await _try(at_work, "cora", PASSWORD))[0] == 200
    finally:
        desk.services.limits.sign_in_by_host = usual


async def test_a_browser_that_she_knows_lets_her_in_while_strangers_lock_her_name(browsers: Browsers) -> None:
    at_work, stranger = await browsers.of(), await browsers.of()
    await at_work.sign_in("ana")
    await at_work.post("/logout", {}, key="")
    while (await _try(stranger, "ana"))[0] != 429:
        pass
    assert (await _try(stranger, "ana", PASSWORD))[0] == 429
    assert (await _try(at_work, "ana", PASSWORD))[0] == 200
    assert (await _try(stranger, "ana", PASSWORD))[0] == 429, "that she came does not give strangers new attempts"


async def test_a_known_browser_is_no_way_to_guess_without_end(browsers: Browsers) -> None:
    here = await browsers.of()
    await here.sign_in("cora")
    answers = [(await _try(here, "cora"))[0] for _ in range(12)]
    assert answers[:5] == [401] * 5
    assert answers[-1] == 429


async def test_a_browser_is_known_for_who_signed_in_with_it_alone(desk: Desk, browsers: Browsers) -> None:
    here, there = await browsers.of(), await browsers.of()
    await here.sign_in("ben")
    cookies = {cookie.key: cookie.value for cookie in here.session.cookie_jar if "-known-" in cookie.key}
    assert len(cookies) == 1
    for name, value in cookies.items():
        forged = value[:-1] + ("0" if value[-1] != "0" else "1")
        there.session.cookie_jar.update_cookies({name: forged})
    while (await _try(there, "ben"))[0] != 429:
        pass
    assert (await _try(there, "ben", PASSWORD))[0] == 429


async def test_a_code_from_the_coordinator_opens_a_locked_name(desk: Desk, browsers: Browsers) -> None:
    stranger, dora = await browsers.of(), await browsers.of()
    code = await desk.services.archive.accounts.reset("dora")
    while (await _try(stranger, "dora"))[0] != 429:
        pass
    assert (await dora.post("/login", {"name": "dora", "code": PASSWORD}, key=""))[0] == 401, "a code, no password"
    assert (await dora.post("/login", {"name": "dora", "code": code}, key=""))[0] == 200


async def test_trying_a_name_does_not_use_up_what_its_owner_needs_to_change_the_password(browsers: Browsers) -> None:
    stranger, eve = await browsers.of(), await browsers.of("eve")
    while (await _try(stranger, "password eve"))[0] != 429:
        pass
    status, _ = await eve.post("/password", {"old": PASSWORD, "new": "a longer password"}, key="")
    assert status == 200
