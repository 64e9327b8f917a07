"""A messaging network in memory: accounts, people, letters kept and numbered, and a wire that can be hurt.

It is "the other side": it knows nothing of Deskbridge, and tests drive it as people and as bad luck do. One network is
found by its name, as a server is found by its address.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

import msgspec

T = TypeVar("T")


class LoopLinkLost(ConnectionError):
    """The connection broke; what was under way may or may not have arrived."""


class LoopSignInRefused(Exception):
    """The account or its password is wrong."""


class LoopLetter(msgspec.Struct, frozen=True, gc=False):
    """What a person wrote to the library; `number` orders letters and is what a reader resumes from."""

    number: int
    sender: str
    source: str
    text: str
    files: tuple[tuple[str, bytes], ...] = ()
    name: str = ""
    thread: str = ""


class Sign(msgspec.Struct, frozen=True, gc=False):
    """What is no letter: a receipt for `about`, typing, a rating, a wish for the transcript, a refused call, a staff command,
    coming and going."""

    kind: Literal["delivered", "read", "typing", "rated", "wants", "refused-call", "claim", "came", "went"]
    sender: str
    about: str = ""
    score: int = 0
    text: str = ""


class Parcel(msgspec.Struct, frozen=True, gc=False):
    """What the library sends to one person under an id of its own."""

    id: str
    to: str
    kind: str
    text: str
    files: tuple[tuple[str, bytes], ...] = ()
    about: str = ""


class NetworkReply(msgspec.Struct, frozen=True, gc=False):
    """What the network says to a parcel."""

    verdict: Literal["taken", "refused", "later"]
    reason: str = ""


TAKEN = NetworkReply("taken")


class PersonalInbox:
    """What one person was shown, in order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.shown: asyncio.Queue[Parcel] = asyncio.Queue()
        self.marks: set[str] = set()
        self.typing = 0


@dataclass(slots=True)
class LoopWire:
    """What ails the way between the library and the network."""

    cut: bool = False
    deaf: bool = False  # what the library sends is lost
    mute: bool = False  # what the network answers is lost
    delay: float = 0.0
    flowing: asyncio.Event = field(default_factory=asyncio.Event)
    lossy: list[LoopLink] = field(default_factory=list)  # connections on which something was lost

    def heal(self) -> None:
        """Be well again. A connection that lost something is broken: a stream of bytes has no holes."""
        for link in self.lossy:
            link.close()
        self.lossy.clear()
        self.cut, self.deaf, self.mute, self.delay = False, False, False, 0.0
        self.flowing.set()


class Network:
    """Accounts, people and what passes between them. `drops_duplicates`: a parcel's second copy is not shown again."""

    _known: ClassVar[dict[str, Network]] = {}

    def __init__(self, name: str, *, drops_duplicates: bool = True) -> None:
        self.accounts: dict[str, str] = {}
        self.letters: list[LoopLetter] = []
        self.acknowledged: set[int] = set()
        self.inboxes: dict[str, PersonalInbox] = {}
        self.taken: dict[str, Parcel] = {}  # parcel id -> first copy
        self.copies = 0
        self.presence: object = None
        self.wire = LoopWire()
        self.wire.heal()
        self.verdicts: deque[NetworkReply] = deque()  # what the next parcels are answered instead of "taken"
        self._news: asyncio.Future[None] | None = None
        self._drops_duplicates = drops_duplicates
        self._links: set[LoopLink] = set()
        self._known[name] = self

    @classmethod
    def named(cls, name: str) -> Network | None:
        """Return the network of that name, if there is one."""
        return cls._known.get(name)

    def vanish(self) -> None:
        """Be gone: nobody finds it any more."""
        self.break_links()
        for name in [name for name, network in self._known.items() if network is self]:
            del self._known[name]

    def inbox(self, address: str) -> PersonalInbox:
        """Return a person's inbox."""
        found = self.inboxes.get(address)
        if found is None:
            found = self.inboxes[address] = PersonalInbox(address)
        return found

    # -- people

    def post(self, sender: str, source: str, text: str, files: tuple[tuple[str, bytes], ...] = ()) -> LoopLetter:
        """Keep a letter to the library and push it to those that are connected."""
        letter = LoopLetter(len(self.letters) + 1, sender, source, text, files, name=sender.partition("@")[0])
        self.letters.append(letter)
        self.push(letter)
        return letter

    def push(self, frame: LoopLetter | Sign) -> None:
        """Send a frame down to every connected library."""
        for link in self._links:
            link.arriving.put_nowait(frame)

    def tell(self) -> None:
        """Wake all that wait for a change."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
        self._news = None

    async def until(self, true: Callable[[], bool]) -> None:
        """Return once something is so; looked at again at each change."""
        while not true():
            if self._news is None:
                self._news = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._news)

    # -- the library's side

    async def connect(self, account: str, password: str, *, redeliver: bool) -> LoopLink:
        """Sign in. `redeliver`: letters never acknowledged come again. Raises LoopSignInRefused, LoopLinkLost."""
        if self.wire.cut:
            raise LoopLinkLost("connection refused")
        await self.wire.flowing.wait()
        if self.accounts.get(account) != password:
            raise LoopSignInRefused(f"account {account} or its password is wrong")
        link = LoopLink(self)
        if redeliver:
            for letter in self.letters:
                if letter.number not in self.acknowledged:
                    link.arriving.put_nowait(letter)
        self._links.add(link)
        return link

    def break_links(self) -> None:
        """Break every connection at once."""
        for link in list(self._links):
            link.close()

    def forget(self, link: LoopLink) -> None:
        """Take a closed link off the list."""
        self._links.discard(link)

    def take(self, parcel: Parcel) -> NetworkReply:
        """Accept a parcel and show it."""
        if self.verdicts:
            return self.verdicts.popleft()
        self.copies += 1
        if parcel.id in self.taken and self._drops_duplicates:
            return TAKEN
        self.taken.setdefault(parcel.id, parcel)
        inbox = self.inbox(parcel.to)
        if parcel.kind == "mark":
            inbox.marks.add(parcel.about)
        else:
            inbox.shown.put_nowait(parcel)
        return TAKEN


class LoopLink:
    """The library's connection. Every call may raise LoopLinkLost."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._gone = asyncio.Event()
        self.closed = False  # whether it is known to be broken
        self.arriving: asyncio.Queue[LoopLetter | Sign] = asyncio.Queue()

    def close(self) -> None:
        """Break it."""
        self.closed = True
        self._gone.set()
        self._network.forget(self)

    async def next(self) -> LoopLetter | Sign:
        """Return the next frame."""
        frame: LoopLetter | Sign = await self._or_gone(self.arriving.get())
        await self._pass(down=True)
        return frame

    async def letters(self, after: int) -> list[LoopLetter]:
        """Return the letters with a higher number."""
        await self._pass()
        return [letter for letter in self._network.letters if letter.number > after]

    async def acknowledge(self, number: int) -> None:
        """Say that the library has a letter."""
        await self._pass()
        self._network.acknowledged.add(number)
        self._network.tell()

    async def submit(self, parcel: Parcel) -> NetworkReply:
        """Hand over a parcel and wait for the answer."""
        await self._pass()
        answer = self._network.take(parcel)
        self._network.tell()
        await self._pass(down=True)
        return answer

    async def has(self, id: str) -> bool:
        """Ask whether a parcel arrived."""
        await self._pass()
        return id in self._network.taken

    async def ping(self) -> None:
        """Return when the network has answered."""
        await self._pass()
        await self._pass(down=True)

    async def show(self, presence: object) -> None:
        """Show everybody how the desk is."""
        await self._pass()
        self._network.presence = presence
        self._network.tell()

    async def type_to(self, address: str) -> None:
        """Show a person that somebody types."""
        await self._pass()
        self._network.inbox(address).typing += 1
        self._network.tell()

    async def _pass(self, *, down: bool = False) -> None:
        """Go along the wire, however it is."""
        wire = self._network.wire
        if self.closed:
            raise LoopLinkLost("the connection is closed")
        if not (wire.delay or wire.deaf or wire.mute) and wire.flowing.is_set():
            return
        if wire.delay:
            await asyncio.sleep(wire.delay)
        if wire.mute if down else wire.deaf:
            wire.lossy.append(self)
            await self._gone.wait()
        if not wire.flowing.is_set():
            await self._or_gone(wire.flowing.wait())
        if self.closed:
            raise LoopLinkLost("the connection was reset")

    async def _or_gone(self, awaited: Coroutine[Any, Any, T]) -> T:
        """Await something, unless the link breaks first."""
        wanted, gone = asyncio.create_task(awaited), asyncio.create_task(self._gone.wait())
        try:
            await asyncio.wait((wanted, gone), return_when=asyncio.FIRST_COMPLETED)
            if wanted.done():
                return wanted.result()
            raise LoopLinkLost("the connection was reset")
        finally:
            wanted.cancel()
            gone.cancel()
            await asyncio.wait((wanted, gone))
