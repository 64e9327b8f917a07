"""Many steps in one transaction: each line is written as it came to be, found by its words, and one fault costs few of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select, text

from bridge.contract.message import Stage, delivery_id
from bridge.log import follower
from bridge.sql import tables
from bridge.sql.transcripts.batch_size import BRISK_S, LEAST, MOST, SLOW_S, BatchSize
from routing import events as ev
from tests.sql.test_follow import WHOLE, Desk, chat, desk, opened, planned, received, set_aside, shown

__all__ = ["desk"]  # a fixture

LINES = 700  # more than two statements of new rows hold


async def write_together(desk: Desk) -> None:
    """Write all that was committed in one transaction."""
    async with desk.following(writing=False):
        await desk.tail_caught_up()
        entries = await desk.writer._gathered()
        assert entries[-1].seq == desk.seq
        await desk.writer._write(entries)


@contextmanager
def updates_of_lines(desk: Desk) -> Iterator[list[int]]:
    """Collect how many rows each statement brings that changes lines which stand."""
    seen: list[int] = []

    def see(_sql: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        if statement.startswith("UPDATE line "):
            seen.append(len(parameters) if many else 1)

    engine = desk.archive.engine.sync_engine
    event.listen(engine, "before_cursor_execute", see)
    yield seen
    event.remove(engine, "before_cursor_execute", see)


def progressed(stage: Stage, network_id: str = "") -> ev.Progressed:
    return ev.Progressed(conversation="t1", delivery=delivery_id("t1-say", 0), stage=stage, network_id=network_id)


async def network_id(desk: Desk) -> str:
    query = select(tables.line.c.network_id).where(tables.line.c.id == delivery_id("t1-say", 0))
    async with desk.archive.engine.connect() as sql:
        return str(await sql.scalar(query))


async def test_what_became_of_a_new_line_is_written_with_it(desk: Desk) -> None:
    await desk.commit(opened("t1"), received("t1", "1", "Where is the atlas?"))
    await chat(desk, "t1")
    await desk.commit(progressed("read"))
    with updates_of_lines(desk) as updates:
        await write_together(desk)
    assert updates == [1]  # what the patron wrote was read, nothing else
    assert ("librarian", "On the second floor.", "read") in shown(await desk.reader.transcript("t1"))
    assert await network_id(desk) == "n-7"


async def test_of_what_became_of_a_line_that_stands_the_last_is_written(desk: Desk) -> None:
    await chat(desk, "t1")
    await write_together(desk)
    await desk.commit(progressed("sent", "n-8"))
    await desk.commit(progressed("delivered"))
    await desk.commit(progressed("read"))
    with updates_of_lines(desk) as updates:
        await write_together(desk)
    assert updates == [1]
    assert ("librarian", "On the second floor.", "read") in shown(await desk.reader.transcript("t1"))
    assert await network_id(desk) == "n-8"
    assert await desk.reader.find(["n-8"]) == "t1"


async def test_every_line_of_a_large_transaction_stands_in_order_and_is_found(desk: Desk) -> None:
    await desk.commit(opened("t1"))
    for start in range(0, LINES, 100):
        await desk.commit(*[received("t1", f"s{n}", f"atlas word{n}x") for n in range(start, start + 100)])
    await desk.commit(*[ev.Noted(conversation="t1", id="note", by="ana", text="word700x")])
    await write_together(desk)
    async with desk.archive.engine.connect() as sql:
        texts = (await sql.scalars(select(tables.line.c.text).order_by(tables.line.c.n))).all()
    assert [each.rpartition(" ")[2] for each in texts] == [f"word{n}x" for n in range(LINES + 1)]
    for n in (0, 255, 256, 511, 512, 543, 544, LINES - 1, LINES):
        assert len(await desk.archive.search.find(f"word{n}x", ["north"])) == 1, n
    assert len(await desk.archive.search.find("atlas", ["north"], limit=1000)) == LINES


async def test_the_index_of_words_is_whole_after_stages_and_an_erasure(desk: Desk) -> None:
    await chat(desk, "t1")
    await chat(desk, "t2")
    await desk.commit(progressed("read"))
    await desk.commit(ev.Erased(conversation="t2", by="ana"))
    await write_together(desk)
    assert [hit.conversation for hit in await desk.archive.search.find("atlas", ["north"])] == ["t1"]
    assert await desk.reader.transcript("t2") == []
    if desk.archive.engine.dialect.name == "sqlite":
        async with desk.archive.engine.begin() as sql:
            await sql.execute(text("CREATE VIRTUAL TABLE temp.word USING fts5vocab(main, line_words, instance)"))
            words = select(text('term, doc, "offset" FROM word ORDER BY 1, 2, 3'))
            held = (await sql.execute(words)).all()
            await sql.execute(text("INSERT INTO line_words(line_words) VALUES ('delete-all')"))
            given = "CASE WHEN folded = '' THEN text ELSE folded END"
            await sql.execute(text(f"INSERT INTO line_words(rowid, text) SELECT n, {given} FROM line WHERE text <> ''"))
            assert (await sql.execute(words)).all() == held != []


async def test_the_further_behind_the_more_is_written_together(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "READ_COUNT", 2)
    await chat(desk, "t1")  # ten steps, each an entry
    async with desk.following(writing=False):
        await desk.tail_caught_up()
        sizes = []
        for steps in (1, 5, 100):
            desk.writer._batch_size.steps = steps
            sizes.append(len(await desk.writer._gathered()))
    assert sizes == [2, 6, desk.seq]


async def test_a_fault_costs_few_transactions_and_leaves_the_order(desk: Desk) -> None:
    told = 64
    await desk.commit(opened("t1"))
    for n in range(told):
        if n in (20, 50):
            await desk.commit(planned("t1", deadline=1 << 63), cause=f"bad{n}")
        await desk.commit(received("t1", f"s{n}", f"word {n}"))
    commits: list[Any] = []
    event.listen(desk.archive.engine.sync_engine, "commit", lambda sql: commits.append(sql))
    await write_together(desk)
    assert sorted([step.cause for _, _, [step] in await set_aside(desk)]) == ["bad20", "bad50"]
    lines = await desk.reader.transcript("t1")
    assert [line.text for line in lines if line.who == "patron"] == [f"word {n}" for n in range(told)]
    assert [n for n, line in enumerate(lines) if line.event == "unwritten"] == [20, 51]
    assert len(commits) < told / 2


async def test_both_write_the_same_whether_one_by_one_or_together(desk: Desk) -> None:
    async with desk.following():
        await chat(desk, "t1")
        await desk.caught_up()
    await chat(desk, "t2")
    await write_together(desk)
    assert shown(await desk.reader.transcript("t1")) == shown(await desk.reader.transcript("t2")) == WHOLE


def test_a_transaction_grows_while_there_is_more_and_shrinks_when_it_takes_long() -> None:
    stride = BatchSize()
    stride.took(LEAST - 1, BRISK_S / 2)
    assert stride.steps == LEAST  # it was not full: a larger one would have been no larger
    for _ in range(10):
        stride.took(stride.steps, BRISK_S / 2)
    assert stride.steps == MOST
    stride.took(MOST, (BRISK_S + SLOW_S) / 2)
    assert stride.steps == MOST
    stride.took(1, SLOW_S * 2)
    assert stride.steps == MOST // 2
    for _ in range(10):
        stride.took(stride.steps, SLOW_S * 2)
    assert stride.steps == LEAST
