"""Who had which patrons when a process died: another one takes them over, and tells of those who come nowhere."""

from __future__ import annotations

import aiohttp
import pytest

from adapters.webchat import attendance
from adapters.webchat.adapter import WebchatConfig
from adapters.webchat.attendance import DEAD_S, PRESENT, Attendance
from bridge.contract.adapter import Busy
from bridge.testing.memory import ProcessMemory
from bridge.testing.ring import Ring
from bridge.testing.scene import eventually
from tests.webchat.conftest import House
from tests.webchat.test_admission import serves
from tests.webchat.test_protocol import at, write


class Clock:
    """The store's clock in ms and the processes' in seconds, as one."""

    seconds = 1_000_000.0

    def __call__(self) -> int:
        return round(self.seconds * 1000)


async def test_the_patrons_of_a_dead_process_are_taken_over_once() -> None:
    clock = Clock()
    memory = ProcessMemory(clock)
    one, other = Attendance(memory), Attendance(memory)
    for process, sender in ((one, "jane"), (one, "kim"), (one, "lou"), (other, "max")):
        process.came(sender)
        assert await process.look(clock.seconds) == []
    one.told("lou")
    other.came("kim")  # at both
    for process in (one, other):
        await process.look(clock.seconds)
    clock.seconds += DEAD_S - 1
    assert await other.look(clock.seconds) == []
    clock.seconds += 11
    assert await other.look(clock.seconds) == ["jane"]
    clock.seconds += 11
    assert await other.look(clock.seconds) == []
    other.told("jane")
    await other.look(clock.seconds)
    assert sorted(row.key for row in await memory.rows(PRESENT)) == ["kim", "max"]
    await other.forget(["kim"])
    again = Attendance(memory)  # all were away for days
    clock.seconds += 30 * 3_600
    assert await again.look(clock.seconds) == ["max"]


async def test_what_could_not_be_remembered_is_remembered_later_and_another_s_row_stays() -> None:
    clock = Clock()
    memory = ProcessMemory(clock)
    one, other = Attendance(memory), Attendance(memory)
    one.came("jane")
    memory.away = True
    with pytest.raises(Busy):
        await one.look(clock.seconds)
    memory.away = False
    await one.look(clock.seconds)
    other.came("jane")
    await other.look(clock.seconds)
    one.told("jane")
    await one.look(clock.seconds)
    assert [row.key for row in await memory.rows(PRESENT)] == ["jane"]


async def test_the_librarian_hears_that_a_patron_left_whose_host_died(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.webchat.departures.GONE_S", 0.1)
    monkeypatch.setattr(attendance, "BEAT_S", 0.1)
    monkeypatch.setattr(attendance, "DEAD_S", 1.0)
    ring = await house(beat=0.2)
    other = ring.beside()
    await other.start(WebchatConfig(beat=0.2))

    async def remembered() -> bool:
        return bool(await ring.memory.rows(PRESENT))

    async with aiohttp.ClientSession() as session:
        try:
            assert await eventually(lambda: serves(other, session), 20)
            async with session.ws_connect(at(other, "live")) as ws:
                await write(ws, "Do you have the atlas?")
                sender = (await ring.message("Do you have the atlas?")).sender
                assert await eventually(remembered, 20)
                await other.crash()
        finally:
            await other.stop()
    await ring.until(lambda: False in ring.signs(sender), "the librarian told")
    assert await eventually(lambda: _nobody(ring), 20)


async def _nobody(ring: Ring) -> bool:
    return not await ring.memory.rows(PRESENT)
