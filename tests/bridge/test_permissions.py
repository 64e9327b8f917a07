"""Nobody else on the machine can open the data folder or a secret's file: mended, or refused, and said."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.app.permissions import Exposed, keep_folder, keep_secret, mode_of, secret_fault

COMMAND = str(Path(sys.executable).with_name("deskbridge"))


def typed(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as somebody whose umask lets everybody read and write."""
    command = ["sh", "-c", 'umask 000; exec "$@"', "-", COMMAND, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "deskbridge.toml"
    (tmp_path / "secret").write_text("hunter2")
    path.write_text(
        f'[deskbridge]\ndata = "{tmp_path / "data"}"\n'
        '[[channel]]\nname = "text"\nkind = "sms"\nqueue = "north/reference"\naccount_sid = "AC0"\n'
        'numbers = ["+15005550006"]\nauth_token_file = "secret"\n'
    )
    (tmp_path / "secret").chmod(0o600)
    return path


def test_what_is_made_nobody_else_can_open(config: Path, tmp_path: Path) -> None:
    assert typed("setup", "-c", str(config)).returncode == 0
    made = [tmp_path / "data", *(tmp_path / "data").rglob("*")]
    assert len(made) > 1
    assert [path for path in made if mode_of(path) & 0o077] == []


def test_a_folder_that_others_may_open_is_named_and_mended(config: Path, tmp_path: Path) -> None:
    assert typed("setup", "-c", str(config)).returncode == 0
    (tmp_path / "data").chmod(0o755)
    (tmp_path / "data" / "archive.sqlite").chmod(0o644)
    told = typed("check", "-c", str(config))
    assert told.returncode == 1
    assert f"deskbridge.data: others may open {tmp_path / 'data'} (mode 0755)" in told.stderr
    told = typed("setup", "-c", str(config))
    assert told.returncode == 0
    assert "(mode 0755): it is ours alone now" in told.stderr
    assert (mode_of(tmp_path / "data"), mode_of(tmp_path / "data" / "archive.sqlite")) == (0o700, 0o600)


@pytest.mark.parametrize("mode", [0o750, 0o711, 0o777, 0o701])
def test_any_way_in_counts(tmp_path: Path, mode: int) -> None:
    said: list[str] = []
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(mode)
    keep_folder(folder, said.append)
    assert (mode_of(folder), len(said)) == (0o700, 1)


def test_a_folder_that_is_not_the_desks_alone_is_refused(config: Path, tmp_path: Path) -> None:
    """Somebody's home, or /tmp: its mode is not ours to change."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "letters").write_text("private")
    (tmp_path / "data").chmod(0o755)
    told = typed("setup", "-c", str(config))
    assert told.returncode == 1
    assert "deskbridge.data: others may open" in told.stderr
    assert "Traceback" not in told.stderr
    assert mode_of(tmp_path / "data") == 0o755


@pytest.mark.parametrize("mode, what", [(0o666, "change"), (0o622, "change"), (0o644, "read"), (0o660, "change")])
def test_a_secret_that_others_may_open_is_named_and_mended(config: Path, tmp_path: Path, mode: int, what: str) -> None:
    secret = tmp_path / "secret"
    secret.chmod(mode)
    told = typed("check", "-c", str(config))
    assert told.returncode == 1
    assert f"may {what} {secret} (mode {mode:04o})" in told.stderr
    assert "hunter2" not in told.stderr + told.stdout
    assert mode_of(secret) == mode, "looking changes nothing"
    told = typed("setup", "-c", str(config))
    assert (told.returncode, mode_of(secret) & 0o077) == (0, 0)
    assert "ours alone now" in told.stderr


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440, 0o640])
def test_a_secret_for_us_and_our_group_is_well_kept(tmp_path: Path, mode: int) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(mode)
    assert secret_fault(secret) == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_secret_of_somebody_else_that_all_may_change_is_not_believed(tmp_path: Path) -> None:
    secret, said = tmp_path / "secret", list[str]()
    secret.write_text("x")
    os.chown(secret, 65534, 65534)
    secret.chmod(0o666)
    with pytest.raises(Exposed):
        keep_secret(secret, said.append)
    secret.chmod(0o644)
    keep_secret(secret, said.append)
    assert len(said) == 1
