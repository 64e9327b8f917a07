"""The pages' sources: what a rule can say of all of them, so that no page has to be opened to know it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT
from tests.house.source import none, text_of, tracked

EACH = re.compile(r"\{#each (?P<list>[^{}]+?) as (?P<item>\{[^}]*\}|\w+)(?:, (?P<n>\w+))?(?: \((?P<key>[^{}]*)\))?\}")
CONSTANT = re.compile(r"(inbox\.)?[A-Z][A-Z_]+(\.filter\(.*\))?|\[.*\]( as const)?")
# What the desk makes itself, one for each: ids, tickets of uploads, keys of what is under way.
OURS = re.compile(r"(\w+\.)?(id|ticket)|entry\.key")
PREACT = re.compile(r"\bkey=\{(?P<key>[^}]*)\}")
PREACT_OURS = re.compile(r"\w+\.id|String\(again\)")


def sources(suffix: str) -> Iterator[tuple[str, str]]:
    for path in tracked():
        if path.suffix == suffix and path.is_relative_to(ROOT / "ui"):
            yield str(path.relative_to(ROOT)), text_of(Path(path))


def test_no_list_is_keyed_by_what_a_stranger_chooses() -> None:
    """Two rows with one key end a Svelte page for good. What comes from outside, and what an administrator types, may come twice:
    such a list is keyed by its index."""
    wrong, seen = [], 0
    for name, text in sources(".svelte"):
        assert len(EACH.findall(text)) == text.count("{#each "), f"{name}: a list that this test cannot read"
        for each in EACH.finditer(text):
            seen += 1
            key, constant = each["key"], CONSTANT.fullmatch(each["list"]) and each["key"] == each["item"]
            if key is None or not (key == each["n"] or OURS.fullmatch(key) or constant):
                wrong.append(f"{name}: {each[0]}")
    for name, text in sources(".tsx"):
        keys = PREACT.findall(text)
        seen += len(keys)
        wrong += [f"{name}: key={{{key}}}" for key in keys if not PREACT_OURS.fullmatch(key)]
    assert seen > 40
    none(wrong)
