"""Training: the scenarios to practise, those that a library writes, and the guided first day.

All staff may practise, and see what a scenario is about. What its patron knows is for coordinators alone, who write scenarios for
their libraries; a trainee who could read it would learn nothing.
"""

from __future__ import annotations

import asyncio
import re

import msgspec
from aiohttp import web

from bridge.inbox.http.responses import Refusal, not_found, wrong_role
from bridge.inbox.http.route import Call, Route
from bridge.inbox.schema import Clash, LibraryFaults, Problem, training
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.inbox.views.faults import refusal
from bridge.sql.training.first_days import FirstDay
from bridge.sql.training.scenarios import KeptScenario, ScenarioOutdated, TooManyScenarios
from bridge.training.rehearsal import rehearse, transcript
from bridge.training.scenario import Scenario, ScenarioFaults, build, parse, write
from bridge.training.sheet import STAGES, PracticeLine, stage
from bridge.training.shipped import shipped

_LINE_MIN, _ROUND_MIN = 1, 3
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


async def training_start(call: Call) -> training.TrainingView:
    """The scenarios that I may practise, and how far I am with the first day."""
    libraries = call.state.roster.libraries
    mine = list(dict.fromkeys((*libraries_of(call.state, call.me), *coordinated(call.state, call.me))))
    found = [row("", name, scenario) for name, scenario in shipped().items()]
    for library in mine:
        kept = await call.services.archive.scenarios.of(library)
        found += [row(library, one.name, parse(one.toml)) for one in kept]
    editing = coordinated(call.state, call.me)
    return training.TrainingView(
        scenarios=sorted(found, key=lambda one: (one.level, one.title.casefold(), one.library)),
        libraries=[
            training.TrainingLibrary(id=one, name=libraries[one].name or one, coordinates=one in editing)
            for one in mine
            if one in libraries
        ],
        first_day=_day(await call.services.archive.first_days.of(call.me)),
    )


def row(library: str, name: str, scenario: Scenario) -> training.ScenarioRow:
    """Return a scenario as it's listed: nothing of what its patron knows."""
    return training.ScenarioRow(
        library=library,
        name=name,
        title=scenario.title,
        about=scenario.about,
        level=scenario.level,
        languages=list(scenario.languages),
        manners=list(scenario.manners),
        minutes=usual_minutes(scenario),
        first_day=scenario.first_day if not library else 0,
    )


def usual_minutes(scenario: Scenario) -> int:
    """Return how long a scenario takes about: a round for each fact, the pauses of its patron, a greeting and an end."""
    return _ROUND_MIN + _LINE_MIN * len(scenario.facts) + sum(one.minutes + _LINE_MIN for one in scenario.events)


# -- the guided first day


def first_day_names() -> list[str]:
    """Return the scenarios of the first day in their order."""
    placed = [(one.first_day, name) for name, one in shipped().items() if one.first_day]
    return [name for _, name in sorted(placed)]


def _day(day: FirstDay) -> training.FirstDayView:
    names = first_day_names()
    return training.FirstDayView(
        state=day.state, names=names, done=[one for one in names if one in day.done], offered=not day.state
    )


async def keep_first_day(call: Call) -> training.FirstDayView:
    """Begin or skip my guided first day, or note that one of its scenarios is over."""
    asked: training.FirstDayAsked = call.body
    if asked.done and asked.done not in first_day_names():
        raise Refusal(422, "invalid", "done is no scenario of the first day.")
    known = await call.services.archive.first_days.of(call.me)
    done = tuple(dict.fromkeys((*known.done, *((asked.done,) if asked.done else ()))))
    day = FirstDay(state=asked.state, done=done)
    await call.services.archive.first_days.keep(call.me, day)
    return _day(day)


# -- a rehearsal


async def rehearsal(call: Call) -> training.RehearsalView:
    """A rehearsal at a moment: nothing of it is kept, and nobody but me sees it."""
    asked: training.RehearsalAsked = call.body
    scenario = await rehearsed_scenario(call, asked)
    lines = rehearsed_lines(asked)
    state = await asyncio.to_thread(rehearse, scenario, asked.seed, lines, asked.now)
    talk = msgspec.structs.replace(transcript(state, scenario, lines, asked.now, "web"), ended_at=0)
    reached = await asyncio.to_thread(stage, scenario, talk)
    due = STAGES[STAGES.index("claimed") : STAGES.index(reached) + 1]  # nobody claims a rehearsal
    return training.RehearsalView(
        title=scenario.title,
        patron=scenario.patron.name,
        said=[training.RehearsedLine(at=one.at, text=one.text) for one in state.said],
        typing=state.typing,
        next_at=-1 if state.next_at is None else state.next_at,
        gone=state.gone,
        content=state.content,
        stage=reached,
        hints=[hint.says for at in due for hint in scenario.hints if hint.at == at],
    )


def rehearsed_lines(asked: training.RehearsalAsked) -> list[PracticeLine]:
    """Return what the trainee wrote."""
    return [PracticeLine(who="trainee", at=one.at, text=one.text) for one in asked.lines]


async def rehearsed_scenario(call: Call, asked: training.RehearsalAsked) -> Scenario:
    """Return the scenario that is rehearsed. Raises Refusal 403, 404, 422."""
    if asked.scenario is not None:
        if not coordinated(call.state, call.me):
            raise wrong_role("Only a library's coordinator may do that.")
        return _built(asked.scenario)
    if not asked.library:
        if asked.name not in shipped():
            raise not_found()
        return shipped()[asked.name]
    if asked.library not in (*libraries_of(call.state, call.me), *coordinated(call.state, call.me)):
        raise not_found()
    kept = await call.services.archive.scenarios.one(asked.library, asked.name)
    if kept is None:
        raise not_found()
    return parse(kept.toml)


# -- the editor


async def shipped_scenario(call: Call) -> training.ScenarioView:
    """A scenario that comes with Deskbridge, with all that its patron knows: a beginning for one of my library's own."""
    scenario = shipped().get(call.request.match_info["name"])
    if scenario is None:
        raise not_found()
    return training.ScenarioView(
        library="", name=call.request.match_info["name"], version=0, scenario=form_of(scenario)
    )


async def scenario_open(call: Call) -> training.ScenarioView:
    """A scenario of my library with all that its patron knows."""
    return _opened(await _kept(call))


async def scenario_save(call: Call) -> training.ScenarioView:
    """Keep a scenario of my library after the version that I read. Every version stays, with who saved it."""
    asked: training.ScenarioAsked = call.body
    return _opened(await _saved(call, write(_built(asked.scenario)), asked.version))


def _built(form: training.ScenarioForm) -> Scenario:
    """Return the scenario of a form. Raises Refusal 422 with each fault's field."""
    try:
        return build(msgspec.to_builtins(form))
    except ScenarioFaults as wrong:
        raise refusal("faulty", wrong.faults) from None


async def scenario_drop(call: Call) -> None:
    """Delete a scenario of my library; its versions stay, and it can be saved again."""
    await _saved(call, "", (await _kept(call)).version)


async def scenario_file(call: Call) -> web.Response:
    """A scenario of my library as a TOML file, to take it elsewhere."""
    kept = await _kept(call)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{kept.name}.toml"'}
    return web.Response(text=kept.toml, content_type="application/toml", charset="utf-8", headers=headers)


async def scenario_read(call: Call) -> training.ScenarioForm:
    """What a TOML file holds, looked over; nothing is kept."""
    asked: training.ScenarioFile = call.body
    try:
        return form_of(parse(asked.toml))
    except ScenarioFaults as wrong:
        raise refusal("faulty", wrong.faults) from None


async def scenario_versions(call: Call) -> training.ScenarioVersions:
    """Who saved which version of a scenario of my library."""
    found = await call.services.archive.scenarios.versions(call.id, _name(call))
    if not found:
        raise not_found()
    return training.ScenarioVersions(versions=[_version(call, one) for one in found])


def form_of(scenario: Scenario) -> training.ScenarioForm:
    """Return a scenario as the editor holds it, with every field."""
    table = msgspec.to_builtins(scenario) | {"languages": scenario.languages, "manners": scenario.manners}
    found: training.ScenarioForm = msgspec.convert(table, training.ScenarioForm)
    return found


def _version(call: Call, one: KeptScenario) -> training.ScenarioVersion:
    return training.ScenarioVersion(
        version=one.version,
        at=one.at,
        by=one.by,
        by_name=rows.name_of(call.state, one.by),
        scenario=form_of(parse(one.toml)) if one.toml else None,
    )


def _opened(kept: KeptScenario) -> training.ScenarioView:
    scenario = form_of(parse(kept.toml))
    return training.ScenarioView(library=kept.library, name=kept.name, version=kept.version, scenario=scenario)


async def _kept(call: Call) -> KeptScenario:
    found = await call.services.archive.scenarios.one(call.id, _name(call))
    if found is None:
        raise not_found()
    return found


async def _saved(call: Call, toml: str, version: int) -> KeptScenario:
    try:
        return await call.services.archive.scenarios.save(call.id, _name(call), toml, by=call.me, after=version)
    except ScenarioOutdated:
        detail = "Somebody else saved this scenario meanwhile; load it again."
        body = Clash(error="refused", detail=detail, reason="outdated")
        raise Refusal(409, "refused", detail, body=body) from None
    except TooManyScenarios:
        raise Refusal(409, "too-many-scenarios", "The library has no room for another scenario.") from None


def _name(call: Call) -> str:
    """Return the scenario's name in the path. Raises Refusal 404 for what cannot be one."""
    name = call.request.match_info["name"]
    if not _NAME.fullmatch(name):
        raise not_found()
    return name


_ONE = "/organisation/{id}/scenarios/{name}"
ROUTES = (
    Route("GET", "/training", "The scenarios that I may practise", training_start, gives=training.TrainingView),
    Route(
        "POST",
        "/training/rehearsal",
        "A rehearsal at a moment; nothing of it is kept",
        rehearsal,
        asks=training.RehearsalAsked,
        gives=training.RehearsalView,
        keyed=True,
        secret=True,
        also={403: Problem, 404: Problem, 422: LibraryFaults},
    ),
    Route(
        "PUT",
        "/training/first-day",
        "Begin, go on with or skip my guided first day",
        keep_first_day,
        asks=training.FirstDayAsked,
        gives=training.FirstDayView,
        also={422: Problem},
    ),
    Route(
        "GET",
        "/training/shipped/{name}",
        "A scenario that comes with Deskbridge, with all that its patron knows",
        shipped_scenario,
        access="coordinator",
        gives=training.ScenarioView,
        also={404: Problem},
    ),
    Route(
        "GET",
        _ONE,
        "A scenario of my library with all that its patron knows",
        scenario_open,
        access="coordinator",
        scope="library",
        gives=training.ScenarioView,
        also={404: Problem},
    ),
    Route(
        "PUT",
        _ONE,
        "Keep a scenario of my library",
        scenario_save,
        access="coordinator",
        scope="library",
        asks=training.ScenarioAsked,
        gives=training.ScenarioView,
        also={404: Problem, 409: Problem, 422: LibraryFaults},
    ),
    Route(
        "DELETE",
        _ONE,
        "Delete a scenario of my library",
        scenario_drop,
        access="coordinator",
        scope="library",
        also={404: Problem, 409: Problem},
    ),
    Route(
        "GET",
        f"{_ONE}/versions",
        "Who saved which version of a scenario",
        scenario_versions,
        access="coordinator",
        scope="library",
        gives=training.ScenarioVersions,
        also={404: Problem},
    ),
    Route(
        "GET",
        f"{_ONE}/file",
        "A scenario as a TOML file",
        scenario_file,
        access="coordinator",
        scope="library",
        gives=bytes,
        also={404: Problem},
    ),
    Route(
        "POST",
        "/training/scenario-file",
        "What a TOML file holds, looked over; nothing is kept",
        scenario_read,
        access="coordinator",
        asks=training.ScenarioFile,
        gives=training.ScenarioForm,
        keyed=True,
        also={422: LibraryFaults},
    ),
)
