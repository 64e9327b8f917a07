"""The shape of the code: named, sized and explained as style.md's habits ask, measured instead of remembered."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from statistics import median

from routing.state import State
from tests.conftest import ROOT
from tests.house.source import PACKAGES, functions, modules, none, parsed, text_of, tracked

FUNCTION_LINES = 50
MEDIAN_LINES = 10

VAGUE = re.compile(r"(Manager|Handler|Processor|Helper|Utils?)($|[A-Z])")
VAGUE_MODULES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "base"}
WAIVER = re.compile(r"#\s*(type:\s*ignore|noqa)\b(?P<code>\[[^\]]+\]|:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*)?(?P<reason>.*)$")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_module_says_what_it_is_about() -> None:
    written = (path for path in modules(*PACKAGES, "tests") if path.stat().st_size)
    silent = [relative(path) for path in written if not ast.get_docstring(parsed(path))]
    none(silent)


def test_names_say_what_a_thing_is() -> None:
    vague = [relative(path) for path in modules(*PACKAGES, "tests") if path.stem in VAGUE_MODULES]
    vague += [
        f"{relative(path)} class {node.name}"
        for path in modules(*PACKAGES)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and VAGUE.search(node.name)
    ]
    none(vague)


def test_functions_stay_short() -> None:
    every = [function for function in functions(*PACKAGES) if "migrations" not in function.path.parts]
    long = [str(function) for function in every if function.lines > FUNCTION_LINES]
    none(long)
    assert median(function.lines for function in every) <= MEDIAN_LINES


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    code = (
        path for path in tracked() if path.suffix in {".py", ".ts", ".svelte", ".css", ".lua", ".js", ".sh", ".toml"}
    )
    left = [
        f"{relative(path)}:{number}"
        for path in code
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if marks.search(line)
    ]
    none(left)


def test_every_waiver_names_its_rule_and_its_reason() -> None:
    bare = []
    for path in modules(*PACKAGES, "tests"):
        for number, line in enumerate(text_of(path).splitlines(), 1):
            waiver = WAIVER.search(line)
            if waiver and not (waiver["code"] and len(waiver["reason"].strip(" #-–—:()")) > 4):
                bare.append(f"{relative(path)}:{number} {line.strip()}")
    none(bare)


def test_tests_speak_to_the_real_thing() -> None:
    pretend = []
    for path in modules("tests", "bridge/testing"):
        for node in ast.walk(parsed(path)):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            pretend += [
                f"{relative(path)} {name}" for name in named if name.startswith(("unittest.mock", "mock", "responses"))
            ]
    none(pretend)


def test_nothing_outside_the_tests_knows_where_the_corpora_lie() -> None:
    outside = "shared" + "/corpora"
    knowing = [relative(path) for path in tracked() if outside in text_of(path) or "../" + "shared" in text_of(path)]
    none(knowing)


AROUND_THE_JOURNAL = re.compile(
    r"\bstate\.\w+\s*[|+-]?=[^=]"
    rf"|\bstate\.({'|'.join(State.TYPES)})(\[[^\]]+\]\s*[|+-]?=[^=]|\.(pop|popitem|clear|update|setdefault|restore|load)\()"
    rf"|\bdel [\w.]*state\.\w+"
)


def test_adapters_keep_nothing_on_a_disk() -> None:
    """Another host that takes a channel over has only what is in `ports.memory`."""
    writing = re.compile(
        r"\.write_(text|bytes)\(|\.touch\(|\.mkdir\(|os\.(open|replace|rename)\(|open\([^)]*[\"'][rb]*[wax]"
    )
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in sorted((ROOT / "adapters").rglob("*.py"))
        for line in path.read_text().splitlines()
        if writing.search(line)
    ]
    assert found == []


def test_the_core_s_tables_change_through_put_and_drop_alone() -> None:
    """Any other way leaves out the indexes, and the journal that undoes an input which breaks."""
    around = [
        f"{relative(path)}: {match[0]}"
        for path in modules("bridge", "routing", "tests/routing")
        for match in AROUND_THE_JOURNAL.finditer(text_of(path))
    ]
    none(around)
    assert AROUND_THE_JOURNAL.search('state.known["a"] = 1')
    assert AROUND_THE_JOURNAL.search("decision.state.erasures += 1")


def test_no_two_public_classes_have_one_name() -> None:
    """Two things of one name make a reader look twice, and a search find the wrong one."""
    places: dict[str, list[str]] = {}
    for path in modules(*PACKAGES):
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(relative(path))
    none(f"{name}: {', '.join(found)}" for name, found in sorted(places.items()) if len(found) > 1)
