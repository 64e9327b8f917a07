"""A library's numbers by mail: through the real adapter and a real server, each period once, figures alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bridge.contract.adapter import Outcome, Rejected, Retry, Uncertain
from bridge.contract.message import Delivery
from bridge.reporting.upkeep import ReportUpkeep, due_period
from bridge.sql.archive import Archive
from bridge.sql.statistics.settings import ReportSettings
from routing.organisation import Library
from routing.state import State
from tests.email.conftest import Mail
from tests.email.site import words
from tests.sql import seeded_year as facts

NOW = int(datetime(2024, 4, 2, 9, 0, tzinfo=UTC).timestamp() * 1000)
MONTHLY = ReportSettings(mail_rhythm="monthly", mail_to=["eve@localhost"], mail_since="2024-03-15")


def desk(channel: str) -> State:
    state = State()
    library = Library(id="north", revision=1, name="North Library", timezone="Europe/Berlin", contact_channel=channel)
    state.libraries.put("north", library)
    return state


async def test_a_month_s_numbers_arrive_once_and_name_nobody(mail: Mail, tmp_path: Path) -> None:
    await mail.start()
    archive = await Archive.open(f"sqlite:///{tmp_path / 'archive.sqlite'}")
    try:
        talks, asked = facts.year(600)
        await facts.write(archive.engine, talks, asked)
        await archive.report_settings.keep("north", MONTHLY)
        supervisor = mail.ring.supervisor
        assert supervisor is not None
        adapter = supervisor.runners[mail.ring.channel].adapter
        state = desk(mail.ring.channel)
        two = [
            ReportUpkeep(
                archive, lambda: state, lambda: facts.MODES, adapter.send, lambda _: True, lambda: True, "https://desk"
            )
            for _ in range(2)
        ]
        assert sum(await asyncio.gather(*(one.mail_due(NOW) for one in two))) == 1
        assert await two[0].mail_due(NOW + 3_600_000) == 0
        (got,) = await mail.gets("eve", 1)
        assert got["Subject"] == "North Library: numbers from March 1, 2024 to March 31, 2024"
        assert got["Auto-Submitted"] == "auto-generated"
        text = words(got)
        march = facts.those_of(talks, "north", date(2024, 3, 1), date(2024, 3, 31))
        assert f"Conversations that began: {len(facts.real(march))}" in text
        assert "https://desk/inbox#/reports" in text
        assert not [one.id for one in march if one.id in text]
        (done,) = await archive.report_mailings.latest("north")
        assert (done.state, done.first) == ("sent", "2024-03-01")
    finally:
        await archive.close()


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Rejected("no-such-address"), "failed"),
        (Uncertain("link-lost"), "uncertain"),
        (Retry("unreachable"), "waiting"),
    ],
)
async def test_what_became_of_it_is_said_and_only_a_certain_no_is_tried_again(
    outcome: Outcome, state: str, tmp_path: Path
) -> None:
    archive = await Archive.open(f"sqlite:///{tmp_path / 'archive.sqlite'}")
    tried: list[Delivery] = []

    async def send(delivery: Delivery) -> Outcome:
        tried.append(delivery)
        return outcome

    try:
        await archive.report_settings.keep("north", MONTHLY)
        upkeep = ReportUpkeep(archive, lambda: desk("mail"), dict, send, lambda name: name == "mail", lambda: True, "")
        for _ in range(2):
            await upkeep.mail_due(NOW)
        assert len(tried) == (2 if state == "waiting" else 1)
        assert len({one.id for one in tried}) == 1
        assert (await archive.report_mailings.latest("north"))[0].state == state
        elsewhere = ReportUpkeep(
            archive, lambda: desk("sms"), dict, send, lambda name: name == "mail", lambda: True, ""
        )
        tried.clear()
        assert (await elsewhere.mail_due(NOW), tried) == (0, [])
    finally:
        await archive.close()


def test_a_period_is_due_from_six_and_not_before_mail_was_switched_on() -> None:
    monday = datetime(2024, 4, 1, 6, 0, tzinfo=UTC)
    week = (date(2024, 3, 25), date(2024, 3, 31))
    assert due_period(monday, "weekly", "2024-03-31") == week
    assert due_period(monday.replace(hour=5), "weekly", "") == (date(2024, 3, 18), date(2024, 3, 24))
    assert due_period(monday, "weekly", "2024-04-01") is None
    assert due_period(datetime(2024, 3, 1, 7, tzinfo=UTC), "monthly", "") == (date(2024, 2, 1), date(2024, 2, 29))
    assert due_period(monday, "off", "") is None
