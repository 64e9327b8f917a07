"""Plain English: words that a reader has to read twice stand in no docstring, no comment and no text on a screen."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from bridge.contract import catalogues
from tests.conftest import ROOT
from tests.house.source import PACKAGES, modules, none, parsed

BANNED = re.compile(
    r"\b(anew|in vain|at hand|let go of|lets go of|leave be|that which|whoever|the house|a house|he|his|him|himself)\b",
    re.I,
)
SCREEN = re.compile(
    rf"{BANNED.pattern}|\b(?:just now|(?:is|are|was|were|do|does|did|has|have|will|can|could) ?not)\b", re.I
)
LEFT = 86  # banned words that older modules still hold; the number only shrinks


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the docstrings and comments of a module with their lines."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield getattr(node, "lineno", 1), ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def catalogue(node: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a catalogue with their keys."""
    if isinstance(node, dict):
        for name, inside in node.items():
            yield from catalogue(inside, f"{key}.{name}")
    elif isinstance(node, str):
        yield key, node


def test_screens_speak_plainly() -> None:
    texts = [
        pair
        for name in catalogues.catalogues()
        for pair in catalogue(json.loads((catalogues.SHIPPED / f"{name}.en.json").read_text("utf-8")))
    ]
    none(f"{key}: {match[0]!r} in {text!r}" for key, text in texts if (match := SCREEN.search(text)))


def test_docstrings_and_comments_hold_no_banned_words() -> None:
    found = [
        (path, line, match[0])
        for path in modules(*PACKAGES)
        for line, text in prose(path)
        for match in BANNED.finditer(text)
    ]
    if len(found) > LEFT:
        none(f"{path.relative_to(ROOT)}:{line}: {word!r}" for path, line, word in found)
