"""Koha's REST interface, by a server that is held to Koha's own description. No live Koha was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bridge.account.koha import KohaSystem
from bridge.account.library_system import SCOPES, AccountProblem, HeldItem, PatronKey
from bridge.account.settings import AccountConfig
from tests.corpora import corpus_file
from tests.peers.koha import CARD, KEY, PATRON, PIN, SECRET, KohaServer, koha_server


@pytest.fixture
async def koha() -> AsyncIterator[KohaServer]:
    async with koha_server(corpus_file("koha_openapi.json")) as found:
        yield found


def system(koha: KohaServer, **more: Any) -> KohaSystem:
    given = {"client": KEY, "client_secret": SECRET, **more}
    return KohaSystem(AccountConfig(library="north", kind="koha", url=koha.url, **given))


async def test_every_request_and_answer_fits_the_description(koha: KohaServer) -> None:
    desk = system(koha)
    assert await desk.check(CARD, "wrong") is None
    key = await desk.check(CARD, PIN)
    assert key == PatronKey(str(PATRON))
    account = await desk.read(key, frozenset(SCOPES))
    assert account.loans is not None
    assert [(one.id, one.title, one.due, one.overdue, one.renewable, one.renewals) for one in account.loans] == [
        ("1", "Arithmetic", "2026-12-24", False, "yes", "2/5"),
        ("2", "Aïda", "2020-01-01", True, "no", "2/5"),
    ]
    assert account.holds == [HeldItem(id="7", title="Die Verwandlung", ready=True, place="Main library")]
    assert account.fees is not None
    assert (account.fees.total, account.fees.lines) == ("2.50", ["Late: Arithmetic 2.5"])
    assert account.contact is not None
    assert (account.contact.name, account.contact.address) == ("Jane Reader", "1 Main Street, 1010 North")
    done, refused = await desk.renew(key, "1"), await desk.renew(key, "2")
    assert (done.done, done.due, refused.done) == (True, "2027-01-21", False)
    assert "on_reserve" in refused.said
    assert (await desk.cancel_hold(key, "7")).done
    assert not (await desk.cancel_hold(key, "7")).done
    assert koha.wrong == []
    assert koha.checked > 12
    assert koha.tokens == 1, "a token is used until it ends"


async def test_a_wrong_key_and_an_absent_koha_are_told(koha: KohaServer) -> None:
    with pytest.raises(AccountProblem, match="refused"):
        await system(koha, client_secret="wrong").reach()
    desk = system(koha)
    await desk.reach()
    koha.tokens, koha.expires = 0, 0
    desk = system(koha)
    await desk.check(CARD, PIN)
    await desk.check(CARD, PIN)
    assert koha.tokens == 2, "a token that ended is renewed"
    desk = KohaSystem(AccountConfig(library="n", kind="koha", url="http://127.0.0.1:1", client="a", client_secret="b"))
    with pytest.raises(AccountProblem, match="unreachable"):
        await desk.check(CARD, PIN)
