"""Whether a token still opens its chat: not when it is too old, and not when it was revoked.

The rules (public computers: ALA, "Privacy and confidentiality"):
- A token opens for as long as the channel says after the patron last wrote. Writing renews it; looking does not, since the
  next person at that computer looks too. A token from before tokens had dates counts from the day since which they have them
  here.
- A patron who ends the chat on a device revokes it everywhere, and so does forgetting, once nothing of the patron is left.
- What is revoked is kept in the daemon's store, so that each process knows; a socket of another process is shut within seconds.
  The store has a hash of the address alone. While it is away nothing opens: the browser asks again.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable

from adapters.webchat import tokens
from adapters.webchat.codec import FrameRefused
from bridge.contract.adapter import Busy, Ports
from bridge.contract.memory import MemoryKind, MemoryRow
from bridge.contract.message import derive

DAY_S = 86_400
MOST_DAYS = 90  # what is revoked is remembered for longer
PUBLIC_S = DAY_S / 2  # where the computers are public: a token that no tab holds any more
RENEWALS = 30  # of a token within its life, at most
OVERLAP_MS = 60_000  # the same is asked for twice, rather than missed
BUSY_S = 5.0
FIRST = "first"  # the key of the only row


def _former(raw: bytes, written: int) -> list[MemoryRow]:
    """The time of an earlier version's file was all that it said."""
    return [MemoryRow(FIRST, b"", written)]


DATED = MemoryKind(name="tokens-have-dates", most=1, former="tokens-have-dates", read=_former)


class Admission:
    """Who is let in by a token. `keep_s`: for how long after the patron last wrote."""

    def __init__(self, ports: Ports, keep_s: float) -> None:
        self._ports = ports
        self._keep_s = keep_s
        self._looked = 0  # ms by the store's clock
        self._since = 0.0  # since when tokens have a date here, 0 = not known yet

    async def begin(self) -> None:
        """Learn since when tokens have a date here: since the first start of a process of this channel. Raises Busy."""
        if not self._since:
            if not (rows := await self._ports.memory.rows(DATED)):
                await self._ports.memory.put(DATED, [MemoryRow(FIRST)])
                rows = await self._ports.memory.rows(DATED)
            self._since = rows[0].at / 1000

    async def check(self, token: str) -> str:
        """Return the patron's address and let the token open; raises Refusal `token`, or `busy` while nobody can say."""
        known = tokens.read(self._ports.secret, token)
        if known is None:
            raise FrameRefused("token")
        try:
            if not known.issued:
                await self.begin()
            if self._ports.revocations and await self._ports.revocations.holds(_name(known.address)):
                raise FrameRefused("token")
        except Busy as error:
            raise FrameRefused("busy", retry_after=BUSY_S) from error
        if time.time() - (known.issued or self._since) > self._keep_s:
            raise FrameRefused("token")
        return known.address

    def mint(self, seed: str, id: str = "") -> str:
        """Return a new patron's token, dated now. Raises Refusal for a seed that others may think of: they would be that patron."""
        if seed and not tokens.is_random(seed):
            raise FrameRefused("invalid", id)
        return tokens.mint(self._ports.secret, seed, time.time())

    def renewed(self, token: str) -> str:
        """Return a newer token for the same patron, who has just written; "" while this one is young."""
        known = tokens.read(self._ports.secret, token)
        if known is None or time.time() - known.issued < max(self._keep_s / RENEWALS, tokens.HOUR_S):
            return ""
        return tokens.issue(self._ports.secret, known.address, time.time())

    def dated(self, token: str) -> str:
        """Return a token with a date for one without, "" for one that has a date."""
        known = tokens.read(self._ports.secret, token)
        if known is None or known.issued or not self._since:
            return ""
        return tokens.issue(self._ports.secret, known.address, self._since)

    async def revoke(self, senders: Collection[str]) -> None:
        """Let no token of these patrons open any more. Raises Busy."""
        if self._ports.revocations:
            await self._ports.revocations.add([_name(sender) for sender in senders])

    async def revoked(self, listening: Iterable[str]) -> list[str]:
        """Return who of those that listen has been revoked since this was last asked, by whichever process. Raises Busy."""
        if self._ports.revocations is None:
            return []
        found, self._looked = await self._ports.revocations.since(self._looked)
        self._looked -= OVERLAP_MS
        gone = frozenset(found)
        return [sender for sender in listening if _name(sender) in gone] if gone else []


def _name(sender: str) -> str:
    return derive("revoked", sender)
