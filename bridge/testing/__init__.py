"""For authors of adapters: the conformance suite, the rig it runs against, and a TCP wire that can be hurt.

pip install "deskbridge[testing]", write a `Rig` for your network, then in a test module::

    from bridge.testing import Conformance

    class TestMine(Conformance):
        rig = MyRig

pytest runs every case (pytest-asyncio, `asyncio_mode = "auto"`). The loop adapter and its rig are the template.
"""

from bridge.testing.proxy import Proxy
from bridge.testing.rig import DEADLINE_S, File, Heard, NotOffered, Offer, Patron, Rig, soon
from bridge.testing.ring import Ring
from bridge.testing.suite import Conformance

__all__ = [
    "DEADLINE_S",
    "Conformance",
    "File",
    "Heard",
    "NotOffered",
    "Offer",
    "Patron",
    "Proxy",
    "Rig",
    "Ring",
    "soon",
]
