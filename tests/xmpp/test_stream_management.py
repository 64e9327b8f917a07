"""Stream management's counters, against a server that loses the line whenever it likes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.xmpp.stream_management import MODULUS, StreamManagement


def begun() -> StreamManagement:
    management = StreamManagement()
    management.begin()
    return management


def test_only_what_is_durable_is_acknowledged() -> None:
    management = begun()
    first, second = management.arrive(), management.arrive()
    management.handle(second)
    assert management.handled == 0
    management.handle(first)
    assert management.handled == 2


def test_a_resumed_stream_carries_on() -> None:
    management = begun()
    for number in range(5):
        management.send(f"m{number}")
    done, _ = management.arrive(), management.arrive()
    management.handle(done)
    assert management.resume(3) == ["m3", "m4"]
    assert management.handled == 1
    management.handle(management.arrive())
    assert management.handled == 2


def test_a_server_that_acknowledges_too_much_is_not_believed() -> None:
    management = begun()
    management.send("only")
    management.acknowledge(MODULUS - 1)
    management.acknowledge(7)
    assert not management.has(1)


@given(st.lists(st.sampled_from(["send", "ack", "cut"]), max_size=60), st.data())
def test_nothing_is_lost_or_doubled_whenever_the_line_breaks(steps: list[str], data: st.DataObject) -> None:
    management, server, under_way, sent = begun(), list[str](), list[str](), 0
    for step in steps:
        if step == "send":
            sent += 1
            management.send(f"m{sent}")
            under_way.append(f"m{sent}")
        elif step == "ack":
            taken = data.draw(st.integers(0, len(under_way)))
            server += under_way[:taken]
            under_way = under_way[taken:]
            management.acknowledge(len(server))
        else:
            server += under_way[: data.draw(st.integers(0, len(under_way)))]
            under_way = management.resume(len(server))
    assert server + under_way == [f"m{number}" for number in range(1, sent + 1)]
