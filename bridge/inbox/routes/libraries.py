"""Libraries come and go: an administrator makes one from nothing, and removes one that nothing depends on any more.

A library with open conversations or with channels that bring messages to it stays. What other libraries say of it is listed, and
taken out there once that is confirmed. Transcripts stay under the library's own retention.
"""

from __future__ import annotations

from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.saving import channel_queues, entry_of, refusing, told
from bridge.inbox.schema import staff
from bridge.sql.people.calendar import Calendar
from bridge.sql.people.library_removal import named_elsewhere
from routing.organisation import Librarian, Library, Queue, Team, Tier


async def make_library(call: Call) -> schema.Saved:
    """Make a library with one queue, one team, and its coordinator, who is invited next."""
    asked: staff.NewLibraryAsked = call.body
    if asked.id in call.state.roster.libraries:
        raise Refusal(409, "name-taken", "There is a library of that id already; choose another one.")
    if asked.coordinator in call.state.roster.librarians:
        raise Refusal(409, "name-taken", "Somebody has that sign-in name already; choose another one.")
    team, queue = f"{asked.id}/desk", f"{asked.id}/reference"
    made = Library(
        id=asked.id,
        revision=0,
        name=asked.name.strip(),
        language=asked.language,
        timezone=asked.timezone,
        teams=(Team(id=team, name=asked.team.strip(), members=(asked.coordinator,)),),
        queues=(Queue(id=queue, name=asked.queue.strip(), tiers=(Tier(teams=(team,)),)),),
        librarians=(Librarian(id=asked.coordinator, name=asked.coordinator_name.strip(), role="coordinator"),),
    )
    with refusing():
        saved = await call.services.organisation.put(
            made, Calendar(), expected=0, by=call.me, channels=channel_queues(call)
        )
    await told(call, [saved])
    return schema.Saved(library=saved.id, revision=saved.revision)


async def removal(call: Call) -> staff.RemovalView:
    """What stands in the way of removing a library."""
    gone = (await entry_of(call, call.id)).library
    others = [one.library for one in await call.services.organisation.entries() if one.library.id != call.id]
    names = {one.id: one.name for one in others}
    return staff.RemovalView(
        open=_open(call),
        channels=_channels(call, gone),
        places=[
            staff.PlaceView(
                field=one.field, says=one.says, library=one.library, library_name=names.get(one.library, one.library)
            )
            for one in named_elsewhere(gone, others)
        ],
    )


def _open(call: Call) -> int:
    """Return how many conversations and follow-ups of a library aren't closed."""
    state, library = call.state, call.id
    queues = [queue for queue in state.opened if queue.partition("/")[0] == library]
    held = {one for queue in state.opened for one in state.opened[queue] if state.conversations[one].library == library}
    held |= {one for queue in queues for one in state.opened[queue]}
    return len(held) + sum(one.library == library and one.state != "closed" for one in state.follow_ups.values())


def _channels(call: Call, gone: Library) -> list[str]:
    queues = {queue.id for queue in gone.queues}
    return sorted(name for name, queue in channel_queues(call).items() if queue in queues)


async def remove_library(call: Call) -> schema.Saved:
    """Remove a library."""
    asked: staff.RemovalAsked = call.body
    entry = await entry_of(call, call.id)
    if call.state.roster.home.get(call.me) == call.id:
        raise Refusal(422, "oneself", "You work for this library; another administrator removes it.")
    if (count := _open(call)) > 0:
        raise Refusal(409, "open", f"Conversations and follow-ups that aren't closed: {count}.")
    if channels := _channels(call, entry.library):
        raise Refusal(409, "channels", f"Channels still bring messages to it: {', '.join(channels)}.")
    with refusing():
        try:
            saved = await call.services.organisation.remove(call.id, by=call.me, clear=asked.clear)
        except LookupError:
            raise not_found() from None
    await call.services.webhooks.kept.drop([call.id])
    await call.services.archive.report_settings.drop(call.id)
    await told(call, saved)
    return schema.Saved(library=call.id, revision=saved[-1].revision)


ROUTES = (
    Route(
        "POST",
        "/libraries",
        "Make a library",
        make_library,
        access="administrator",
        asks=staff.NewLibraryAsked,
        gives=schema.Saved,
        keyed=True,
        also={409: schema.Problem, 422: schema.LibraryFaults},
    ),
    Route(
        "GET",
        "/libraries/{id}/removal",
        "What stands in the way of removing a library",
        removal,
        access="administrator",
        scope="library",
        gives=staff.RemovalView,
    ),
    Route(
        "POST",
        "/libraries/{id}/removal",
        "Remove a library",
        remove_library,
        access="administrator",
        scope="library",
        asks=staff.RemovalAsked,
        gives=schema.Saved,
        keyed=True,
        also={409: schema.Problem, 422: schema.LibraryFaults},
    ),
)
