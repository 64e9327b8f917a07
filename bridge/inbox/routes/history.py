"""Who changed what about a library, and taking it back: for its coordinators, and for administrators of all libraries.

A removed library has no coordinators, so an administrator brings it back. Web addresses are cut short where a query could carry a
secret (a private calendar's address does).
"""

from __future__ import annotations

import re
from typing import Any

from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.saving import channel_queues, refusing, told
from bridge.inbox.schema import staff
from bridge.inbox.views import rows
from bridge.sql.people.document_differences import Difference
from bridge.sql.people.organisation_history import OrganisationChange
from bridge.sql.people.organisation_undo import NotUndoable, Overtaken, undo

PAGE = 30
_WEB = re.compile(r"((?:https?|webcals?)://)(?:[^\s/@]*@)?([^\s/?#]+)[^\s]+", re.IGNORECASE)


async def changes(call: Call) -> staff.Changes:
    """One page of a library's changes."""
    return await _page(call, call.id)


async def all_changes(call: Call) -> staff.Changes:
    """One page of the changes of every library, those too that were removed."""
    return await _page(call, "")


async def _page(call: Call, library: str) -> staff.Changes:
    found = await call.services.organisation.changes(library, before=call.number("cursor", 0), limit=PAGE + 1)
    more = str(found[PAGE - 1].n) if len(found) > PAGE else ""
    return staff.Changes(changes=[_shown(call, one) for one in found[:PAGE]], next=more)


def _shown(call: Call, one: OrganisationChange) -> staff.ChangeView:
    roster = call.state.roster
    return staff.ChangeView(
        n=one.n,
        library=one.library,
        library_name=roster.library(one.library).name or one.name,
        at=one.at,
        who_name=rows.name_of(call.state, one.who) if one.who else "",
        what=one.what,
        differences=[_difference(each) for each in one.differences],
        undoes=one.undoes,
        undone_by=one.undone_by,
        undoable=one.what != "made"
        and not one.undone_by
        and (one.what == "changed") is (one.library in roster.libraries),
    )


def _difference(one: Difference) -> staff.DifferenceView:
    before, after = (_without_secrets(value, hours=one.path[0] == "hours") for value in (one.before, one.after))
    return staff.DifferenceView(path=list(one.path), kind=one.kind, before=before, after=after)


def _without_secrets(value: Any, *, hours: bool) -> Any:
    """Cut web addresses short: always for calendars, whose path may be the secret; else where there is a query or a user."""
    if isinstance(value, str):
        return _WEB.sub(r"\1\2/…", value) if "://" in value and (hours or "?" in value or "@" in value) else value
    if isinstance(value, dict):
        return {key: _without_secrets(one, hours=hours) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_secrets(one, hours=hours) for one in value]
    return value


async def undo_change(call: Call) -> schema.Saved:
    """Take a change of my library back."""
    return await _undone(call, call.id)


async def undo_any_change(call: Call) -> schema.Saved:
    """Take a change of any library back; a library that was removed comes back."""
    found = await call.services.organisation.changes(before=_number(call) + 1, limit=1)
    if not found or found[0].n != _number(call):
        raise not_found()
    return await _undone(call, found[0].library)


async def _undone(call: Call, library: str) -> schema.Saved:
    asked: staff.UndoAsked = call.body
    with refusing():
        try:
            saved = await undo(
                call.services.organisation,
                library,
                _number(call),
                by=call.me,
                channels=channel_queues(call),
                partly=asked.partly,
            )
        except LookupError:
            raise not_found() from None
        except NotUndoable:
            raise Refusal(422, "made", "This change made the library; remove the library instead.") from None
        except Overtaken as overtaken:
            raise _clash(overtaken) from None
    await told(call, [saved])
    return schema.Saved(library=saved.id, revision=saved.revision)


def _clash(overtaken: Overtaken) -> Refusal:
    fields = [list(one.path) for one in overtaken.conflicts]
    detail = f"Changed again since: {', '.join('.'.join(one) for one in fields)}"[:4000]
    error = "overtaken-whole" if overtaken.all_of_it else "overtaken"
    body = staff.UndoClash(error=error, detail=detail, fields=fields, all=overtaken.all_of_it)
    return Refusal(409, error, detail, body=body)


def _number(call: Call) -> int:
    text = call.request.match_info["change"]
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise not_found()
    return int(text)


OLDER = Parameter("cursor", "`next` of the page before", kind="integer", most=1 << 53)

ROUTES = (
    Route(
        "GET",
        "/organisation/{id}/changes",
        "Who changed what about a library",
        changes,
        access="coordinator",
        scope="library",
        gives=staff.Changes,
        query=(OLDER,),
    ),
    Route(
        "POST",
        "/organisation/{id}/changes/{change}/undo",
        "Take a change back",
        undo_change,
        access="coordinator",
        scope="library",
        asks=staff.UndoAsked,
        gives=schema.Saved,
        keyed=True,
        also={409: staff.UndoClash, 422: schema.LibraryFaults},
    ),
    Route(
        "GET",
        "/changes",
        "Who changed what about any library",
        all_changes,
        access="administrator",
        gives=staff.Changes,
        query=(OLDER,),
    ),
    Route(
        "POST",
        "/changes/{change}/undo",
        "Take a change of any library back",
        undo_any_change,
        access="administrator",
        asks=staff.UndoAsked,
        gives=schema.Saved,
        keyed=True,
        also={409: staff.UndoClash, 422: schema.LibraryFaults},
    ),
)
