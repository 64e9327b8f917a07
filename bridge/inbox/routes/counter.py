"""Counting what no conversation holds: questions at a desk, by telephone, between the shelves, by appointment.

All of a library's staff count for it, also those who may only count. They see and take back what they counted themselves;
coordinators do so for their whole library. No answer names who counted. A page without a connection keeps its counts and hands them
in later: each has an id of its own, so one that was handed in twice counts once.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from bridge.inbox.http.responses import Refusal, not_found, wrong_role
from bridge.inbox.http.route import Call, Parameter, Route
from bridge.inbox.routes.faq_access import faq_libraries
from bridge.inbox.routes.faq_beside_chat import draft_of
from bridge.inbox.routes.opening import note
from bridge.inbox.routes.reports import asked_day
from bridge.inbox.schema import Problem
from bridge.inbox.schema.counter import CountAsked, Counted, CountedDay, CounterView, QuestionCounted
from bridge.inbox.schema.faq import FaqDraft
from bridge.inbox.views.access import coordinated, libraries_of
from bridge.inbox.views.counter import counted_libraries, counted_view
from bridge.sql.counter.question import CountedQuestion
from bridge.sql.people.accounts import now_ms
from bridge.sql.statistics.period import Period
from routing.organisation import Library

MOST_SHOWN = 500


async def counter(call: Call) -> CounterView:
    """The lists that I count with."""
    return CounterView(libraries=counted_libraries(call.state, call.me))


async def count_questions(call: Call) -> Counted:
    """Count questions; those whose id is known stay as they were."""
    asked: CountAsked = call.body
    mine, now = libraries_of(call.state, call.me), now_ms()
    for n, one in enumerate(asked.questions, 1):
        if one.library not in mine:
            raise Refusal(422, "invalid", f"questions[{n}].library is not one that you count for.")
        if len({*one.codes}) < len(one.codes):
            raise Refusal(422, "invalid", f"questions[{n}].codes names one twice.")
    fresh = await call.services.archive.counted_questions.add([_counted(one, call.me, now) for one in asked.questions])
    return Counted(fresh=[one.id for one in asked.questions if one.id in fresh])


def _counted(one: QuestionCounted, me: str, now: int) -> CountedQuestion:
    return CountedQuestion(
        id=one.id,
        interaction=one.interaction,
        library=one.library,
        at_ms=min(one.at, now),
        recorded_ms=now,
        mode=one.mode,
        place=one.place.strip(),
        patron_type=one.patron_type.strip(),
        kind=one.kind,
        minutes=one.minutes,
        read_level=one.read_level,
        codes=tuple(one.codes),
        question=one.question.strip() or None,
        answer=one.answer.strip() or None,
        by=me,
    )


async def counted_day(call: Call) -> CountedDay:
    """What I counted on a day; `whose=all`: what everybody did, for the library's coordinators."""
    library = _library(call)
    everybody = call.query["whose"] == "all"
    if everybody and library.id not in coordinated(call.state, call.me):
        raise wrong_role("Only a library's coordinator sees what everybody counted.")
    day = asked_day(call, "day") or datetime.fromtimestamp(now_ms() / 1000, ZoneInfo(library.timezone)).date()
    begin, end = Period(first=day, last=day, timezone=library.timezone).span
    counted = call.services.archive.counted_questions
    found = await counted.between(library.id, begin, end, by=None if everybody else call.me, most=MOST_SHOWN)
    return CountedDay(
        library=library.id,
        day=str(day),
        total=sum(one.voided_ms is None for one in found),
        questions=[counted_view(call.me, one) for one in found],
    )


def _library(call: Call) -> Library:
    """Return the library asked for, one's own when none is. Raises Refusal 404 for one that somebody doesn't count for."""
    mine = list(dict.fromkeys((*libraries_of(call.state, call.me), *coordinated(call.state, call.me))))
    wanted = call.query["library"] or next(iter(mine), "")
    if wanted not in mine or wanted not in call.state.roster.libraries:
        raise not_found()
    return call.state.roster.libraries[wanted]


async def _kept(call: Call) -> CountedQuestion:
    """Return a question that I may change: mine, or one of a library that I coordinate. Raises Refusal 404."""
    one = await call.services.archive.counted_questions.one(call.id)
    if one is None:
        raise not_found()
    own = one.by == call.me and one.library in libraries_of(call.state, call.me)
    if not own and one.library not in coordinated(call.state, call.me):
        raise not_found()
    return one


async def take_back(call: Call) -> None:
    """Take a question back: it counts nowhere. Kept in the audit with who did it."""
    one = await _kept(call)
    if one.voided_ms is None:
        await call.services.archive.counted_questions.void(one.id)
        await note(call.services, one.by or "", one.library, "count-undone", one.id, by=call.me)


async def counted_faq_draft(call: Call) -> FaqDraft:
    """An entry made from a counted question and its answer, without persons; nothing is kept before it is saved."""
    one = await _kept(call)
    if one.library not in faq_libraries(call):
        raise not_found()
    if not one.question:
        raise Refusal(422, "invalid", "The question was not written down.")
    language = call.state.roster.library(one.library).language
    return draft_of(call.me, one.library, language, one.question, one.answer or "")


LIBRARY = Parameter("library", "Whose counts; one's own library when none is named")

ROUTES = (
    Route("GET", "/counter", "The lists that I count with", counter, access="counter", gives=CounterView),
    Route(
        "POST",
        "/counter/questions",
        "Count questions, each once by its id",
        count_questions,
        access="counter",
        asks=CountAsked,
        gives=Counted,
        keyed=True,
        also={422: Problem},
    ),
    Route(
        "GET",
        "/counter/questions",
        "What was counted on a day",
        counted_day,
        access="counter",
        gives=CountedDay,
        query=(
            LIBRARY,
            Parameter("day", "Like 2026-03-31, by the library's clock; today when none is named"),
            Parameter("whose", "mine, or all for a coordinator", choices=("mine", "all")),
        ),
        also={404: Problem, 422: Problem},
    ),
    Route(
        "DELETE",
        "/counter/questions/{id}",
        "Take a counted question back",
        take_back,
        access="counter",
        also={404: Problem},
    ),
    Route(
        "GET",
        "/counter/questions/{id}/faq",
        "An entry made from a counted question, without persons",
        counted_faq_draft,
        gives=FaqDraft,
        also={404: Problem, 422: Problem},
    ),
)
