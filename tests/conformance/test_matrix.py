"""A Matrix account keeps the adapter contract, at Synapse, in encrypted chats."""

from __future__ import annotations

from bridge.testing.suite import Conformance
from tests.conformance.rig_matrix import MatrixRig


class TestMatrix(Conformance):
    rig = MatrixRig
