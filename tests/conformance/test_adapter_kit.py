"""What `deskbridge adapter new` writes keeps the adapter contract, is tidy, and is written nowhere by accident."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.app.adapter_kit.writing import new


def run(folder: Path, *command: str) -> None:
    """Run a tool in a folder; fail with what it said."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_new_package_passes_every_case_of_the_suite(tmp_path: Path) -> None:
    """Also under the strictest reading of its form: authors begin with it."""
    folder = tmp_path / "made"
    assert new("carrier-pigeon", folder) == 0
    run(folder, "ruff", "check", "--isolated", "--select", "E,F,I,B,UP,SIM,RUF", "--line-length", "120", ".")
    run(folder, "ruff", "format", "--isolated", "--line-length", "120", "--check", ".")
    run(folder, "pytest", "-q", "-p", "no:cacheprovider", "-n", "4")


@pytest.mark.parametrize("name", ["Pigeon", "pi geon", "", "../pigeon", "pigeon-", "class", "x" * 31, "matrix"])
def test_a_name_that_cannot_be_a_kind_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert new(name, tmp_path / "made") == 1
    assert repr(name) in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_a_folder_that_exists_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new("pigeon", tmp_path) == 1
    assert "exists already" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
