"""What happens to every request before and after the function in the table: one order of checks, the same for all routes.

    session (401) · second factor to be shown (403) ·
    password to be changed first (403) · works here still (403) · origin and token of a write (403) · rate (429) ·
    query (422) · Idempotency-Key (400, 422) · may this librarian see that conversation or edit that library (404) ·
    body (400, 413, 422)

A write with a key is done once. The same key with the same request gets the same status again; with another request 422.
An action of the core needs no row in SQL for that: the ring drops a key that it has seen. The answer comes from the log
(see `live/action_results`) or, after a restart, from the archive. A key counts once its action was taken in.
Other writes reserve a row before they are done. What could not be taken in (503) is not kept, so the same key tries again.
Of secrets nothing is kept, not even a digest: passwords can be guessed from one.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from aiohttp import web

from bridge.contract.adapter import Busy, TooLarge
from bridge.inbox.http.responses import (
    BASE,
    MAX_BODY,
    Answer,
    Refusal,
    answer,
    decode,
    encode,
    key_reused,
    too_many,
    unavailable,
)
from bridge.inbox.http.route import Call, ConsortiumOf, Route
from bridge.inbox.http.sessions import check_origin, check_token, session_of
from bridge.inbox.services import InboxServices
from bridge.inbox.views.access import check_conversation, check_library, check_role, second_factor_due, works_here
from bridge.inbox.views.rooms import check_room
from bridge.redis.store import StoreError
from bridge.runtime.logging import traced
from bridge.sql.database import is_away
from bridge.sql.people.accounts import Accounts, Session
from bridge.sql.people.idempotency import KeyReused

SESSION_S = 10.0  # for the database to say whose session it is

log = structlog.get_logger("bridge.inbox")

_KEY = re.compile(r"[\x21-\x7e]{8,200}")


def mount(app: web.Application, accounts: Accounts, consortium_of: ConsortiumOf, routes: Sequence[Route]) -> None:
    """Put every line of the table into an application."""
    for route in routes:
        app.router.add_route(
            route.method, BASE + route.path, _endpoint(accounts, consortium_of, route), name=route.name
        )


def _endpoint(
    accounts: Accounts, consortium_of: ConsortiumOf, route: Route
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def endpoint(request: web.Request) -> web.StreamResponse:
        try:
            session = await _session(accounts, request) if route.access != "anyone" else None
            return await _serve(consortium_of, session, route, request)
        except Refusal as refusal:
            return refusal.response()
        except (Busy, StoreError):
            return unavailable().response()
        except TooLarge as error:
            return Refusal(413, "too-large", f"Larger than {error.limit} bytes.").response()
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:
            if is_away(error):
                return unavailable().response()
            fault = secrets.token_hex(6)
            log.error("request-failed", route=route.name, fault=fault, **traced(error))
            return Refusal(500, "fault", f"Something here is broken; it was noted as {fault}.").response()

    return endpoint


async def _session(accounts: Accounts, request: web.Request) -> Session | None:
    try:
        async with asyncio.timeout(SESSION_S):
            return await session_of(accounts, request)
    except TimeoutError:
        raise unavailable() from None


async def _serve(
    consortium_of: ConsortiumOf, session: Session | None, route: Route, request: web.Request
) -> web.StreamResponse:
    consortium = consortium_of(session)
    services = consortium.services
    if session is not None and not services.replica.ready.is_set():
        raise Refusal(503, "loading", "The desk is still loading; try again.", headers={"Retry-After": "2"})
    if session is not None:
        _check_begun(services, session, route)
    if session is not None and not route.early and not works_here(services.replica.state, session.librarian):
        raise Refusal(403, "not-here", "No library lists you as a librarian now; your coordinator can.")
    if route.writes:
        check_origin(services, request)
        check_token(request, session)
    _check_rate(services, route, session)
    call = Call(request, consortium, consortium_of, session, None, _key(route, request), _query(route, request))
    if session is not None and not route.early:
        check_role(call.state, call.me, route.access)
    if session is not None and call.key and route.asks is not bytes and not route.secret:
        return await (_act(call, route) if route.action else _once(call, route, session))
    return _response(await _answered(call, route, await _raw(route, request)))


async def _act(call: Call, route: Route) -> web.StreamResponse:
    """Serve an action of the core that carries a key: the ring drops repeats, and the answer is looked up by the key."""
    raw = await _raw(route, call.request)
    call.asked = _asked(call, route, raw)
    try:
        return _response(await _answered(call, route, raw))
    except Refusal:
        before = await route.again(call) if route.again is not None else None
        if before is None:
            raise
        return _response(before)


def _asked(call: Call, route: Route, raw: bytes) -> bytes:
    return f"{route.method} {call.request.path} ".encode() + raw


async def _once(call: Call, route: Route, session: Session) -> web.StreamResponse:
    """Serve a write that carries a key and is no action of the core: SQL keeps the key with the answer."""
    raw = await _raw(route, call.request)
    keys = call.services.archive.idempotency
    try:
        before = await keys.begin(session.librarian, call.key, _asked(call, route, raw))
    except KeyReused:
        raise key_reused() from None
    if before is not None and before.status:
        return web.Response(
            body=before.body or None,
            status=before.status,
            content_type="application/json",
            headers={"Cache-Control": "no-store"},
        )
    try:
        found = await _answered(call, route, raw)
    except Refusal as refusal:
        found = Answer(refusal.body, refusal.status, refusal.headers)
    if isinstance(found, web.StreamResponse):
        return found
    reply = found if isinstance(found, Answer) else Answer(found, 200 if found is not None else 204)
    if reply.status < 500 and reply.status not in (202, 429):
        body = b"" if reply.body is None else encode(reply.body)
        await keys.end(session.librarian, call.key, reply.status, body)
    return _response(reply)


async def _answered(call: Call, route: Route, raw: bytes) -> Any:
    if route.scope == "conversation":
        await check_conversation(call.services, call.me, call.id)
    elif route.scope == "library":
        check_library(call.services, call.me, call.id)
    elif route.scope == "room":
        await check_room(call.services, call.me, call.id)
    if route.asks is not None and route.asks is not bytes:
        call.body = decode(raw or b"{}", route.asks)  # a body of which every field may be left out may be, too
    return await route.serve(call)


async def _raw(route: Route, request: web.Request) -> bytes:
    """Read a body whole; one that the route does not ask for is read and ignored, a file is left to the route."""
    if route.asks is bytes or not route.writes:
        return b""
    if (request.content_length or 0) > MAX_BODY:
        raise TooLarge(MAX_BODY)
    raw = await request.content.read(MAX_BODY + 1)
    while len(raw) <= MAX_BODY and (more := await request.content.read(MAX_BODY + 1 - len(raw))):
        raw += more
    if len(raw) > MAX_BODY:
        raise TooLarge(MAX_BODY)
    return raw if route.asks is not None else b""


def _check_begun(services: InboxServices, session: Session, route: Route) -> None:
    """Refuse (403) what a session may not ask for that has only begun."""
    due = second_factor_due(services.replica.state, session, services.sign_on.second_factor)
    if due == "asked" and not route.half:
        raise Refusal(403, "second-factor", "Show your second factor first.")
    if session.must_change and not route.early:
        raise Refusal(403, "must-change-password", "Choose a password first.")
    if due == "to-add" and not route.early:
        raise Refusal(403, "second-factor-missing", "Your role needs a second factor. Add one first.")


def _response(found: Any) -> web.StreamResponse:
    if isinstance(found, web.StreamResponse):
        return found
    if isinstance(found, Answer):
        return answer(found.body, found.status, found.headers)
    return answer(found)


def _check_rate(services: InboxServices, route: Route, session: Session | None) -> None:
    if session is None:
        return
    limit = services.limits.writes if route.writes else services.limits.reads
    wait = limit.wait_s(session.librarian)
    if wait:
        raise too_many(wait)


def _query(route: Route, request: web.Request) -> dict[str, str]:
    try:
        return {each.name: each.read(request.query) for each in route.query}
    except ValueError as error:
        raise Refusal(422, "invalid", f"{error}.") from None


def _key(route: Route, request: web.Request) -> str:
    """Return the Idempotency-Key, "" where none came and none is asked for."""
    key = request.headers.get("Idempotency-Key", "")
    if not route.writes or (not key and not route.keyed):
        return ""
    if not _KEY.fullmatch(key):
        raise Refusal(400, "key-missing", "A write needs an Idempotency-Key of 8 to 200 visible characters.")
    return key
