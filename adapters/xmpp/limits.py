"""How much one sender, and one server, may ask of the desk. Pure: the caller brings the time.

Nobody who writes as people write is ever stopped; who goes over a limit is told (an error that his client shows), never ignored.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second, with `burst` saved up at most."""

    a_second: float
    burst: float


MESSAGES = Rate(2, 120)  # of one sender
DOMAIN = Rate(50, 2000)  # of one server's people together
QUESTIONS = Rate(10, 100)  # disco, ping, version ... of one sender
SUBSCRIPTIONS = Rate(20, 500)  # of one server's people together
FILES = Rate(0.2, 10)  # fetched for one sender
NOTICES = Rate(1 / 600, 2)  # of one kind to one sender
MAX_KEYS = 10_000


@dataclass(slots=True)
class Buckets:
    """A token bucket per key; the least recently used are forgotten, so memory is bounded."""

    rate: Rate
    held: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, key: str, now: float) -> bool:
        """Take one from `key`'s bucket; False when it is empty."""
        spent, at = self.held.get(key, (0.0, now))
        spent = max(0.0, spent - (now - at) * self.rate.a_second)
        allowed = spent + 1 <= self.rate.burst
        self.held[key] = (spent + allowed, now)
        self.held.move_to_end(key)
        if len(self.held) > MAX_KEYS:
            self.held.popitem(last=False)
        return allowed


@dataclass(slots=True)
class XmppLimits:
    """All of one channel's."""

    messages: Buckets = field(default_factory=lambda: Buckets(MESSAGES))
    domains: Buckets = field(default_factory=lambda: Buckets(DOMAIN))
    questions: Buckets = field(default_factory=lambda: Buckets(QUESTIONS))
    subscriptions: Buckets = field(default_factory=lambda: Buckets(SUBSCRIPTIONS))
    files: Buckets = field(default_factory=lambda: Buckets(FILES))
    notices: Buckets = field(default_factory=lambda: Buckets(NOTICES))
