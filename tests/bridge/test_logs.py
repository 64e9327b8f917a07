"""What the daemon logs: one line of JSON an event, with tracebacks and without what their variables held."""

from __future__ import annotations

import json
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
