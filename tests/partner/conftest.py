"""A channel to partners and one partner, which signs with another implementation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from bridge.testing.ring import Ring
from tests.conformance.rig_partner import PartnerRig, Peer


@pytest_asyncio.fixture
async def ring(tmp_path: Path) -> AsyncIterator[Ring]:
    rig = PartnerRig(tmp_path / "rig")
    ring = Ring(rig.adapter, tmp_path)
    ring.meet = rig.meet
    ring.rig = rig  # type: ignore[attr-defined]  # for `peer`
    try:
        await ring.open()
        await rig.start()
        await ring.start(rig.config())
        await ring.up()
        yield ring
    finally:
        await ring.close()
        await rig.stop()


@pytest_asyncio.fixture
async def peer(ring: Ring) -> Peer:
    found: Peer = ring.rig.peer  # type: ignore[attr-defined]  # see `ring`
    return found
