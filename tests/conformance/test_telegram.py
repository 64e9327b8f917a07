"""A Telegram bot keeps the adapter contract, at a local server that answers like Telegram."""

from __future__ import annotations

from bridge.testing.suite import Conformance
from tests.conformance.rig_telegram import TelegramRig


class TestTelegram(Conformance):
    rig = TelegramRig
