"""Invitations: a link for each librarian, with which they choose a password and are signed in.

The secret comes in a body and never in an address, so that no log and no other site learns it. On the page it follows the `#`.
"""

from __future__ import annotations

from aiohttp import web

from bridge.inbox import schema
from bridge.inbox.http.rate_limits import network
from bridge.inbox.http.responses import Refusal, forbidden, not_found, too_many
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.account import check_passwords, signed_in
from bridge.inbox.routes.opening import note
from bridge.inbox.schema import staff
from bridge.inbox.views import rows
from bridge.sql.people.accounts import Session, SignInRefused, WeakPassword
from routing.access import administers, listed


async def accounts(call: Call) -> staff.AccountsView:
    """Which links of a library wait to be used, and who has a password."""
    archive = call.services.archive
    waiting = await archive.invitations.open(call.id)
    homed = [name for name, library in call.state.roster.home.items() if library == call.id]
    return staff.AccountsView(
        invitations=[
            staff.InvitationView(librarian=one.librarian, until=one.until, by_name=rows.name_of(call.state, one.by))
            for one in waiting
        ],
        signed_up=await archive.accounts.signed_up(call.id),
        second_factors=await archive.second_factors.have(homed),
        linked=await archive.identities.linked(homed),
        passwords=call.services.sign_on.passwords,
    )


async def invite(call: Call) -> staff.InvitationLink:
    """Make a link for a librarian of mine; the one before ends."""
    librarian = call.request.match_info["person"]
    if call.state.roster.home.get(librarian) != call.id or not listed(call.state, librarian):
        raise not_found()
    await check_account(call, librarian)
    await note(call.services, librarian, call.id, "code-made", "link", by=call.me)
    secret, until = await call.services.archive.invitations.invite(librarian, call.id, call.me)
    return staff.InvitationLink(librarian=librarian, secret=secret, until=until)


async def check_account(call: Call, librarian: str) -> None:
    """Make an account where a librarian has none. Raises Refusal for one that is not this library's to open."""
    if administers(call.state, librarian) and not administers(call.state, call.me):
        raise forbidden("Only an administrator lets an administrator in.")
    if await call.services.organisation.library_of(librarian) not in ("", call.id):
        raise not_found()  # the core's list is older than the archive's
    kept = call.services.archive.accounts
    account = await kept.of(librarian)
    if account is None:
        try:
            await kept.add(librarian, librarian, call.id)
        except ValueError:
            raise Refusal(409, "name-taken", "Somebody else signs in with that name; choose another id.") from None
    elif account.library not in call.state.libraries:
        detail = "That account belongs to another consortium; choose another id, or ask who runs the house."
        raise Refusal(409, "name-taken", detail)
    elif account.library != call.id:
        raise Refusal(409, "name-taken", "That account belongs to another library; choose another id.")


async def invitation(call: Call) -> staff.InvitedView:
    """Whom a link is for. The answer to one that was used, ended or never was is the same."""
    asked: staff.SecretAsked = call.body
    _check_wait(call)
    found = await call.services.archive.invitations.find(asked.secret)
    if found is None:
        raise _over()
    session = Session(librarian=found.librarian, login=found.login, library=found.library, csrf="")
    state = call.consortium_of(session).services.replica.state
    return staff.InvitedView(
        login=found.login,
        name=rows.name_of(state, found.librarian),
        library_name=state.roster.library(found.library).name or found.library,
        until=found.until,
    )


async def accept_invitation(call: Call) -> web.Response:
    """Take the password that was chosen and sign in."""
    asked: staff.AcceptAsked = call.body
    check_passwords(call)
    _check_wait(call)
    try:
        librarian = await call.services.archive.invitations.accept(asked.secret, asked.password)
    except WeakPassword as weak:
        raise Refusal(422, "weak-password", f"The new password: {weak}.") from None
    except SignInRefused:
        raise _over() from None
    return await signed_in(call, librarian, "code")


def _check_wait(call: Call) -> None:
    if wait := call.services.limits.sign_in_by_host.wait_s(network(call.request.remote or "")):
        raise too_many(wait)


def _over() -> Refusal:
    return Refusal(410, "used", "This link was used or has ended. Ask your coordinator for another one.")


ROUTES = (
    Route(
        "GET",
        "/organisation/{id}/accounts",
        "Links that wait to be used, and who has a password",
        accounts,
        access="coordinator",
        scope="library",
        gives=staff.AccountsView,
    ),
    Route(
        "POST",
        "/organisation/{id}/people/{person}/invitation",
        "A link for a librarian, good once",
        invite,
        access="coordinator",
        scope="library",
        gives=staff.InvitationLink,
        secret=True,
        also={409: schema.Problem},
    ),
    Route(
        "POST",
        "/invitation",
        "Whom a link is for",
        invitation,
        access="anyone",
        asks=staff.SecretAsked,
        gives=staff.InvitedView,
        also={410: schema.Problem},
    ),
    Route(
        "POST",
        "/invitation/accept",
        "Choose a password and sign in",
        accept_invitation,
        access="anyone",
        asks=staff.AcceptAsked,
        gives=schema.Me,
        also={410: schema.Problem},
    ),
)
