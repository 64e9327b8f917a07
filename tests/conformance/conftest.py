"""What the rigs of a test process have kept is ended with it."""

from __future__ import annotations

import pytest

from tests.conformance.rig_xmpp import EjabberdRig
from tests.peers.kept import KeptServer


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the servers that many cases have used."""
    EjabberdRig.end_kept()
    KeptServer.end_kept()
