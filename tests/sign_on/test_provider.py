"""Signing on by a real OpenID provider: who is linked, made, refused, and what a stranger's answer is worth."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import pytest
from msgspec.structs import replace

from bridge.app.connection_check import provider_faults
from bridge.sql.people.account_events import EventsAsked
from tests.inbox.conftest import Browsers
from tests.inbox.desk import PASSWORD, Client, Desk
from tests.peers.provider import Provider
from tests.sign_on.conftest import PEOPLE, settings

# The last tests read what the others left in the audit: all of them run in one process, in order.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("sign-on-provider")]


async def _asked(client: Client, who: str, back: str = "") -> str:
    """Sign in at the provider; return the address that it sends the browser back to."""
    session, desk = client.session, client.desk
    where = f"{desk.url}/sign-on/start?back={quote(back)}"
    while not where.startswith(f"{desk.url}/sign-on/return"):
        method, told = ("POST", {"who": who}) if "/who/" in where else ("GET", None)
        async with session.request(method, where, data=told, allow_redirects=False) as answer:
            where = urljoin(where, answer.headers["Location"])
    return where


async def _taken(client: Client, where: str) -> str:
    """Go back to the desk; return the page that it leads to."""
    async with client.session.get(where, allow_redirects=False) as answer:
        assert answer.status == 303
        return answer.headers["Location"]


async def _sign_on(client: Client, who: str, back: str = "") -> str:
    return await _taken(client, await _asked(client, who, back))


async def _who(client: Client) -> tuple[str, str]:
    status, me = await client.get("/me")
    return (me["id"], me["role"]) if status == 200 else ("", "")


async def test_a_verified_address_links_an_account_and_leads_to_the_page_that_was_asked_for(
    desk: Desk, browsers: Browsers
) -> None:
    ana = await browsers.of()
    assert await _sign_on(ana, "subject-ana", "/library/north/general") == "/inbox/#/library/north/general"
    assert await _who(ana) == ("ana", "librarian")
    other = await browsers.of()
    assert await _sign_on(other, "subject-twin") == "/inbox/#sign-on=linked-otherwise"
    assert await _who(other) == ("", "")
    far = await browsers.of()
    assert await _sign_on(far, "subject-far") == "/inbox/", "of a domain that isn't ours: a name of their own"
    assert await _who(far) == ("cora@elsewhere.example", "librarian")
    again = await browsers.of()
    assert await _sign_on(again, "subject-ana", "//evil.example") == "/inbox/", "nobody is led elsewhere"


async def test_a_coordinator_unlinks_an_account_for_another_identity(browsers: Browsers) -> None:
    cora, ana, eve = [await browsers.of(name) for name in ("cora", "ana", "eve")]
    assert (await cora.get("/organisation/north/accounts"))[1]["linked"] == ["ana", "cora@elsewhere.example"]
    where = "/organisation/north/people/ana/identity"
    assert (await ana.call("DELETE", where, headers=ana.headers()))[0] == 403
    assert (await eve.call("DELETE", where, headers=eve.headers()))[0] == 404
    assert (await cora.call("DELETE", where, headers=cora.headers()))[0] == 204
    assert (await ana.get("/me"))[0] == 401
    assert await _sign_on(ana, "subject-twin") == "/inbox/"
    assert await _who(ana) == ("ana", "librarian")
    assert (await cora.call("DELETE", where, headers=cora.headers()))[0] == 204


@pytest.mark.parametrize(
    "who, why",
    [
        ("subject-doubt", "email-unverified"),
        ("subject-guest", "not-in-group"),
        ("nobody", "provider-refused"),
    ],
)
async def test_who_is_refused_is_told_why(browsers: Browsers, who: str, why: str) -> None:
    stranger = await browsers.of()
    assert await _sign_on(stranger, who) == f"/inbox/#sign-on={why}"
    assert await _who(stranger) == ("", "")


async def test_who_was_left_out_is_in_the_audit(desk: Desk) -> None:
    found = await desk.services.archive.account_events.found(EventsAsked(libraries=["", "north"], what="refused"))
    if not found:
        pytest.skip("it reads what the tests before it have done: run the whole module")
    assert {(one.librarian, one.detail) for one in found} >= {("ana", "linked-otherwise"), ("", "email-unverified")}


async def test_somebody_new_gets_an_account_with_the_role_of_their_groups(
    desk: Desk, provider: Provider, browsers: Browsers
) -> None:
    nia = await browsers.of()
    assert await _sign_on(nia, "subject-new") == "/inbox/"
    assert await _who(nia) == ("nia", "coordinator")
    assert (await nia.get("/organisation/north"))[0] == 200
    assert "nia" in desk.services.replica.state.roster.service("north/reference").members
    demoted = {**PEOPLE["subject-new"], "email": "other@north.example", "groups": ["staff"]}
    provider.stop()
    provider.start(desk.url, PEOPLE | {"subject-new": demoted}, key="second")
    again = await browsers.of()
    assert await _sign_on(again, "subject-new") == "/inbox/", "the keys are others, and so is the address"
    assert await _who(again) == ("nia", "librarian")
    assert (await again.get("/organisation/north"))[0] == 403


async def test_an_answer_counts_once_and_in_its_own_browser(browsers: Browsers) -> None:
    ana, thief = await browsers.of(), await browsers.of()
    where = await _asked(ana, "subject-ana")
    assert await _taken(thief, where) == "/inbox/#sign-on=too-late", "another browser"
    assert await _taken(ana, where) == "/inbox/#sign-on=too-late", "it came before"
    where = await _asked(ana, "subject-ana")
    state = parse_qs(urlsplit(where).query)["state"][0]
    assert await _taken(ana, where.replace(state, state[::-1])) == "/inbox/#sign-on=too-late"
    where = await _asked(ana, "subject-ana")
    assert (
        await _taken(ana, re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", where)) == "/inbox/#sign-on=bad-answer"
    )
    where = await _asked(ana, "subject-ana")
    assert await _taken(ana, re.sub(r"code=[^&]+", "code=guessed", where)) == "/inbox/#sign-on=bad-answer"
    assert await _who(ana) == ("", "")


async def test_who_signs_out_at_the_provider_is_signed_out_here(desk: Desk, browsers: Browsers) -> None:
    ana, elsewhere = await browsers.of(), await browsers.of("ana")
    where = await _asked(ana, "subject-ana")
    assert await _taken(ana, where) == "/inbox/"
    async with ana.session.get(f"{desk.url}/sign-on/leave") as page:
        form = await page.text()
        confirm = page.url.with_query(None) / "confirm"
    hidden = re.search(r'name="xsrf" value="([^"]+)"', form)
    assert hidden is not None, form[:500]
    told = {"xsrf": hidden[1], "logout": "yes"}
    async with ana.session.post(confirm, data=told, allow_redirects=False) as answer:
        assert answer.headers["Location"] == f"{desk.url}/inbox/"
    assert (await ana.get("/me"))[0] == 401
    assert (await elsewhere.get("/me"))[0] == 200, "a session that a password opened goes on"
    for token in ("", "a.b.c", hidden[1]):
        async with elsewhere.session.post(f"{desk.url}/sign-on/ended", data={"logout_token": token}) as answer:
            assert answer.status == 400


@pytest.mark.parametrize("shift, led", [(90, "/inbox/"), (1000, "/inbox/#sign-on=bad-answer")])
async def test_clocks_may_differ_a_little(
    desk: Desk, provider: Provider, browsers: Browsers, shift: int, led: str
) -> None:
    provider.stop()
    provider.start(desk.url, PEOPLE, key=f"shifted-{shift}", shift=shift)
    assert await _sign_on(await browsers.of(), "subject-ana") == led


async def test_passwords_work_while_the_provider_is_away(desk: Desk, provider: Provider, browsers: Browsers) -> None:
    provider.stop()
    async with desk.other_process() as other, other.client() as ben:
        assert await _taken(ben, f"{other.url}/sign-on/start") == "/inbox/#sign-on=provider-away"
        await ben.sign_in("ben", PASSWORD)
        assert await _who(ben) == ("ben", "librarian")
        assert await _taken(ben, f"{other.url}/sign-on/leave") == "/inbox/"


async def test_the_check_names_what_is_wrong_with_the_provider(provider: Provider) -> None:
    oidc = settings(provider).oidc
    assert oidc is not None
    assert await provider_faults(oidc) == ["sign_on.oidc.issuer: no answer"]
    provider.start("http://127.0.0.1:1", PEOPLE)
    assert await provider_faults(oidc) == []
    other = replace(oidc, issuer=f"{provider.issuer}/")
    assert "does not call itself" in (await provider_faults(other))[0]
