"""What was answered to a write is kept for a day, by its Idempotency-Key: in each database."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from bridge.contract.message import action_id, key_of, request_of
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.people.idempotency import KEEP_ANSWERS_MS, ActionOutcome, KeptAnswer, KeyReused
from bridge.sql.transcripts.write_batch import WriteBatch
from routing import events as ev

AT = 1_700_000_000_000


async def write(archive: Archive, *steps: ev.Step) -> None:
    batch = WriteBatch()
    for seq, step in enumerate(steps):
        batch.take(step, seq)
    async with archive.engine.execution_options(sqlite_write=True).begin() as sql:
        await batch.write(sql)


def noted(cause: str) -> ev.Step:
    return ev.Step(
        cause=cause, at=AT, events=(ev.Noted(conversation="t1", id="n1", by="ana", text="secret"),), answer=0
    )


async def test_the_writer_keeps_how_actions_were_answered(archive: Archive) -> None:
    done, over = action_id("ana", "key-1", b"a note"), action_id("ana", "key-2", b"a claim")
    refused = ev.Refused(action=over, by="ana", reason="taken", conversation="t1", holder="ben")
    await write(archive, noted(done), ev.Step(cause=over, at=AT, events=(refused,), answer=0))
    keys = archive.idempotency
    assert await keys.outcome("ana", done) == ActionOutcome(done, "noted", "t1")
    assert await keys.outcome("ana", over) == ActionOutcome(over, "refused", "t1", "taken", "ben")
    assert await keys.outcome("ben", done) is None, "another librarian's"
    with pytest.raises(KeyReused):
        await keys.outcome("ana", action_id("ana", "key-1", b"another note"))


async def test_what_answers_no_click_of_a_page_leaves_no_row(archive: Archive) -> None:
    by_messenger = noted(action_id("ana", "xmpp 17"))
    of_the_clock = ev.Step(cause="a-tick", at=AT, events=(ev.Released(conversation="t1", by="ana"),))
    await write(archive, by_messenger, of_the_clock)
    async with archive.engine.connect() as sql:
        assert await sql.scalar(select(func.count()).select_from(tables.written)) == 0


async def test_answers_go_after_a_day(archive: Archive) -> None:
    id = action_id("ana", "key-1", b"a note")
    await write(archive, noted(id))
    await archive.idempotency.sweep(AT + KEEP_ANSWERS_MS)
    assert await archive.idempotency.outcome("ana", id) is not None
    await archive.idempotency.sweep(AT + KEEP_ANSWERS_MS + 1)
    assert await archive.idempotency.outcome("ana", id) is None


async def test_a_write_that_is_no_action_reserves_its_key(archive: Archive) -> None:
    keys = archive.idempotency
    assert await keys.begin("ana", "key-1", b"save") is None
    assert await keys.begin("ana", "key-1", b"save") == KeptAnswer(0, b""), "still being worked on"
    await keys.end("ana", "key-1", 200, b"{}")
    assert await keys.begin("ana", "key-1", b"save") == KeptAnswer(200, b"{}")
    with pytest.raises(KeyReused):
        await keys.begin("ana", "key-1", b"save another")


def test_the_key_alone_decides_whether_an_action_is_new() -> None:
    one, other = action_id("ana", "key-1", b"a note"), action_id("ana", "key-1", b"another note")
    assert (key_of(one), one != other) == (key_of(other), True)
    assert key_of(action_id("ana", "key-1")) == key_of(one)
    assert (request_of(action_id("ana", "key-1")), request_of(one) == request_of(other)) == ("", False)
