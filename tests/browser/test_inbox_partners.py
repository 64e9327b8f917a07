"""Partner deployments in the inbox: an administrator invites, compares, confirms and revokes by keyboard. Others see nothing."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from bridge.contract.partners import PartnerState, fingerprint
from bridge.inbox.services import PartnerChannel
from bridge.sql.people.calendar import Calendar
from routing.organisation import Librarian, Library
from tests.browser.conftest import People
from tests.inbox.desk import PASSWORD, Desk, until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]
KEY = bytes(range(32))
INVITED: tuple[PartnerState, ...] = ("invited",)


async def administered(desk: Desk) -> PartnerChannel:
    """Give the desk an administrator, Ada, and a channel to partners."""
    services = desk.services
    book = services.archive.partners("partners")
    channel = PartnerChannel(book=book, address="https://north.example/channels/partners/", queue="north/ask")
    services.partners["partners"] = channel  # type: ignore[index]  # a plain dict where nothing is configured
    people = (Librarian(id="ada", name="Ada Ames", role="administrator"),)
    kept = await services.organisation.put(
        Library(id="centre", revision=0, name="Consortium", librarians=people), Calendar()
    )
    await services.gathering.ingest([kept])
    await until(lambda: "ada" in services.replica.state.roster.home, "the core takes it")
    accounts = services.archive.accounts
    await accounts.sign_in("ada", await accounts.add("ada", "ada", "centre"))
    await accounts.change_password("ada", PASSWORD, old=None)
    return channel


async def test_an_administrator_makes_and_ends_a_partnership(desk: Desk, people: People) -> None:
    channel = await administered(desk)
    ada = await people.of("ada", here=False)
    await ada.go("desk")
    page = ada.page
    await page.get_by_role("button", name="Invite a partner").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Library id for the partner").fill("Not an id")
    await page.keyboard.press("Enter")
    await page.get_by_label("Library id for the partner").fill("state")
    await page.keyboard.press("Enter")
    invitation = page.get_by_label("Invitation", exact=True)
    made = await invitation.input_value()
    assert made.startswith(f"{channel.address}#1.")
    await page.keyboard.press("Escape")
    section = page.get_by_role("region", name="Partner deployments")
    await expect(section).to_contain_text("invited")
    assert made not in await page.content()
    [partner] = await channel.book.all()
    joined = {"state": "unconfirmed", "key": KEY, "name": "State Library", "url": "https://state.example/p/"}
    assert await channel.book.change(partner.id, only=INVITED, **joined)
    await expect(section).to_contain_text(fingerprint(KEY))
    await ada.look("partners")
    await section.get_by_role("button", name="Confirm").focus()
    await page.keyboard.press("Enter")
    await expect(section).to_contain_text("confirmed here, not yet there")
    await until(lambda: "state-desk" in desk.services.replica.state.roster.librarians, "the partner is a colleague")
    await section.get_by_role("button", name="Revoke State Library").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    await expect(section).to_contain_text("There is no partner yet.")
    await until(
        lambda: not desk.services.replica.state.roster.librarians["state-desk"].active, "the partner is asked no more"
    )


async def test_a_coordinator_sees_no_partners(people: People) -> None:
    cora = await people.of("cora", here=False)
    await cora.go("desk")
    await expect(cora.page.get_by_role("heading", name="Libraries")).to_be_visible()
    await expect(cora.page.get_by_text("Partner deployments")).to_have_count(0)
