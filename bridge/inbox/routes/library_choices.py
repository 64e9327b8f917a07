"""What a library's editor offers for choice, so that nothing has to be typed that the desk knows."""

from __future__ import annotations

from typing import get_args

from bridge.inbox import schema
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.portal.notices import NoticeKind, proposal
from bridge.sql.people.organisation import catalogue
from bridge.sql.people.texts import moments, sentences
from routing.organisation import Library


async def library_choices(call: Call) -> schema.LibraryChoices:
    """The teams of all libraries, and the desk's sentences in one language."""
    libraries = call.state.roster.libraries
    language = call.query["language"] or libraries[call.id].language
    return schema.LibraryChoices(
        teams=[
            schema.TeamView(id=team.id, name=team.name, library=library.id, library_name=library.name)
            for library in libraries.values()
            for team in library.teams
        ],
        queues=[
            schema.QueueChoice(
                id=queue.id,
                name=queue.name,
                library=library.id,
                library_name=library.name,
                waiting=call.state.waiting_in(queue.id) if library.id == call.id else 0,
                channels=[name for name, one in call.state.channels.items() if one.queue == queue.id],
            )
            for library in libraries.values()
            for queue in library.queues
        ],
        partners=[_partner(one, f"{call.id}/") for one in libraries.values() if one.id != call.id],
        sentences=[
            schema.SentenceView(key=one.key, text=one.text, names=one.names) for one in sentences(catalogue(language))
        ],
        moments=moments(),
        notices={kind: proposal(kind, libraries[call.id]) for kind in get_args(NoticeKind)},
    )


def _partner(library: Library, queues: str) -> schema.LibraryPromises:
    """Return what a partner agreed to for the queues whose ids begin so."""
    agreed = [one for one in library.agreements or () if one.queue.startswith(queues)]
    return schema.LibraryPromises(
        library=library.id,
        always=library.agreements is None,
        agreements=[schema.PromiseView(queue=one.queue, teams=list(one.teams), when=one.when) for one in agreed],
    )


ROUTES = (
    Route(
        "GET",
        "/organisation/{id}/choices",
        "What the editor of a library offers for choice",
        library_choices,
        access="coordinator",
        scope="library",
        gives=schema.LibraryChoices,
        query=(Parameter("language", "Of the desk's sentences; none given: the library's"),),
    ),
)
