"""The conformance suite against a mailbox at real servers."""

from __future__ import annotations

from bridge.testing import Conformance
from tests.conformance.rig_email import EmailRig


class TestEmail(Conformance):
    """Dovecot and Exim."""

    rig = EmailRig
