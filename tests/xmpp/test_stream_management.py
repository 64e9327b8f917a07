"""Stream management's counters, against a server that loses the line whenever it likes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.xmpp.stream_management import MODULUS, StreamManagement


def begun() -> StreamManagement:
    tally = StreamManagement()
    tally.begin()
    return tally


def test_only_what_is_durable_is_acknowledged() -> None:
    tally = begun()
    first, second = tally.arrive(), tally.arrive()
    tally.handle(second)
    assert tally.handled == 0
    tally.handle(first)
    assert tally.handled == 2


def test_a_resumed_stream_carries_on() -> None:
    tally = begun()
    for number in range(5):
        tally.send(f"m{number}")
    done, _ = tally.arrive(), tally.arrive()
    tally.handle(done)
    assert tally.resume(3) == ["m3", "m4"]
    assert tally.handled == 1
    tally.handle(tally.arrive())
    assert tally.handled == 2


def test_a_server_that_acknowledges_too_much_is_not_believed() -> None:
    tally = begun()
    tally.send("only")
    tally.acknowledge(MODULUS - 1)
    tally.acknowledge(7)
    assert not tally.has(1)


@given(st.lists(st.sampled_from(["send", "ack", "cut"]), max_size=60), st.data())
def test_nothing_is_lost_or_doubled_whenever_the_line_breaks(steps: list[str], data: st.DataObject) -> None:
    tally, server, under_way, sent = begun(), list[str](), list[str](), 0
    for step in steps:
        if step == "send":
            sent += 1
            tally.send(f"m{sent}")
            under_way.append(f"m{sent}")
        elif step == "ack":
            taken = data.draw(st.integers(0, len(under_way)))
            server += under_way[:taken]
            under_way = under_way[taken:]
            tally.acknowledge(len(server))
        else:
            server += under_way[: data.draw(st.integers(0, len(under_way)))]
            under_way = tally.resume(len(server))
    assert server + under_way == [f"m{number}" for number in range(1, sent + 1)]
