"""Whose page it is: passwords, the next one at the same machine, and what is filled in for whom."""

from __future__ import annotations

import pytest
from playwright.async_api import Route, expect

from tests.browser.conftest import People
from tests.inbox.desk import PASSWORD, Desk

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]


async def test_who_chooses_another_password_goes_on_working(desk: Desk, people: People) -> None:
    """The old session ends with the old password: the page goes on with the new one, its writes and its live line alike."""
    cora = await people.of("cora")
    await cora.go("settings")
    new = PASSWORD + " staple"
    page = cora.page
    await page.get_by_label("Current password").fill("not this")
    for label in ("New password", "Repeat new password"):
        await page.get_by_label(label, exact=True).fill(new)
    await page.get_by_role("button", name="Save password").click()
    await expect(page.get_by_role("alert")).to_have_text("The current password is wrong.")
    await page.get_by_label("Current password").fill(PASSWORD)
    await page.get_by_role("button", name="Save password").click()
    await expect(page.get_by_label("Current password")).to_have_value("")
    asked = await desk.patron("after the password", "May I bring a dog?", name="Dora Dog")
    await cora.open(asked)
    await page.get_by_role("button", name="Claim", exact=True).click()
    await cora.composer.fill("Only a small one.")
    await page.keyboard.press("Control+Enter")
    await expect(cora.log.get_by_text("Only a small one.")).to_have_count(1)
    await desk.patron("after the password", "It is very small.")
    await expect(cora.log).to_contain_text("It is very small.")


async def test_the_next_librarian_at_the_machine_finds_nothing_of_the_former(desk: Desk, people: People) -> None:
    asked = await desk.patron("shared machine", "Is the archive open?", name="Sam Shared")
    one = await people.of("ana")
    await one.open(asked)
    await one.page.get_by_role("button", name="Claim", exact=True).click()
    await one.composer.fill("Ana's half thought about Sam")
    await one.go("settings")
    await one.page.get_by_role("button", name="Sign out", exact=True).click()
    await one.page.get_by_role("heading", name="Sign in to the desk").wait_for()
    await one.page.get_by_label("Name").fill("ben")
    await one.page.get_by_label("Password", exact=True).fill(PASSWORD)
    await one.page.keyboard.press("Enter")
    await one.page.get_by_role("navigation", name="Desk").wait_for()
    assert asked not in one.page.url
    await one.open(asked, "open")
    await one.page.get_by_role("button", name="Write a note").click()
    await expect(one.composer).to_have_value("")
    assert "half thought" not in await one.page.content()
    status, kept = await _drafts(desk, "ben")
    assert (status, kept) == (200, [])
    assert [each["text"] for each in (await _drafts(desk, "ana"))[1]] == ["Ana's half thought about Sam"]


async def _drafts(desk: Desk, name: str) -> tuple[int, list[dict[str, str]]]:
    async with desk.client() as browser:
        status, found = await (await browser.enter(name)).get("/drafts")
        return status, found["drafts"]


async def test_a_script_names_the_librarian_who_uses_it(desk: Desk, people: People) -> None:
    """By `/` and from the library's list beside the conversation; a name that is not known stays to be seen."""
    eve, dora = await people.of("eve"), await desk.patron("scripted", "Hello?", channel="south-web")
    _, document = await _library(desk, "eve", "south")
    text = "Hello {patron}, this is {librarian} of {library}."
    document["library"]["scripts"] = [{"key": "hello", "title": "Hello", "text": text}]
    async with desk.client() as browser:
        assert (await (await browser.enter("eve")).put("/organisation/south", document))[0] == 200
    await eve.open(dora)
    await eve.page.get_by_role("button", name="Claim", exact=True).click()
    await eve.composer.fill("/")
    await eve.page.get_by_role("option", name="Hello").click()
    filled = "Hello {patron}, this is Eve Ek of South Library."
    await expect(eve.composer).to_have_value(filled)
    await eve.composer.fill("")
    await eve.page.get_by_text("Scripts", exact=True).click()
    await eve.page.get_by_role("complementary").get_by_role("button", name="Use").click()
    await expect(eve.composer).to_have_value(filled)


async def _library(desk: Desk, who: str, library: str) -> tuple[int, dict[str, dict[str, object]]]:
    async with desk.client() as browser:
        return await (await browser.enter(who)).get(f"/organisation/{library}")


async def test_the_desk_page_counts_who_waits_now(desk: Desk, people: People) -> None:
    ben = await people.of("ben")
    await ben.go("desk")
    row = ben.page.get_by_role("listitem").filter(has_text="Reference").filter(has_text="North Library")
    await row.wait_for()
    for n in range(2):
        await desk.patron(f"counted at the desk {n}", "hello?")
        waiting = desk.services.replica.state.waiting_in("north/reference")
        await expect(row.get_by_text(f"{waiting} waiting", exact=True)).to_be_visible()


async def test_a_page_that_becomes_narrow_does_not_cover_the_conversation(desk: Desk, people: People) -> None:
    """A tablet that is turned, or a page enlarged to 400 % (WCAG 1.4.10)."""
    ben, asked = await people.of("ben"), await desk.patron("narrow", "hello?", name="Nina Narrow")
    await ben.open(asked)
    beside = ben.page.get_by_role("complementary", name="About this patron")
    await expect(beside).to_be_visible()
    await ben.page.set_viewport_size({"width": 320, "height": 640})
    await expect(beside).to_have_count(0)
    await ben.page.set_viewport_size({"width": 1280, "height": 800})
    await expect(beside).to_be_visible()


async def test_a_fault_of_the_desk_is_shown_and_not_tried_for_ever(desk: Desk, people: People) -> None:
    ben, asked = await people.of("ben"), await desk.patron("faulty", "hello?", name="Flo Fault")
    await ben.open(asked)
    await ben.page.get_by_role("button", name="Claim", exact=True).click()
    await ben.composer.wait_for()
    tries: list[str] = []

    async def broken(route: Route) -> None:
        tries.append(route.request.headers["idempotency-key"])
        await route.fulfill(status=500, json={"error": "fault", "detail": "Something here is broken."})

    await ben.page.route("**/messages", broken)
    await ben.composer.fill("Can you read this?")
    await ben.page.keyboard.press("Control+Enter")
    await expect(ben.log).to_contain_text("Something in the desk is broken, and nothing was done.")
    assert len(tries) == 1
    await ben.page.unroute("**/messages")
    await ben.log.get_by_role("button", name="Send again").or_(ben.log.get_by_role("button", name="Try again")).click()
    await expect(ben.log.get_by_text("Something in the desk is broken")).to_have_count(0)
    await expect(ben.log.get_by_text("Can you read this?")).to_have_count(1)
