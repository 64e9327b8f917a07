"""Signing in by another service, with a passkey after a password, and what a coordinator sees and does about it."""

from __future__ import annotations

import time
from base64 import b32decode
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.async_api import expect

from bridge.sign_on.settings import OidcSettings, SignOnSettings
from tests.browser.conftest import People
from tests.browser.librarian import PAGES, Librarian
from tests.inbox.desk import PASSWORD, Desk
from tests.inbox.desk import desk as running
from tests.peers.provider import SECRET, Provider
from tests.peers.provider import provider as serving

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("browser-inbox"),
]

ANA = {"name": "Ana Alves", "email": "ana@north.example"}
LOOKS = (({"width": 1280, "height": 800}, "light"), ({"width": 360, "height": 760}, "dark"))
TOUCH = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True, "isUserVerified": True}


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """A real provider."""
    with serving() as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> AsyncIterator[Desk]:
    """A desk beside the provider, under a name: passkeys are made for names, not for addresses."""
    oidc = OidcSettings(
        name="County account",
        issuer=provider.issuer,
        client_id="deskbridge",
        client_secret=SECRET,
        link_by_email=True,
        email_domains=("north.example",),
    )
    settings = SignOnSettings(oidc=oidc, second_factor=("coordinator",))
    async with running(tmp_path_factory.mktemp("desk"), pages=PAGES, sign_on=settings) as found:
        found.url = found.url.replace("127.0.0.1", "localhost")
        provider.start(found.url, {"subject-ana": ANA, "subject-stranger": {"name": "Sam"}})
        yield found


async def _look(one: Librarian, name: str, *, narrow: bool = False) -> None:
    """Hold a state to what every state must be: wide and light, or narrow and dark."""
    size, scheme = LOOKS[narrow]
    await one.page.set_viewport_size(size)  # type: ignore[arg-type] # a size
    await one.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type] # one of two words
    await one.look(f"sign-on-{name}-{size['width']}-{scheme}")
    await one.page.set_viewport_size(LOOKS[0][0])  # type: ignore[arg-type] # a size


async def _to_provider(one: Librarian, who: str, place: str = "") -> None:
    """Go from the sign-in page to the provider and say who one is there, by keyboard."""
    await one.page.goto(f"{one.desk.url}/inbox/{place}")
    await one.page.get_by_role("link", name="Sign in with County account").focus()
    await one.page.keyboard.press("Enter")
    await one.page.get_by_label("Your name here").fill(who)
    await one.page.keyboard.press("Enter")


async def _add_app(cora: Librarian) -> None:
    """Sign in by password, and add the app that a coordinator needs here."""
    page = cora.page
    await page.goto(f"{cora.desk.url}/inbox/")
    await page.get_by_label("Name").fill("cora")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Add an app with codes").focus()
    await page.keyboard.press("Enter")
    await page.get_by_alt_text("QR code for your app").wait_for()
    await _look(cora, "app", narrow=True)
    raw = b32decode(await page.locator("code").inner_text())
    await page.get_by_label("Code of your app").fill(TOTP(raw, 6, SHA1(), 30).generate(int(time.time())).decode())
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="I've kept them").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("navigation", name="Desk").wait_for()


async def test_from_a_provider_to_a_passkey_and_a_reset(desk: Desk, provider: Provider, people: People) -> None:
    """Ana comes by the provider and adds a passkey. Then her password needs it, until Cora resets it, who had to add an app."""
    ana, cora = await people.of(""), await people.of("")
    await _add_app(cora)
    page, ana.elsewhere = ana.page, provider.issuer
    devices = await page.context.new_cdp_session(page)
    await devices.send("WebAuthn.enable")
    await devices.send("WebAuthn.addVirtualAuthenticator", {"options": {**TOUCH, "automaticPresenceSimulation": True}})
    await page.goto(f"{desk.url}/inbox/")
    await page.get_by_role("link", name="Sign in with County account").wait_for()
    await _look(ana, "choice", narrow=True)
    await _to_provider(ana, "subject-stranger")
    await expect(page.get_by_role("alert")).to_have_text("Nobody here has an account for you. Ask your coordinator.")
    await page.context.clear_cookies()
    await page.goto("about:blank")
    await _to_provider(ana, "subject-ana", "#/settings")

    await expect(page.get_by_role("heading", name="Where you're signed in")).to_be_visible()
    assert page.url.endswith("/inbox/#/settings"), "the page that was asked for"
    await expect(page.get_by_text("sign-in service · since")).to_be_visible()
    await page.get_by_role("button", name="Add a passkey").focus()
    await page.keyboard.press("Enter")
    await page.get_by_label("Name, so that you know it again").fill("Key ring")
    await page.keyboard.press("Enter")
    codes = page.get_by_role("dialog").get_by_role("listitem")
    await expect(codes).to_have_count(10)
    await _look(ana, "recovery")
    await page.get_by_role("button", name="I've kept them").click()
    await expect(page.get_by_text("Key ring", exact=True)).to_be_visible()
    await _look(ana, "settings")

    await page.context.clear_cookies()
    await page.goto("about:blank")
    await page.goto(f"{desk.url}/inbox/")
    await page.get_by_label("Name").fill("ana")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    await _look(ana, "step")
    await page.get_by_role("button", name="Use a passkey").focus()
    await page.keyboard.press("Enter")
    await page.get_by_role("navigation", name="Desk").wait_for()

    await cora.go("desk")
    await cora.page.get_by_role("button", name="Sign-ins: North Library").click()
    events = cora.page.get_by_role("region", name="Sign-ins of North Library")
    await expect(events.get_by_role("listitem").filter(has_text="Second factor added")).to_have_count(2)
    await _look(cora, "events", narrow=True)
    async with cora.page.expect_download() as taken:
        await events.get_by_role("link", name="Download CSV").click()
    assert (await taken.value).suggested_filename == "audit.csv"
    await cora.page.get_by_role("button", name="People: North Library").click()
    await cora.page.get_by_role("button", name="Reset second factor: Ana Alves").click()
    await cora.page.get_by_role("alertdialog").get_by_role("button", name="Reset second factor").click()
    await expect(cora.page.get_by_text("The second factor of Ana Alves was reset").first).to_be_visible()
    await expect(page.get_by_role("heading", name="Sign in to the desk")).to_be_visible()
    assert ana.complaints == []
    assert cora.complaints == []
