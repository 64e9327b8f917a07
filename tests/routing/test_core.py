"""The core's own promises: pure decisions, nothing left of what breaks, replay, wire, deadlines."""

from __future__ import annotations

import subprocess
import sys
from types import GenericAlias
from typing import Any, get_args, get_origin

import msgspec
import pytest

from bridge.contract.message import Action, Claim, Deed, Message, Presence, Receipt, Say, Started, Tick
from routing import core, events, offers, timers, wire
from routing.core import ACTIONS, FOLDS, RULES
from routing.decision import Decision
from routing.deliveries import notify
from routing.events import Event, Faulted, Given, Step, WhyRefused, answer, deliveries
from routing.organisation import Library
from routing.state import SLACK, State
from routing.wording import ENGLISH, fill, notice, reason
from tests.routing.play import BEGIN, Play, north, tables

HELLO = Message(id="m1", channel="web", sender="pat", source="1", text="Hi")


def staffed() -> Play:
    return Play().script("> ana comes\n> ana serves north/ask\n> ben comes p2.b\n> ben serves north/ask")


def test_tables_are_complete() -> None:
    assert set(FOLDS) == set(get_args(Event))
    assert set(RULES) | {Tick} == {get_origin(kind) or kind for kind in get_args(Given)}
    assert set(ACTIONS) == set(get_args(Deed))


def test_the_same_input_has_the_same_ids() -> None:
    one, two = staffed(), staffed()
    assert one.give(HELLO) == two.give(HELLO)


@pytest.mark.parametrize("broken", ["queued", "ask", "notify"])
def test_what_breaks_leaves_nothing_behind(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    play = staffed().script("> mel: Hi\n> ana claims mel")
    before, timers_before = tables(play.state), dict(play.state.armed)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("broken on purpose")

    if broken == "queued":
        monkeypatch.setitem(FOLDS, events.Queued, fail)
        step = core.step(play.state, HELLO, "m1", play.now)
    elif broken == "ask":
        monkeypatch.setattr(offers, "tell", fail)
        step = core.step(play.state, HELLO, "m1", play.now)
    else:
        monkeypatch.setitem(FOLDS, events.Said, fail)
        say = Action(id="a1", by="ana", deed=Say(conversation=play.id_of("mel"), text="Hello"))
        step = core.step(play.state, say, "a1", play.now)
        assert answer(step) == step.events[0]
        assert core.answers(step.events[0], say)
    assert step.events == (Faulted(input=step.cause, error="RuntimeError: broken on purpose"),)
    assert tables(play.state) == before
    assert play.state.armed.items() >= timers_before.items()
    monkeypatch.undo()
    play.script("> pat: Hi\n< opened; received; queued; offered")


def test_a_timer_that_breaks_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    play = staffed().script("> bad: Hi\n> good: Hi")
    bad, plain = play.id_of("bad"), notify

    def fail(decision: Decision, it: object, *args: object, **kwargs: object) -> None:
        if getattr(it, "id", "") == bad:
            raise RuntimeError("broken on purpose")
        plain(decision, it, *args, **kwargs)  # type: ignore[arg-type] # handed on as it came

    monkeypatch.setattr(timers, "notify", fail)
    before = play.state.conversations[bad]
    at = play.now + 76_000
    step = core.step(play.state, Tick(), "t1", at)
    assert [type(event).__name__ for event in step.events] == ["Reminded", "Noticed", "Faulted"] or [
        type(event).__name__ for event in step.events
    ] == ["Faulted", "Reminded", "Noticed"]
    assert play.state.conversations[bad] == before
    following = core.next_deadline(play.state)
    assert following is None or following > at


def test_state_is_a_fold_over_the_written_steps() -> None:
    play = staffed().script("> pat: Hi\n> ana claims pat\n> ana says pat: Hello\n> +6min\n> pat: again")
    state = State.fresh()
    for step in wire.decode_steps(wire.encode_steps(play.log)):
        core.apply(state, step)
    assert tables(state) == tables(play.state)


def read(written: bytes, table: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.msgpack.decode(written, type=GenericAlias(dict, (str, State.TYPES[table])))
    return found


def test_state_from_its_tables_goes_on_alike() -> None:
    play = staffed().script("> pat: Hi\n> ana claims pat\n> mel@sms: Hi\n> ana transfers pat to ben")
    written = {name: read(msgspec.msgpack.encode(dict(table)), name) for name, table in play.state.tables().items()}
    loaded = State.of(written)
    assert tables(loaded) == tables(play.state)
    assert core.next_deadline(loaded) == core.next_deadline(play.state)
    for given, at in ((HELLO, play.now), (Tick(), play.now + 90_000), (Tick(), play.now + 400_000)):
        cause = wire.cause(given, f"{at}-0", 0)
        assert core.step(loaded, given, cause, at) == core.step(play.state, given, cause, at)
    assert tables(loaded) == tables(play.state)


def test_nothing_is_due_at_a_fresh_desk_nor_before_the_grace() -> None:
    play = staffed().script("> pat: Hi")
    play.give(Started(process="p9"))
    due = core.next_deadline(play.state)
    assert due == play.now + 30_000
    assert core.step(play.state, Tick(), "t", play.now + 29_999).events == ()


def test_a_replica_keeps_no_timer_of_what_is_forgotten() -> None:
    """It folds the steps and never rings: what it holds must not grow with all that ever happened."""
    play = staffed()
    for n in range(150):
        play.script(f"> p{n}: Hi\n> ana claims p{n}\n> ana closes p{n} as=follow_up_me to=p@x.org\n> ana blocks p{n}")
        play.script(f"> ana sets p{n} closed\n> ana unblocks web p{n}")
    assert len(play.shadow.timers) >= 150 > SLACK
    play.script("> +25h")
    assert not play.shadow.conversations
    assert not play.shadow.armed
    assert len(play.shadow.timers) <= SLACK


def test_causes_and_source_keys() -> None:
    action = Action(id="a", by="ana", deed=Claim(conversation="c"))
    receipt = Receipt(delivery="d", stage="sent")
    presence = Presence(process="p", connection="c", librarian="ana", up=True)
    library = Library(id="north", revision=3, name="North")
    assert (wire.cause(HELLO, "1-0", 0), wire.source_key(HELLO)) == ("m1", "m1")
    assert (wire.cause(action, "1-0", 0), wire.source_key(action)) == ("a", "a")
    assert wire.source_key(receipt) == wire.cause(receipt, "9-9", 3)
    assert wire.source_key(Receipt(delivery="d", stage="read")) != wire.source_key(receipt)
    assert wire.cause(presence, "1-0", 0) != wire.cause(presence, "1-0", 1)
    assert [wire.source_key(one) for one in (presence, Tick(), Started(process="p"))] == ["", "", ""]
    assert wire.source_key(library) != wire.source_key(Library(id="north", revision=4, name="North"))


def test_deliveries_of_a_step_in_order() -> None:
    play = staffed().script("> pat: Hi\n> ana says pat: Hello")
    found = deliveries(play.log[-1])
    assert [one.kind for one in found] == ["notice", "text"]
    assert wire.decode_delivery(wire.encode(found[1])) == found[1]
    assert answer(play.log[-1]) == play.log[-1].events[-1]
    assert answer(Step(cause="x", at=BEGIN, events=())) is None


def test_every_refusal_has_words() -> None:
    assert [why for why in get_args(WhyRefused) if f"reason.{why}" not in ENGLISH] == []


def test_what_is_rolled_back_counts_no_erasure() -> None:
    state = State.fresh()
    mark = len(state.journal)
    FOLDS[events.Erased](state, events.Erased(conversation="c1"), BEGIN)
    assert state.erasures == 1
    state.rollback(mark)
    assert state.erasures == 0


def test_the_core_loads_no_web_server_and_no_database() -> None:
    """A replay needs the core alone. The core needs the contract, and nothing that the contract names in types alone."""
    program = (
        "import sys, pkgutil, importlib, routing;"
        "[importlib.import_module(f'routing.{one.name}') for one in pkgutil.iter_modules(routing.__path__)];"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'aiohttp', 'sqlalchemy', 'redis', 'hiredis', 'asyncio'}))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_words_are_filled_once() -> None:
    assert fill("{a} and {b} and {c}", {"a": "{b}", "b": "2"}) == "{b} and 2 and {c}"
    german = north(wording={"notice.goodbye": "Danke!", "reason.taken": "{holder} hat das schon."})
    assert notice(german, "goodbye", "", {}) == "Danke!"
    assert notice(german, "closed", "until", {"opening": "8:00"}).startswith(
        "We're closed at the moment and will open again 8:00"
    )
    assert reason(german, "taken", {"holder": "Ana"}) == "Ana hat das schon."
