"""What a refused sign-in means: wrong credentials, or a server that lets us in only later.

The rule: only a code of RFC 5530 that says that the credentials are wrong blocks a channel until a person changes something.
Servers also refuse when they are busy, were asked too often or lost their own back end. They say so in words of their own or
in none: "[OVERQUOTA]", "[THROTTLED]", "BAD User is authenticated but not connected", a plain NO. That passes. So it
is tried again slowly and said so; after a day of nothing else a person must look.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from bridge.contract.adapter import AdapterError, BadCredentials, Throttled

DAY_S = 86_400.0
CREDENTIALS = re.compile(r"\[(?:AUTHENTICATIONFAILED|AUTHORIZATIONFAILED|EXPIRED|PRIVACYREQUIRED)\b", re.IGNORECASE)
PASSING = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|OVERQUOTA|THROTTLED|CONTACTADMIN)\b|too many|too often|too frequent|try(?:ing)? again"
    r"|temporar|rate.?limit|limit exceeded|throttl|not connected|later\b|system problem|internal error|overload",
    re.IGNORECASE,
)


def passes(said: str) -> bool:
    """Whether a refusal speaks of a state that passes."""
    return PASSING.search(said) is not None


class Refusals:
    """The refused sign-ins of one mailbox; outlives its sessions. `now` counts seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._since: float | None = None

    def accepted(self) -> None:
        """Forget the refusals: the server let us in."""
        self._since = None

    def error(self, login: str, said: str) -> AdapterError:
        """Return what a refusal in the server's words means for the session."""
        if CREDENTIALS.search(said) and not passes(said):
            return BadCredentials(f"the IMAP server refuses {login}: {said}")
        now = self._now()
        self._since = now if self._since is None else self._since
        if now - self._since >= DAY_S:
            return BadCredentials(f"the IMAP server has refused {login} for a day: {said}")
        return Throttled(f"the IMAP server does not let {login} in now, it is tried again slowly: {said}")
