"""What the daemon logs: one line of JSON an event, with tracebacks and without what their variables held."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from bridge.runtime.logging import lines, say_in_lines, traced


@pytest.fixture
def _restored() -> Iterator[None]:
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("_restored")
def test_a_traceback_holds_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    say_in_lines()

    def connect(password: str) -> None:
        raise ConnectionError("the server is away")

    try:
        connect("open" + "-sesame")
    except ConnectionError:
        structlog.get_logger("test").exception("the adapter failed", channel="ask")
    assert lines().flush()
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "the adapter failed"
    assert "the server is away" in json.dumps(line)
    assert "connect" in json.dumps(line)
    assert "open-sesame" not in json.dumps(line)


@pytest.mark.usefixtures("_restored")
def test_a_line_goes_out_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon and the process that decides write to one standard error: what goes out in two pieces is mixed there."""
    written: list[str] = []

    class Pieces(io.StringIO):
        def write(self, text: str) -> int:
            written.append(text)
            return len(text)

    monkeypatch.setattr(sys, "stderr", Pieces())
    say_in_lines()
    structlog.get_logger("test").warning("the store is away")
    assert lines().flush()
    (line,) = written
    assert line.endswith("}\n")


@pytest.mark.usefixtures("_restored")
def test_a_traceback_holds_no_words_that_a_stranger_may_have_said(capsys: pytest.CaptureFixture[str]) -> None:
    """What is ours or the operating system's is told; of all other exceptions the kind and the place."""
    say_in_lines()
    secret, told = "ada@example.org", ""
    for kind in (ValueError, KeyError, LookupError, RuntimeError):
        try:
            try:
                raise kind(secret)
            except kind as error:
                raise ConnectionError("the server is away") from error
        except ConnectionError as error:
            structlog.get_logger("test").exception("failed", channel="ask")
            structlog.get_logger("test").error("failed", **traced(error))
            logging.getLogger("aiohttp.server").exception("Error handling request from %s", secret)
            logging.getLogger("somebody").error(f"no such address: {secret}")
        assert lines().flush()
        told = capsys.readouterr().err
        assert secret not in told
        assert told.count(kind.__name__) == 3
        assert told.count("the server is away") == 3
        assert '"library": "somebody"' in told
    assert all(json.loads(line) for line in told.splitlines())


FULL = """
import asyncio, os, sys, time
import structlog
from bridge.runtime.logging import lines, say_in_lines

say_in_lines()
log = structlog.get_logger("test")
began = time.monotonic()
for n in range(30_000):
    log.warning("said", n=n, words="x" * 100)
try:
    raise ValueError("x")
except ValueError:
    log.exception("failed")
sys.stdout.write("went on")
sys.stdout.flush()
"""


@pytest.mark.parametrize("where", ["closed pipe", "full disk", "pipe that nobody reads", "no stream at all"])
def test_a_log_that_cannot_be_written_stops_nobody(where: str) -> None:
    """systemd's journal that was stopped reads nothing, one that was killed is a closed pipe."""
    read, write = os.pipe()
    error: int | None = write
    with open("/dev/full", "w") as full:
        if where == "closed pipe":
            os.close(read)
        if where == "full disk":
            error = full.fileno()
        closing = "exec 2>&-; " if where == "no stream at all" else ""
        command = ["sh", "-c", f'{closing}exec "$0" -c "$1"', sys.executable, FULL]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=error, timeout=100, check=False)
    os.close(write)
    if where != "closed pipe":
        os.close(read)
    assert (done.returncode, done.stdout) == (0, b"went on")


@pytest.mark.usefixtures("_restored")
def test_what_was_logged_last_is_written_before_the_end() -> None:
    code = """
import structlog
from bridge.runtime.logging import say_in_lines

say_in_lines()
for n in range(200):
    structlog.get_logger("test").info("said", n=n)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    assert [json.loads(line)["n"] for line in done.stderr.splitlines()] == list(range(200))
