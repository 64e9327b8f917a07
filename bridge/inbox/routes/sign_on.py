"""Signing on by another service: what the sign-in page offers, and the addresses that browsers are sent to and come back to.

    /sign-on/start     leads to the provider
    /sign-on/return    is where the provider sends people back to
    /sign-on/proxied   signs in whom a trusted proxy names
    /sign-on/leave     leads to where one signs out of the provider, after signing out here
    /sign-on/ended     hears from the provider itself who signed out there, or was shut out (OpenID Connect Back-Channel Logout)

All but the last are for browsers, so they answer with another address. What went wrong follows the `#`, as a word that the sign-in
page has a sentence for. `back` is a page of the inbox, behind the `#` as well, so nobody is ever sent elsewhere.

An answer counts once, within ten minutes, and in the browser that it was asked for: that browser holds a cookie. It is Lax, since
it has to come with the way back from another site.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from bridge.contract.adapter import Busy
from bridge.contract.sealed_token import same
from bridge.inbox.consortium_inbox import ConsortiumInbox
from bridge.inbox.http import sessions
from bridge.inbox.http.rate_limits import network
from bridge.inbox.http.route import Call, ConsortiumOf, Route
from bridge.inbox.routes.opening import note, opened
from bridge.inbox.schema.sign_on import SignOnChoice, SignOnChoices
from bridge.inbox.services import InboxServices
from bridge.redis.store import StoreError
from bridge.runtime.logging import traced
from bridge.sign_on.identity import NotSignedOn, SignOnPledge, VouchedIdentity
from bridge.sign_on.joining import Joining, JoiningDesk
from bridge.sign_on.proxied import PROXIED
from bridge.sign_on.settings import JoiningRules, OidcSettings
from bridge.sql.database import is_away
from routing.organisation import Library

if TYPE_CHECKING:
    from bridge.sign_on.oidc import OidcProvider

log = structlog.get_logger("bridge.inbox.sign_on")

INBOX = "/inbox/"
HEARD_S, HEARD_LOOKS = 0.02, 250  # how long a new librarian may take until this process knows them
BACK = re.compile(r"/(?:[A-Za-z0-9_.~%-][A-Za-z0-9/_.~%-]{0,300})?")

# Somebody stands behind these, whom a service vouched for and the rules leave out.
VOUCHED = ("unknown", "name-taken", "not-in-group", "email-unverified")

Serve = Callable[[web.Request], Awaitable[web.Response]]


async def sign_on(call: Call) -> SignOnChoices:
    """Say how one may sign in. A proxy is named where it says who is asking."""
    settings, found = call.services.sign_on, list[SignOnChoice]()
    if settings.oidc is not None:
        found.append(SignOnChoice(kind="provider", name=settings.oidc.name, start="/sign-on/start"))
    if settings.proxy is not None and PROXIED in call.request:
        found.append(SignOnChoice(kind="proxy", name=settings.proxy.name, start="/sign-on/proxied"))
    return SignOnChoices(passwords=settings.passwords, choices=found)


class SignOnPages:
    """The addresses for browsers."""

    def __init__(self, consortia: Sequence[ConsortiumInbox], consortium_of: ConsortiumOf) -> None:
        self._services = consortia[0].services
        self._consortium_of = consortium_of
        self._settings = self._services.sign_on
        self._provider = _provider(self._settings.oidc) if self._settings.oidc is not None else None
        desks = [JoiningDesk(one.services.organisation, partial(_tell, one.services)) for one in consortia]
        self._joining = Joining(self._services.archive, desks)

    def mount(self, app: web.Application) -> None:
        """Put the addresses of the ways that are configured into an application."""
        pages: dict[str, Serve] = {"leave": self._leave}
        if self._provider is not None:
            pages |= {"start": self._start, "return": self._return}
        if self._settings.proxy is not None:
            pages["proxied"] = self._proxied
            app.router.add_post("/sign-on/ended", self._ended)
        for name, serve in pages.items():
            app.router.add_get(f"/sign-on/{name}", self._guarded(serve))

    def _check_wait(self, request: web.Request) -> None:
        """Count what begins here, by a page that is opened; the provider's answers are counted by themselves."""
        if request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate":  # some page's picture or frame
            raise NotSignedOn("provider-refused")
        if self._services.limits.sign_in_by_host.wait_s(network(request.remote or "")):
            raise NotSignedOn("too-many")

    def _guarded(self, serve: Serve) -> Serve:
        async def guarded(request: web.Request) -> web.Response:
            try:
                return await serve(request)
            except NotSignedOn as error:
                with suppress(Exception):
                    await self._note_refused(error)
                return _led(f"{INBOX}#sign-on={error.reason}")
            except (Busy, StoreError):
                return _led(f"{INBOX}#sign-on=away")
            except Exception as error:
                if not is_away(error):
                    log.error("sign-on-failed", **traced(error))
                return _led(f"{INBOX}#sign-on=away")

        return guarded

    async def _note_refused(self, error: NotSignedOn) -> None:
        if error.librarian:
            await note(self._services, error.librarian, error.library, "refused", error.reason)
        elif error.reason in VOUCHED:
            await self._services.archive.account_events.note_unknown(error.reason, "refused")

    # ---- the provider ----

    async def _start(self, request: web.Request) -> web.Response:
        provider = self._provider_of()
        self._check_wait(request)
        mark = request.cookies.get(_mark_name(request), "")
        browser = mark if len(mark) == 43 else secrets.token_urlsafe(32)
        back = request.query.get("back", "")
        pledge = SignOnPledge(
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            browser=browser,
            back=back if BACK.fullmatch(back) else "",
        )
        state = await self._services.archive.attempts.begin("provider", pledge)
        response = _led(await provider.asking(pledge, state, self._address(request, "/sign-on/return")))
        response.set_cookie(
            _mark_name(request), browser, max_age=600, path="/", httponly=True, samesite="Lax", secure=request.secure
        )
        return response

    async def _return(self, request: web.Request) -> web.Response:
        provider = self._provider_of()
        if self._services.limits.sign_on_answers.wait_s(network(request.remote or "")):
            raise NotSignedOn("too-many")
        pledge = await self._services.archive.attempts.end("provider", request.query.get("state", ""), SignOnPledge)
        if pledge is None or not same(request.cookies.get(_mark_name(request), ""), pledge.browser):
            raise NotSignedOn("too-late")
        redirect_uri = self._address(request, "/sign-on/return")
        identity = await provider.identity(pledge, request.query, redirect_uri)
        return await self._welcomed(request, identity, provider.settings.rules, pledge.back)

    async def _leave(self, request: web.Request) -> web.Response:
        if self._provider is None:
            return _led(INBOX)
        with suppress(NotSignedOn):
            if end := await self._provider.leaving(self._address(request, INBOX)):
                return _led(end)
        return _led(INBOX)

    async def _ended(self, request: web.Request) -> web.Response:
        """End the sessions that the provider opened for a subject who is signed in there no more."""
        services = self._services
        try:
            if services.limits.sign_on_answers.wait_s(network(request.remote or "")):
                raise NotSignedOn("too-many")
            token = str((await request.post()).get("logout_token", ""))
            issuer = self._provider_of().settings.issuer
            librarian = await services.archive.identities.librarian(issuer, await self._provider_of().signed_out(token))
        except NotSignedOn as error:
            return web.Response(status=400, text=error.reason, headers={"Cache-Control": "no-store"})
        account = await services.archive.accounts.of(librarian) if librarian else None
        if account is not None:
            await services.archive.accounts.end_sessions(librarian, way="provider")
            await note(services, librarian, account.library, "signed-out-everywhere", "provider")
        return web.Response(headers={"Cache-Control": "no-store"})

    def _provider_of(self) -> OidcProvider:
        if self._provider is None:
            raise NotSignedOn("provider-away")
        return self._provider

    # ---- the proxy ----

    async def _proxied(self, request: web.Request) -> web.Response:
        self._check_wait(request)
        identity, settings = request.get(PROXIED), self._settings.proxy
        if identity is None or settings is None:
            raise NotSignedOn("provider-refused")
        back = request.query.get("back", "")
        return await self._welcomed(request, identity, settings.rules, back if BACK.fullmatch(back) else "")

    # ---- both ----

    async def _welcomed(
        self, request: web.Request, identity: VouchedIdentity, rules: JoiningRules, back: str
    ) -> web.Response:
        """Open a session and lead to the page that was asked for."""
        account = await self._joining.account(identity, rules)
        found = await opened(self._services, request, account.librarian, identity.way)
        if found is None:
            raise NotSignedOn("closed", librarian=account.librarian, library=account.library)
        response = _led(f"{INBOX}#{back}" if back else INBOX)
        sessions.give(response, request, found[0])
        return response

    def _address(self, request: web.Request, path: str) -> str:
        return f"{self._services.public_url or f'{request.scheme}://{request.host}'}{path}"


def _provider(settings: OidcSettings) -> OidcProvider:
    """Return what speaks to a provider; its library takes a tenth of a second to load, which others are spared."""
    from bridge.sign_on.oidc import OidcProvider

    return OidcProvider(settings)


async def _tell(services: InboxServices, saved: Sequence[Library]) -> None:
    """Tell the core of libraries that changed, and wait a moment until this process knows it."""
    await services.gathering.ingest(list(saved))
    for _ in range(HEARD_LOOKS):
        if all(_revision(services, one.id) >= one.revision for one in saved):
            return
        await asyncio.sleep(HEARD_S)


def _revision(services: InboxServices, library: str) -> int:
    known = services.replica.state.libraries.get(library)
    return known.revision if known is not None else -1


def _mark_name(request: web.Request) -> str:
    return f"{sessions.cookie_name(request)}-sign-on"


def _led(address: str) -> web.Response:
    headers = {"Location": address, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(status=303, headers=headers)


ROUTES = (Route("GET", "/sign-on", "The ways to sign in", sign_on, access="anyone", gives=SignOnChoices),)
