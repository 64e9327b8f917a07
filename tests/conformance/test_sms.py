"""Texting keeps the adapter contract."""

from __future__ import annotations

from bridge.testing.suite import Conformance
from tests.conformance.rig_sms import SmsRig


class TestSms(Conformance):
    rig = SmsRig
