"""Prints the table of faults at the end of a run."""

from __future__ import annotations

import pytest

from tests.faults.several_hosts import Row

ROWS = pytest.StashKey[list[Row]]()
HEAD = ("what happened", "hosts", "messages", "in", "out", "SQL", "answered again", "note")


@pytest.fixture
def table(request: pytest.FixtureRequest) -> list[Row]:
    """The rows that are printed at the end."""
    return request.config.stash.setdefault(ROWS, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = config.stash.get(ROWS, [])
    if not rows:
        return
    terminalreporter.section("several hosts: lost, doubled, reordered")
    lines = [
        (row.scenario, str(row.hosts), f"{row.messages:,}", str(row.inward), str(row.outward), str(row.in_sql),
         f"{row.recovered_s:.1f} s", row.note)
        for row in rows
    ]  # fmt: skip
    for line in (HEAD, tuple("---" for _ in HEAD), *lines):
        terminalreporter.write_line(f"| {' | '.join(line)} |")
