"""Who did what with a conversation, and who looked: for coordinators of its library."""

from __future__ import annotations

from bridge.inbox.http.responses import forbidden, not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.schema import privacy
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated
from bridge.sql.privacy.access_audit import Deed

PAGE = 100
NAMING = (
    "transferred",
    "given",
    "consulted",
    "invited",
    "consult-ended",
)  # whose detail names a librarian, a queue or a library


async def audit(call: Call) -> privacy.Audit:
    """One page of a conversation's audit, newest first; one merged with it has its own, for its own library."""
    if await _library(call) not in coordinated(call.state, call.me):
        raise forbidden("Only the coordinators of its library see who looked at a conversation.")
    found = await call.services.archive.access_audit.of([call.id], before=call.number("cursor", 0), limit=PAGE + 1)
    more = str(found[PAGE - 1].n) if len(found) > PAGE else ""
    return privacy.Audit(deeds=[_shown(call, deed) for deed in found[:PAGE]], next=more)


async def _library(call: Call) -> str:
    """Return the library whose conversation it is."""
    if (it := call.state.conversations.get(call.id)) is not None:
        return it.library
    if (talk := await call.services.reader.conversation(call.id)) is None:
        raise not_found()
    return talk.library


def _shown(call: Call, deed: Deed) -> privacy.AuditDeed:
    return privacy.AuditDeed(
        at=deed.at,
        who=deed.who,
        who_name=rows.name_of(call.state, deed.who),
        what=deed.what,
        detail=_detail(call, deed),
    )


def _detail(call: Call, deed: Deed) -> str:
    """Return what a deed's row may show: codes, to whom it was offered, and what left the desk; never a reason that was typed."""
    if deed.what in ("begun", "forwarded-message", "forwarded-transcript"):
        return deed.detail
    if deed.what in ("recoded", "closed", "follow-up", "account-renewed", "account-hold-cancelled"):
        return deed.detail
    if deed.what in ("consulted", "invited", "consult-ended") and deed.detail in call.state.libraries:
        return rows.library_name(call.state, deed.detail)
    if deed.what in NAMING:
        name = rows.queue_name if "/" in deed.detail else rows.name_of
        return name(call.state, deed.detail)
    return ""


OLDER = Parameter("cursor", "`next` of the page before", kind="integer", most=1 << 53)

ROUTES = (
    Route(
        "GET",
        "/conversations/{id}/audit",
        "Who did what with it, and who looked; for coordinators",
        audit,
        scope="conversation",
        gives=privacy.Audit,
        query=(OLDER,),
    ),
)
