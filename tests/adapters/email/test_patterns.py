"""No pattern of the parser backtracks: each is tried on lines made to make it do so.

The lines are made from the pattern itself. There is a line for each part of it that repeats without a limit. First comes an
example of what is before the part, then many of what it repeats, then something that makes it fail. Common hostile lines come on
top. A line of twice the length may cost about twice the time; a pattern that costs the square or more of it fails.

Two steps keep this short. Of lines that the pattern cannot tell apart, one is tried (`_alike`). And a line is first tried short:
where twice the length costs about twice the time, it is not tried longer (`straight`).
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import adapters.email

ROOT = adapters.email.__name__
parser: Any = importlib.import_module("re._parser")  # the library's own reading of a pattern (Python 3.11 and later)
MOST = 3.2  # of twice the length; a square makes 4
TOO_SHORT = 0.02  # seconds in which nothing can be told
SIZES = [64 << step for step in range(10)]  # to 32,768
TRIALS = ((512, 0.000015), (4_096, 0.001))  # characters, and how many seconds the cost may lie above a straight line
MANY = 50  # a repetition of fewer is none
ENDS = ("", "\x00", " (name)>")
COMMON = (
    *"*_-=~ \t><@aA1.:;,/?\"'()[]\\|\n+#—私\xa0\u3000",
    *("a ", "a@", "a@b.c", "a@b.c;", "<a@b>", "; ", ";a", "a=", "=?a?q?", "(a", "(\\", '"a', "On ", "On 1 Jan 2021 "),
    *(
        "wrote:",
        "> ",
        "- ",
        "a-",
        "1:1",
        "1 a",
        "a: b\n",
        ">\n",
        "<p>",
        "\r\n",
        "5.1.1 ",
        "550 ",
        "http://",
        "sent from my ",
    ),
)
TRIED = "aA1_-=*.:;,<>()[]\"'/\\@ \t\n\r私—\xa0"
THIRD = {"HEADINGS"}  # a library's; tried on the few lines that it is given, in test_growth


def modules() -> list[str]:
    """The modules of the adapter, in all its folders, without the name of the adapter."""
    walk = pkgutil.walk_packages(adapters.email.__path__, f"{ROOT}.")
    return [one.name.removeprefix(f"{ROOT}.") for one in walk if not one.ispkg]


def patterns() -> dict[str, re.Pattern[Any]]:
    """Every pattern that the adapter's modules compile, and those that they pass to a function of `re`."""
    found: dict[str, re.Pattern[Any]] = {}
    for place in modules():
        module = importlib.import_module(f"{ROOT}.{place}")
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and name not in THIRD:
                found[f"{place}.{name}"] = value
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_re(node.func):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and node.func.attr != "compile":
                    flags = re.DOTALL if any(isinstance(part, ast.Attribute) for part in node.args[1:]) else 0
                    found[f"{place}, line {node.lineno}"] = re.compile(first.value, flags)
    unique = {(pattern.pattern, pattern.flags): name for name, pattern in reversed(found.items())}
    return {name: re.compile(*key) for key, name in unique.items()}


def _is_re(function: ast.Attribute) -> bool:
    return isinstance(function.value, ast.Name) and function.value.id == "re"


def hostile(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """Pairs of a beginning and of what is repeated after it."""
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    tree = list(parser.parse(pattern.pattern, flags))
    made = dict.fromkeys(_repeats(tree, "", pattern.flags))
    if made:  # without a repetition each place costs a bounded time
        atoms = {repr(atom): atom for atom in _atoms(tree)}
        yield from (("", unit) for unit in _alike(list(atoms.values()), pattern.flags))
    yield from made
    yield from dict.fromkeys(("", (before + unit)[:200]) for before, unit in made if before)


def _alike(atoms: list[Any], flags: int) -> Iterable[str]:
    """The common lines, one of those that consist of the same kinds of characters as this pattern sees them."""

    def kind(character: str) -> tuple[bool, ...]:
        forms = {character, character.lower(), character.upper()} if flags & re.IGNORECASE else {character}
        known = (bool(re.match(r"\w", character)), character.isspace(), character == "\n", character.isascii())
        return known + tuple(any(_takes([atom], one, flags) for one in forms if len(one) == 1) for atom in atoms)

    kinds = {character: kind(character) for character in set("".join(COMMON))}
    return {tuple(kinds[character] for character in unit): unit for unit in COMMON}.values()


def _atoms(items: Sequence[Any]) -> Iterator[Any]:
    """Each part of a pattern that takes one character."""
    for kind, value in items:
        if str(kind) in ("IN", "ANY", "NOT_LITERAL", "LITERAL"):
            yield kind, value
        for part in _inside(str(kind), value):
            yield from _atoms(list(part))


def _inside(name: str, value: Any) -> Sequence[Any]:
    """The sequences that one part of a pattern holds."""
    if "REPEAT" in name:
        return [value[2]]
    if name == "BRANCH":
        return list(value[1])
    if name.startswith("ASSERT"):
        return [value[1]]
    return [value[3]] if name == "SUBPATTERN" else [value] if name == "ATOMIC_GROUP" else []


def _repeats(items: Sequence[Any], before: str, flags: int) -> Iterator[tuple[str, str]]:
    """What is repeated in this sequence, and in what it holds; each with an example of what comes before it."""
    for kind, value in items:
        name = str(kind)
        if "REPEAT" in name and value[1] >= MANY:
            yield from ((before, unit) for unit in _units(list(value[2]), flags))
        for part in _inside(name, value)[:12]:
            yield from _repeats(list(part), before, flags)
        before += _example([(kind, value)], flags)


def _units(body: list[Any], flags: int) -> list[str]:
    """Up to five characters that the body of a repetition takes, or one example of a longer one."""
    if len(body) == 1 and str(body[0][0]) in ("IN", "ANY", "NOT_LITERAL", "LITERAL"):
        return [one for one in TRIED if _takes(body, one, flags)][:5] or [_example(body, flags)]
    return [example] if (example := _example(body, flags)) else []


def _takes(body: list[Any], character: str, flags: int) -> bool:
    kind, value = body[0]
    if str(kind) == "LITERAL":
        return chr(value) == character
    if str(kind) == "NOT_LITERAL":
        return chr(value) != character
    return character != "\n" if str(kind) == "ANY" else _in(value, character)


CATEGORY = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}


def _in(items: Sequence[Any], character: str) -> bool:
    inside, negated = False, False
    for kind, value in items:
        name = str(kind)
        if name == "NEGATE":
            negated = True
        elif name == "LITERAL":
            inside |= chr(value) == character
        elif name == "RANGE":
            inside |= value[0] <= ord(character) <= value[1]
        elif name == "CATEGORY":
            word = str(value).removeprefix("CATEGORY_")
            positive = CATEGORY[word.removeprefix("NOT_")]
            inside |= bool(re.match(positive, character)) != word.startswith("NOT_")
    return inside != negated


def _example(items: Sequence[Any], flags: int) -> str:
    """A short text that these items most likely take."""
    out = ""
    for kind, value in items:
        name = str(kind)
        if name == "LITERAL":
            out += chr(value)
        elif name in ("IN", "NOT_LITERAL", "ANY"):
            out += next((one for one in TRIED if _takes([(kind, value)], one, flags)), "")
        elif "REPEAT" in name:
            out += _example(list(value[2]), flags) * min(value[0], 60)
        elif name == "SUBPATTERN":
            out += _example(list(value[3]), flags)
        elif name == "BRANCH":
            out += _example(list(value[1][0]), flags)
        elif name == "ATOMIC_GROUP":
            out += _example(list(value), flags)
    return out


def seconds(pattern: re.Pattern[Any], line: str, use: str = "search") -> float:
    """The processor time of one search, or match where the pattern is used for nothing else."""
    text = line.encode() if isinstance(pattern.pattern, bytes) else line
    begun = time.process_time()
    getattr(pattern, use)(text)
    return time.process_time() - begun


def use_of(name: str) -> str:
    """How the modules use a pattern of this name."""
    uses = set(re.findall(rf"\b{name.rpartition('.')[2] or '-'}\.([a-z]+)\(", SOURCES))
    return "match" if uses and uses <= {"match", "fullmatch"} else "search"


def straight(cost: Callable[[int], float]) -> bool:
    """Whether the cost of a short line grows no faster than its length, at one of two sizes."""
    for size, bent in TRIALS:
        begin, half, whole = cost(0), cost(size // 2), cost(size)
        if whole - 2 * half + begin < bent:
            return True
    return False


def grows(pattern: re.Pattern[Any], use: str, first: str, unit: str, end: str) -> bool:
    """Whether this line costs much more than its length."""

    def cost(size: int) -> float:
        return seconds(pattern, first + unit * (size // len(unit)) + end, use)

    if straight(cost):
        return False
    before = 0.0
    for size in SIZES:
        now = cost(size)
        if now > MOST * max(before, TOO_SHORT):
            now = min(now, cost(size), cost(size))  # the machine may have been busy
            if now > MOST * max(before, TOO_SHORT):
                return True
        before = now
    return False


def lines_for(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """Each line to try: its beginning, its repeated part and its end."""
    return ((first[:200], unit, end) for first, unit in hostile(pattern) for end in (ENDS if first else ENDS[1:]))


FOUND = patterns()
SOURCES = "".join(path.read_text() for path in Path(adapters.email.__path__[0]).rglob("*.py"))


@pytest.mark.parametrize("name", FOUND)
def test_no_pattern_costs_more_than_the_length_of_a_line(name: str) -> None:
    pattern = FOUND[name]
    use = use_of(name)
    assert not next((line for line in lines_for(pattern) if grows(pattern, use, *line)), None)


def test_the_patterns_of_every_folder_are_tried() -> None:
    known = {
        *("addresses.ADDRESS", "mime.fields.MESSAGE_ID", "parse.markup.HIDDEN", "trimming.attributions.ADDRESS"),
        *("classify.bounce.RECIPIENT", "desk.matching.QUOTED", "network.smtp.ADDRESS"),
    }
    folders = {path.parent.name for path in Path(adapters.email.__path__[0]).glob("*/__init__.py")}
    assert known <= FOUND.keys()
    assert folders == {name.partition(".")[0] for name in known if name.count(".") > 1}


@pytest.mark.parametrize("pattern", [r" +$", r"\w+@", r"<[^>]*>", r"^\s*\n*x", r"(?=[a-z ]+:)\w", r"(?:a|b)*c"])
def test_a_pattern_that_backtracks_is_found(pattern: str) -> None:
    bad = re.compile(pattern)
    assert any(grows(bad, "search", *line) for line in lines_for(bad))
