"""New rules never rewrite history: a log recorded by an earlier release gives the same desk when this release replays it.

A recording holds `log` (encoded steps, one entry a commit) and `half` (how many entries its snapshot covers). It holds the tables
of the release at `half` (`middle`) and after the last entry (`end`), and the `fields` of its records: these are compared.
The recording of 0.1.0 is 900 inputs of a simulated cooperative, with nearly every kind of event.
"""

from __future__ import annotations

import lzma
import os
import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType, GenericAlias
from typing import Any

import msgspec
import pytest

from routing import core, history, wire
from routing.invariants import invariants
from routing.state import State
from tests.routing.play import tables
from tests.routing.test_simulation import check, simulate

RECORDINGS = sorted((Path(__file__).parent / "history").glob("*.msgpack.xz"))
Tables = dict[str, dict[str, Any]]


def recorded(path: Path) -> dict[str, Any]:
    """Return a recording with its tables as today's records."""
    found: dict[str, Any] = msgspec.msgpack.decode(lzma.decompress(path.read_bytes()))
    for name in ("middle", "end"):
        found[name] = {
            table: msgspec.convert(rows, GenericAlias(dict, (str, State.TYPES[table])))
            for table, rows in found[name].items()
        }
    return found


def replayed(state: State, entries: list[bytes]) -> Tables:
    """Return the tables after `entries`."""
    for payload in entries:
        for step in wire.decode_steps(payload):
            core.apply(state, step)
    return tables(state)


def differences(now: Tables, then: Tables, fields: dict[str, list[str]]) -> list[str]:
    """Return what differs, a line a record; `fields`: those that the recording's release knew, [] for a table of plain values."""
    told = []
    for table, rows in then.items():
        for key in sorted(now[table].keys() | rows.keys()):
            a, b = now[table].get(key), rows.get(key)
            names = fields[table] if None not in (a, b) else []
            differing = [name for name in names if getattr(a, name) != getattr(b, name)]
            if differing or (not names and a != b):
                told.append(f"{table} {key} {differing}: {a}, was {b}")
    return told


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_an_earlier_release_s_log_gives_the_same_desk(path: Path) -> None:
    found = recorded(path)
    fresh = State.fresh()
    assert differences(replayed(fresh, found["log"][: found["half"]]), found["middle"], found["fields"]) == []
    assert differences(replayed(fresh, found["log"][found["half"] :]), found["end"], found["fields"]) == []
    assert invariants(fresh) == []


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_an_earlier_release_s_snapshot_and_the_log_after_it_give_the_same_desk(path: Path) -> None:
    found = recorded(path)
    loaded = State.of(found["middle"])
    assert differences(replayed(loaded, found["log"][found["half"] :]), found["end"], found["fields"]) == []
    assert invariants(loaded) == []


def test_what_is_decided_today_says_all_that_the_fold_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fold asks `history` about entries of 0.1.0 alone: a new event leaves no rule to later readers."""

    def asked(*args: object) -> None:
        raise AssertionError("an event of today does not say what the fold needs")

    for name, rule in vars(history).copy().items():
        if isinstance(rule, FunctionType) and rule.__module__ == history.__name__:
            monkeypatch.setattr(history, name, asked)
    for seed in (3, 4):
        check(simulate(seed, 300))


def test_no_rule_of_today_uses_one_of_yesterday() -> None:
    """Rules are above the line `fold` of their modules, and ask `history` nothing."""
    folder = Path(history.__file__).parent
    above = {path.name: path.read_text().partition("# ---- fold")[0] for path in sorted(folder.glob("*.py"))}
    del above["history.py"]
    assert [name for name, text in above.items() if re.search(r"\bhistory\.[a-z]+\(", text)] == []


def test_the_fold_reads_no_setting_of_a_library() -> None:
    """What a library set may change the next decision, never an old one. Deadlines ahead are worked out by `deadlines`."""
    folder = Path(history.__file__).parent
    folds = {path.name: path.read_text().partition("# ---- fold")[2] for path in sorted(folder.glob("*.py"))}
    assert sum(bool(text) for text in folds.values()) > 10
    del folds["channels.py"]  # a library that changed: whose deadlines are worked out again
    assert [name for name, text in folds.items() if "roster" in text or "timers" in text or "re." in text.split()] == []


def test_the_order_of_hashes_changes_nothing() -> None:
    """Replays in two processes with other hash seeds give the same bytes: nothing depends on the order of a set."""
    program = (
        "import hashlib, msgspec; from pathlib import Path; from routing.state import State;"
        "from tests.routing.test_history import RECORDINGS, recorded, replayed;"
        "ends = [msgspec.msgpack.encode(replayed(State.fresh(), recorded(one)['log'])) for one in RECORDINGS];"
        "print([hashlib.sha256(one).hexdigest() for one in ends])"
    )
    root = Path(__file__).parents[2]
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
