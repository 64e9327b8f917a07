"""The systemd unit: well formed, and exposed as little as its header says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.app.config import load
from tests.conftest import ROOT

UNIT = ROOT / "deploy" / "deskbridge.service"
PART = ROOT / "deploy" / "deskbridge@.service"


def analysed(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *words], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(params=[UNIT, PART], ids=["whole", "part"])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unit, or an instance of a part, with the command where it is on this machine."""
    written: Path = request.param
    unit = tmp_path / written.name.replace("@", "@web")
    command = str(Path(sys.executable).with_name("deskbridge"))
    unit.write_text(written.read_text().replace("/opt/deskbridge/current/bin/deskbridge", command))
    return unit


def test_systemd_finds_nothing_wrong(here: Path) -> None:
    sockets = [shutil.copy(UNIT.with_suffix(".socket"), here.parent)] if here.name == UNIT.name else []
    told = analysed("--man=no", "verify", str(here), *map(str, sockets))
    assert (told.returncode, told.stderr) == (0, "")


def test_exposure_is_at_most_one_and_a_half() -> None:
    told = analysed("security", "--offline=true", "--threshold=15", str(UNIT))
    assert told.returncode == 0, told.stdout[-300:] + told.stderr


def test_a_part_differs_from_the_whole_in_its_name_alone() -> None:
    part = [line for line in PART.read_text().splitlines() if "%i" not in line and not line.startswith("#")]
    whole = [line for line in UNIT.read_text().splitlines() if not line.startswith("#")]
    own = ("Description=", "ExecStart=", "StateDirectory=", "RuntimeDirectory=", "After=deskbridge.socket")
    assert [line for line in whole if not line.startswith(own)] == part


@pytest.mark.parametrize("name", ["deskbridge-backup", "deskbridge-forgotten"])
def test_backups_may_do_no_more_than_the_daemon(name: str, tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("deskbridge"))
    unit, timer = UNIT.with_name(f"{name}.service"), UNIT.with_name(f"{name}.timer")
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace("/opt/deskbridge/current/bin/deskbridge", command))
    told = analysed("--man=no", "verify", str(here), str(shutil.copy(timer, tmp_path)))
    assert (told.returncode, told.stderr) == (0, "")
    may_not = UNIT.read_text().partition("# ---- what it may not do ----")[2].partition("[Install]")[0]
    assert may_not.strip() in unit.read_text()


def test_the_example_configuration_loads() -> None:
    config = load(ROOT / "deploy" / "deskbridge.toml", env={})
    assert config.data == Path("/var/lib/deskbridge")
    assert [(channel.name, channel.kind) for channel in config.channels] == [("web", "webchat")]
    assert config.redis.url == config.archive.url == ""


def test_every_channel_of_the_example_is_one_that_its_kind_accepts() -> None:
    command = [
        str(Path(sys.executable).with_name("deskbridge")),
        "check",
        "--offline",  # its public address leads nowhere
        "-c",
        str(ROOT / "deploy" / "deskbridge.toml"),
    ]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_what_the_example_says_about_other_hosts_loads_as_well(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "deskbridge.toml").read_text()
    for line in ("[redis]", "[archive]", "url = {", "replicas"):
        text = text.replace(f"# {line}", line)
    (tmp_path / "deskbridge.toml").write_text(text)
    (tmp_path / "secret_redis").write_text("rediss://db.example.org/0\n")
    (tmp_path / "secret_archive").write_text("postgresql://desk:x@db.example.org/desk\n")
    config = load(tmp_path / "deskbridge.toml", env={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (config.redis.url, config.archive.url) == (
        "rediss://db.example.org/0",
        "postgresql://desk:x@db.example.org/desk",
    )


def test_the_command_on_the_host_runs_as_the_service_does(tmp_path: Path) -> None:
    wrapper = (ROOT / "deploy" / "deskbridge-as-service").read_text()
    properties = re.findall(r"--property=(\S+)", wrapper)
    shared = {"User", "Group", "UMask", "StateDirectory", "StateDirectoryMode", "LoadCredential"}
    assert {line.partition("=")[0] for line in properties} >= shared
    assert [line for line in properties if line not in UNIT.read_text().splitlines()] == []
    command = Path(sys.executable).with_name("deskbridge")
    (tmp_path / "once.service").write_text("\n".join(["[Service]", "Type=exec", f"ExecStart={command}", *properties]))
    told = analysed("--man=no", "verify", str(tmp_path / "once.service"))
    assert (told.returncode, told.stderr) == (0, "")
