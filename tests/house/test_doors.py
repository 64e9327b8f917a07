"""The doors: what is packed, what is installed, and that nothing happens by merely importing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.house.source import PACKAGES, modules, none, text_of, tracked

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ADDRESS = re.compile(r"https?://|git\+|file:")

IMPORT_ALL = """
import importlib, os, sys, threading
before = set(os.listdir("/proc/self/fd")), dict(os.environ)
for name in sys.argv[1:]:
    importlib.import_module(name)
assert threading.active_count() == 1, threading.enumerate()
assert set(os.listdir("/proc/self/fd")) == before[0], "files or sockets were left open"
assert dict(os.environ) == before[1], "the environment was changed"
with open(f"/proc/self/task/{os.getpid()}/children") as children:
    assert children.read() == "", "a child process was started"
"""


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


GROUPED = """
import pytest

pytestmark = pytest.mark.xdist_group("few-at-a-time")

@pytest.mark.parametrize("address", ["a@good", "a@bad"])
def test_address(address):
    assert address == "a@good"
"""


def test_what_failed_beside_others_is_run_again_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_sessionfinish\n")
    (tmp_path / "test_grouped.py").write_text(GROUPED)

    def ends(*options: str) -> str:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-o",
            "addopts=",
            "--rootdir",
            str(tmp_path),
            *options,
            str(tmp_path),
        ]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False).stdout

    assert "1 failed, 1 passed" in ends("-n", "1", "--dist", "loadgroup")
    again = ends("--last-failed", "--last-failed-no-failures", "none")
    assert "1 failed" in again
    assert "passed" not in again


def test_importing_does_nothing_else() -> None:
    names = [module_name(path) for path in modules(*PACKAGES) if "migrations" not in path.parts]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALL, *names],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_module_of_the_house_has_its_place_among_the_layers() -> None:
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = {name.strip(" ()").removeprefix("bridge.") for layer in layers for name in layer.split(" : ")}
    there = {path.stem for path in (ROOT / "bridge").glob("*.py")} - {"__init__"}
    there |= {path.parent.name for path in (ROOT / "bridge").glob("*/__init__.py")}
    none(there - placed)


def test_every_kind_of_channel_has_a_rig() -> None:
    kinds = PYPROJECT["project"]["entry-points"]["deskbridge.adapters"]
    rigless = [
        kind
        for kind in kinds
        if not (ROOT / "tests" / "conformance" / f"rig_{kind.replace('-', '_')}.py").is_file()
        and not kind.startswith("practice-")  # there is no network: tests/training plays them through a whole daemon
    ]
    none(rigless)
    installed = {
        entry.name
        for entry in entry_points(group="deskbridge.adapters")
        if entry.dist and entry.dist.name == "deskbridge"
    }
    assert installed == set(kinds), "install again: pip install -e ."


def test_lock_files_hold_versions_and_no_addresses() -> None:
    pins = [line for line in (ROOT / "requirements.lock").read_text().splitlines() if line and not line.startswith("#")]
    none(pin for pin in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", pin))
    lock = json.loads((ROOT / "ui" / "package-lock.json").read_text())
    none(path for path, package in lock["packages"].items() if "resolved" in package)


def test_every_dependency_is_pinned() -> None:
    project = PYPROJECT["project"]
    wanted = [*project["dependencies"], *(w for extra in project["optional-dependencies"].values() for w in extra)]
    names = {re.split(r"[\[<>=;! ]", want, maxsplit=1)[0].lower().replace("_", "-") for want in wanted} - {"deskbridge"}
    pinned = {
        line.split("==")[0].lower().replace("_", "-") for line in (ROOT / "requirements.lock").read_text().splitlines()
    }
    assert names - pinned == set(), "run `make lock`"


def test_the_changelog_has_a_chapter_for_this_version() -> None:
    version = PYPROJECT["project"]["version"]
    assert re.search(rf"^## \[({re.escape(version)}|Unreleased)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_every_verb_that_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"`make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert named >= {"run", "test"}
    none(verb for verb in named if not re.search(rf"^{verb}:", makefile, re.MULTILINE))


def test_nothing_built_is_kept_in_git() -> None:
    built = ("/static/", "/node_modules/", "/dist/", "__pycache__", "/build/")
    none(str(path) for path in tracked() if any(part in f"/{path.relative_to(ROOT)}" for part in built))


def test_no_large_file_slips_in() -> None:
    none(str(path) for path in tracked() if path.stat().st_size > 1_000_000)


@pytest.mark.xdist_group("wheel")
@pytest.mark.timeout(300)
class TestWheel:
    """What `pip install` of the built wheel would lay down."""

    def test_it_holds_the_built_pages(self, wheel: Path) -> None:
        names = zipfile.ZipFile(wheel).namelist()
        for page in ("bridge/inbox/static/index.html", "adapters/webchat/static/widget.js"):
            assert page in names
        assert any(re.fullmatch(r"bridge/inbox/static/.+\.js", name) for name in names)

    def test_it_holds_every_file_that_the_code_reads(self, wheel: Path) -> None:
        names = set(zipfile.ZipFile(wheel).namelist())
        kept = [path for path in tracked() if path.relative_to(ROOT).parts[0] in PACKAGES]
        none(str(path) for path in kept if str(path.relative_to(ROOT)) not in names)

    def test_it_holds_nothing_of_the_workshop(self, wheel: Path) -> None:
        tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
        assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)

    def test_its_pages_fetch_nothing_from_elsewhere(self, wheel: Path) -> None:
        packed = zipfile.ZipFile(wheel)
        fetching = re.compile(r"""(src|href)=["']?https?://|@import\s+["']?https?://|url\(["']?https?://""")
        pages = [name for name in packed.namelist() if "/static/" in name and name.endswith((".html", ".css"))]
        assert pages
        none(name for name in pages if fetching.search(packed.read(name).decode()))


def test_no_address_of_a_registry_is_written_down() -> None:
    registries = re.compile(r"(pypi\.org|npmjs\.(org|com)|pythonhosted\.org|deb\.debian\.org)")
    kept = (path for path in tracked() if path.suffix not in {".md"})
    none(str(path) for path in kept if registries.search(text_of(path)) and path != Path(__file__))
