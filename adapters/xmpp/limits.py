"""How much one sender, and one server, may ask of the desk. Pure: the caller brings the time.

Nobody who writes as people write is ever stopped; who goes over a limit is told (an error that their client shows), never
ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bridge.contract.token_bucket import Rate, TokenBuckets

MESSAGES = Rate(2, 120)  # of one sender
DOMAIN = Rate(50, 2000)  # of one server's people together
QUESTIONS = Rate(10, 100)  # disco, ping, version ... of one sender
SUBSCRIPTIONS = Rate(20, 500)  # of one server's people together
FILES = Rate(0.2, 10)  # fetched for one sender
NOTICES = Rate(1 / 600, 2)  # of one kind to one sender
MAX_KEYS = 10_000  # of each limit; the key that was used longest ago is forgotten


def _by_key(rate: Rate) -> TokenBuckets:
    return TokenBuckets(rate, MAX_KEYS)


@dataclass(slots=True)
class XmppLimits:
    """All of one channel's limits, a bucket a sender, a server or a kind of notice."""

    messages: TokenBuckets = field(default_factory=lambda: _by_key(MESSAGES))
    domains: TokenBuckets = field(default_factory=lambda: _by_key(DOMAIN))
    questions: TokenBuckets = field(default_factory=lambda: _by_key(QUESTIONS))
    subscriptions: TokenBuckets = field(default_factory=lambda: _by_key(SUBSCRIPTIONS))
    files: TokenBuckets = field(default_factory=lambda: _by_key(FILES))
    notices: TokenBuckets = field(default_factory=lambda: _by_key(NOTICES))
