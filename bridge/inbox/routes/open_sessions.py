"""Where I'm signed in: which kind of browser, since when, used last when; and ending any of them. No place is kept."""

from __future__ import annotations

from bridge.inbox.http.responses import not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.opening import note
from bridge.inbox.schema import sign_on


async def open_sessions(call: Call) -> sign_on.OpenSessions:
    """All browsers in which I'm signed in."""
    return sign_on.OpenSessions(
        sessions=[
            sign_on.OpenSessionView(
                id=one.id,
                device=one.device,
                way=one.way,
                opened_at=one.opened_at,
                seen_at=one.seen_at,
                here=one.id == call.who.id,
                half=one.second == "asked",
            )
            for one in await call.services.archive.accounts.sessions(call.me)
        ]
    )


async def end_session(call: Call) -> None:
    """Sign out in one of my browsers."""
    if not await call.services.archive.accounts.end_session(call.me, call.id):
        raise not_found()
    await note(call.services, call.me, call.who.library, "session-ended", by=call.me)


async def end_other_sessions(call: Call) -> None:
    """Sign out everywhere but here."""
    await call.services.archive.accounts.end_sessions(call.me, but=call.who.id)
    await note(call.services, call.me, call.who.library, "signed-out-everywhere", by=call.me)


ROUTES = (
    Route("GET", "/sessions", "Where I'm signed in", open_sessions, access="counter", gives=sign_on.OpenSessions),
    Route("DELETE", "/sessions/{id}", "Sign out in one browser", end_session, access="counter"),
    Route("POST", "/sessions/end-others", "Sign out everywhere but here", end_other_sessions, access="counter"),
)
