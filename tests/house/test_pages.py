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


PHYSICAL = re.compile(
    r"\b(?:margin|padding|border)-(?:left|right)\b|\btext-align:\s*(?:left|right)\b|\bfloat:\s*(?:left|right)\b"
    r"|[\s;{](?:left|right):\s*(?!\s*(?:boolean|number|Address))[\d.a-z(-]+[^;]*;|-(?:left|right)-radius\b"
)
FOUR = re.compile(r"\b(?:padding|margin|inset):\s*(?P<sides>[^;{}]+);")
SIDE = re.compile(r"(?:[^\s(]|\((?:[^()]|\([^()]*\))*\))+")


def test_styles_name_sides_by_the_direction_of_writing() -> None:
    """Arabic and Hebrew mirror a page: a style says start and end, never left and right (CSS Logical Properties 1)."""
    wrong, seen = [], 0
    for suffix in (".svelte", ".css"):
        for name, text in sources(suffix):
            style = text if suffix == ".css" else "".join(re.findall(r"<style>(.*?)</style>", text, re.DOTALL))
            seen += bool(style)
            wrong += [f"{name}: {match[0].strip()}" for match in PHYSICAL.finditer(style)]
            for match in FOUR.finditer(style):
                sides = SIDE.findall(match["sides"])
                if len(sides) == 4 and sides[1] != sides[3]:
                    wrong.append(f"{name}: {match[0]}")
    assert seen > 50
    none(wrong)
