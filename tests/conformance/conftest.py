"""What the rigs of a test process have kept is ended with it."""

from __future__ import annotations

import pytest

from tests.conformance.rig_xmpp import EjabberdRig


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the server that many cases have used."""
    EjabberdRig.end_kept()
