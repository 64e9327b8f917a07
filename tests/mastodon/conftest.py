"""The server that these tests share is ended with their process."""

from __future__ import annotations

import pytest

from tests.peers.kept import KeptServer


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the kept server, also when only this folder is run."""
    KeptServer.end_kept()
