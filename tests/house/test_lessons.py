"""tests/LESSONS.md tells the truth: every test that it names is there."""

from __future__ import annotations

import ast
import re

from tests.conftest import ROOT
from tests.house.source import FunctionNode, none, parsed

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_test_that_the_lessons_name_exists() -> None:
    text = (ROOT / "tests" / "LESSONS.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and "Our test" not in line]
    none(row for row in rows if not NAMED.search(row))
    named = NAMED.findall(text)
    assert len(named) > len(rows) > 20
    missing = []
    for file, test in named:
        path = ROOT / file
        there = (
            {node.name for node in ast.walk(parsed(path)) if isinstance(node, FunctionNode)}
            if path.is_file()
            else set()
        )
        if test not in there:
            missing.append(f"{file}::{test}")
    none(missing)
