"""Partners keep the adapter contract."""

from __future__ import annotations

from bridge.testing.suite import Conformance
from tests.conformance.rig_partner import PartnerRig


class TestPartner(Conformance):
    rig = PartnerRig
