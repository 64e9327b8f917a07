"""The runbook's commands for a new house, typed as they stand there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

COMMAND = str(Path(sys.executable).with_name("deskbridge"))


def test_a_new_house_has_a_library_and_a_coordinator_after_the_commands_of_the_runbook(tmp_path: Path) -> None:
    chapter = (ROOT / "deploy" / "runbook.md").read_text("utf-8").partition("## Is it well?")[0]
    code = re.sub("^    ", "", "\n".join(re.findall("^    .*", chapter, re.MULTILINE)), flags=re.MULTILINE)
    (tmp_path / "desk.toml").write_text(code[code.index("[[library]]") : code.index("deskbridge check")], "utf-8")
    config = (ROOT / "deploy" / "deskbridge.toml").read_text("utf-8")
    config = config.replace("/var/lib/deskbridge", str(tmp_path / "data"))
    config = config.replace('public_url = "https://desk.example.org"', 'public_url = ""')  # no browser finds it
    (tmp_path / "deskbridge.toml").write_text(config, "utf-8")
    told = []
    for line in re.findall("^deskbridge .*", code, re.MULTILINE):
        words = [word.replace("/etc/deskbridge", str(tmp_path)) for word in shlex.split(line, comments=True)]
        command = [COMMAND, *words[1:], "--config", str(tmp_path / "deskbridge.toml")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, ""), line
        told.append(done.stdout)
    assert "ana signs in once with " in "".join(told)
