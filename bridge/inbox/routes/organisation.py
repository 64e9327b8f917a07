"""The organisation: who works where, on which queues, with which words; edited by each library's coordinators.

A coordinator edits their own library and nobody else's people. A librarian belongs to one library, also after they left it, until
that library releases them (bridge/sql/people/home_library.py).
"""

from __future__ import annotations

import time

from bridge.contract.emblem import emblem
from bridge.inbox import schema
from bridge.inbox.http.responses import Answer, Refusal, not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.invitations import check_account
from bridge.inbox.routes.opening import note
from bridge.inbox.routes.saving import channel_queues, entry_of, refusing, told
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.inbox.views.faults import refusal
from bridge.inbox.views.follow_up_list import carriers
from bridge.inbox.views.organisation import library_is_open, queues_of
from bridge.inbox.views.scripts import script_view
from bridge.sql.people.accounts import CODE_MS, now_ms
from bridge.sql.people.document_differences import whole
from bridge.sql.people.field_fault import FieldFault
from bridge.sql.people.hours_calendars import KeptCalendar
from bridge.sql.people.organisation import Outdated
from routing import desk_view
from routing.closing import CODES
from routing.organisation import Library
from routing.recipients import may_write_first
from routing.state import State


async def organisation(call: Call) -> schema.Organisation:
    """The consortium as colleagues see it."""
    state, me = call.state, call.me
    roster = state.roster
    mine, edits = libraries_of(state, me), coordinated(state, me)
    serves, now = roster.serves.get(me, {}), time.time_ns() // 1_000_000
    shown = set(queues_of(state, me))
    desks = {name: desk_view.queue_desk(state, name, now) for name in roster.services}
    return schema.Organisation(
        position=str(call.services.replica.position),
        libraries=[
            _library(
                state,
                one,
                one.id in mine,
                call.services.hours.trouble(one.id) if one.id in edits else None,
                one.id in edits,
                library_is_open(one, now, lambda queue: desks[queue]),
                may_write_first(state, me, one.id),
            )
            for one in roster.libraries.values()
        ],
        queues=[
            schema.QueueView(
                id=name,
                name=service.queue.name,
                library=service.library.id,
                policy=service.queue.policy,
                waiting=state.waiting_in(name) if name in shown else 0,
                serves=name in serves,
                state=desks[name].state,
                wait_s=desks[name].wait_s,
            )
            for name, service in roster.services.items()
        ],
        librarians=[_person(state, name) for name in roster.librarians],
        codes=[schema.CodeView(code=code, effect=code) for code in CODES],
        channels=[rows.channel_view(one) for one in state.channels.values()],
    )


def _library(
    state: State, one: Library, mine: bool, trouble: KeptCalendar | None, edits: bool, opened: bool, first: bool
) -> schema.LibraryView:
    return schema.LibraryView(
        id=one.id,
        revision=one.revision,
        name=one.name,
        timezone=one.timezone,
        language=one.language,
        accent=one.accent,
        mine=mine,
        coordinated=edits,
        target_s=one.timers.target_s,
        follow_up_s=one.timers.follow_up_s,
        retention_days=one.retention_days,
        default_code=one.default_code,
        descriptive=list(one.descriptive),
        scripts=[script_view(script) for script in one.scripts],
        open=opened,
        answers=carriers(state, one.id),
        country=one.country,
        writes_first=first,
        gives=edits or (mine and one.assigns == "staff"),
        hours_problem=trouble.problem if trouble is not None else "",
        hours_read_at=trouble.read_at if trouble is not None else 0,
        emblem=emblem(one.name),
    )


def _person(state: State, name: str) -> schema.Person:
    one = state.roster.librarians[name]
    return schema.Person(
        id=name,
        name=one.name,
        shown=one.shown,
        libraries=libraries_of(state, name),
        present=rows.is_present(state, name),
        coordinator=one.edits,
        role=one.role,
        active=one.active,
    )


# ---- editing ------------------------------------------------------------


async def library(call: Call) -> Answer:
    """A library as it is edited, with every default written out."""
    entry = await entry_of(call, call.id)
    return Answer({"library": whole(entry.library), "calendar": whole(entry.calendar)})


async def save_library(call: Call) -> schema.Saved:
    """Keep a library at the next revision and tell the core."""
    asked: schema.LibraryDocument = call.body
    if asked.library.id != call.id:
        raise Refusal(422, "invalid", "The document is of another library.")
    if waited := _waited_for(call.state, asked.library):
        raise refusal("faulty", waited)
    with refusing():
        try:
            saved = await call.services.organisation.put(
                asked.library,
                asked.calendar,
                expected=asked.library.revision,
                by=call.me,
                channels=channel_queues(call),
            )
        except Outdated:
            raise await _overtaken(call) from None
    await told(call, [saved])
    return schema.Saved(library=saved.id, revision=saved.revision)


async def _overtaken(call: Call) -> Refusal:
    """Return the answer to who saves what is out of date: it names who saved last."""
    last = next(iter(await call.services.organisation.changes(call.id, limit=1)), None)
    who = last.who if last is not None else ""
    detail = "Somebody else saved this library meanwhile; load it again."
    name = rows.name_of(call.state, who) if who else ""
    body = schema.Clash(error="refused", detail=detail, reason="outdated", holder=who, holder_name=name)
    return Refusal(409, "refused", detail, body=body)


def _waited_for(state: State, library: Library) -> list[FieldFault]:
    """Return the queues that this edit takes away while somebody waits in them."""
    before = state.libraries.get(library.id)
    gone = {one.id for one in before.queues} - {one.id for one in library.queues} if before is not None else set()
    return [
        FieldFault("queues", f"{waiting} waiting in {queue!r}, so this queue has to stay until nobody is")
        for queue in sorted(gone)
        if (waiting := state.waiting_in(queue))
    ]


async def one_time_code(call: Call) -> schema.OneTimeCode:
    """Give a librarian of mine a code to sign in with once. Not kept anywhere, so asking again makes another one."""
    librarian = call.request.match_info["librarian"]
    if call.state.roster.home.get(librarian) != call.id:
        raise not_found()
    code = await _fresh_code(call, librarian)
    await note(call.services, librarian, call.id, "code-made", "code", by=call.me)
    return schema.OneTimeCode(librarian=librarian, code=code, expires_at=now_ms() + CODE_MS)


async def _fresh_code(call: Call, librarian: str) -> str:
    """Return a code for an account, made where there is none; accounts are shared by all consortia of an installation."""
    await check_account(call, librarian)
    account = await call.services.archive.accounts.of(librarian)
    if account is None:
        raise not_found()
    return await call.services.archive.accounts.reset(account.login)


# ---- people who left ------------------------------------------------------------


async def people(call: Call) -> schema.People:
    """Who left a library and still belongs to it, and what changed about its people."""
    organisation, roster = call.services.organisation, call.state.roster
    changes = await organisation.staff_changes(call.id)
    return schema.People(
        leavers=[
            schema.LeaverView(id=one.librarian, released=one.released) for one in await organisation.leavers(call.id)
        ],
        changes=[
            schema.StaffChangeView(
                at=one.at,
                librarian=one.librarian,
                what=one.what,
                who_name=rows.name_of(call.state, one.who) if one.who else "",
                other_name=roster.library(one.other).name or one.other,
            )
            for one in changes
        ],
    )


async def release_librarian(call: Call) -> None:
    """Let other libraries list a librarian who left mine."""
    try:
        await call.services.organisation.release(call.id, call.request.match_info["librarian"], call.me)
    except LookupError:
        raise not_found() from None


ROUTES = (
    Route(
        "GET",
        "/organisation",
        "Libraries, queues, people, codes, channels",
        organisation,
        access="counter",
        gives=schema.Organisation,
    ),
    Route(
        "GET",
        "/organisation/{id}",
        "A library as it is edited",
        library,
        access="coordinator",
        scope="library",
        gives=schema.LibraryDocument,
    ),
    Route(
        "PUT",
        "/organisation/{id}",
        "Save a library",
        save_library,
        access="coordinator",
        scope="library",
        asks=schema.LibraryDocument,
        gives=schema.Saved,
        also={409: schema.Clash, 422: schema.LibraryFaults},
    ),
    Route(
        "POST",
        "/organisation/{id}/librarians/{librarian}/code",
        "A one-time code for a librarian",
        one_time_code,
        access="coordinator",
        scope="library",
        gives=schema.OneTimeCode,
        secret=True,
        also={409: schema.Problem},
    ),
    Route(
        "GET",
        "/organisation/{id}/people",
        "Who left a library, and what changed about its people",
        people,
        access="coordinator",
        scope="library",
        gives=schema.People,
    ),
    Route(
        "POST",
        "/organisation/{id}/librarians/{librarian}/release",
        "Let other libraries list a librarian who left",
        release_librarian,
        access="coordinator",
        scope="library",
        keyed=True,
    ),
)
