"""`deskbridge explain-mail`: one JSON line a file, from the command that an operator types."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MAIL = """From: Ada <ada@library.example>
To: ask@library.example
In-Reply-To: <answer@library.example>
Subject: =?utf-8?q?=C3=9Cber?= books
Message-ID: <1@library.example>

Three times, please.

On Mon, 5 Jan 2026 at 10:15, Ask us <ask@library.example> wrote:
> Twice?
"""
KEYS = ["from", "subject", "text", "full_text", "html", "attachments", "class", "bounce", "filters", "quarantined"]
KEYS += ["taken", "patron", "cut"]


def explain(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "bridge.app.cli", "explain-mail", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_each_file_gets_one_line(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.eml", tmp_path / "bad.eml"
    good.write_text(MAIL)
    bad.write_bytes(b"\xff\x00")
    done = explain(str(good), str(bad))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [list(line) for line in lines] == [KEYS, KEYS]
    assert (lines[0]["text"], lines[0]["subject"], lines[0]["class"]) == (
        "Three times, please.",
        "Über books",
        "person",
    )
    assert "Twice?" in lines[0]["full_text"]
    assert lines[1]["quarantined"]
    assert (lines[0]["taken"], lines[0]["patron"], lines[1]["taken"]) == (True, "ada@library.example", False)
    assert lines[0]["cut"] == "On Mon, 5 Jan 2026 at 10:15, Ask us <ask@library.example> wrote:\n> Twice?"


def test_mail_of_our_own_address_is_told_by_the_addresses_named(tmp_path: Path) -> None:
    good = tmp_path / "good.eml"
    good.write_text(MAIL)
    done = explain("--own", "ask@library.example", "--own=ada@library.example", str(good))
    assert json.loads(done.stdout)["taken"] is False
    wrong = explain("--own", "nobody at all", str(good))
    assert wrong.returncode == 2
    assert "nobody at all" in wrong.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    done = explain(str(tmp_path / "none.eml"))
    assert done.returncode == 2
    assert "none.eml" in done.stderr
