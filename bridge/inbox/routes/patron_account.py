"""The patron's account: offered, seen while the patron allows it, changed step by step. Each step is audited, without titles."""

from __future__ import annotations

from collections.abc import Awaitable

from bridge.account.access import AccountGrant
from bridge.account.library_system import AccountProblem, AccountStep, PatronAccount
from bridge.inbox.http.responses import Refusal, forbidden
from bridge.inbox.http.route import Call, Route
from bridge.inbox.schema import Problem
from bridge.inbox.schema.patron_account import AccountDone, AccountItem, AccountLink, AccountSeen, AccountState
from bridge.inbox.services import InboxServices
from bridge.inbox.views.access import libraries_of
from routing.records import Conversation
from routing.state import State


def may_offer(services: InboxServices, state: State, me: str, it: Conversation | None) -> bool:
    """Say whether a librarian may ask for a patron's account: who serves an open conversation, of their own library.

    A library can open it to partners who serve its patrons.
    """
    if it is None or it.state == "closed" or me not in (it.owner, *it.companions):
        return False
    return has_account(services, state, me, it.library)


def has_account(services: InboxServices, state: State, me: str, library: str) -> bool:
    """Say whether a librarian who serves a library's patron may ask for the account."""
    config = services.accounts.of(library)
    return config is not None and (config.partners or library in libraries_of(state, me))


async def account_state(call: Call) -> AccountState:
    """How the access stands; the library system is not asked."""
    it = _served(call)
    access = call.services.accounts
    grant = access.granted(it.id)
    return AccountState(
        system=access.system_name(it.library),
        offered_until=round(access.offered_until(it.id) * 1000),
        since=round(grant.since * 1000) if grant else 0,
        until=round(grant.until * 1000) if grant else 0,
        ending=grant.ending if grant else "",
        scopes=sorted(grant.scopes) if grant else [],
    )


async def offer_account(call: Call) -> AccountLink:
    """Make a link by which the patron proves who they are; an earlier one works no more."""
    it = _served(call)
    offer = call.services.accounts.offer(it.id, it.library)
    await _audited(call, "account-offered")
    base = call.services.public_url.rstrip("/") or f"{call.request.scheme}://{call.request.host}"
    return AccountLink(url=f"{base}/account/{offer.token}", until=round(offer.until * 1000))


async def seen_account(call: Call) -> AccountSeen:
    """The account as it is now."""
    it, grant = _granted(call)
    first = not grant.read
    try:
        account = await call.services.accounts.read(it.id)
    except AccountProblem as problem:
        if problem.why == "ended":
            raise _ended() from None
        return AccountSeen(account=PatronAccount(), problem=problem.why)
    if first:
        await _audited(call, "account-read")
    return AccountSeen(account=account)


async def renew_loan(call: Call) -> AccountDone:
    """Renew one loan."""
    it, _ = _granted(call)
    asked: AccountItem = call.body
    return await _step(call, "account-renewed", call.services.accounts.renew(it.id, asked.id))


async def cancel_hold(call: Call) -> AccountDone:
    """Cancel one hold."""
    it, _ = _granted(call)
    asked: AccountItem = call.body
    return await _step(call, "account-hold-cancelled", call.services.accounts.cancel_hold(it.id, asked.id))


async def end_account(call: Call) -> None:
    """End the access, and the link."""
    it = _served(call)
    if call.services.accounts.granted(it.id) is not None:
        await _audited(call, "account-ended")
    call.services.accounts.end(it.id)


async def _step(call: Call, what: str, step: Awaitable[AccountStep]) -> AccountDone:
    try:
        found = await step
    except AccountProblem as problem:
        await _audited(call, what, "unknown" if problem.why not in ("ended", "not-there") else "no")
        if problem.why == "ended":
            raise _ended() from None
        raise Refusal(409, f"account-{problem.why}", "The library system did not do that.") from None
    await _audited(call, what, "yes" if found.done else "no")
    return AccountDone(done=found.done, due=found.due, said=found.said)


async def _audited(call: Call, what: str, detail: str = "") -> None:
    await call.services.archive.access_audit.record(call.me, call.id, what, detail)


def _served(call: Call) -> Conversation:
    it = call.state.conversations.get(call.id)
    if it is None or not may_offer(call.services, call.state, call.me, it):
        raise forbidden("Only a librarian of the patron's library who serves the conversation may see the account.")
    return it


def _granted(call: Call) -> tuple[Conversation, AccountGrant]:
    it = _served(call)
    grant = call.services.accounts.granted(it.id)
    if grant is None:
        raise _ended()
    return it, grant


def _ended() -> Refusal:
    return Refusal(409, "account-ended", "The patron's permission has ended.")


AT = "/conversations/{id}/account"

ROUTES = (
    Route(
        "GET",
        AT,
        "How the access to the patron's account stands",
        account_state,
        scope="conversation",
        gives=AccountState,
    ),
    Route(
        "POST",
        f"{AT}/offer",
        "Make a link by which the patron proves who they are",
        offer_account,
        scope="conversation",
        gives=AccountLink,
        keyed=True,
        secret=True,
    ),
    Route(
        "GET",
        f"{AT}/items",
        "What the patron allowed to be seen, as it is now",
        seen_account,
        scope="conversation",
        gives=AccountSeen,
        also={409: Problem},
    ),
    Route(
        "POST",
        f"{AT}/renew",
        "Renew a loan",
        renew_loan,
        scope="conversation",
        asks=AccountItem,
        gives=AccountDone,
        keyed=True,
        secret=True,  # the system's word may name a title
        also={409: Problem},
    ),
    Route(
        "POST",
        f"{AT}/cancel-hold",
        "Cancel a hold",
        cancel_hold,
        scope="conversation",
        asks=AccountItem,
        gives=AccountDone,
        keyed=True,
        secret=True,  # the system's word may name a title
        also={409: Problem},
    ),
    Route(
        "POST",
        f"{AT}/end",
        "End the access to the account",
        end_account,
        scope="conversation",
        keyed=True,
    ),
)
