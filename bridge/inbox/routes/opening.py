"""Opening a session, whatever somebody signed in with: one way for passwords, codes, links, providers and proxies."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from bridge.inbox.http import sessions
from bridge.inbox.http.device import device_of
from bridge.inbox.services import InboxServices
from bridge.sql.people.account_events import AccountDeed, AccountEvent
from bridge.sql.people.accounts import Account, Session

Way = Literal["password", "code", "provider", "proxy"]


async def opened(
    services: InboxServices, request: web.Request, librarian: str, way: Way, *, shown: bool = False
) -> tuple[str, Session] | None:
    """Open a session and end the one that the browser brought. Return its token and itself, None where the account was closed.

    `shown`: this browser has shown a second factor already.
    """
    accounts = services.archive.accounts
    if old := sessions.token_of(request):
        await accounts.close_session(old)
    held = way in ("password", "code") and await services.archive.second_factors.have([librarian])
    second = "shown" if shown else "asked" if held else ""
    token, _ = await accounts.open_session(librarian, way=way, device=device_of(request), second=second)
    session = await accounts.session(token)
    if session is None:
        return None
    await note(services, session.librarian, session.library, "signed-in", way, by=session.librarian)
    return token, session


async def note(
    services: InboxServices, librarian: str, library: str, what: AccountDeed, detail: str = "", *, by: str = ""
) -> None:
    """Keep in the audit what happened to an account."""
    event = AccountEvent(library=library, librarian=librarian, by=by, what=what, detail=detail)
    await services.archive.account_events.note(event)


async def note_failed(services: InboxServices, account: Account | None, way: str, *, locked: bool = False) -> None:
    """Keep that somebody could not sign in; a name without an account is not kept."""
    if account is None:
        await services.archive.account_events.note_unknown(way)
    else:
        await note(services, account.librarian, account.library, "locked" if locked else "failed", way)
