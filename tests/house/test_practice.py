"""The rules of practice and the tests that play them: `tests/practice.toml` names both, and nothing on it may go missing unseen."""

from __future__ import annotations

import tomllib
from collections import Counter
from typing import Any

from tests.conftest import ROOT
from tests.house.source import FunctionNode, none, parsed

SECTIONS = {"routing", "closing", "follow-up", "non-local"}


def rules() -> list[dict[str, Any]]:
    """Every rule of the list."""
    found: list[dict[str, Any]] = tomllib.loads((ROOT / "tests/practice.toml").read_text("utf-8"))["rule"]
    return found


def test_every_rule_of_practice_has_a_test() -> None:
    none(rule["says"] for rule in rules() if not rule["tests"] or set(rule) != {"of", "says", "tests"})
    assert {rule["of"] for rule in rules()} == SECTIONS


def test_no_rule_of_practice_is_listed_twice() -> None:
    none(says for says, count in Counter(rule["says"] for rule in rules()).items() if count > 1)


def test_every_test_that_plays_a_rule_of_practice_exists() -> None:
    missing = []
    for rule in rules():
        for test in rule["tests"]:
            file, _, name = test.partition("::")
            path = ROOT / file
            known = (
                {node.name for node in parsed(path).body if isinstance(node, FunctionNode)} if path.is_file() else ()
            )
            if not name.startswith("test_") or name not in known:
                missing.append(f"{rule['says']} {test}")
    none(missing)
