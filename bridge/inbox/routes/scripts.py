"""Canned messages of my own: nobody else sees them, and the composer offers them beside the library's."""

from __future__ import annotations

from bridge.inbox import schema
from bridge.inbox.http.responses import Refusal
from bridge.inbox.http.route import Call, Route
from bridge.inbox.views.faults import refusal
from bridge.inbox.views.scripts import script_view
from bridge.sql.people.personal_scripts import ScriptsChanged, edition, personal_faults
from routing.organisation import Script


async def my_scripts(call: Call) -> schema.PersonalScriptList:
    """My scripts, and the edition that a change of them names."""
    return _shown(await call.services.archive.personal_scripts.of(call.me))


async def save_my_scripts(call: Call) -> schema.PersonalScriptList:
    """Keep my scripts as they are now."""
    asked: schema.PersonalScriptsAsked = call.body
    scripts = tuple(Script(key=one.key, title=one.title, text=one.text, folder=one.folder) for one in asked.scripts)
    if found := personal_faults(scripts):
        raise refusal("faulty", found)
    try:
        await call.services.archive.personal_scripts.keep(call.me, scripts, asked.edition)
    except ScriptsChanged:
        detail = "Another window of yours saved your scripts meanwhile; load them again."
        raise Refusal(
            409, "refused", detail, body=schema.Clash(error="refused", detail=detail, reason="outdated")
        ) from None
    return _shown(scripts)


def _shown(scripts: tuple[Script, ...]) -> schema.PersonalScriptList:
    return schema.PersonalScriptList(edition=edition(scripts), scripts=[script_view(one, own=True) for one in scripts])


ROUTES = (
    Route("GET", "/scripts", "Scripts of my own", my_scripts, gives=schema.PersonalScriptList),
    Route(
        "PUT",
        "/scripts",
        "Save scripts of my own",
        save_my_scripts,
        asks=schema.PersonalScriptsAsked,
        gives=schema.PersonalScriptList,
        also={409: schema.Clash, 422: schema.LibraryFaults},
    ),
)
