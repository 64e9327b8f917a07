"""Texts through Kannel keep the adapter contract."""

from __future__ import annotations

import pytest

from bridge.testing.suite import Conformance
from tests.conformance.rig_kannel import KannelRig
from tests.peers.kannel import Kannel

pytestmark = pytest.mark.skipif(bool(Kannel.missing()), reason=Kannel.missing() or "-")


class TestKannel(Conformance):
    rig = KannelRig
