"""Practice sessions: begun by whoever wants to practise, with a scripted patron or a colleague who plays one.

Seen by those who practise, who plays the patron, and the coordinators of the library. They may take the patron's part and end it.
What the patron knows is shown to who plays them alone: a trainee who could read it would learn nothing.
"""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract import message as wire
from bridge.contract.message import derive
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.actions import outcome
from bridge.inbox.schema import LibraryFaults, Problem, practice
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.inbox.views.faults import refusal
from bridge.inbox.views.rows import name_of
from bridge.sql.people.accounts import now_ms
from bridge.sql.people.field_fault import FieldFault
from bridge.training.practice_channel import PracticeChannel, PracticeState
from bridge.training.scenario import Scenario, ScenarioFaults, parse
from bridge.training.session import OrderKind, PracticeOrder, PracticeSession
from bridge.training.shipped import shipped
from routing.access import active
from routing.practice_queue import practice_queue

MOST_RUNNING = 5  # sessions of one librarian


async def begin_practice(call: Call) -> practice.PracticeSessionView:
    """Begin a session. A repeat with the same key answers the one that there is."""
    asked: practice.PracticeAsked = call.body
    channel = call.services.practice.get(asked.manners)
    if channel is None:
        raise refusal("faulty", [FieldFault("manners", "there is no practice of this kind here")])
    home = next(iter(libraries_of(call.state, call.me)), "")
    library = asked.library or home
    scenario = await _scenario(call, asked)
    if found := list(_faults(call, asked, library, scenario)):
        raise refusal("faulty", found)
    running = [one for one in await _mine(call) if not one.over and call.me == one.session.by]
    if len(running) >= MOST_RUNNING:
        raise Refusal(409, "too-many", f"You practise {MOST_RUNNING} times already: end one first.")
    trainees = tuple(filter(None, (call.me, asked.second)))
    id = derive("practice", call.me, call.key)
    session = PracticeSession(
        id=id,
        channel=channel.name,
        manners=channel.manners,
        library=library,
        queue=practice_queue(library, trainees),
        trainees=trainees,
        by=call.me,
        at=now_ms(),
        name=asked.scenario,
        whose=asked.whose,
        scenario=scenario,
        seed=int.from_bytes(id.encode()[:6], "big"),
        player=asked.player,
    )
    try:
        await channel.begin(session)
    except ValueError as error:
        raise refusal("faulty", [FieldFault("scenario", str(error))]) from None
    await _audit(call, session, "practice-begun")
    return _view(call, PracticeState(session, None))


async def _scenario(call: Call, asked: practice.PracticeAsked) -> Scenario:
    """Return the scenario asked for: one that is shipped, or of a library that I work for or coordinate."""
    found = shipped().get(asked.scenario) if not asked.whose else None
    if asked.whose in {*libraries_of(call.state, call.me), *coordinated(call.state, call.me)}:
        kept = await call.services.archive.scenarios.one(asked.whose, asked.scenario)
        try:
            found = parse(kept.toml) if kept is not None else None
        except ScenarioFaults as faulty:
            raise refusal("faulty", faulty.faults) from None
    if found is None:
        raise refusal("faulty", [FieldFault("scenario", "there is no such scenario")])
    return found


def _faults(call: Call, asked: practice.PracticeAsked, library: str, scenario: Scenario) -> list[FieldFault]:
    found: list[FieldFault] = []
    if library not in libraries_of(call.state, call.me):
        found.append(FieldFault("library", "you don't work for this library"))
    if asked.manners not in scenario.manners:
        found.append(FieldFault("manners", f"this scenario is for {', '.join(scenario.manners)}"))
    for field, name in (("second", asked.second), ("player", asked.player)):
        there = active(call.state, name) and call.state.roster.serves_library(name, library)
        if name and (name == call.me or not there):
            found.append(FieldFault(field, "choose a colleague of the library"))
    if asked.player and asked.player == asked.second:
        found.append(FieldFault("player", "who practises can't play the patron"))
    return found


async def practice_sessions(call: Call) -> practice.PracticeSessions:
    """The sessions of the last seven days that I may see, the newest first."""
    found = sorted(await _mine(call), key=lambda one: one.session.at, reverse=True)
    return practice.PracticeSessions(sessions=[_view(call, one) for one in found])


async def practice_session(call: Call) -> practice.PracticeSessionView:
    """One session."""
    return _view(call, (await _found(call))[1])


async def practice_talk(call: Call) -> practice.PracticeTalk:
    """What the patron sees, for who plays them."""
    state = (await _found(call))[1]
    if state.player != call.me:
        raise not_found()
    lines = await call.services.reader.patron_history(state.session.channel, state.session.address, "")
    heard = [
        practice.PracticeHeard(id=one.id, who=one.who, author=one.author, text=one.text, at=one.at) for one in lines
    ]
    return practice.PracticeTalk(lines=heard)


async def patron_line(call: Call) -> None:
    """Write a line as the patron, or let the patron leave."""
    asked: practice.PracticeLineAsked = call.body
    channel, state = await _found(call)
    if state.player != call.me:
        raise not_found()
    if state.over:
        raise Refusal(409, "closed", "This practice is over.")
    if not asked.text.strip() and not asked.leaves:
        raise refusal("faulty", [FieldFault("text", "is missing")])
    if asked.text.strip():
        await _order(call, channel, state, "line", asked.text)
    if asked.leaves:
        await _order(call, channel, state, "leave")


async def patron_part(call: Call) -> practice.PracticeSessionView:
    """Take the patron's part, or give it back to the script."""
    asked: practice.PracticePartAsked = call.body
    channel, state = await _found(call)
    if not _may_play(call, state) or (not asked.mine and state.player != call.me):
        raise not_found()
    by = call.me if asked.mine else ""
    key = f"{state.session.id} play {call.key}"
    await channel.order(key, PracticeOrder(session=state.session.id, kind="play", by=by))
    await _audit(call, state.session, "practice-played" if asked.mine else "practice-given-back")
    progress = state.progress
    return _view(call, PracticeState(state.session, replace(progress, player=by) if progress is not None else None))


async def end_practice(call: Call) -> None:
    """End a session; its conversation ends with the code for practice, unless somebody has ended it."""
    channel, state = await _found(call)
    await _order(call, channel, state, "end")
    await _audit(call, state.session, "practice-ended")
    it = call.state.conversations.get(state.session.conversation)
    if it is not None and it.state != "closed":
        try:
            await outcome(call, wire.Close(conversation=it.id, code="practice"), part="end")
        except Refusal:
            return  # a colleague has it: they end it themselves


# -- who may see and do what


async def _mine(call: Call) -> list[PracticeState]:
    found = [one for channel in call.services.practice.values() for one in await channel.all()]
    return [one for one in found if _sees(call, one)]


async def _found(call: Call) -> tuple[PracticeChannel, PracticeState]:
    """Return the session that the address names, and its channel. Raises Refusal (404)."""
    for channel in call.services.practice.values():
        state = await channel.one(call.id)
        if state is not None and _sees(call, state):
            return channel, state
    raise not_found()


def _sees(call: Call, one: PracticeState) -> bool:
    return call.me in (*one.session.trainees, one.player) or one.session.library in coordinated(call.state, call.me)


def _may_play(call: Call, one: PracticeState) -> bool:
    """Say whether I may have the patron's part: a coordinator who doesn't practise here, or who has it from the beginning."""
    coordinates = one.session.library in coordinated(call.state, call.me)
    return call.me not in one.session.trainees and (coordinates or call.me in (one.player, one.session.player))


async def _order(call: Call, channel: PracticeChannel, state: PracticeState, kind: OrderKind, text: str = "") -> None:
    order = PracticeOrder(session=state.session.id, kind=kind, by=call.me, text=text)
    await channel.order(f"{state.session.id} {kind} {call.key}", order)


async def _audit(call: Call, session: PracticeSession, what: str) -> None:
    await call.services.archive.access_audit.record(call.me, f"desk/{session.library}", what, session.name)


def _view(call: Call, one: PracticeState) -> practice.PracticeSessionView:
    session, told = one.session, one.progress.patron.told if one.progress is not None else ()
    wanted = [fact.id for fact in session.scenario.facts if fact.wanted]
    plays = bool(one.player) and one.player == call.me
    part = [
        practice.PracticeFactView(
            id=fact.id, asked=list(fact.asked), told=list(fact.told), wanted=fact.wanted, said=fact.id in told
        )
        for fact in session.scenario.facts
        if plays
    ]
    return practice.PracticeSessionView(
        id=session.id,
        conversation=session.conversation,
        scenario=session.name,
        whose=session.whose,
        title=session.scenario.title,
        manners=session.manners,
        library=session.library,
        trainees=[_person(call, one) for one in session.trainees],
        player=_person(call, one.player) if one.player else None,
        at=session.at,
        over=one.over,
        facts=len(wanted),
        told=sum(id in told for id in wanted),
        can_play=_may_play(call, one),
        can_end=not one.over,
        part=part,
    )


def _person(call: Call, librarian: str) -> practice.PracticePerson:
    return practice.PracticePerson(id=librarian, name=name_of(call.state, librarian))


ROUTES = (
    Route(
        "POST",
        "/practice",
        "Begin to practise",
        begin_practice,
        asks=practice.PracticeAsked,
        gives=practice.PracticeSessionView,
        keyed=True,
        also={409: Problem, 422: LibraryFaults},
    ),
    Route(
        "GET", "/practice", "The practice sessions that I may see", practice_sessions, gives=practice.PracticeSessions
    ),
    Route("GET", "/practice/{id}", "A practice session", practice_session, gives=practice.PracticeSessionView),
    Route("GET", "/practice/{id}/talk", "What the patron sees", practice_talk, gives=practice.PracticeTalk),
    Route(
        "POST",
        "/practice/{id}/lines",
        "Write a line as the patron",
        patron_line,
        asks=practice.PracticeLineAsked,
        keyed=True,
        also={409: Problem, 422: LibraryFaults},
    ),
    Route(
        "POST",
        "/practice/{id}/part",
        "Take the patron's part, or give it back",
        patron_part,
        asks=practice.PracticePartAsked,
        gives=practice.PracticeSessionView,
        keyed=True,
    ),
    Route("POST", "/practice/{id}/end", "End a practice session", end_practice, keyed=True),
)
