"""The conformance suite: every case, run against one rig. No case can be overridden; a rig may only declare that one is
expected to fail, strictly and with a reason (`Rig.xfails`). A capability that is not declared is not skipped: the case
then checks that using it is refused.
"""

from __future__ import annotations

import types
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import pytest_asyncio

from bridge.testing.contract import ContractCases
from bridge.testing.doubt import DoubtCases
from bridge.testing.limits import LimitCases
from bridge.testing.people import PeopleCases
from bridge.testing.rig import Rig
from bridge.testing.ring import Ring
from bridge.testing.scene import Scene
from bridge.testing.wires import WireCases
from bridge.testing.words import WordCases

_FREE = frozenset({"rig", "pytestmark"})


class Conformance(WordCases, LimitCases, WireCases, DoubtCases, PeopleCases, ContractCases):
    """All cases. A subclass sets `rig` and nothing else."""

    rig: ClassVar[type[Rig]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not hasattr(cls, "rig"):
            raise TypeError(f"{cls.__name__} has no rig")
        for name in sorted(set(cls.__dict__) - _FREE):
            if not name.startswith("__"):
                raise TypeError(f"{cls.__name__}.{name}: a conformance suite holds a rig and nothing else")
        for name in cases():
            if getattr(cls, name, None) is not getattr(Conformance, name):
                raise TypeError(f"{cls.__name__}.{name}: no case may be overridden; use Rig.xfails with a reason")
        for name, reason in cls.rig.xfails.items():
            setattr(cls, name, _expected_to_fail(name, reason))

    @pytest_asyncio.fixture
    async def scene(self, tmp_path: Path) -> AsyncIterator[Scene]:
        """A started peer and an open ring; the daemon is not started yet."""
        folder = tmp_path / "rig"
        folder.mkdir()
        rig = type(self).rig(folder)
        ring = Ring(rig.adapter, tmp_path)
        ring.meet = rig.meet
        scene = Scene(rig, ring)
        try:
            await ring.open()
            await rig.start()
            yield scene
        finally:
            try:
                await scene.leave()
            finally:
                try:
                    await ring.close()
                finally:
                    await rig.stop()


def cases() -> list[str]:
    """Return the names of all cases."""
    return sorted(name for name in dir(Conformance) if name.startswith("test_"))


def _expected_to_fail(name: str, reason: str) -> Any:
    """Return a copy of a case, marked; the suite's own is left as it is."""
    case = getattr(Conformance, name, None)
    if case is None:
        raise TypeError(f"xfails names a case that does not exist: {name}")
    if len(reason.split()) < 4:
        raise TypeError(f"xfails[{name!r}] needs a reason that explains")
    copy = types.FunctionType(case.__code__, case.__globals__, case.__name__, case.__defaults__, case.__closure__)
    copy.__doc__, copy.__annotations__, copy.__qualname__ = case.__doc__, case.__annotations__, case.__qualname__
    return pytest.mark.xfail(strict=True, reason=reason)(copy)
