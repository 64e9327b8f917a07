"""`deskbridge adapter new NAME`: write the files of `package`, with the new kind's name in them."""

from __future__ import annotations

import keyword
import re
import sys
from importlib.metadata import entry_points
from pathlib import Path
from string import Template

PACKAGE = Path(__file__).parent / "package"
NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
LONGEST = 30
PLACES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "package__init__.py.txt": "{module}/__init__.py",
    "config.py.txt": "{module}/config.py",
    "network.py.txt": "{module}/network.py",
    "codec.py.txt": "{module}/codec.py",
    "adapter.py.txt": "{module}/adapter.py",
    "tests/rig.py.txt": "tests/rig.py",
    "tests/test_contract.py.txt": "tests/test_contract.py",
}


def name_fault(name: str) -> str:
    """Return why a kind cannot have this name, "" when it can."""
    if not NAME.fullmatch(name) or len(name) > LONGEST or keyword.iskeyword(name):
        return f"{name!r} is no name of a kind: a-z, 0-9 and hyphens, a letter first, {LONGEST} at most"
    if name in entry_points(group="deskbridge.adapters").names:
        return f"there is a kind {name!r} already"
    return ""


def new(name: str, folder: Path) -> int:
    """Write the package of a new kind into `folder`, which must not exist; return the exit code."""
    wrong = name_fault(name) or (f"{folder} exists already" if folder.exists() else "")
    if wrong:
        print(wrong, file=sys.stderr)
        return 1
    module = f"deskbridge_{name.replace('-', '_')}"
    values = {"name": name, "module": module, "Class": "".join(part.title() for part in name.split("-"))}
    for source, place in PLACES.items():
        target = folder / place.format(module=module)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template((PACKAGE / source).read_text("utf-8")).substitute(values), "utf-8")
    (folder / "tests" / "__init__.py").touch()
    (folder / module / "py.typed").touch()
    print(f"written: {folder}. Its README.md says how to go on.")
    return 0
