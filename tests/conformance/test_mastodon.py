"""A Mastodon account keeps the adapter contract, at a server that answers like Mastodon."""

from __future__ import annotations

from bridge.testing.suite import Conformance
from tests.conformance.rig_mastodon import MastodonRig


class TestMastodon(Conformance):
    rig = MastodonRig
