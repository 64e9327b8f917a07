"""Signs: throttled, best effort, to the right ears, over a real publish and subscribe."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.channels.signals import REPEAT_S, ChannelSignals, SignalBoard, Throttle
from bridge.contract.adapter import Signal, Undeclared
from tests.bridge.harbour import Harbour, harbour


@pytest_asyncio.fixture
async def port(tmp_path: Path) -> AsyncIterator[Harbour]:
    async with harbour(tmp_path) as opened:
        yield opened


@pytest_asyncio.fixture
async def board(port: Harbour) -> AsyncIterator[SignalBoard]:
    made = SignalBoard(port.store)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.wait([task])


def test_a_repeated_sign_is_told_once_in_a_while() -> None:
    clock = [0.0]
    throttle = Throttle(lambda: clock[0])
    typing, paused = Signal(kind="typing", address="a"), Signal(kind="paused", address="a")
    assert throttle.passes(typing)
    assert not throttle.passes(typing)
    assert throttle.passes(Signal(kind="typing", address="b"))
    assert throttle.passes(paused)
    assert throttle.passes(typing)
    clock[0] += REPEAT_S / 2
    assert not throttle.passes(typing)
    clock[0] += REPEAT_S / 2
    assert throttle.passes(typing)


async def eventually_heard(board: SignalBoard, told: Signal, ears: AsyncIterator[Signal]) -> Signal:
    """Tell until it is heard: a sign told before the subscription stands is lost, and may be."""
    hearing = asyncio.ensure_future(anext(ears))
    async with asyncio.timeout(30):
        while not hearing.done():
            await board.tell(told)
            await asyncio.wait([hearing], timeout=REPEAT_S + 0.1)
    return hearing.result()


async def test_signs_go_to_the_other_side_of_the_right_channel(board: SignalBoard) -> None:
    here = ChannelSignals(board, "here", typing=True)
    to_patron = Signal(kind="typing", channel="here", address="ada", librarian="lee", name="Lee")
    assert await eventually_heard(board, to_patron, here.listen("here")) == to_patron
    everything = board.listen()
    first = asyncio.ensure_future(anext(everything))
    await asyncio.sleep(0)
    await here.tell(Signal(kind="typing", channel="forged", address="ada", librarian="forged"))
    assert await asyncio.wait_for(first, 30) == Signal(kind="typing", channel="here", address="ada")


async def test_a_channel_hears_neither_patrons_nor_other_channels(board: SignalBoard) -> None:
    ears = ChannelSignals(board, "here", typing=True).listen("here")
    wanted = Signal(kind="paused", channel="here", address="ada", librarian="lee")
    hearing = asyncio.ensure_future(anext(ears))
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        while not hearing.done():
            await board.tell(Signal(kind="typing", channel="here", address="ada"))
            await board.tell(Signal(kind="typing", channel="there", address="ada", librarian="lee"))
            await board.tell(Signal(kind="viewing", channel="here", librarian="lee"))
            await board.tell(wanted)
            await asyncio.wait([hearing], timeout=REPEAT_S + 0.1)
    assert hearing.result() == wanted


async def test_what_is_not_declared_is_refused(board: SignalBoard) -> None:
    silent = ChannelSignals(board, "here", typing=False)
    with pytest.raises(Undeclared):
        await silent.tell(Signal(kind="typing"))
    with pytest.raises(Undeclared):
        await anext(silent.listen("here"))


async def test_the_board_comes_back_after_an_outage(port: Harbour, board: SignalBoard) -> None:
    told = Signal(kind="typing", channel="here", address="ada")
    assert await eventually_heard(board, told, board.listen()) == told
    os.kill(port.server.pid, signal.SIGKILL)
    again = Signal(kind="typing", channel="here", address="bob")
    assert await eventually_heard(board, again, board.listen()) == again


async def test_gibberish_and_a_slow_ear_harm_nobody(port: Harbour, board: SignalBoard) -> None:
    slow = board.listen()
    first = Signal(kind="typing", address="first")
    assert await eventually_heard(board, first, slow) == first
    ears = board.listen()
    hearing = asyncio.ensure_future(anext(ears))
    await asyncio.sleep(0)
    await port.store.publish(b"\xc1 gibberish")
    for number in range(600):
        await board.tell(Signal(kind="typing", address=f"a{number}"))
    assert (await asyncio.wait_for(hearing, 30)).address == "a0"
    while (await asyncio.wait_for(anext(ears), 30)).address != "a599":
        pass
    assert (await asyncio.wait_for(anext(slow), 30)).address != "a0"
