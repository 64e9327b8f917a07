"""A library's people, one at a time: list, edit, deactivate, remove, and guests of other libraries.

Each is an edit of the library's own list and of nobody else's, checked and kept like any other (bridge/sql/people/organisation.py).
Nobody shuts themselves out: one's own role, place and activity are for somebody else to change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, forbidden, not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.opening import note
from bridge.inbox.routes.saving import changed
from bridge.inbox.schema import staff
from routing.access import administers
from routing.organisation import Librarian, Library


def _named(call: Call) -> str:
    return call.request.match_info["person"]


def _fields(asked: staff.PersonAsked) -> dict[str, object]:
    return {
        "name": asked.name.strip(),
        "shown": asked.shown.strip(),
        "role": asked.role,
        "live": asked.live,
        "slow": asked.slow,
        "languages": tuple(asked.languages),
        "subjects": tuple(asked.subjects),
        "address": asked.address.strip(),
    }


async def add_person(call: Call) -> schema.Saved:
    """List a librarian, in teams of the library."""
    asked: staff.NewPersonAsked = call.body
    if asked.id in call.state.roster.librarians:
        raise Refusal(409, "name-taken", "Somebody has that sign-in name already; choose another one.")

    def add(library: Library) -> Library:
        person = Librarian(id=asked.id, **_fields(asked))  # type: ignore[arg-type] # fields of the same names
        teams = (
            replace(team, members=(*team.members, asked.id)) if team.id in asked.teams else team
            for team in library.teams
        )
        return replace(library, librarians=(*library.librarians, person), teams=tuple(teams))

    return await changed(call, add)


async def edit_person(call: Call) -> schema.Saved:
    """Change what is kept of a librarian of mine."""
    asked: staff.PersonAsked = call.body

    def edit(person: Librarian) -> Librarian:
        if person.id == call.me and asked.role != person.role:
            raise _oneself("role")
        return replace(person, **_fields(asked))

    return await changed(call, _of_person(call, edit))


async def deactivate_person(call: Call) -> schema.Saved:
    """Shut a librarian out for now: they're signed out, and what they hold goes back to its queues."""
    if _named(call) == call.me:
        raise _oneself("account")
    return await changed(call, _of_person(call, lambda person: replace(person, active=False)))


async def reactivate_person(call: Call) -> schema.Saved:
    """Let a librarian in again."""
    return await changed(call, _of_person(call, lambda person: replace(person, active=True)))


async def remove_person(call: Call) -> schema.Saved:
    """Take a librarian off the list and out of the library's teams. They still belong to it until they're released."""
    name = _named(call)
    if name == call.me:
        raise _oneself("account")

    def remove(library: Library) -> Library:
        if all(one.id != name for one in library.librarians):
            raise not_found()
        teams = tuple(replace(team, members=tuple(m for m in team.members if m != name)) for team in library.teams)
        return replace(library, librarians=tuple(one for one in library.librarians if one.id != name), teams=teams)

    return await changed(call, remove)


def _of_person(call: Call, change: Callable[[Librarian], Librarian]) -> Callable[[Library], Library]:
    name = _named(call)

    def edit(library: Library) -> Library:
        if all(one.id != name for one in library.librarians):
            raise not_found()
        people = (change(one) if one.id == name else one for one in library.librarians)
        return replace(library, librarians=tuple(people))

    return edit


def _oneself(what: str) -> Refusal:
    return Refusal(422, "oneself", f"Your own {what} is for somebody else to change.")


async def add_guest(call: Call) -> schema.Saved:
    """List a librarian of another library as a guest, who serves this one as its own do. Their library keeps their account."""
    name = _named(call)

    def add(library: Library) -> Library:
        return library if name in library.guests else replace(library, guests=(*library.guests, name))

    return await changed(call, add)


async def remove_guest(call: Call) -> schema.Saved:
    """End a guest's work for the library; what they hold of it goes back to its queues."""
    name = _named(call)

    def remove(library: Library) -> Library:
        if name not in library.guests:
            raise not_found()
        teams = tuple(replace(team, members=tuple(m for m in team.members if m != name)) for team in library.teams)
        return replace(library, guests=tuple(one for one in library.guests if one != name), teams=teams)

    return await changed(call, remove)


async def unlink_person(call: Call) -> None:
    """Take the identity of another service off a librarian of mine; their next sign-on links them again, where that is allowed."""
    name = _named(call)
    if call.state.roster.home.get(name) != call.id:
        raise not_found()
    if administers(call.state, name) and not administers(call.state, call.me):
        raise forbidden("Only an administrator does that with an administrator's account.")
    if not await call.services.archive.identities.unlink(name):
        raise not_found()
    await call.services.archive.accounts.end_sessions(name)
    await note(call.services, name, call.id, "unlinked", by=call.me)


_PERSON = "/organisation/{id}/people/{person}"
_GUEST = "/organisation/{id}/guests/{person}"
_EDIT: Any = {
    "access": "coordinator",
    "scope": "library",
    "gives": schema.Saved,
    "also": {409: schema.Clash, 422: schema.LibraryFaults},
}

ROUTES = (
    Route(
        "POST",
        "/organisation/{id}/people",
        "List a librarian",
        add_person,
        access="coordinator",
        scope="library",
        asks=staff.NewPersonAsked,
        gives=schema.Saved,
        keyed=True,
        also={409: schema.Problem, 422: schema.LibraryFaults},
    ),
    Route(
        "PUT",
        _PERSON,
        "Change what is kept of a librarian",
        edit_person,
        access="coordinator",
        scope="library",
        asks=staff.PersonAsked,
        gives=schema.Saved,
        also={409: schema.Clash, 422: schema.LibraryFaults},
    ),
    Route("POST", f"{_PERSON}/deactivate", "Shut a librarian out", deactivate_person, keyed=True, **_EDIT),
    Route("POST", f"{_PERSON}/reactivate", "Let a librarian in again", reactivate_person, keyed=True, **_EDIT),
    Route(
        "DELETE",
        f"{_PERSON}/identity",
        "Take the identity of another service off a librarian",
        unlink_person,
        access="coordinator",
        scope="library",
    ),
    Route("DELETE", _PERSON, "Take a librarian off the list", remove_person, **_EDIT),
    Route("PUT", _GUEST, "List a librarian of another library as a guest", add_guest, **_EDIT),
    Route("DELETE", _GUEST, "End a guest's work for the library", remove_guest, **_EDIT),
)
