"""The numbers of a seeded year, on both databases, are those of a second computation that shares no code with the first."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from sqlalchemy import delete, select, update

from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.statistics.consortium import count_consortium
from bridge.sql.statistics.numbers import Count, Numbers, count
from bridge.sql.statistics.period import Period
from bridge.sql.statistics.service_use import help_given
from bridge.sql.statistics.surveys import Survey, survey_sheet
from tests.sql import seeded_year as facts
from tests.sql.seeded_year import Asked, Talk, real

TALKS = int(os.environ.get("DESKBRIDGE_SEEDED_YEAR", "3000"))  # 100,000 take a minute a database
FIRST, LAST = date(2024, 1, 1), date(2024, 12, 31)


def some(counts: list[Count]) -> dict[str, int]:
    return {each.key: each.n for each in counts if each.n}


def tally(keys: Iterable[str]) -> dict[str, int]:
    return dict(Counter(keys))


def as_counted(numbers: Numbers, talks: list[Talk], asked: list[Asked], library: str) -> None:
    """Hold a library's numbers to what the facts say."""
    came = real(talks)
    ended = [one for one in came if one.ended]
    assert numbers.total == len(came)
    assert numbers.begun == sum(one.kind == "begun" for one in talks)
    assert numbers.practice == sum(one.kind == "practice" and one.ended for one in talks)
    assert some(numbers.days) == tally(str(facts.local(one.at, library).date()) for one in came)
    assert some(numbers.week) == facts.week_map(talks, library)
    assert some(numbers.ends) == tally(facts.end_of(one) for one in came)
    assert some(numbers.channels) == tally(one.channel for one in came)
    assert some(numbers.hops) == tally(str(min(3, len(one.moves))) for one in came)
    assert some(numbers.ratings) == tally(str(one.rating or "") for one in came)
    assert some(numbers.descriptive) == tally(word for one in ended for word in one.words)
    assert some(numbers.read_scale) == tally(str(one.read) for one in ended)
    assert some(numbers.reference) == tally({None: "", True: "yes", False: "no"}[one.said] for one in ended)
    assert some(numbers.libraries) == tally(facts.STAFF.get(one.by, "") for one in came if one.fate == "answered")
    assert some(numbers.question_kinds) == tally(kind for one in ended for kind, _ in one.questions)
    assert some(numbers.question_read) == tally(str(read) for one in ended for _, read in one.questions)
    for waits, live in ((numbers.live, True), (numbers.slow, False)):
        found = [one.wait_ms for one in came if one.fate == "answered" and facts.CHANNELS[one.channel] is live]
        assert waits.answered == len(found)
        assert waits.longest == max(found, default=0) // 1000
        for each in waits.quantiles:
            assert each.seconds == facts.nearest_rank(found, each.percent), (live, each)
    modes_as_counted(numbers, came, asked)


def modes_as_counted(numbers: Numbers, came: list[Talk], asked: list[Asked]) -> None:
    by = {(one.mode, one.by_hand): one for one in numbers.modes}
    assert len(by) == len({one.channel for one in came}) + len({one.way for one in asked})
    for channel, mode in facts.MODES.items():
        mine = [one for one in came if one.channel == channel]
        answered = [one for one in mine if one.fate == "answered"]
        found = by[mode, False]
        assert (found.n, found.answered) == (len(mine), len(answered))
        assert found.reference == sum(one.said is True and one.ended for one in mine)
        assert found.first_90 == facts.nearest_rank([one.wait_ms for one in answered], 90)
        assert found.lasting_median == facts.nearest_rank([one.lasts_ms for one in answered if one.ended], 50)
    for way in facts.WAYS:
        questions = [one for one in asked if one.way == way]
        found = by[way, True]
        assert (found.n, found.reference) == (len(questions), sum(one.kind == "reference" for one in questions))
        minutes = sorted(one.minutes for one in questions if one.minutes is not None)
        assert found.lasting_median == minutes[max(0, -(-len(minutes) // 2) - 1)] * 60


@pytest.mark.timeout(600)
async def test_a_year_is_what_a_second_computation_says(archive: Archive) -> None:
    """The whole year, one with another clock, weeks around the changes of the clocks and the leap day, and after corrections."""
    talks, asked = facts.year(TALKS)
    await facts.write(archive.engine, talks, asked)
    periods = [(FIRST, LAST), (date(2024, 3, 25), date(2024, 3, 31)), (date(2024, 10, 27), date(2024, 10, 27))]
    periods += [(date(2024, 2, 29), date(2024, 2, 29)), (date(2024, 12, 24), date(2025, 1, 1))]

    async def hold(library: str, first: date, last: date) -> None:
        period = Period(first=first, last=last, timezone=facts.ZONES[library])
        numbers = await count(archive.engine, library, period, facts.STAFF, modes=facts.MODES)
        mine = facts.those_of(talks, library, first, last)
        if (first, last) == (FIRST, LAST):
            as_counted(numbers, mine, facts.asked_of(asked, library, first, last), library)
        else:
            assert (numbers.total, some(numbers.week)) == (len(real(mine)), facts.week_map(mine, library))

    for library in facts.ZONES:
        for first, last in periods:
            await hold(library, first, last)
    async with archive.engine.connect() as sql:
        noted = await sql.scalar(select(tables.report_change.c.n).limit(1))
        kept = (await sql.scalars(select(tables.report_day.c.day).where(tables.report_day.c.library == "north"))).all()
    assert (noted, len(kept)) == (None, 367)  # with 1 January of the year after
    await corrected(archive, talks, asked)
    for library in facts.ZONES:
        await hold(library, FIRST, LAST)


async def corrected(archive: Archive, talks: list[Talk], asked: list[Asked]) -> None:
    """Correct a few conversations and questions long after their days were kept; drop one."""
    ended = [one for one in talks if one.ended and not one.kind][:60]
    async with archive.engine.begin() as sql:
        for one in ended[:40]:
            one.said, one.read = True, 6
            row = update(tables.conversation).where(tables.conversation.c.id == one.id)
            await sql.execute(row.values(reference=True, read_scale=6))
        for question in [one for one in asked if not one.taken_back][:20]:
            question.taken_back = True
            await sql.execute(
                update(tables.counted_question)
                .where(tables.counted_question.c.id == question.id)
                .values(voided_ms=facts.ms(question.at))
            )
        await sql.execute(delete(tables.conversation).where(tables.conversation.c.id == ended[-1].id))
    talks.remove(ended[-1])


@pytest.mark.timeout(600)
async def test_sheets_and_partners_are_what_a_second_computation_says(archive: Archive) -> None:
    talks, asked = facts.year(TALKS, seed=7)
    await facts.write(archive.engine, talks, asked)
    mine, questions = facts.those_of(talks, "north", FIRST, LAST), facts.asked_of(asked, "north", FIRST, LAST)
    period = Period(first=FIRST, last=LAST, timezone=facts.ZONES["north"])

    async def sheet(survey: Survey, weeks: tuple[date, ...] = (), unsaid: bool = False) -> dict[str, tuple[int, str]]:
        found = await survey_sheet(archive.engine, "north", survey, period, weeks=weeks, count_unsaid=unsaid)
        assert found.weeks_fit == (len(weeks) != 3)
        return {line.key: (line.n, line.how) for line in found.lines}

    assert (await sheet("pls"))["reference"] == (facts.reference(mine, questions), "counted")
    assert (await sheet("pls", unsaid=True))["reference"] == (facts.reference(mine, questions, unsaid=True), "counted")
    weeks = (date(2024, 2, 26), date(2024, 10, 21), date(2024, 5, 13), date(2024, 11, 4))
    for chosen in (weeks[:2], weeks):
        sampled = sum(
            facts.reference(
                facts.those_of(talks, "north", first, first + timedelta(days=6)),
                facts.asked_of(asked, "north", first, first + timedelta(days=6)),
            )
            for first in chosen
        )
        assert (await sheet("pls", chosen))["reference"] == (sampled * (26 if len(chosen) == 2 else 13), "projected")
    assert (await sheet("pls", weeks[:3]))["reference"][1] == "counted"
    acrl = await sheet("acrl")
    consultations = sum(one.way == "consultation" and one.kind == "reference" for one in questions)
    virtual = sum(one.way in ("chat", "email", "sms") and one.kind == "reference" for one in questions)
    assert acrl["consultations"][0] == consultations
    assert acrl["transactions"][0] == facts.reference(mine, questions) - consultations
    assert acrl["virtual"][0] == facts.reference(mine, []) + virtual
    assert acrl["directional"][0] == sum(one.kind == "directional" for one in questions)

    given = tally(
        one.library
        for library in ("south", "west")
        for one in real(facts.those_of(talks, library, FIRST, LAST))
        if facts.STAFF.get(one.by) == "north"
    )
    helped = await count_consortium(archive.engine, facts.ZONES, period, facts.STAFF)
    assert {one.received: one.n for one in helped.exchanges if one.answered == "north"} == given
    assert helped.together.received == sum(
        len(real(facts.those_of(talks, library, FIRST, LAST))) for library in facts.ZONES
    )
    staff = [name for name, home in facts.STAFF.items() if home == "north"]
    by_one_clock = tally(
        one.library
        for one in real(talks)
        if one.by in staff and one.library != "north" and facts.local(one.at, "north").year == 2024
    )
    assert some(await help_given(archive.engine, "north", staff, period)) == by_one_clock
