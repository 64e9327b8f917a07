"""The shape of the pages' modules: each small enough to read, and none in a circle of imports."""

from __future__ import annotations

import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.conftest import ROOT
from tests.house.source import none, text_of, tracked

UI = ROOT / "ui"
SUFFIXES = (".ts", ".tsx", ".svelte")
SCRIPT_LINES = 400
# The widget's conversation is one state machine over one connection.
LONG = {"widget/chat.ts"}
GENERATED = re.compile(r"\A// Written from .* Do not edit")

SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)
IMPORTED = re.compile(r"""(?:\bfrom\s+|\bimport\s+|\bimport\()["'](?P<path>\.[^"']+)["']""")


def sources() -> Iterator[Path]:
    """Every module of the pages, but not their tests."""
    for path in tracked():
        if path.is_relative_to(UI) and path.suffix in SUFFIXES and "test" not in path.relative_to(UI).parts:
            yield path


def script(path: Path) -> str:
    """A module's code; of a component, what is between its script tags."""
    text = text_of(path)
    return "\n".join(SCRIPT.findall(text)) if path.suffix == ".svelte" else text


def name(path: Path) -> str:
    return str(path.relative_to(UI))


def imported(path: Path, known: frozenset[Path]) -> Iterator[Path]:
    """The modules of ours that a module imports, for types alone as well."""
    for found in IMPORTED.finditer(script(path)):
        base = (path.parent / found["path"]).resolve()
        yield from (one for suffix in ("", *SUFFIXES) if (one := base.with_name(base.name + suffix)) in known)


def test_no_module_of_a_page_is_too_long_to_read() -> None:
    long = {name(path): lines for path in sources() if (lines := len(script(path).splitlines())) > SCRIPT_LINES}
    generated = {name(path) for path in sources() if GENERATED.match(text_of(path))}
    none(f"{path}: {lines} lines" for path, lines in long.items() if path not in LONG | generated)
    none(f"{path} is short now: take it off the list" for path in LONG - long.keys())


def test_no_modules_of_a_page_import_each_other_in_a_circle() -> None:
    """A circle makes both modules one: neither is understood, tested or loaded without the other."""
    known = frozenset(sources())
    graph = {name(path): {name(one) for one in imported(path, known)} - {name(path)} for path in known}
    assert sum(map(len, graph.values())) > 200, "this test cannot read the imports"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(" <- ".join(error.args[1])) from None
