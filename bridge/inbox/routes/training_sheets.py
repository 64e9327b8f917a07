"""Sheets of practice: counted, read, shared, kept, deleted, and written on.

A sheet is its trainee's. A colleague or the coordinators of its library see it only while the trainee shares it with them; to
anybody else it looks like one that doesn't exist. They may write words on it. Nothing here marks, scores or compares anybody.
"""

from __future__ import annotations

import asyncio

import msgspec

from bridge.contract.message import derive
from bridge.inbox.http.responses import Refusal, not_found
from bridge.inbox.http.route import Call, Route
from bridge.inbox.routes.training import rehearsed_lines, rehearsed_scenario
from bridge.inbox.schema import LibraryFaults, Problem, training
from bridge.inbox.views import rows
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.inbox.views.practice_talk import transcript_of
from bridge.sql.people.accounts import now_ms
from bridge.sql.training.sheets import TrainingSheet, TrainingWords
from bridge.training.rehearsal import rehearse, transcript
from bridge.training.sheet import SheetCount, count


class _OnSheet(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a conversation: its counts, and what its scenario said of a good session."""

    counted: list[SheetCount]
    good: list[str]


async def sheets(call: Call) -> training.Sheets:
    """My sheets, and those that are shared with me."""
    found = await call.services.archive.training_sheets.seen_by(call.me, coordinated(call.state, call.me))
    return training.Sheets(sheets=[_row(call, one) for one in found])


async def make_sheet(call: Call) -> training.SheetView:
    """Count a rehearsal of mine that is over. Counted again, the counts are replaced, and nothing else of the sheet."""
    asked: training.SheetAsked = call.body
    played = asked.rehearsal
    scenario = await rehearsed_scenario(call, played)
    lines = rehearsed_lines(played)
    state = await asyncio.to_thread(rehearse, scenario, played.seed, lines, played.now)
    person = call.state.roster.librarians.get(call.me)
    talk = msgspec.structs.replace(
        transcript(state, scenario, lines, played.now, asked.manners),
        trainee_names=(person.name, person.shown) if person is not None else (),
        code=asked.code,
        address=asked.address,
        deadline=asked.deadline,
    )
    counted = await asyncio.to_thread(count, scenario, talk)
    found = _OnSheet(counted=[one for one in counted if one.name != "claim_s"], good=list(scenario.good))
    library = played.library or next(iter(libraries_of(call.state, call.me)), "")
    sheet = TrainingSheet(
        conversation=derive("rehearsal", call.me, asked.id),
        trainee=call.me,
        library=library,
        scenario=played.name,
        title=scenario.title,
        manners=asked.manners,
        made_at=now_ms(),
        counted=msgspec.json.encode(found).decode(),
    )
    return await _view(call, await call.services.archive.training_sheets.add(sheet))


async def practice_sheet(call: Call) -> training.SheetView:
    """Count a practice session in which I answered; counted again, the counts are replaced."""
    found = [await channel.one(call.id) for channel in call.services.practice.values()]
    session = next((one.session for one in found if one is not None and call.me in one.session.trainees), None)
    if session is None:
        raise not_found()
    lines = await call.services.reader.transcript(session.conversation)
    if not any(line.author_id == call.me and line.who == "librarian" for line in lines):
        raise Refusal(409, "nothing-said", "You haven't answered in this practice, or it's deleted already.")
    talk = transcript_of(call.state, session.conversation, call.me, lines)
    counted = await asyncio.to_thread(count, session.scenario, talk)
    sheet = TrainingSheet(
        conversation=derive("sheet", session.id, call.me),
        trainee=call.me,
        library=session.library,
        scenario=session.name,
        title=session.scenario.title,
        manners=session.manners,
        made_at=now_ms(),
        counted=msgspec.json.encode(_OnSheet(counted=list(counted), good=list(session.scenario.good))).decode(),
    )
    return await _view(call, await call.services.archive.training_sheets.add(sheet))


async def sheet(call: Call) -> training.SheetView:
    """A sheet opened."""
    return await _view(call, await _seen(call))


async def share_sheet(call: Call) -> training.SheetView:
    """Share my sheet with the coordinators of its library, with one colleague, or with nobody any more."""
    asked: training.ShareAsked = call.body
    mine = await _mine(call)
    if asked.peer and asked.peer not in [one.id for one in _peers(call, mine)]:
        raise Refusal(422, "invalid", "peer is nobody who works for this library.")
    await call.services.archive.training_sheets.share(
        mine.conversation, coordinators=asked.coordinators, peer=asked.peer
    )
    return await _view(call, await _mine(call))


async def keep_sheet(call: Call) -> training.SheetView:
    """Keep my sheet until I delete it, or let it go in seven days."""
    asked: training.KeepAsked = call.body
    await call.services.archive.training_sheets.keep((await _mine(call)).conversation, keep=asked.keep)
    return await _view(call, await _mine(call))


async def drop_sheet(call: Call) -> None:
    """Delete my sheet with all words on it."""
    await call.services.archive.training_sheets.drop((await _mine(call)).conversation)


async def write_sheet_words(call: Call) -> training.SheetView:
    """Keep my words on a sheet that I may see, in place of my former ones."""
    asked: training.WordsAsked = call.body
    if len({one.heading for one in asked.lines}) < len(asked.lines):
        raise Refusal(422, "invalid", "lines names a heading twice.")
    seen = await _seen(call)
    lines = [one for one in asked.lines if one.level or one.text.strip()]
    words = msgspec.json.encode(lines).decode() if lines else ""
    await call.services.archive.training_sheets.write(seen.conversation, call.me, words)
    return await _view(call, seen)


# -- whose it is


async def _seen(call: Call) -> TrainingSheet:
    found = await call.services.archive.training_sheets.one(call.id)
    if found is None:
        raise not_found()
    shared = found.shared and found.library in coordinated(call.state, call.me)
    if call.me not in (found.trainee, found.peer) and not shared:
        raise not_found()
    return found


async def _mine(call: Call) -> TrainingSheet:
    found = await call.services.archive.training_sheets.one(call.id)
    if found is None or found.trainee != call.me:
        raise not_found()
    return found


def _peers(call: Call, one: TrainingSheet) -> list[training.SheetPeer]:
    people = call.state.roster.librarians
    return [
        training.SheetPeer(id=id, name=person.name)
        for id, person in sorted(people.items(), key=lambda item: item[1].name)
        if id != one.trainee and one.library in libraries_of(call.state, id)
    ]


def _row(call: Call, one: TrainingSheet) -> training.SheetRow:
    return training.SheetRow(
        id=one.conversation,
        title=one.title,
        scenario=one.scenario,
        manners=one.manners,
        library=one.library,
        trainee=one.trainee,
        trainee_name=rows.name_of(call.state, one.trainee),
        made_at=one.made_at,
        until=one.until,
    )


async def _view(call: Call, one: TrainingSheet) -> training.SheetView:
    mine = one.trainee == call.me
    on_it = msgspec.json.decode(one.counted, type=_OnSheet)
    return training.SheetView(
        row=_row(call, one),
        counted=[_count(each) for each in on_it.counted],
        good=on_it.good,
        words=[_words(call, each) for each in await call.services.archive.training_sheets.words(one.conversation)],
        shared=one.shared,
        peer=one.peer,
        peers=_peers(call, one) if mine else [],
    )


def _count(one: SheetCount) -> training.SheetCountView:
    return training.SheetCountView(
        name=one.name, heading=one.heading, value=one.value, of=one.of, about=list(one.about)
    )


def _words(call: Call, one: TrainingWords) -> training.SheetWords:
    lines = msgspec.json.decode(one.words, type=list[training.WordsLine])
    return training.SheetWords(by=one.by, by_name=rows.name_of(call.state, one.by), at=one.at, lines=lines)


_ONE = "/training/sheets/{id}"
ROUTES = (
    Route("GET", "/training/sheets", "My sheets, and those that are shared with me", sheets, gives=training.Sheets),
    Route(
        "POST",
        "/training/sheets",
        "Count a rehearsal of mine that is over",
        make_sheet,
        asks=training.SheetAsked,
        gives=training.SheetView,
        keyed=True,
        also={403: Problem, 404: Problem, 422: LibraryFaults},
    ),
    Route(
        "POST",
        "/practice/{id}/sheet",
        "Count a practice session in which I answered",
        practice_sheet,
        gives=training.SheetView,
        keyed=True,
        also={404: Problem, 409: Problem},
    ),
    Route("GET", _ONE, "A sheet opened", sheet, gives=training.SheetView, also={404: Problem}),
    Route("DELETE", _ONE, "Delete my sheet with all words on it", drop_sheet, also={404: Problem}),
    Route(
        "PUT",
        f"{_ONE}/share",
        "Share my sheet, or take it back",
        share_sheet,
        asks=training.ShareAsked,
        gives=training.SheetView,
        also={404: Problem, 422: Problem},
    ),
    Route(
        "PUT",
        f"{_ONE}/keep",
        "Keep my sheet, or let it go in seven days",
        keep_sheet,
        asks=training.KeepAsked,
        gives=training.SheetView,
        also={404: Problem},
    ),
    Route(
        "PUT",
        f"{_ONE}/words",
        "Keep my words on a sheet",
        write_sheet_words,
        asks=training.WordsAsked,
        gives=training.SheetView,
        also={404: Problem, 422: Problem},
    ),
)
