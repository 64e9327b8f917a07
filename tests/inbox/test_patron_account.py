"""The patron's account: proved on a page of its own, seen for half an hour, changed step by step, and left nowhere."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bridge.account.access import GRANT_S, OFFER_S, AccountAccess
from bridge.account.settings import AccountConfig
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until
from tests.inbox.desk import desk as running
from tests.peers.sip2 import CARD, PIN, SipLibrary, sip_library

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Scene:
    """A desk with an account behind it, and its clock."""

    def __init__(self, library: SipLibrary) -> None:
        self.library = library
        self.now = 1_800_000_000.0
        self.desk: Desk | None = None

    def is_open(self, conversation: str) -> bool:
        assert self.desk is not None
        it = self.desk.services.replica.state.conversations.get(conversation)
        return it is not None and it.state != "closed"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with sip_library() as library:
        found = Scene(library)
        config = AccountConfig(
            library="north",
            kind="sip2",
            host="127.0.0.1",
            port=library.port,
            login="desk",
            password="terminal-4711",
            telephone="555 0199",
        )
        access = AccountAccess([config], found.is_open, lambda: found.now)
        async with running(tmp_path_factory.mktemp("desk"), accounts=access) as desk:
            found.desk = desk
            yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(scene: Scene) -> AsyncIterator[Desk]:
    assert scene.desk is not None
    yield scene.desk


async def page(url: str, form: Any = None, language: str = "en") -> tuple[int, str]:
    """Return what the patron's browser is shown."""
    async with aiohttp.ClientSession(headers={"Accept-Language": language}) as session:
        method = "POST" if form is not None else "GET"
        async with session.request(method, url, data=form) as response:
            assert response.headers["Cache-Control"].startswith("no-store")
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            assert not response.cookies
            return response.status, unescape(await response.text())


async def served(desk: Desk, browsers: Browsers, name: str) -> tuple[Any, str, str]:
    """Return Ana, a conversation that she serves, and the address of its account."""
    conversation = await desk.patron(name, "What have I borrowed?")
    ana = await browsers.of("ana")
    await ana.deed(conversation, "claim")
    return ana, conversation, f"/conversations/{conversation}/account"


async def test_from_the_offer_to_the_end(scene: Scene, desk: Desk, browsers: Browsers) -> None:
    ana, conversation, at = await served(desk, browsers, "borrower")
    assert (await ana.get(f"/conversations/{conversation}"))[1]["account"] is True
    state = (await ana.get(at))[1]
    assert (state["system"], state["offered_until"], state["until"]) == ("SIP2", 0, 0)
    assert (await ana.get(f"{at}/items"))[1]["error"] == "account-ended"
    status, link = await ana.post(f"{at}/offer")
    assert status == 200
    assert link["until"] == round((scene.now + OFFER_S) * 1000)
    status, text = await page(link["url"])
    assert (status, "North Library checks your card" in text) == (200, True)
    assert "Ausweis" in (await page(link["url"], language="de-AT,de;q=0.9"))[1]
    status, text = await page(link["url"], {"card": CARD, "pin": "wrong", "may": "loans"})
    assert (status, "don't belong together" in text, CARD in text) == (403, True, False)
    assert (await page(link["url"], {"card": CARD, "pin": PIN}))[0] == 422
    status, text = await page(link["url"], [("card", f" {CARD} "), ("pin", PIN), ("may", "loans"), ("may", "root")])
    assert (status, "can see your account now" in text) == (200, True)
    assert (await page(link["url"]))[0] == 404, "a link works once"
    state = (await ana.get(at))[1]
    assert (state["ending"], state["scopes"], state["offered_until"]) == (CARD[-2:], ["loans"], 0)
    seen = (await ana.get(f"{at}/items"))[1]["account"]
    assert [one["title"] for one in seen["loans"]] == ["Arithmetic", "Die Verwandlung"]
    assert (seen["fees"], seen["contact"]) == (None, None)
    status, done = await ana.post(f"{at}/renew", {"id": "B1"})
    assert (status, done) == (200, {"done": True, "due": "2027-01-21", "said": ""})
    assert (await ana.post(f"{at}/renew", {"id": "B2"}))[1]["said"] == "Item is reserved"
    assert (await ana.post(f"{at}/renew", {"id": "B99"}))[1]["error"] == "account-not-there"
    assert (await ana.post(f"{at}/cancel-hold", {"id": "B3"}))[1]["done"] is True
    scene.now += GRANT_S
    assert (await ana.get(f"{at}/items"))[1]["error"] == "account-ended"
    assert (await ana.post(f"{at}/renew", {"id": "B1"}))[1]["error"] == "account-ended"
    assert (await ana.get(at))[1]["until"] == 0
    cora = await browsers.of("cora")
    deeds = (await cora.get(f"/conversations/{conversation}/audit"))[1]["deeds"]
    told = [(one["what"], one["detail"]) for one in reversed(deeds) if one["what"].startswith("account")]
    assert told == [
        ("account-offered", ""),
        ("account-read", ""),
        ("account-renewed", "yes"),
        ("account-renewed", "no"),
        ("account-renewed", "no"),
        ("account-hold-cancelled", "yes"),
    ]


async def test_the_patron_and_the_librarian_can_end_it(desk: Desk, browsers: Browsers) -> None:
    ana, conversation, at = await served(desk, browsers, "ender")
    link = (await ana.post(f"{at}/offer"))[1]
    _, text = await page(link["url"], {"card": CARD, "pin": PIN, "may": "fees"})
    found = re.search(r'name="handle" value="([^"]+)"', text)
    assert found is not None
    assert (await page(f"{desk.url}/account/end", {"handle": "guessed"}))[0] == 200
    assert (await ana.get(at))[1]["scopes"] == ["fees"], "a guess ends nothing"
    await page(f"{desk.url}/account/end", {"handle": found[1]})
    assert (await ana.get(f"{at}/items"))[1]["error"] == "account-ended"
    link = (await ana.post(f"{at}/offer"))[1]
    await page(link["url"], {"card": CARD, "pin": PIN, "may": "loans"})
    assert (await ana.post(f"{at}/end"))[0] == 204
    assert (await ana.get(at))[1]["until"] == 0
    link = (await ana.post(f"{at}/offer"))[1]
    await page(link["url"], {"card": CARD, "pin": PIN, "may": "loans"})
    await ana.deed(conversation, "close", {"code": "answered"})
    await until(lambda: desk.services.replica.state.conversations[conversation].state == "closed")
    assert desk.services.accounts.granted(conversation) is None
    assert (await ana.get(at))[0] == 403


async def test_nobody_else_sees_it(scene: Scene, desk: Desk, browsers: Browsers) -> None:
    ana, _, at = await served(desk, browsers, "private")
    link = (await ana.post(f"{at}/offer"))[1]
    await page(link["url"], {"card": CARD, "pin": PIN, "may": "loans"})
    ben, dora = await browsers.of("ben"), await browsers.of("dora")
    assert (await ben.get(f"{at}/items"))[0] == 403, "a colleague who doesn't serve it"
    assert (await ben.post(f"{at}/offer"))[0] == 403
    assert (await dora.get(f"{at}/items"))[0] == 404
    southern = await desk.patron("southern-account", "hello?", channel="south-web")
    await dora.deed(southern, "claim")
    assert (await dora.get(f"/conversations/{southern}/account"))[0] == 403, "south has no library system"


async def test_a_link_ends_by_its_time_and_by_the_next_one(scene: Scene, desk: Desk, browsers: Browsers) -> None:
    ana, _, at = await served(desk, browsers, "late")
    first = (await ana.post(f"{at}/offer"))[1]
    second = (await ana.post(f"{at}/offer"))[1]
    assert (await page(first["url"]))[0] == 404
    scene.now += OFFER_S
    assert (await page(second["url"]))[0] == 404
    assert (await page(second["url"], {"card": CARD, "pin": PIN, "may": "loans"}))[0] == 404
    assert (await page(f"{desk.url}/account/{'x' * 5000}"))[0] == 404


async def test_tries_are_counted_for_card_link_and_address(scene: Scene, desk: Desk, browsers: Browsers) -> None:
    ana, _, at = await served(desk, browsers, "guesser")
    link = (await ana.post(f"{at}/offer"))[1]
    wrong = {"card": CARD, "pin": "guess", "may": "loans"}
    assert [(await page(link["url"], wrong))[0] for _ in range(5)] == [403] * 5
    status, text = await page(link["url"], {**wrong, "pin": PIN})
    assert (status, "555 0199" in text) == (429, True), "also with the right PIN"
    other = (await ana.post(f"{at}/offer"))[1]
    assert (await page(other["url"], {**wrong, "card": "29999000111111"}))[0] == 429, "the same address"
    scene.now += 900
    other = (await ana.post(f"{at}/offer"))[1]
    assert (await page(other["url"], {**wrong, "pin": PIN}))[0] == 200


async def test_a_system_that_is_down_is_told_and_nothing_is_lost(scene: Scene, desk: Desk, browsers: Browsers) -> None:
    ana, _, at = await served(desk, browsers, "unlucky")
    link = (await ana.post(f"{at}/offer"))[1]
    await page(link["url"], {"card": CARD, "pin": PIN, "may": "loans"})
    system: Any = desk.services.accounts._systems["north"]
    right, system._config = system._config, AccountConfig(library="north", kind="sip2", host="127.0.0.1", port=1)
    try:
        status, seen = await ana.get(f"{at}/items")
        assert (status, seen["problem"]) == (200, "unreachable")
        link = (await ana.post(f"{at}/offer"))[1]
        tries = [(await page(link["url"], {"card": CARD, "pin": PIN, "may": "loans"}))[0] for _ in range(7)]
        assert tries == [503] * 7, "the patron can't help it: nothing is counted"
    finally:
        system._config = right
    assert (await ana.get(f"{at}/items"))[1]["problem"] == ""
    assert (await page(link["url"], b"\xff" * 10_000))[0] == 422


async def test_card_and_pin_are_left_nowhere(
    scene: Scene, desk: Desk, browsers: Browsers, capfd: pytest.CaptureFixture[str]
) -> None:
    """After all that, and one more: neither is in Redis, in SQL, in a file or in a log."""
    ana, conversation, at = await served(desk, browsers, "seeded")
    link = (await ana.post(f"{at}/offer"))[1]
    await page(link["url"], {"card": CARD, "pin": "no-" + PIN, "may": "contact"})
    await page(link["url"], {"card": CARD, "pin": PIN, "may": "contact"})
    assert (await ana.get(f"{at}/items"))[1]["account"]["contact"]["name"] == "Jane Reader"
    answers = [await ana.get(f"/conversations/{conversation}"), await ana.get(at), await ana.get(f"{at}/items")]
    await ana.deed(conversation, "close", {"code": "answered"})
    await desk.services.archive.access_audit.write()
    secrets = [CARD.encode(), PIN.encode(), b"Jane Reader"]
    server = desk.server
    server.admin("CONFIG", "SET", "rdbcompression", "no")  # so that words would be found in it
    server.admin("SAVE")
    dumped = [server.admin("DUMP", key) or b"" for key in server.admin("KEYS", "*")]
    assert len(dumped) > 5
    kept = b"".join(dumped) + str(answers).encode().replace(b"Jane Reader", b"")
    with sqlite3.connect(desk.data / "archive.sqlite") as archive:
        archive.execute("PRAGMA wal_checkpoint")
    for folder in (desk.data, Path(server.folder)):
        kept += b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    kept += "".join(capfd.readouterr()).encode()
    assert [secret for secret in secrets if secret in kept] == []
    assert scene.library.pins, "the library system was asked"
