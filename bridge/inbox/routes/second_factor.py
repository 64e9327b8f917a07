"""Second factors: showing one after the password, adding and removing one's own, and what a coordinator does when one is lost.

Adding, removing and new recovery codes are for who signed in a quarter of an hour ago at most. So nobody does it at a page that was
left open. Who must show a factor first can't add one: a password alone would be enough then.
"""

from __future__ import annotations

import asyncio
import time
from importlib import import_module
from urllib.parse import urlsplit

import msgspec

from bridge.inbox.http.responses import Refusal, forbidden, not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.http.sessions import own_origins
from bridge.inbox.routes.account import me
from bridge.inbox.routes.opening import note, note_failed
from bridge.inbox.schema import Me, Problem, sign_on
from bridge.inbox.views.access import second_factor_due
from bridge.sql.people.account_events import AccountDeed
from bridge.sql.people.accounts import SignInLocked, now_ms
from bridge.sql.people.second_factors import FactorKind, SecondFactor, new_factor_id
from routing.access import administers, listed

FRESH_MS = 15 * 60_000


class CodesPledge(msgspec.Struct, frozen=True, kw_only=True):
    """The secret of an app that hasn't shown a code yet, and the session that asked for it."""

    secret: bytes
    session: str


async def second_factors(call: Call) -> sign_on.SecondFactorsView:
    """My second factors."""
    kept = call.services.archive.second_factors
    asked = call.who.second == "asked"
    return sign_on.SecondFactorsView(
        factors=[
            sign_on.SecondFactorShown(
                id=one.id, kind=one.kind, name="" if asked else one.name, made_at=one.made_at, used_at=one.used_at
            )
            for one in await kept.of(call.me)
        ],
        recovery_left=await kept.recovery_left(call.me),
        required=_required(call),
    )


def _required(call: Call) -> bool:
    one = call.state.roster.librarians.get(call.me)
    return one is not None and one.role in call.services.sign_on.second_factor


# ---- showing one ----


async def show_code(call: Call) -> Me:
    """Go on with a code of an app, or with a recovery code."""
    asked: sign_on.FactorCode = call.body
    code = asked.code.replace(" ", "")
    await _check_lock(call)
    kept = call.services.archive.second_factors
    if code.isascii() and code.isdigit():
        done = await _code_counts(call, code)
    elif done := await kept.use_recovery(call.me, code):
        await _note(call, "recovery-used")
    return await _went_on(call, done, "codes")


async def _code_counts(call: Call, code: str) -> bool:
    from bridge.sign_on.totp import step_of

    kept = call.services.archive.second_factors
    for one in await kept.of(call.me):
        step = step_of(one.secret, code, time.time(), after=one.counter) if one.kind == "codes" else None
        if step is not None:
            return await kept.used(one, step)
    return False


async def ask_passkey(call: Call) -> sign_on.PasskeyBegun:
    """Begin to show a passkey."""
    await _load_passkeys()
    from bridge.sign_on import passkeys

    held = [one.credential for one in await call.services.archive.second_factors.of(call.me) if one.kind == "passkey"]
    if not held:
        raise Refusal(422, "no-factor", "You have no passkey here.")
    host = _host(call)
    options, challenge = passkeys.options_to_show(host, held)
    pledge = passkeys.PasskeyPledge(challenge=challenge, host=host, origins=_origins(call), session=call.who.id)
    return sign_on.PasskeyBegun(token=await call.services.archive.attempts.begin("passkey", pledge), options=options)


async def show_passkey(call: Call) -> Me:
    """Go on with a passkey."""
    await _load_passkeys()
    from bridge.sign_on import passkeys

    asked: sign_on.PasskeyAnswer = call.body
    await _check_lock(call)
    archive = call.services.archive
    pledge = await archive.attempts.end("passkey", asked.token, passkeys.PasskeyPledge)
    named = passkeys.credential_of(asked.credential)
    one = next((each for each in await archive.second_factors.of(call.me) if each.credential == named != ""), None)
    done = False
    if pledge is not None and pledge.session == call.who.id and one is not None:
        try:
            counter = passkeys.shown(pledge, asked.credential, one.secret, one.counter)
            done = await archive.second_factors.used(one, counter)
        except passkeys.BadPasskey:
            done = False
    return await _went_on(call, done, "passkey")


async def _went_on(call: Call, done: bool, kind: FactorKind) -> Me:
    kept = call.services.archive.second_factors
    if not done:
        await kept.failed(call.me)
        await note_failed(call.services, await call.services.archive.accounts.of(call.me), kind)
        raise Refusal(403, "wrong-factor", "That isn't right, or it was used already.")
    await kept.shown(call.me, call.who.id)
    await _note(call, "factor-shown", kind)
    return await _me_now(call)


async def _check_lock(call: Call) -> None:
    try:
        await call.services.archive.second_factors.check_lock(call.me)
    except SignInLocked as locked:
        detail = "Too many wrong attempts; wait a while."
        headers = {"Retry-After": str(locked.retry_after)}
        raise Refusal(429, "factor-locked", detail, headers=headers) from None


async def _me_now(call: Call) -> Me:
    """Say who is signed in, as the session is from now on."""
    call.session = msgspec.structs.replace(call.who, second="shown")
    return await me(call)


# ---- adding and removing ----


async def begin_codes(call: Call) -> sign_on.CodesBegun:
    """Make a secret for an app; it counts once the app has shown a code."""
    from bridge.sign_on import totp

    await _check_fresh(call)
    secret = totp.new_secret()
    address = totp.app_address(secret, call.who.login, "Deskbridge")
    pledge = CodesPledge(secret=secret, session=call.who.id)
    return sign_on.CodesBegun(
        token=await call.services.archive.attempts.begin("codes", pledge),
        secret=totp.spelled(secret),
        address=address,
        picture=await asyncio.to_thread(totp.picture, address),
    )


async def add_codes(call: Call) -> sign_on.FactorAdded:
    """Add an app by its first code."""
    from bridge.sign_on.totp import step_of

    asked: sign_on.CodesAsked = call.body
    await _check_fresh(call)
    await _check_lock(call)
    pledge = await call.services.archive.attempts.end("codes", asked.token, CodesPledge)
    if pledge is None or pledge.session != call.who.id:
        raise _too_late()
    step = step_of(pledge.secret, asked.code.replace(" ", ""), time.time())
    if step is None:
        raise Refusal(
            422, "wrong-code", "That code is wrong. Scan the picture again, and see whether the clocks are right."
        )
    return await _added(call, "codes", asked.name, pledge.secret, counter=step)


async def begin_passkey(call: Call) -> sign_on.PasskeyBegun:
    """Begin to add a passkey."""
    await _load_passkeys()
    from bridge.sign_on import passkeys

    await _check_fresh(call)
    held = [one.credential for one in await call.services.archive.second_factors.of(call.me) if one.kind == "passkey"]
    host = _host(call)
    options, challenge = passkeys.options_to_make(host, call.me, call.who.login, held)
    pledge = passkeys.PasskeyPledge(challenge=challenge, host=host, origins=_origins(call), session=call.who.id)
    token = await call.services.archive.attempts.begin("passkey-new", pledge)
    return sign_on.PasskeyBegun(token=token, options=options)


async def add_passkey(call: Call) -> sign_on.FactorAdded:
    """Add a passkey that the browser made."""
    await _load_passkeys()
    from bridge.sign_on import passkeys

    asked: sign_on.PasskeyAsked = call.body
    await _check_fresh(call)
    pledge = await call.services.archive.attempts.end("passkey-new", asked.token, passkeys.PasskeyPledge)
    if pledge is None or pledge.session != call.who.id:
        raise _too_late()
    try:
        found = passkeys.made(pledge, asked.credential)
    except passkeys.BadPasskey:
        raise Refusal(422, "bad-passkey", "The browser's answer proves nothing. Try again.") from None
    return await _added(call, "passkey", asked.name, found.public_key, found.credential, found.counter)


async def _added(
    call: Call, kind: FactorKind, name: str, secret: bytes, credential: str = "", counter: int = 0
) -> sign_on.FactorAdded:
    made = SecondFactor(
        id=new_factor_id(),
        kind=kind,
        name=" ".join(name.split()),
        credential=credential,
        secret=secret,
        counter=counter,
        made_at=now_ms(),
        used_at=0,
    )
    try:
        codes = await call.services.archive.second_factors.add(call.me, call.who.id, made)
    except ValueError:
        raise Refusal(422, "too-many-factors", "You have as many as one can have. Remove one first.") from None
    await _note(call, "factor-added", kind)
    return sign_on.FactorAdded(codes=codes, me=await _me_now(call))


async def remove_factor(call: Call) -> None:
    """Take one of my factors off; the last one stays where my role must have one."""
    await _check_fresh(call)
    kept = call.services.archive.second_factors
    held = await kept.of(call.me)
    if _required(call) and len(held) == 1 and held[0].id == call.id:
        raise Refusal(422, "factor-required", "Your role needs a second factor. Add another one first.")
    if (kind := await kept.remove(call.me, call.id)) is None:
        raise not_found()
    await _note(call, "factor-removed", kind)


async def renew_recovery(call: Call) -> sign_on.RecoveryCodes:
    """Make new recovery codes; those before count no longer."""
    await _check_fresh(call)
    kept = call.services.archive.second_factors
    if not await kept.of(call.me):
        raise Refusal(422, "no-factor", "Add a second factor first.")
    return sign_on.RecoveryCodes(codes=await kept.renew_recovery(call.me))


async def reset_factors(call: Call) -> None:
    """Take the second factors of a librarian of mine off who lost theirs; they're signed out everywhere."""
    librarian = call.request.match_info["person"]
    if call.state.roster.home.get(librarian) != call.id or not listed(call.state, librarian):
        raise not_found()
    if administers(call.state, librarian) and not administers(call.state, call.me):
        raise forbidden("Only an administrator resets an administrator's second factor.")
    if librarian == call.me:
        raise Refusal(422, "oneself", "Your own second factor is for somebody else to reset.")
    if not await call.services.archive.second_factors.reset(librarian):
        raise not_found()
    await note(call.services, librarian, call.id, "factor-reset", by=call.me)


# ---- what they share ----


async def _check_fresh(call: Call) -> None:
    """Refuse (403) who signed in long ago, unless their role makes them add their first one now."""
    due = second_factor_due(call.state, call.who, call.services.sign_on.second_factor)
    if due == "to-add" and await call.services.archive.second_factors.have([call.me]):
        raise Refusal(403, "second-factor", "You have one, added elsewhere a moment ago. Sign out and in again.")
    if due != "to-add" and call.who.opened_at < now_ms() - FRESH_MS:
        raise Refusal(403, "sign-in-again", "Sign out and in again first: it's been more than 15 minutes.")


def _host(call: Call) -> str:
    """Return the name that passkeys are made for: that of the public address, else of the host that was asked."""
    public = urlsplit(call.services.public_url).hostname if call.services.public_url else None
    return public or urlsplit(f"//{call.request.host}").hostname or ""


def _origins(call: Call) -> list[str]:
    return sorted(own_origins(call.services, call.request))


async def _load_passkeys() -> None:
    """Load what few people need, and what takes a quarter of a second, without holding others up."""
    await asyncio.to_thread(import_module, "bridge.sign_on.passkeys")


def _too_late() -> Refusal:
    return Refusal(410, "too-late", "That took too long. Begin again.")


async def _note(call: Call, what: AccountDeed, detail: str = "") -> None:
    await note(call.services, call.me, call.who.library, what, detail, by=call.me)


_SHOW = "/second-factor/show"
_ADD = "/second-factor/add"

ROUTES = (
    Route(
        "GET",
        "/second-factor",
        "My second factors",
        second_factors,
        access="counter",
        gives=sign_on.SecondFactorsView,
        early=True,
        half=True,
    ),
    Route(
        "POST",
        f"{_SHOW}/code",
        "Go on with a code of my app, or a recovery code",
        show_code,
        access="counter",
        asks=sign_on.FactorCode,
        gives=Me,
        secret=True,
        early=True,
        half=True,
    ),
    Route(
        "POST",
        f"{_SHOW}/passkey/begin",
        "Begin to show a passkey",
        ask_passkey,
        access="counter",
        gives=sign_on.PasskeyBegun,
        secret=True,
        early=True,
        half=True,
    ),
    Route(
        "POST",
        f"{_SHOW}/passkey",
        "Go on with a passkey",
        show_passkey,
        access="counter",
        asks=sign_on.PasskeyAnswer,
        gives=Me,
        secret=True,
        early=True,
        half=True,
    ),
    Route(
        "POST",
        f"{_ADD}/codes/begin",
        "Make a secret for an app",
        begin_codes,
        access="counter",
        gives=sign_on.CodesBegun,
        secret=True,
        early=True,
    ),
    Route(
        "POST",
        f"{_ADD}/codes",
        "Add an app by its first code",
        add_codes,
        access="counter",
        asks=sign_on.CodesAsked,
        gives=sign_on.FactorAdded,
        secret=True,
        early=True,
        also={410: Problem},
    ),
    Route(
        "POST",
        f"{_ADD}/passkey/begin",
        "Begin to add a passkey",
        begin_passkey,
        access="counter",
        gives=sign_on.PasskeyBegun,
        secret=True,
        early=True,
    ),
    Route(
        "POST",
        f"{_ADD}/passkey",
        "Add a passkey",
        add_passkey,
        access="counter",
        asks=sign_on.PasskeyAsked,
        gives=sign_on.FactorAdded,
        secret=True,
        early=True,
        also={410: Problem},
    ),
    Route("DELETE", "/second-factor/{id}", "Take one of my factors off", remove_factor, access="counter"),
    Route(
        "POST",
        "/second-factor/recovery",
        "New recovery codes",
        renew_recovery,
        access="counter",
        gives=sign_on.RecoveryCodes,
        secret=True,
    ),
    Route(
        "DELETE",
        "/organisation/{id}/people/{person}/second-factor",
        "Take the second factors off a librarian who lost theirs",
        reset_factors,
        access="coordinator",
        scope="library",
    ),
)
