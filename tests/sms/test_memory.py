"""Opt-outs as they are remembered."""

from __future__ import annotations

from pathlib import Path

from adapters.sms.memory import Memory

PAIR = ("+15005550100", "+15005550111")


async def test_a_start_that_comes_twice_is_the_same_start(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    await memory.load()
    await memory.opt("SM1", *PAIR, 1_000, out=True)
    assert memory.opted_out(*PAIR)
    assert not memory.opted_in("SM2")
    await memory.opt("SM2", *PAIR, 2_000, out=False)
    again = Memory(tmp_path)
    await again.load()
    for known in (memory, again):
        assert not known.opted_out(*PAIR)
        assert known.opted_in("SM2")  # the list brings it once more: it is shown as what it was
        assert not known.opted_in("SM1")
