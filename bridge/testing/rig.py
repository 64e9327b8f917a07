"""What the suite needs of a network: start the real peer, speak to it with an independent client, hurt the wire.

A rig is written once per adapter and knows nothing of the cases; the cases know nothing of the network. `NetworkPatron` speaks with
the real peer, or with the adapter where that is the server. Its client shares no code with the adapter.

    class LoopRig(Rig):                    class TestLoop(Conformance):
        adapter = LoopAdapter                  rig = LoopRig
        ...

Only `Rig.xfails` may excuse a case, strictly and with a reason.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.contract.adapter import Adapter, Capabilities, ChannelDesk
from bridge.contract.message import Stage

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.testing.proxy import Proxy
    from bridge.testing.ring import Ring

DEADLINE_S = 30.0


class NotOffered(Exception):
    """The network has no such thing: raised by a rig's verb that its network cannot do and its adapter does not declare."""


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as a person sends or gets it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that the patron's client showed. `id` is the network's own (for receipts); `files` arrive whole."""

    text: str
    files: tuple[SentFile, ...] = ()
    id: str = ""
    kind: str = "text"


class NetworkPatron(ABC):
    """A person with an ordinary client of this network."""

    address: str  # what the adapter must give as Message.sender

    @abstractmethod
    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        """Send; return the source id that the adapter must give as Message.source. Does not wait for the library."""

    @abstractmethod
    async def repeat(self, source: str) -> None:
        """Have the same message arrive once more, as this network does when it got no acknowledgement (same source id)."""

    @abstractmethod
    async def acknowledged(self, source: str) -> bool:
        """Whether the network, or the patron's client, was told by now that the library has the message."""

    @abstractmethod
    async def hear(self) -> Heard:
        """Return the next thing shown, in order; wait for it as long as it takes (the case sets the deadline)."""

    async def confirm(self, heard: Heard, stage: Stage) -> None:
        """Have the network report that `heard` was delivered or read (capability `receipts`)."""
        raise NotOffered

    async def type(self) -> None:
        """Begin to type (capability `typing`)."""
        raise NotOffered

    async def sees_typing(self) -> None:
        """Return once the client shows that a librarian types (capability `typing`)."""
        raise NotOffered

    async def sees_read(self, source: str) -> None:
        """Return once the client shows that a librarian has read `source` (capability `marks`)."""
        raise NotOffered

    async def rate(self, score: int, comment: str, source: str) -> None:
        """Rate the conversation under an id of the patron's own (capability `ratings`)."""
        raise NotOffered

    async def wants_transcript(self, address: str, source: str) -> None:
        """Have the transcript mailed to an address, under an id of the patron's own (capability `takeaway`)."""
        raise NotOffered

    async def own_data(self) -> bytes:
        """Fetch what is kept of the patron (capability `own_data`)."""
        raise NotOffered

    async def refuse_call(self, offer: Heard) -> None:
        """Refuse the call that `offer` offers (capability `calls`)."""
        raise NotOffered

    async def told(self) -> str:
        """Return the next thing that a partner's desk is told of its conversation (capability `partners`): "partner-claimed" ..."""
        raise NotOffered

    async def recall(self) -> None:
        """Take the conversation back (capability `partners`)."""
        raise NotOffered

    async def sees_desk(self, desk: ChannelDesk) -> None:
        """Return once the client shows the desk's presence as given; at once where the network shows none."""
        raise NotOffered

    @abstractmethod
    async def close(self) -> None:
        """Leave; drop every connection."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A librarian's own client (capability `staff`): what came, and how to answer it."""

    text: str
    conversation: str


class Rig(ABC):
    """One network, real. The suite calls `start`, then `config`, then runs the adapter; at last `stop`.

    side      "client": the adapter connects to the peer, so a lost wire ends its session (ChannelStatus down, then up);
              "server": patrons connect to the adapter, so a lost wire concerns the patron alone; their client comes back.
    keeps     The network keeps what patrons write while the library is away (then they may `say` while it is down).
    secrets   Strings of the good config that must never be seen in a log, an error or a repr.
    checks_credentials  The adapter's `check` signs in; False where it only opens a port, since a second
              sign-in would end the session that runs.
    """

    adapter: ClassVar[type[Adapter]]
    side: ClassVar[str] = "client"
    keeps: ClassVar[bool] = False
    checks_credentials: ClassVar[bool] = True
    xfails: ClassVar[Mapping[str, str]] = {}
    max_file: ClassVar[int] = 1 << 20  # bytes of a file that patrons may send; 0 = the network has none
    wire: Proxy | None = None  # a client rig that sets it needs no cut, freeze, heal ... of its own

    def __init__(self, folder: Path) -> None:
        """Keep a private folder; nothing is started."""
        self.ring: Ring | None = None
        self.folder = folder
        self.secrets: tuple[str, ...] = ()

    # -- the peer

    @abstractmethod
    async def start(self) -> None:
        """Start the real peer. Server rigs have nothing to start but their wire (see `meet`)."""

    @abstractmethod
    async def stop(self) -> None:
        """Stop what was started, by its own process group."""

    async def meet(self, ring: Ring) -> None:
        """Called each time the adapter's HTTP side listens at `ring.url` + `/channels/<ring.channel>/`, before the session."""
        self.ring = ring

    @abstractmethod
    def config(self) -> Any:
        """Return the adapter's Config that works, pointing at the peer through the wire; short time-outs where it has any."""

    def refused(self) -> Any:
        """Return a Config whose credentials the peer refuses; raise NotOffered where the kind knows no credentials."""
        raise NotOffered

    @abstractmethod
    def misconfigured(self) -> Any:
        """Return a Config that is well formed but cannot work, which `__init__` or `run` must find (Misconfigured)."""

    # -- people

    @abstractmethod
    async def patron(self, name: str) -> NetworkPatron:
        """Return a patron of that name (a-z), signed in; the same name is the same address. May be called while down."""

    async def hostile(self) -> Sequence[bytes]:
        """Send everything hostile that this network can carry (broken frames, wrong types, huge, markup) as a stranger.

        Return what was sent, for the failure's text. The case then asks whether ordinary people are still served.
        """
        return ()

    # -- staff (capability `staff`)

    async def staff(self, librarian: str) -> str:
        """Sign a librarian in at their own client; return the address to which their offers go."""
        raise NotOffered

    async def staff_hears(self, librarian: str) -> Offer:
        """Return the next offer or line shown in a librarian's own client."""
        raise NotOffered

    async def staff_claims(self, librarian: str, offer: Offer) -> None:
        """Have the librarian claim by answering in their own client."""
        raise NotOffered

    # -- the wire; by default the proxy's

    async def cut(self) -> None:
        """Break every connection and refuse new ones until `heal`."""
        await self._proxy().cut()

    async def freeze(self) -> None:
        """Let nothing through in either direction, with the connections left open, until `heal`."""
        self._proxy().freeze()

    async def deafen(self) -> None:
        """Lose what goes from the adapter to its peer (client) or to patrons (server); the other way still works."""
        self._proxy().lose("up" if self.side == "client" else "down")

    async def mute(self) -> None:
        """Lose what comes back to the adapter: what it sends arrives, and nobody tells it."""
        self._proxy().lose("down" if self.side == "client" else "up")

    async def slow(self, seconds: float) -> None:
        """Delay everything by `seconds` each way, order kept, until `heal`."""
        self._proxy().slow(seconds)

    async def heal(self) -> None:
        """Make the wire well again; what froze long ago may be broken by now."""
        await self._proxy().heal()

    async def noticed(self, ring: Ring) -> None:
        """Return once the adapter has noticed that its peer is frozen or gone; by default: the channel is shown as down."""
        await ring.down()

    # -- what the network knows of a delivery (capability `lookup`)

    async def arrived(self, delivery: str) -> bool:
        """Whether the peer itself (not the adapter) has the delivery, by its id."""
        raise NotOffered

    def _proxy(self) -> Proxy:
        if self.wire is None:
            raise NotImplementedError(f"{type(self).__name__} has no wire: set `wire`, or write cut, freeze and heal")
        return self.wire

    @property
    def capabilities(self) -> Capabilities:
        """What the adapter declares."""
        return self.adapter.capabilities


async def soon(what: str, awaited: Any, *, deadline: float | None = None) -> Any:
    """Await something that must happen within `deadline` (DEADLINE_S) seconds; say what did not."""
    deadline = deadline or DEADLINE_S
    try:
        async with asyncio.timeout(deadline):
            return await awaited
    except TimeoutError:
        raise AssertionError(f"did not happen within {deadline:g} s: {what}") from None
