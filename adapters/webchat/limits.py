"""How much one patron, and one address, may ask of the daemon. Pure: the caller brings the time.

The rules:
- A patron who writes quickly is never cut off. They are told to slow down and for how long, and their browser waits and sends
  again. Only a socket that goes on regardless is closed.
- Addresses are counted in memory alone, as hashes under a salt that dies with the process: no IP is kept (ALA, "Privacy").
  A whole library may sit behind one address, so those limits are wide.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from ipaddress import ip_address, ip_network
from secrets import token_bytes

from bridge.contract.token_bucket import Rate, TokenBuckets

MAX_FRAME = 64 * 1024  # bytes of one frame or request; longer gets an error and the socket lives
HARD_FRAME = 256 * 1024  # the WebSocket itself is closed above this (1009)
MAX_FILE = 10 * 1024 * 1024
MAX_FILES = 5  # attachments of one message
BEAT_S = 20.0  # the browser asks "are you there" this often
DEAF_BEATS = 3.25  # a socket that was silent for so many beats is gone
POLL_S = 25.0  # a long poll answers after this, with or without news
TAKEN_S = 3600.0  # a request that comes again after its acknowledgement was lost is known for so long
STUBBORN = 200  # frames over the limit before the socket is closed (1008)


FRAMES = Rate(10, 60)  # of one socket or token
MESSAGES = Rate(1, 20)  # of one patron
NEWCOMERS = Rate(1, 60)  # first messages from one address
MAILS = Rate(1 / 600, 3)  # transcripts that one patron has mailed
PLACE_MAILS = Rate(1 / 60, 30)  # transcripts asked for at one address
OWN_DATA = Rate(1 / 300, 3)  # files of what is kept of one patron
UPLOADS = Rate(0.2, 10)  # of one patron
MEGABYTES = Rate(0.2, 200)  # of files from one address, by all its patrons
# Lines heard or seen, from one address. Each is written down, also one that names none of ours.
RECEIPTS = Rate(50, 1500)
NOTICES = Rate(1 / 20, 10)  # of one patron: to be told of answers, or not any more
REQUESTS = Rate(20, 200)  # plain requests from one address


@dataclass(slots=True)
class Door:
    """Who may come in: connections and requests by hashed address, messages and uploads by patron."""

    per_address: int
    salt: bytes = field(default_factory=lambda: token_bytes(16))
    connections: Counter[str] = field(default_factory=Counter)
    newcomers: TokenBuckets = field(default_factory=lambda: TokenBuckets(NEWCOMERS))
    requests: TokenBuckets = field(default_factory=lambda: TokenBuckets(REQUESTS))
    messages: TokenBuckets = field(default_factory=lambda: TokenBuckets(MESSAGES))
    mails: TokenBuckets = field(default_factory=lambda: TokenBuckets(MAILS))
    place_mails: TokenBuckets = field(default_factory=lambda: TokenBuckets(PLACE_MAILS))
    mailed: dict[str, float] = field(default_factory=dict)  # requests for transcripts that were taken, and when
    own_data: TokenBuckets = field(default_factory=lambda: TokenBuckets(OWN_DATA))
    uploads: TokenBuckets = field(default_factory=lambda: TokenBuckets(UPLOADS))
    receipts: TokenBuckets = field(default_factory=lambda: TokenBuckets(RECEIPTS))
    megabytes: TokenBuckets = field(default_factory=lambda: TokenBuckets(MEGABYTES))
    notices: TokenBuckets = field(default_factory=lambda: TokenBuckets(NOTICES))

    def mark(self, address: str) -> str:
        """Return the mark of an address in this process; an IPv6 household counts as one (/64)."""
        try:
            ip = ip_address(address.partition("%")[0])
            inner = (ip.ipv4_mapped or ip.sixtofour) if ip.version == 6 else ip  # one of IPv4, in whichever spelling
            place = str(inner) if inner is not None else str(ip_network(f"{ip}/64", strict=False))
        except ValueError:
            place = address
        return blake2b(place.encode(), key=self.salt, digest_size=8).hexdigest()

    def enter(self, mark: str) -> bool:
        """Count a connection in; False when its address holds too many."""
        if self.connections[mark] >= self.per_address:
            return False
        self.connections[mark] += 1
        return True

    def leave(self, mark: str) -> None:
        """Count a connection out."""
        self.connections[mark] -= 1
        if self.connections[mark] <= 0:
            del self.connections[mark]

    def forget(self, now: float) -> None:
        """Drop what need not be remembered any longer."""
        for id in [id for id, at in self.mailed.items() if at < now - TAKEN_S]:
            del self.mailed[id]
        for buckets in (
            self.mails,
            self.place_mails,
            self.newcomers,
            self.requests,
            self.messages,
            self.own_data,
            self.uploads,
            self.receipts,
            self.megabytes,
            self.notices,
        ):
            buckets.forget_full(now)
