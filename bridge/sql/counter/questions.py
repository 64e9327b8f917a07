"""The counted questions of all libraries: kept once each, taken back, and rid of words when the library's days are over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from bridge.sql import tables
from bridge.sql.counter.question import CountedQuestion
from bridge.sql.people.accounts import now_ms
from bridge.sql.rows import dump, ignoring, words_of

DAY_MS = 86_400_000
AT_ONCE = 500  # rows looked up or written in one statement

_q = tables.counted_question.c


class CountedQuestions:
    """All of them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, questions: Sequence[CountedQuestion]) -> frozenset[str]:
        """Keep questions, and return the ids of those that were new; one whose id is known stays as it was.

        An imported one is known by its library, source and id there as well. All are kept, or none.
        """
        fresh: set[str] = set()
        async with self._engine.begin() as sql:
            for begin in range(0, len(questions), AT_ONCE):
                portion = questions[begin : begin + AT_ONCE]
                ids = [one.id for one in portion]
                known = set((await sql.scalars(select(_q.id).where(_q.id.in_(ids)))).all())
                await sql.execute(ignoring(sql.dialect.name, tables.counted_question), [_row(one) for one in portion])
                kept = set((await sql.scalars(select(_q.id).where(_q.id.in_(ids)))).all())
                fresh |= kept - known
        return frozenset(fresh)

    async def known(self, ids: Sequence[str]) -> frozenset[str]:
        """Return those of these ids that are kept here; ask for some hundreds at most."""
        async with self._engine.connect() as sql:
            return frozenset((await sql.scalars(select(_q.id).where(_q.id.in_(list(ids))))).all())

    async def between(
        self, library: str, begin: int, end: int, *, by: str | None = None, most: int = 2000
    ) -> list[CountedQuestion]:
        """Return a library's questions asked in [begin, end) ms, newest first, those taken back too; `by`: one counter's."""
        asked = [_q.library == library, _q.at_ms >= begin, _q.at_ms < end, *([] if by is None else [_q.by == by])]
        query = select(tables.counted_question).where(*asked).order_by(_q.at_ms.desc(), _q.id).limit(most)
        async with self._engine.connect() as sql:
            return [_question(row) for row in (await sql.execute(query)).all()]

    async def every(self, library: str = "") -> AsyncIterator[CountedQuestion]:
        """Yield all questions, of one library or of all, those taken back too; a page is in memory at a time."""
        last = ""
        while True:
            query = select(tables.counted_question).where(_q.id > last).order_by(_q.id).limit(AT_ONCE)
            async with self._engine.connect() as sql:
                rows = (await sql.execute(query.where(_q.library == library) if library else query)).all()
            for row in rows:
                yield _question(row)
            if len(rows) < AT_ONCE:
                return
            last = rows[-1].id

    async def one(self, id: str) -> CountedQuestion | None:
        """Return a question, None where there is none."""
        async with self._engine.connect() as sql:
            row = (await sql.execute(select(tables.counted_question).where(_q.id == id))).first()
        return None if row is None else _question(row)

    async def void(self, id: str) -> None:
        """Take a question back; one that was taken back keeps its time."""
        query = update(tables.counted_question).where(_q.id == id, _q.voided_ms.is_(None)).values(voided_ms=now_ms())
        async with self._engine.begin() as sql:
            await sql.execute(query)

    async def forget(self, days: Mapping[str, int], strictest: int, now: int) -> int:
        """Drop words, and who counted, of what was asked more than `days[library]` days before `now` (ms); 0 = never.

        `strictest`: the days of libraries that are not there any more. Returns how many; the numbers stay.
        """
        nobody = _q.library.not_in(select(tables.library.c.id))
        due = [and_(_q.library == name, _q.at_ms < now - kept * DAY_MS) for name, kept in days.items() if kept]
        due += [and_(nobody, _q.at_ms < now - strictest * DAY_MS)] if strictest else []
        if not due:
            return 0
        held = or_(_q.question.is_not(None), _q.answer.is_not(None), _q.by.is_not(None))
        query = update(tables.counted_question).where(or_(*due), held).values(question=None, answer=None, by=None)
        async with self._engine.begin() as sql:
            return int((await sql.execute(query)).rowcount)


def _row(one: CountedQuestion) -> dict[str, object]:
    return msgspec.structs.asdict(one) | {"codes": dump(one.codes)}


def _question(row: Row[Any]) -> CountedQuestion:
    values = {name: row._mapping[name] for name in CountedQuestion.__struct_fields__}
    return msgspec.convert(values | {"codes": words_of(values["codes"])}, CountedQuestion)
