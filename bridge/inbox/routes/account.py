"""Signing in and out, choosing a password, and who I am."""

from __future__ import annotations

from aiohttp import web
from msgspec.structs import replace

from bridge.contract import catalogues
from bridge.inbox.http import sessions
from bridge.inbox.http.rate_limits import network
from bridge.inbox.http.responses import Refusal, answer, forbidden, too_many
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.opening import Way, note, note_failed, opened
from bridge.inbox.schema import LanguageChoice, LibraryFaults, Login, Me, PasswordChange
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.inbox.views.faults import refusal
from bridge.inbox.views.me import me_of
from bridge.sql.people.accounts import Account, SignInLocked, SignInRefused, WeakPassword
from bridge.sql.people.field_fault import FieldFault


async def login(call: Call) -> web.Response:
    """Sign in. The answer to a wrong name, a wrong secret and a closed account is the same."""
    asked: Login = call.body
    check_passwords(call)
    if bool(asked.password) == bool(asked.code):
        raise Refusal(422, "invalid", "Sign in with a password or with a one-time code.")
    way: Way = "code" if asked.code else "password"
    try:
        account = await (_by_code(call, asked) if asked.code else _by_password(call, asked))
    except SignInLocked as locked:
        await note_failed(call.services, await _named(call, asked.name), way, locked=True)
        detail = "Too many wrong attempts; this name is locked for a while."
        raise Refusal(429, "locked", detail, headers={"Retry-After": str(locked.retry_after)}) from None
    except SignInRefused:
        await note_failed(call.services, await _named(call, asked.name), way)
        raise Refusal(401, "wrong", "The name or the password is wrong.") from None
    return await signed_in(call, account.librarian, way)


def check_passwords(call: Call) -> None:
    """Refuse (403) what has to do with passwords where people sign in by another service alone."""
    if not call.services.sign_on.passwords:
        raise forbidden("Passwords aren't used here. Sign in by the service that the sign-in page names.")


async def _named(call: Call, name: str) -> Account | None:
    return await call.services.archive.accounts.named(name)


async def _by_code(call: Call, asked: Login) -> Account:
    """Sign in by a code. Nobody guesses one, so strangers who try a librarian's name cannot lock it."""
    _check_wait(call.services.limits.sign_in_by_host.wait_s(network(call.request.remote or "")))
    return await call.services.archive.accounts.sign_in_by_code(asked.name, asked.code)


async def _by_password(call: Call, asked: Login) -> Account:
    """A browser that this librarian has signed in with has a limit of its own; all others share the address's and the name's."""
    name, limits = asked.name.strip().lower(), call.services.limits
    mark = sessions.familiar_mark(call.request, call.services.secret, name)
    if mark:
        _check_wait(limits.sign_in_by_browser.wait_s(mark))
    else:
        _check_wait(limits.sign_in_by_host.wait_s(network(call.request.remote or "")))
        _check_wait(limits.sign_in_by_name.wait_s(name))
    return await call.services.archive.accounts.sign_in(name, asked.password, familiar=bool(mark))


def _check_wait(seconds: int) -> None:
    if seconds:
        raise too_many(seconds)


async def signed_in(call: Call, librarian: str, way: Way, *, shown: bool = False) -> web.Response:
    """Open a session, end the one the browser brought, and say who it is."""
    found = await opened(call.services, call.request, librarian, way, shown=shown)
    if found is None:
        raise Refusal(401, "wrong", "The account was closed a moment ago.")
    token, session = found
    state = call.consortium_of(session).services.replica.state
    libraries, coordinates = libraries_of(state, librarian), coordinated(state, librarian)
    response = answer(me_of(state, session, libraries, coordinates, call.services.sign_on))
    sessions.give(response, call.request, token)
    sessions.make_familiar(response, call.request, call.services.secret, session.login)
    return response


async def logout(call: Call) -> web.Response:
    """End this session."""
    await note(call.services, call.me, call.who.library, "signed-out", by=call.me)
    await call.services.archive.accounts.close_session(sessions.token_of(call.request))
    response = answer(None)
    sessions.take(response, call.request)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


async def password(call: Call) -> web.Response:
    """Choose another password; every other session of mine ends."""
    asked: PasswordChange = call.body
    check_passwords(call)
    _check_wait(call.services.limits.password_changes.wait_s(call.me))
    try:
        await call.services.archive.accounts.change_password(call.me, asked.new, old=asked.old or None)
    except WeakPassword as weak:
        raise Refusal(422, "weak-password", f"The new password: {weak}.") from None
    except SignInRefused:
        raise Refusal(403, "wrong", "The old password is wrong.") from None
    await note(call.services, call.me, call.who.library, "password-changed", by=call.me)
    return await signed_in(call, call.me, "password", shown=call.who.second == "shown")


async def me(call: Call) -> Me:
    """Say who is signed in."""
    libraries, coordinates = libraries_of(call.state, call.me), coordinated(call.state, call.me)
    return me_of(call.state, call.who, libraries, coordinates, call.services.sign_on)


async def language(call: Call) -> Me:
    """Keep the language that I read the inbox in."""
    asked: LanguageChoice = call.body
    if asked.language and asked.language not in catalogues.tags("inbox"):
        raise refusal("faulty", [FieldFault("language", f"there are no words in {asked.language!r}")])
    await call.services.archive.accounts.speak(call.me, asked.language)
    libraries, coordinates = libraries_of(call.state, call.me), coordinated(call.state, call.me)
    return me_of(call.state, replace(call.who, language=asked.language), libraries, coordinates, call.services.sign_on)


ROUTES = (
    Route("POST", "/login", "Sign in", login, access="anyone", asks=Login, gives=Me),
    Route("POST", "/logout", "Sign out", logout, access="counter", early=True, half=True),
    Route(
        "POST",
        "/password",
        "Choose another password",
        password,
        access="counter",
        asks=PasswordChange,
        gives=Me,
        secret=True,
        early=True,
    ),
    Route(
        "PUT",
        "/language",
        "Choose the language of my inbox",
        language,
        access="counter",
        asks=LanguageChoice,
        gives=Me,
        also={422: LibraryFaults},
    ),
    Route("GET", "/me", "Who is signed in", me, access="counter", gives=Me, early=True, half=True),
)
