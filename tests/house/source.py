"""The source as the house rules read it: files, and functions with their lengths."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

PACKAGES = ("bridge", "adapters", "routing")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Function(NamedTuple):
    """A function of ours; `lines` are those of its code, without decorators and docstring."""

    path: Path
    name: str
    lines: int

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)} {self.name}: {self.lines} lines"


@cache
def modules(*folders: str) -> tuple[Path, ...]:
    """Every Python file below these folders of the repository."""
    return tuple(sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py")))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(*folders: str) -> Iterator[Function]:
    """Every function and method below these folders."""
    for path in modules(*folders):
        for node in ast.walk(parsed(path)):
            if isinstance(node, FunctionNode):
                yield Function(path, node.name, length(node))


def length(node: FunctionNode) -> int:
    total = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1:
        total -= (first.end_lineno or first.lineno) - first.lineno + 1
    return total


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that git keeps or would keep, read as text where it is text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())


def none(found: Iterable[object]) -> None:
    """Assert that nothing was found, and name all that was."""
    every = [str(one) for one in found]
    assert not every, "\n" + "\n".join(every)


def text_of(path: Path) -> str:
    """A file's text; empty for what is no text."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", "replace")
