"""How a channel is after its session ended: what of all that went wrong decides it, and in which words.

A session's tasks may fail together, each in its own way. The heaviest speaks: it says whether to try again, or to wait until
somebody has changed something.
"""

from __future__ import annotations

from typing import Literal

from bridge.contract.adapter import AdapterError, BadCredentials, Busy, Misconfigured, Throttled, Unavailable
from bridge.redis.store import StoreError
from bridge.runtime.backoff import leaves

State = Literal["starting", "standby", "up", "down", "blocked", "stopped"]


def weightiest(errors: BaseException) -> Exception:
    """Return the one exception of a group that says how the session is: a bug, else refused, else misconfigured, else away."""
    order = (Unavailable, Busy, StoreError, Misconfigured, BadCredentials)

    def weight(error: BaseException) -> int:
        return next((rank for rank, kind in enumerate(order) if isinstance(error, kind)), len(order))

    heaviest = max(leaves(errors), key=weight)
    if not isinstance(heaviest, Exception):
        raise heaviest
    return heaviest


def verdict(end: Exception | None) -> tuple[State, str]:
    """Return the state of a channel whose session ended so, and the reason, one of a few words that metrics count by."""
    match end:
        case None:
            return "down", "ended"
        case BadCredentials():
            return "blocked", "bad-credentials"
        case Misconfigured():
            return "blocked", "misconfigured"
        case Busy() | StoreError():
            return "down", "store-away"
        case Throttled():
            return "down", "throttled"
        case AdapterError():
            return "down", "unavailable"
        case _:
            return "down", "internal"
