"""A practice session as it's kept: rows in the memory of its channel, the same for the interface and for the adapter.

    sessions   written once, when a session begins: who practises what
    progress   written by the adapter alone: how far the patron is, and who plays them
    orders     written by the interface for the adapter, and dropped once they're done: begin, a patron's line by hand, an end

So each kind has one writer, and nothing is lost when either process stops. All rows go after seven days.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from bridge.contract.memory import MemoryKind
from bridge.contract.message import derive, message_id
from bridge.training.scenario import Manners, Scenario
from bridge.training.scripted_patron import ScriptedPatron

KEEP_MS = 7 * 86_400_000
SESSIONS = MemoryKind(name="sessions", most=2_000, keep_ms=KEEP_MS)
PROGRESS = MemoryKind(name="progress", most=2_000, keep_ms=KEEP_MS)
ORDERS = MemoryKind(name="orders", most=5_000, keep_ms=KEEP_MS, full="refuse")
KINDS = (SESSIONS, PROGRESS, ORDERS)

MOST_SCENARIO = 32 << 10  # bytes as JSON: a row of memory holds it

OrderKind = Literal["begin", "line", "leave", "play", "end"]


class PracticeSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One session. `name` is its scenario's, `whose` the library that wrote it ("" = shipped); `seed` makes the patron.

    `trainees`: who practises, in the order in which they're asked. `player`: the colleague who plays the patron from the
    beginning, "" = the script does.
    """

    id: str
    channel: str
    manners: Manners
    library: str
    queue: str
    trainees: tuple[str, ...]
    by: str
    at: int
    name: str
    scenario: Scenario
    whose: str = ""
    seed: int = 0
    player: str = ""

    @property
    def address(self) -> str:
        """The patron's address on the channel. No real mailbox and no real telephone has such a one (RFC 2606, ITU-T E.164.3)."""
        match self.manners:
            case "mail":
                return f"patron.{self.id}@practice.example"
            case "text":
                number = int.from_bytes(hashlib.sha256(self.id.encode()).digest()[:5], "big") % 10**10
                return f"+999{number:010}"
            case "im":
                return f"patron.{self.id}@im.practice.example"
            case "web":
                return self.id

    @property
    def conversation(self) -> str:
        """The id of the conversation that the patron's first line begins."""
        return derive("conversation", message_id(self.channel, self.address, "1"))


class PracticeProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a session is. `sent`: lines of the patron; `player` "" = the script plays; `stopped`: texts are refused."""

    patron: ScriptedPatron
    sent: int = 0
    player: str = ""
    reply_to: str = ""  # the librarian's last line, which a mail quotes
    stopped: bool = False
    orders: tuple[str, ...] = ()  # the latest that were carried out: none is twice
    over: bool = False


class PracticeOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the adapter is to do in a session; `by` is who asked."""

    session: str
    kind: OrderKind
    by: str = ""
    text: str = ""


def kept_scenario(scenario: Scenario) -> bytes:
    """Return a scenario as a row holds it. Raises ValueError for one that is too long to be played."""
    raw = msgspec.json.encode(scenario)
    if len(raw) > MOST_SCENARIO:
        raise ValueError(f"a scenario of at most {MOST_SCENARIO >> 10} kB can be played")
    return raw
