"""The inbox whole: every route mounted, every consortium's live side running while the application does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from importlib.metadata import version

from aiohttp import web

from bridge.account.pages import AccountDoor, AccountPages, LibraryFacts
from bridge.inbox.consortium_inbox import ConsortiumInbox
from bridge.inbox.http.openapi import describe
from bridge.inbox.http.pipeline import mount
from bridge.inbox.http.responses import BASE, encode
from bridge.inbox.http.route import Route
from bridge.inbox.routes import (
    account,
    account_events,
    actions,
    audit,
    board,
    browse,
    calls,
    catalogue,
    colleagues,
    consortium_reports,
    counted_end,
    counter,
    faq,
    faq_beside_chat,
    files,
    follow_ups,
    forget,
    history,
    hours,
    invitations,
    libraries,
    library_choices,
    open_sessions,
    operations,
    organisation,
    own_data,
    partners,
    patron_account,
    people,
    practice,
    presence,
    push,
    quiet_hours,
    reports,
    scripts,
    search,
    search_export,
    second_factor,
    sign_on,
    sockets,
    surveys,
    team_webhook,
    training,
    training_sheets,
    transactions,
    writing_first,
)
from bridge.inbox.services import InboxServices
from bridge.privacy.own_data.pages import OwnDataPages
from bridge.sql.people.accounts import Accounts, Session

ROUTES: tuple[Route, ...] = (
    *account.ROUTES,
    *sign_on.ROUTES,
    *second_factor.ROUTES,
    *open_sessions.ROUTES,
    *account_events.ROUTES,
    *browse.ROUTES,
    *search.ROUTES,
    *search_export.ROUTES,
    *catalogue.ROUTES,
    *patron_account.ROUTES,
    *colleagues.ROUTES,
    *actions.ROUTES,
    *calls.ROUTES,
    *writing_first.ROUTES,
    *forget.ROUTES,
    *own_data.ROUTES,
    *audit.ROUTES,
    *counted_end.ROUTES,
    *files.ROUTES,
    *partners.ROUTES,
    *presence.ROUTES,
    *follow_ups.ROUTES,
    *organisation.ROUTES,
    *people.ROUTES,
    *invitations.ROUTES,
    *history.ROUTES,
    *libraries.ROUTES,
    *library_choices.ROUTES,
    *scripts.ROUTES,
    *quiet_hours.ROUTES,
    *push.ROUTES,
    *team_webhook.ROUTES,
    *hours.ROUTES,
    *board.ROUTES,
    *faq.ROUTES,
    *counter.ROUTES,
    *faq_beside_chat.ROUTES,
    *operations.ROUTES,
    *reports.ROUTES,
    *consortium_reports.ROUTES,
    *practice.ROUTES,
    *surveys.ROUTES,
    *transactions.ROUTES,
    *training.ROUTES,
    *training_sheets.ROUTES,
    *sockets.ROUTES,
)


class Inbox:
    """The librarians' interface over one or more consortia, which share one archive and so one set of accounts."""

    def __init__(self, services: Sequence[InboxServices]) -> None:
        self.consortia = [ConsortiumInbox(services) for services in services]
        self.accounts: Accounts = services[0].archive.accounts
        self._access_audit = services[0].archive.access_audit
        self._sign_on = sign_on.SignOnPages(self.consortia, self.consortium_of)
        self._description = encode(describe(ROUTES, version("deskbridge")))

    def mount(self, app: web.Application) -> None:
        """Put all routes into an application and tie the live side to its life."""
        mount(app, self.accounts, self.consortium_of, ROUTES)
        AccountPages([_door(each.services) for each in self.consortia]).mount(app)
        OwnDataPages([each.services.own_data for each in self.consortia]).mount(app)
        app.router.add_get(f"{BASE}/openapi.json", self._describe, name="openapi")
        self._sign_on.mount(app)
        app.cleanup_ctx.append(self._running)
        app.on_shutdown.append(self._shut)

    def consortium_of(self, session: Session | None) -> ConsortiumInbox:
        """Return the consortium a librarian works in.

        That is the one of the account's library, where it lists them; else one that lists them; else that of the library; else
        the first. So nobody draws a librarian over by listing their name elsewhere.
        """
        if session is None or len(self.consortia) == 1:
            return self.consortia[0]

        def fits(consortium: ConsortiumInbox) -> tuple[bool, bool, bool]:
            state = consortium.services.replica.state
            listed, at_home = session.librarian in state.roster.home, session.library in state.libraries
            return listed and at_home, listed, at_home

        return max(self.consortia, key=fits)

    async def _describe(self, request: web.Request) -> web.Response:
        headers = {"Cache-Control": "no-cache"}
        return web.Response(body=self._description, content_type="application/json", headers=headers)

    async def _running(self, app: web.Application) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(each.live.run(), name="inbox live") for each in self.consortia]
        tasks.append(asyncio.create_task(self._access_audit.run(), name="access audit"))
        yield
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _shut(self, app: web.Application) -> None:
        for consortium in self.consortia:
            consortium.live.close()
        await asyncio.sleep(0)


def _door(services: InboxServices) -> AccountDoor:
    def facts(id: str) -> LibraryFacts:
        library = services.replica.state.roster.library(id)
        return LibraryFacts(name=library.name or id, language=library.language, timezone=library.timezone)

    return AccountDoor(services.accounts, facts)
