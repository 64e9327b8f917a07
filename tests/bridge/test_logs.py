"""What the daemon logs: one line of JSON an event, with tracebacks and without what their variables held."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator

import pytest
import structlog

from bridge.logs import say_in_lines


@pytest.fixture
def _restored() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("_restored")
def test_a_traceback_holds_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    say_in_lines()

    def connect(password: str) -> None:
        raise ConnectionError("the server is away")

    try:
        connect("open" + "-sesame")
    except ConnectionError:
        structlog.get_logger("test").exception("the adapter failed", channel="ask")
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
    (line,) = written
    assert line.endswith("}\n")
