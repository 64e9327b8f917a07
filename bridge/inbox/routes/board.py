"""The board: what a coordinator sees of the desk as it is now, and what they order for now.

Each order is an Action of its own that the core decides, with an event and a line in the audit. A target that is not of a library
that one coordinates looks like one that does not exist.
"""

from __future__ import annotations

from bridge.contract import message as wire
from bridge.inbox import schema
from bridge.inbox.http.responses import Answer, Refusal, not_found
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.actions import act, repeated
from bridge.inbox.routes.opening import note
from bridge.inbox.views import board as views
from bridge.inbox.views import rows
from bridge.inbox.views.access import check_library
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.calendar import moment_in_words
from bridge.sql.privacy.access_audit import Deed
from bridge.sql.transcripts.conversation_rows import desk_of
from routing.access import administers
from routing.organisation import Library

MOST_ROWS = 200
DEEDS = 50
LONGEST_MS = 366 * 86_400_000


async def board(call: Call) -> schema.Board:
    """The whole board, of one library where one is named."""
    state, me, now = call.state, call.me, now_ms()
    library = call.query["library"]
    if library:
        check_library(call.services, me, library)
    queues = [name for name in views.queues_of(state, me) if not library or name.startswith(f"{library}/")]
    people = [views.person(state, name) for name in views.people_of(state, me)]
    return schema.Board(
        position=str(call.services.replica.position),
        queues=[views.queue(state, name, now) for name in queues],
        people=[one for one in people if not library or one.library == library],
        notices=views.notices_of(state, me),
        announces_to_all=administers(state, me),
        again_at=views.again_at(state, queues, now),
    )


def _queue_of_mine(call: Call, name: str) -> Library:
    """Return the library of a queue. Raises Refusal 404 for one that I do not coordinate."""
    service = call.state.roster.services.get(name)
    if service is None:
        raise not_found()
    check_library(call.services, call.me, service.library.id)
    return service.library


def _colleague(call: Call) -> str:
    """Return the librarian of the path. Raises Refusal 404 for one of a library that I do not coordinate."""
    librarian = call.request.match_info["librarian"]
    if not views.shows_person(call.state, call.me, librarian):
        raise not_found()
    return librarian


async def set_queue(call: Call) -> Answer:
    """Close or open a queue for now, or let its hours count again."""
    asked: schema.QueueAsked = call.body
    library = _queue_of_mine(call, asked.queue)
    if asked.until > now_ms() + LONGEST_MS:
        raise Refusal(422, "invalid", "until: at most a year ahead.")
    words = moment_in_words(asked.until, library.timezone, library.wording) if asked.until else ""
    notice = " ".join(asked.notice.split())
    deed = wire.SetQueue(queue=asked.queue, opening=asked.opening, until=asked.until, until_words=words, notice=notice)
    return await act(call, deed)


async def place(call: Call) -> Answer:
    """Let a colleague serve exactly these queues for now."""
    asked: schema.PlaceAsked = call.body
    return await act(call, wire.PlaceLibrarian(librarian=_colleague(call), queues=tuple(dict.fromkeys(asked.queues))))


async def sign_out(call: Call) -> Answer:
    """End a colleague's sessions: their pages close at once, and what they have goes the way of a lost connection."""
    librarian = _colleague(call)
    if librarian == call.me:
        raise Refusal(422, "invalid", "Sign out yourself by the command for that.")
    await call.services.archive.accounts.end_sessions(librarian)
    home = call.state.roster.home.get(librarian, "")
    await note(call.services, librarian, home, "signed-out-everywhere", by=call.me)
    return await act(call, wire.SignOutLibrarian(librarian=librarian))


async def holdings(call: Call) -> schema.Holdings:
    """What a colleague has open, unanswered longest first, as far as I may see it."""
    librarian, state = _colleague(call), call.state
    mine = (state.conversations[name] for name in state.mine.get(librarian, ()))
    found = (rows.row(state, call.me, it) for it in mine)
    shown = sorted((row for row in found if row is not None), key=lambda row: (row.unanswered_since or 1 << 53, row.id))
    call.consortium.live.known(call.me).update(row.id for row in shown[:MOST_ROWS])
    return schema.Holdings(rows=shown[:MOST_ROWS])


async def give(call: Call) -> Answer:
    """Give a conversation that waits, or that a colleague has, to a librarian; to myself is to take it over."""
    asked: schema.GiveAsked = call.body
    return await act(call, wire.Give(conversation=call.id, librarian=asked.librarian, absent=asked.absent))


# ---- notices to staff ------------------------------------------------------------


async def announce(call: Call) -> Answer:
    """Tell all staff of a library, or of all libraries, something until a time."""
    asked: schema.AnnounceAsked = call.body
    if asked.library:
        check_library(call.services, call.me, asked.library)
    return await act(call, wire.Announce(text=asked.text.strip(), until=asked.until, library=asked.library))


async def acknowledge(call: Call) -> Answer:
    """Say that I have seen a notice."""
    return await act(call, wire.Acknowledge(announcement=call.id))


async def end_notice(call: Call) -> Answer:
    """Take a notice back."""
    return await act(call, wire.EndAnnouncement(announcement=call.id))


# ---- what was ordered ------------------------------------------------------------


async def orders(call: Call) -> schema.BoardDeeds:
    """What was ordered at a library's desk, newest first."""
    found = await call.services.archive.access_audit.of([desk_of(call.id), desk_of("")], limit=DEEDS)
    return schema.BoardDeeds(deeds=[_shown(call, deed) for deed in found])


def _shown(call: Call, deed: Deed) -> schema.BoardDeed:
    who = rows.name_of(call.state, deed.who) if deed.who else ""
    return schema.BoardDeed(at=deed.at, who_name=who, what=deed.what, about=_about(call, deed))


def _about(call: Call, deed: Deed) -> str:
    """Return whom or what an order was about."""
    first, *more = deed.detail.split(" ")
    if deed.what.startswith("queue-"):
        return rows.queue_name(call.state, first)
    if deed.what == "placed":
        queues = ", ".join(rows.queue_name(call.state, name) for name in more)
        return f"{rows.name_of(call.state, first)}: {queues}" if queues else rows.name_of(call.state, first)
    return rows.name_of(call.state, first) if deed.what == "signed-out" else deed.detail * (deed.what == "announced")


LIBRARY = Parameter("library", "Only this library")


def _order(method_path: str, about: str, serve: object, asks: object = None, access: str = "coordinator") -> Route:
    return Route(
        "POST",
        method_path,
        about,
        serve,  # type: ignore[arg-type]  # one of the functions above
        access=access,  # type: ignore[arg-type]  # one of its words
        asks=asks,
        gives=schema.Acted,
        action=True,
        keyed=True,
        also={404: schema.Problem},
    )


ROUTES = (
    Route(
        "GET",
        "/board",
        "Queues, people and notices as they are now",
        board,
        access="coordinator",
        gives=schema.Board,
        query=(LIBRARY,),
        also={404: schema.Problem},
    ),
    _order("/board/queue", "Close or open a queue for now", set_queue, schema.QueueAsked),
    _order("/board/people/{librarian}/queues", "Move a colleague between queues for now", place, schema.PlaceAsked),
    _order("/board/people/{librarian}/sign-out", "End a colleague's sessions", sign_out),
    Route(
        "GET",
        "/board/people/{librarian}/conversations",
        "What a colleague has open",
        holdings,
        access="coordinator",
        gives=schema.Holdings,
        also={404: schema.Problem},
    ),
    Route(
        "POST",
        "/conversations/{id}/give",
        "Give it to a librarian",
        give,
        scope="conversation",
        asks=schema.GiveAsked,
        gives=schema.Acted,
        action=True,
        again=repeated,
        keyed=True,
    ),
    _order("/announcements", "Tell all staff something", announce, schema.AnnounceAsked),
    _order("/announcements/{id}/seen", "Say that I have seen a notice", acknowledge, access="staff"),
    _order("/announcements/{id}/end", "Take a notice to staff back", end_notice),
    Route(
        "GET",
        "/organisation/{id}/orders",
        "What was ordered at a library's desk",
        orders,
        access="coordinator",
        scope="library",
        gives=schema.BoardDeeds,
    ),
)
