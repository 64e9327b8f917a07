"""Counting: from steps as the core commits them, through the real writer, to the numbers a library sees."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bridge.files.blobs import FileBlobs
from bridge.sql import tables
from bridge.sql.archive import Archive
from bridge.sql.privacy.retention import DAY_MS, Retention
from bridge.sql.statistics.consortium import count_consortium
from bridge.sql.statistics.numbers import Count, Numbers, RouteCount, count
from bridge.sql.statistics.period import Period
from routing import events as ev
from tests.sql.test_follow import Desk, desk, received, said

__all__ = ["desk"]  # a fixture

HOMES = {"ana": "north", "ben": "north", "dora": "south"}
MONDAY = date(2026, 3, 30)
PERIOD = Period(first=MONDAY, last=date(2026, 4, 5), timezone="Europe/Berlin")
START = int(datetime(2026, 3, 30, 8, 30, tzinfo=UTC).timestamp() * 1000)
"""Half past ten in Berlin, the day after its clocks went forward."""


class Story:
    """Tells of conversations at moments of its own choice."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def begin(self, talk: str, *, at: int = START, queue: str = "north/reference", **more: Any) -> None:
        """Let a patron write at `at`; it waits."""
        opened: dict[str, Any] = {"channel": "web", "live": True, "library": "north", "address": f"web:{talk}"} | more
        await self.at(
            at,
            ev.Opened(conversation=talk, queue=queue, **opened),
            received(talk, talk, "Quintessential", address=f"web:{talk}"),
            ev.Queued(conversation=talk, queue=queue, since=at, reason="new"),
        )

    async def at(self, at: int, *events: ev.Event) -> None:
        """Commit events at a moment."""
        self.desk.at = at - 1000  # commit adds a second
        await self.desk.commit(*events)

    async def answered(self, talk: str, after_s: float, *, by: str = "ana", at: int = START, **begin: Any) -> None:
        """Let a patron write, and a librarian answer after so many seconds."""
        await self.begin(talk, at=at, **begin)
        await self.claim(talk, by)
        await self.at(at + int(after_s * 1000), said(talk, 0, "Here.", by=by))

    async def claim(self, talk: str, by: str = "ana", how: ev.How = "claim") -> None:
        await self.desk.commit(ev.Claimed(conversation=talk, by=by, how=how))

    async def close(self, talk: str, code: str = "answered", *, by: str = "ana", **more: Any) -> None:
        await self.desk.commit(ev.Closed(conversation=talk, by=by, code=code, **more))

    async def numbers(self, period: Period = PERIOD, *, queue: str = "", library: str = "north") -> Numbers:
        """Let the archive write what was told, and count."""
        async with self.desk.following():
            await self.desk.caught_up()
        return await count(self.desk.archive.engine, library, period, HOMES, queue=queue)


@pytest.fixture
def story(desk: Desk) -> Story:
    return Story(desk)


def some(counts: list[Count]) -> dict[str, int]:
    """Return the counts that are not 0."""
    return {each.key: each.n for each in counts if each.n}


async def test_of_nothing_there_is_nothing_and_no_wait(story: Story) -> None:
    found = await story.numbers()
    assert (found.total, found.practice, found.live.answered, found.live.quantiles) == (0, 0, 0, [])
    assert [each.key for each in found.days] == PERIOD.days()
    assert some(found.days + found.hours + found.ends + found.live.buckets + found.slow.buckets + found.queues) == {}


async def test_what_nobody_answered_is_a_bucket_of_its_own_and_no_short_wait(story: Story) -> None:
    await story.begin("open")
    await story.begin("closed")
    await story.close("closed")
    await story.begin("lost")
    await story.claim("lost")
    await story.close("lost", "lost_call")
    await story.begin("left")
    await story.desk.commit(ev.PatronGone(conversation="left", gone=True))
    await story.close("left", by_default=True)
    found = await story.numbers()
    assert some(found.ends) == {"open": 1, "closed": 1, "abandoned": 2}
    assert (found.live.answered, found.live.longest, found.live.quantiles) == (0, 0, [])
    assert some(found.live.buckets + found.slow.buckets) == {}
    assert (found.routes, found.libraries) == ([], [])


async def test_only_a_patron_who_was_seen_to_leave_and_awaits_nothing_has_abandoned(story: Story) -> None:
    for talk in ("back", "guessed", "form", "open", "slow", "later"):
        await story.begin(talk, live=talk != "slow")
        await story.desk.commit(ev.PatronGone(conversation=talk, gone=True, guessed=talk == "guessed"))
    await story.desk.commit(ev.PatronGone(conversation="back", gone=False))
    await story.claim("later")
    await story.desk.commit(said("later", 0, "It goes to your mail."))
    for talk in ("back", "guessed", "slow", "later"):
        await story.close(talk)
    await story.close("form", "follow_up_library")
    found = await story.numbers()
    assert some(found.ends) == {"closed": 4, "open": 1, "answered": 1}


async def test_the_wait_ends_with_the_first_word_of_a_librarian(story: Story) -> None:
    """Neither the desk's own words, nor the claim, nor a note end it, and a second answer changes nothing."""
    await story.begin("t1")
    notice = said("t1", 9, "A librarian will be with you.").delivery
    await story.at(START + 5_000, ev.Noticed(conversation="t1", delivery=notice))
    await story.at(START + 10_000, ev.Claimed(conversation="t1", by="ana", how="claim"))
    await story.at(START + 15_000, ev.Noted(conversation="t1", id="n", by="ana", text="looks it up"))
    await story.at(START + 45_000, said("t1", 0, "Hello."))
    await story.at(START + 90_000, said("t1", 1, "Here it is.", by="ben"))
    found = await story.numbers()
    assert (found.live.longest, some(found.live.buckets)) == (45, {"90": 1})
    assert some(found.ends) == {"answered": 1}


async def test_quantiles_and_buckets_live_and_slow_apart(story: Story) -> None:
    for n, wait in enumerate((0, 19.9, 20, 89, 90, 179, 180, 599, 600, 5000)):
        await story.answered(f"live{n}", wait)
    for n, hours in enumerate((0.5, 1, 3.9, 4, 23, 24, 100)):
        await story.answered(f"slow{n}", hours * 3600, live=False, channel="mail")
    found = await story.numbers()
    assert [(each.percent, each.seconds) for each in found.live.quantiles] == [
        (50, 90),
        (75, 599),
        (90, 600),
        (95, 4980),
    ]
    assert (found.live.answered, found.live.longest) == (10, 5000)
    assert some(found.live.buckets) == {"20": 2, "90": 2, "180": 2, "600": 2, "": 2}
    assert [(each.percent, each.seconds // 3600) for each in found.slow.quantiles] == [
        (50, 4),
        (75, 24),
        (90, 100),
        (95, 100),
    ]
    assert some(found.slow.buckets) == {"3600": 1, "14400": 2, "86400": 2, "": 2}
    assert some(found.channels) == {"web": 10, "mail": 7}


async def test_it_is_credited_to_who_answered_and_every_hop_counts_once(story: Story) -> None:
    await story.answered("home", 10)
    await story.begin("south")
    await story.desk.commit(ev.TierOpened(conversation="south", tier=1))
    await story.claim("south", "dora")
    await story.desk.commit(said("south", 0, "For your librarians.", by="dora"))
    await story.begin("moved")
    await story.claim("moved")
    await story.desk.commit(ev.Released(conversation="moved", by="ana"), queued("moved", "north/reference", "released"))
    await story.desk.commit(ev.TierOpened(conversation="moved", tier=1))
    await story.claim("moved")
    await story.desk.commit(
        queued("moved", "north/law", "transferred"), ev.Claimed(conversation="moved", by="zoe", how="transfer")
    )
    await story.desk.commit(said("moved", 0, "Paragraph three.", by="zoe"))
    await story.desk.commit(queued("moved", "north/maps", "lost-librarian"))
    found = await story.numbers()
    assert some(found.libraries) == {"north": 1, "south": 1, "": 1}
    assert found.routes == [
        RouteCount(entered="north/reference", answered="north/reference", n=2),
        RouteCount(entered="north/reference", answered="north/law", n=1),
    ]
    assert some(found.hops) == {"0": 1, "1": 1, "3": 1}
    assert some(found.hop_kinds) == {"roll-over": 2, "return": 2, "transfer": 1}


def queued(talk: str, queue: str, reason: ev.WhyQueued) -> ev.Queued:
    return ev.Queued(conversation=talk, queue=queue, since=START, reason=reason)


async def test_practice_is_left_out_and_said(story: Story) -> None:
    await story.answered("real", 30)
    await story.answered("practice", 3000)
    await story.desk.commit(ev.TierOpened(conversation="practice", tier=1))
    await story.close("practice", "practice", read_scale=6, descriptive=("training",))
    await story.desk.commit(ev.Rated(conversation="practice", id="r", score=1))
    found = await story.numbers()
    assert (found.total, found.practice, found.live.longest) == (1, 1, 30)
    assert some(found.read_scale + found.descriptive + found.hop_kinds) == {}
    assert found.codes == []
    assert some(found.ratings) == {"": 1}
    await story.desk.commit(ev.Recoded(conversation="practice", by="ana", code="answered", before="practice"))
    found = await story.numbers()
    assert (found.total, found.practice, found.live.longest) == (2, 0, 3000)


async def test_codes_scale_reference_and_ratings(story: Story) -> None:
    ends: tuple[dict[str, Any], ...] = (
        {"by_default": True},
        {"descriptive": ("hours", "loans"), "read_scale": 1, "reference": False},
        {"descriptive": ("loans",), "read_scale": 4, "reference": True},
        {"code": "follow_up_me", "read_scale": 4, "reference": True},
    )
    for n, more in enumerate(ends):
        await story.answered(f"t{n}", 10)
        await story.close(f"t{n}", **more)
    await story.answered("open", 10)
    for talk, score in (("t0", 1), ("t1", 2), ("t2", 3), ("t2", 3)):
        await story.desk.commit(ev.Rated(conversation=talk, id=f"{talk}-r", score=score))
    found = await story.numbers()
    assert {(each.key, each.n, each.by_default) for each in found.codes} == {("answered", 3, 1), ("follow_up_me", 1, 0)}
    assert some(found.descriptive) == {"loans": 2, "hours": 1}
    assert some(found.read_scale) == {"1": 1, "4": 2, "0": 1}
    assert some(found.reference) == {"yes": 2, "no": 1, "": 1}
    assert some(found.ratings) == {"3": 1, "2": 1, "1": 1, "": 2}


async def test_a_correction_may_take_back_that_it_was_reference(story: Story) -> None:
    await story.answered("t1", 10)
    await story.close("t1", by_default=True, reference=True, read_scale=3)
    await story.numbers()
    await story.desk.commit(ev.Recoded(conversation="t1", by="ana", code="answered", before="answered"))
    await story.desk.commit(ev.Rated(conversation="t1", id="r", score=3))
    found = await story.numbers()
    assert (some(found.reference), some(found.read_scale)) == ({"": 1}, {"0": 1})
    assert [(each.n, each.by_default) for each in found.codes] == [(1, 0)]
    assert some(found.ratings) == {"3": 1}


async def test_days_are_the_library_s_and_whole(story: Story) -> None:
    """Berlin's days around the night in which its clocks go forward, and the first and last ms of a day."""
    day = Period(first=date(2026, 3, 29), last=date(2026, 3, 29), timezone="Europe/Berlin")
    begin, end = day.span
    assert (end - begin) // 3_600_000 == 23
    for n, at in enumerate((begin - 1, begin, end - 1, end)):
        await story.begin(f"t{n}", at=at)
    found = await story.numbers(day)
    assert (found.total, some(found.days)) == (2, {"2026-03-29": 2})
    assert (some(found.hours), some(found.weekdays)) == ({"0": 1, "23": 1}, {"6": 2})
    assert some(found.week) == {"6 0": 1, "6 23": 1}
    await story.begin("half", at=START)
    elsewhere = Period(first=MONDAY, last=MONDAY, timezone="Asia/Kathmandu")  # 5 h 45 min ahead
    assert some((await story.numbers(elsewhere)).hours)["14"] == 1


async def test_a_library_s_own_and_one_queue_s(story: Story) -> None:
    await story.begin("t1")
    await story.begin("t2", queue="north/law")
    await story.begin("t3", library="south", queue="south/reference")
    assert some((await story.numbers()).queues) == {"north/reference": 1, "north/law": 1}
    assert some((await story.numbers(queue="north/law")).queues) == {"north/law": 1}
    assert some((await story.numbers(library="south")).queues) == {"south/reference": 1}
    assert (await story.numbers(library="west")).total == 0


async def test_what_was_forgotten_still_counts(story: Story, archive: Archive, tmp_path: Path) -> None:
    await story.answered("t1", 40, by="dora")
    await story.desk.commit(ev.TierOpened(conversation="t1", tier=1))
    await story.close("t1", by="dora", descriptive=("loans",), read_scale=2, reference=True)
    await story.desk.commit(ev.Rated(conversation="t1", id="r", score=3, comment="Quintessential"))
    await story.begin("left")
    await story.desk.commit(ev.PatronGone(conversation="left", gone=True))
    await story.close("left")
    before = await story.numbers()
    retention = Retention(archive.engine, FileBlobs(tmp_path / "blobs"))
    assert await retention.sweep({"north": 90}, START + 100 * DAY_MS) == 2
    async with archive.engine.connect() as sql:
        assert (await sql.execute(select(tables.line))).all() == []
    after = await story.numbers()
    assert after == before
    assert some(after.ends) == {"answered": 1, "abandoned": 1}


async def test_more_than_a_portion_is_counted_whole(story: Story, archive: Archive) -> None:
    row = {"library": "north", "channel": "web", "address": "", "live": True, "queue_entered": "north/reference"}
    row |= {"queue": "north/reference", "last_at": START, "state": "closed", "code": "answered", "answered_by": "ana"}
    rows = [row | {"id": f"t{n}", "opened_at": START + n, "first_answer_at": START + n * 2} for n in range(5000)]
    async with archive.engine.begin() as sql:
        await sql.execute(insert(tables.conversation), rows)
    found = await story.numbers()
    assert (found.total, found.live.answered, found.live.longest) == (5000, 5000, 4)
    assert some(found.live.buckets) == {"20": 5000}


async def test_a_consortium_counts_received_at_home_and_answered_where_the_librarian_is(
    story: Story,
) -> None:
    await story.answered("own", 10)
    await story.answered("helped", 30, by="dora")
    await story.answered("other", 50, by="dora", library="south", queue="south/reference")
    await story.begin("waits", library="south", queue="south/reference")
    engine = story.desk.archive.engine
    async with story.desk.following():
        await story.desk.caught_up()
    found = await count_consortium(engine, dict.fromkeys(("north", "south", "west"), "Europe/Berlin"), PERIOD, HOMES)
    shown = [
        (one.library, one.received, one.answered, one.by_partners, one.for_partners, one.unanswered, one.median_live)
        for one in (found.together, *found.libraries)
    ]
    assert shown == [
        ("", 4, 3, 1, 1, 1, 30),
        ("north", 2, 2, 1, 0, 0, 10),
        ("south", 2, 1, 0, 1, 1, 50),
        ("west", 0, 0, 0, 0, 0, None),
    ]
    assert [(one.received, one.answered, one.n) for one in found.exchanges] == [("north", "south", 1)]
