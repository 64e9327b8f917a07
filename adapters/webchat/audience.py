"""Who is listening: browsers by patron, and what each was told in the last seconds.

The rules:
- Nobody waits for a slow browser. A socket whose buffer is full is left out, marked, and asked to say hello again once it has
  drained. A browser catches up from history, never from a queue of ours.
- Deliveries of the last seconds are kept, because history and the out stream are read by two readers. A delivery that has just
  been pushed may not be in history yet when a browser comes.
- An idle socket costs a Peer with slots and its reader, no task and no queue of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence

from aiohttp import web

from adapters.webchat.codec import Error, encode
from adapters.webchat.departures import Departures
from adapters.webchat.limits import FRAMES
from bridge.contract.token_bucket import TokenBucket

FULL = 48 * 1024  # bytes unsent on a socket before it is left out (asyncio pauses a writer at 64 KiB)
RECENT_S = 20.0
RECENT = 50_000  # deliveries kept at most
DISMISSED = encode(Error(code="token"))
SLICE = 500  # sockets told before others get a turn


class Peer:
    """A browser that listens; `sender` and its `token` are "" until it has written or shown its token."""

    __slots__ = ("bucket", "heard", "mark", "refused", "sender", "token", "typed")

    def __init__(self, mark: str, now: float, sender: str = "", token: str = "") -> None:
        self.sender = sender
        self.token = token
        self.mark = mark
        self.heard = now
        self.typed = 0.0
        self.refused = 0
        self.bucket = TokenBucket(FRAMES, now)

    async def push(self, frame: bytes) -> None:
        """Give it a frame now, or drop it and remember that."""
        raise NotImplementedError

    async def answer(self, frame: bytes) -> None:
        """Give it what it asked for, waiting until there is room."""
        raise NotImplementedError


class SocketPeer(Peer):
    """A browser at a WebSocket."""

    __slots__ = ("behind", "hold", "transport", "ws")

    def __init__(self, ws: web.WebSocketResponse, transport: asyncio.Transport, mark: str, now: float) -> None:
        super().__init__(mark, now)
        self.ws = ws
        self.transport = transport
        self.hold: list[bytes] | None = None  # what is pushed while history is on its way
        self.behind = False

    async def push(self, frame: bytes) -> None:
        if self.hold is not None:
            self.hold.append(frame)
        elif self.full(len(frame)):
            self.behind = True
        else:
            await self.answer(frame)

    async def answer(self, frame: bytes) -> None:
        if not self.ws.closed:
            try:
                await self.ws.send_str(frame.decode())
            except ConnectionError:  # it left while we wrote; its reader tidies up
                return

    def full(self, more: int = 0) -> bool:
        """Say whether `more` bytes would have to wait."""
        return self.transport.get_write_buffer_size() + more > FULL and self.transport.get_write_buffer_size() > 0

    def cut(self) -> None:
        """Drop the connection without ceremony."""
        self.transport.abort()


class RequestPeer(Peer):
    """A browser at a plain request or a long poll: frames are gathered until it is answered."""

    __slots__ = ("frames", "news")

    def __init__(self, mark: str, now: float, sender: str = "", token: str = "") -> None:
        super().__init__(mark, now, sender, token)
        self.frames: list[bytes] = []
        self.news = asyncio.Event()

    async def push(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.news.set()

    async def answer(self, frame: bytes) -> None:
        self.frames.append(frame)


class Audience:
    """All who listen at this process."""

    def __init__(self) -> None:
        self.sockets: set[SocketPeer] = set()
        self._peers: dict[str, list[Peer]] = {}
        self._recent: dict[str, deque[tuple[str, bytes]]] = {}
        self._order: deque[tuple[float, str]] = deque()
        self.departures = Departures()
        self.on_join: Callable[[str], None] = lambda sender: None  # told of each patron who joins

    def join(self, peer: Peer, sender: str, *, wrote: bool = False) -> None:
        """From now on `peer` hears what is meant for `sender`; who just `wrote` is known to be there."""
        if peer.sender == sender and peer in self._peers.get(sender, ()):
            return
        self.leave(peer)
        peer.sender = sender
        self.on_join(sender)
        if not wrote and not self.listens(sender):
            self.departures.came(sender)
        self._peers.setdefault(sender, []).append(peer)

    def leave(self, peer: Peer) -> bool:
        """Forget a peer; True when it was its patron's last one here."""
        peers = self._peers.get(peer.sender)
        if not peers or peer not in peers:
            return False
        peers.remove(peer)
        if peers:
            return False
        del self._peers[peer.sender]
        self.departures.left(peer.sender, time.monotonic())
        return True

    @property
    def present(self) -> Sequence[str]:
        """Return the patrons who listen here."""
        return tuple(self._peers)

    async def dismiss(self, senders: Iterable[str]) -> None:
        """Shut out the browsers of patrons whose tokens open nothing any more: each is told so, and hears nothing else."""
        for sender in senders:
            for peer in tuple(self._peers.get(sender, ())):
                self.leave(peer)
                peer.sender = peer.token = ""
                await peer.push(DISMISSED)
            self._recent.pop(sender, None)

    def contradict(self, sender: str) -> None:
        """Another process says that a patron is gone from it: when they are here, that is told."""
        if self.listens(sender):
            self.departures.came(sender)

    def listens(self, sender: str) -> bool:
        """Say whether a browser of this patron is here."""
        return sender in self._peers

    async def deliver(self, sender: str, id: str, frame: bytes, now: float) -> bool:
        """Push a delivery and remember it for a moment; True when somebody heard it."""
        self._recent.setdefault(sender, deque()).append((id, frame))
        self._order.append((now, sender))
        if len(self._order) > RECENT:
            self._forget_one()
        return await self.tell(sender, frame)

    async def tell(self, sender: str, frame: bytes, but: Peer | None = None) -> bool:
        """Push a frame to every browser of a patron; True when there is one."""
        peers: Sequence[Peer] = tuple(self._peers.get(sender, ()))
        for peer in peers:
            if peer is not but:
                await peer.push(frame)
        return bool(peers)

    def all_behind(self) -> None:
        """Note that every browser here may lack something: each is asked to say hello again."""
        for peer in self.sockets:
            peer.behind = bool(peer.sender)

    async def tell_all(self, frame: bytes, but: Container[str] = ()) -> None:
        """Push a frame to every socket except of patrons who are in `but` when their turn comes; others have a turn meanwhile."""
        for n, peer in enumerate(tuple(self.sockets)):
            if not peer.sender or peer.sender not in but:
                await peer.push(frame)
            if n % SLICE == SLICE - 1:
                await asyncio.sleep(0)

    def recent(self, sender: str, have: Iterable[str]) -> list[bytes]:
        """Return what was delivered to a patron in the last seconds, without what the browser already holds."""
        known = frozenset(have)
        return [frame for id, frame in self._recent.get(sender, ()) if id not in known]

    def forget(self, now: float) -> None:
        """Drop what is older than some seconds."""
        while self._order and self._order[0][0] < now - RECENT_S:
            self._forget_one()

    def _forget_one(self) -> None:
        _, sender = self._order.popleft()
        frames = self._recent.get(sender)
        if not frames:  # dismissed meanwhile
            return
        frames.popleft()
        if not frames:
            del self._recent[sender]
