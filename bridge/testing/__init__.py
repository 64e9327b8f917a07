"""For authors of adapters: the conformance suite, the rig it runs against, and a TCP wire that can be hurt.

pip install "deskbridge[testing]", write a `Rig` for your network, then in a test module::

    from bridge.testing import Conformance

    class TestMine(Conformance):
        rig = MyRig

pytest runs every case (pytest-asyncio, `asyncio_mode = "auto"`). The loop adapter and its rig are the template; docs/adapters.md
says more. `ProcessMemory` stands for `Ports.memory` in tests of an adapter's parts.

What is named here is loaded when it is asked for: the demonstration uses the local servers, and has no pytest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.testing.memory import ProcessMemory
    from bridge.testing.proxy import Proxy
    from bridge.testing.rig import DEADLINE_S, Heard, NetworkPatron, NotOffered, Offer, Rig, SentFile, soon
    from bridge.testing.ring import Ring
    from bridge.testing.suite import Conformance

_ROOMS = {"ProcessMemory": "memory", "Proxy": "proxy", "Ring": "ring", "Conformance": "suite"}

__all__ = [
    "DEADLINE_S",
    "Conformance",
    "Heard",
    "NetworkPatron",
    "NotOffered",
    "Offer",
    "ProcessMemory",
    "Proxy",
    "Rig",
    "Ring",
    "SentFile",
    "soon",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module(f"bridge.testing.{_ROOMS.get(name, 'rig')}"), name)
