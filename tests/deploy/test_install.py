"""The install script, run for real below a directory of its own: twice, and over an older release."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [pytest.mark.xdist_group("wheel"), pytest.mark.timeout(300)]

SCRIPT = ROOT / "deploy" / "install.sh"


def install(dest: Path, *words: str) -> str:
    """Run the script; what it said. The packages that ours needs are left out: pip's part is not on trial."""
    env = {**os.environ, "DESTDIR": str(dest), "PYTHON": sys.executable, "PIP_NO_DEPS": "1"}
    done = subprocess.run([str(SCRIPT), *words], env=env, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def tree(dest: Path) -> dict[str, int]:
    """Every path below a directory with the time of its last change."""
    return {str(path.relative_to(dest)): path.lstat().st_mtime_ns for path in dest.rglob("*")}


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Path:
    dest = tmp_path_factory.mktemp("pristine")
    install(dest, "--wheel", str(wheel))
    return dest


@pytest.fixture
def installed(tmp_path: Path, pristine: Path) -> Path:
    """A copy of a finished installation, for a test to change."""
    return shutil.copytree(pristine, tmp_path / "host", symlinks=True)


def test_the_second_time_nothing_changes(installed: Path, wheel: Path) -> None:
    before = tree(installed)
    assert "nothing to do" in install(installed, "--wheel", str(wheel))
    assert tree(installed) == before


def test_all_that_the_unit_names_is_there(installed: Path) -> None:
    command = installed / "opt/deskbridge/current/bin/deskbridge"
    assert os.access(command, os.X_OK)
    assert os.access(installed / "usr/local/bin/deskbridge", os.X_OK)
    assert (installed / "etc/systemd/system/deskbridge.service").is_file()
    assert (installed / "usr/local/share/doc/deskbridge/runbook.md").is_file()
    assert (installed / "etc/deskbridge/secrets").stat().st_mode & 0o777 == 0o700


def test_an_upgrade_keeps_the_configuration_and_the_older_release(installed: Path, wheel: Path) -> None:
    config = installed / "etc/deskbridge/deskbridge.toml"
    config.write_text("# mine\n")
    older = (installed / "opt/deskbridge/current").readlink()
    newer = installed / wheel.name
    newer.write_bytes(wheel.read_bytes() + b"\0")
    install(installed, "--wheel", str(newer))
    current = (installed / "opt/deskbridge/current").readlink()
    assert current != older
    assert (installed / "opt/deskbridge" / older / ".complete").is_file()
    assert config.read_text() == "# mine\n"


def test_an_interrupted_install_is_done_again(installed: Path, wheel: Path) -> None:
    release = installed / "opt/deskbridge" / (installed / "opt/deskbridge/current").readlink()
    (release / ".complete").unlink()
    (release / "bin/deskbridge").unlink()
    install(installed, "--wheel", str(wheel))
    assert (release / "bin/deskbridge").is_file()


def test_a_dry_run_only_speaks(tmp_path: Path, wheel: Path) -> None:
    said = install(tmp_path, "--dry-run", "--wheel", str(wheel))
    assert "+ build" in said
    assert tree(tmp_path) == {}


def test_of_several_wheels_the_newest_version_is_meant(tmp_path: Path) -> None:
    shutil.copytree(SCRIPT.parent, tmp_path / "deploy")
    (tmp_path / "dist").mkdir()
    for version in ("0.9.0", "0.10.0", "0.10.0rc1", "0.2.0"):
        (tmp_path / "dist" / f"deskbridge-{version}-py3-none-any.whl").write_bytes(version.encode())
    env = {**os.environ, "DESTDIR": str(tmp_path / "host"), "PYTHON": sys.executable}
    command = [str(tmp_path / "deploy" / "install.sh"), "--dry-run"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert "releases/0.10.0-" in done.stdout


def test_a_mistyped_option_is_told_the_usage(tmp_path: Path) -> None:
    env = {**os.environ, "DESTDIR": str(tmp_path)}
    done = subprocess.run([str(SCRIPT), "--froce"], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "deploy/install.sh [--dry-run]" in done.stdout
