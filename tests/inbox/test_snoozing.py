"""Snoozing through the interface: the row for everybody, the order, the audit, and who is refused."""

from __future__ import annotations

import time

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk
from tests.inbox.test_forget import archived

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOUR = 3_600_000


async def test_what_is_snoozed_is_calm_for_everybody_and_comes_back_as_late_as_it_was(
    desk: Desk, browsers: Browsers
) -> None:
    talk, later = await desk.patron("snooze-a", "Thanks!"), await desk.patron("snooze-b", "And then?")
    ana, ben, cora = [await browsers.of(name) for name in ("ana", "ben", "cora")]
    page = await ben.live()
    await page.next()
    asked = (await ana.deed(talk, "claim"))["row"]["unanswered_since"]
    await ana.deed(later, "claim")
    row = (await ana.deed(talk, "snooze", {"why": "later", "until": time.time_ns() // 1_000_000 + HOUR}))["row"]
    assert (row["unanswered_since"], row["snoozed"]["by_name"], row["can_snooze"]) == (0, "Ana Alves", True)
    told = await page.until(lambda told: told["t"] == "rows" and any(one.get("snoozed") for one in told["upsert"]))
    (seen,) = (one for one in told["upsert"] if one["id"] == talk)
    assert (seen["snoozed"]["why"], seen["can_snooze"]) == ("later", False)
    order = [one["id"] for one in await ana.rows("mine")]
    assert order.index(later) < order.index(talk), "after what nobody has answered"
    row = (await ana.deed(talk, "wake"))["row"]
    assert (row["unanswered_since"], row["snoozed"]) == (asked, None)
    await archived(desk)
    deeds = (await cora.get(f"/conversations/{talk}/audit"))[1]["deeds"]
    assert {"snoozed", "woken"} <= {one["what"] for one in deeds if one["who"] == "ana"}
    view = (await cora.get(f"/conversations/{talk}"))[1]
    assert {"snoozed", "woken"} <= {line["event"] for line in view["lines"] if line["who"] == "system"}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"why": "later"}, "until"),
        ({"why": "no-answer", "until": 5}, "until"),
        ({"why": "bored"}, "why"),
        ({"why": "later", "until": -1}, "until"),
    ],
)
async def test_a_wrong_wish_names_its_field(
    desk: Desk, browsers: Browsers, body: dict[str, object], named: str
) -> None:
    talk = await desk.patron("snooze-c", "Hm")
    ana = await browsers.of("ana")
    await ana.post(f"/conversations/{talk}/claim")
    status, refused = await ana.post(f"/conversations/{talk}/snooze", body)
    assert (status, named in refused["detail"]) == (422, True)


async def test_a_colleague_does_not_snooze_it_and_a_stranger_does_not_find_it(desk: Desk, browsers: Browsers) -> None:
    talk = await desk.patron("snooze-d", "Hm")
    await (await browsers.of("ana")).deed(talk, "claim")
    ben, dora = await browsers.of("ben"), await browsers.of("dora")
    status, refused = await ben.post(f"/conversations/{talk}/snooze", {"why": "patron"})
    assert (status, refused["reason"]) == (409, "not-yours")
    for verb, body in (("snooze", {"why": "patron"}), ("wake", None)):
        assert (await dora.post(f"/conversations/{talk}/{verb}", body))[0] in (403, 404)
