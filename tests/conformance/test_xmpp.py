"""XMPP keeps the adapter contract: on two servers that share no code."""

from __future__ import annotations

from bridge.testing.suite import Conformance
from tests.conformance.rig_xmpp import AccountRig, EjabberdRig
from tests.conformance.rig_xmpp_component import ComponentRig, EjabberdComponentRig


class TestAccountOnProsody(Conformance):
    rig = AccountRig


class TestAccountOnEjabberd(Conformance):
    rig = EjabberdRig


class TestComponentOfProsody(Conformance):
    rig = ComponentRig


class TestComponentOfEjabberd(Conformance):
    rig = EjabberdComponentRig
