"""One part, from the first try to its outcome, and what is done about doubt.

Where the network would not drop a second copy, the attempt is written down before a submission. That happens
once its turn by the network's rate has come. So after a crash a pending part without an attempt is sent, and one with an
attempt is in doubt.
Doubt: `idempotent` -> submit again under the same id; else `lookup` -> submit again only on a firm no; else never again, and
the librarian sees that nobody knows.

Attempts are written as `2k` (parts before k are with the network, none is in flight) or `2k + 1` (part k was begun).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bridge.contract.adapter import Capabilities, Outcome, Rejected, Retry, Sent, Uncertain
from bridge.contract.message import Delivery
from bridge.runtime.backoff import Backoff

ASK_TIMES = 4  # lookups that answer "nobody can say" before the doubt is shown
LEAST_S = 0.1  # between two tries, also where an adapter asks for none


class SubmissionContext(Protocol):
    """What a submission asks of the drain that it belongs to."""

    @property
    def capabilities(self) -> Capabilities:
        """What the adapter declares."""

    def now(self) -> float:
        """Return the time, s since the epoch."""

    async def standing(self, until: float) -> bool:
        """Wait until the session is connected; False when `until` (s since the epoch) came first."""

    async def turn(self, until: float) -> bool:
        """Wait for what the network's rate allows; False when `until` (s since the epoch) came first."""

    async def remember(self, delivery: Delivery, mark: int) -> bool:
        """Write down an attempt; False when the store is away. Raises Fenced."""

    async def submit(self, part: Delivery) -> Outcome:
        """Hand a part to the adapter and wait for what became of it."""

    async def ask(self, part: Delivery) -> bool | None:
        """Ask the network whether a part arrived."""

    def pauses(self) -> None:
        """Note that nothing is in flight: the next try comes later."""

    async def rest(self, seconds: float) -> None:
        """Wait for the next try."""


@dataclass(slots=True)
class Submission:
    """One part, from the first try to its outcome."""

    way: SubmissionContext
    part: Delivery
    number: int
    until: float
    doubt: bool
    asked: int = 0
    _backoff: Backoff | None = None

    async def outcome(self, begun: Outcome | None = None) -> Outcome:
        """Return Sent, Rejected or Uncertain; never Retry. `begun` is what the first try came to, if it was made already."""
        last, wait = "expired", 0.0
        while begun is not None or await self.way.standing(self.until):
            outcome = await (self._heard(begun) if begun else self._step() if self.doubt else self._submit())
            begun = None
            match outcome:
                case Sent() | Rejected():
                    return outcome
                case Uncertain() if not self._resolvable():
                    return outcome
                case Uncertain(reason):
                    last, wait = reason, self._pause()
                case Retry(reason, after):
                    last, wait = reason, self._pause() if after is None else max(after, LEAST_S)
            if self.way.now() + wait >= self.until:
                break
            await self.way.rest(wait)
        return Uncertain(last) if self.doubt else Rejected("expired", "" if last == "expired" else last)

    def _pause(self) -> float:
        """Return the seconds until the next try."""
        if self._backoff is None:
            self._backoff = Backoff(most=60.0)
        return self._backoff.next()

    async def _step(self) -> Outcome:
        """Ask where there is doubt, and submit again where it is gone or does no harm."""
        capabilities = self.way.capabilities
        if not capabilities.idempotent:
            if not capabilities.lookup:
                return Uncertain("interrupted")
            arrived = await self.way.ask(self.part)
            if arrived is None:
                self.asked += 1
                return Uncertain("unknown")
            if arrived:
                return Sent()
            self.doubt = False
        return await self._submit()

    async def _submit(self) -> Outcome:
        certain = self.way.capabilities.idempotent
        if self.way.capabilities.rate and not await self.way.turn(self.until):
            return Retry("rate")
        if not certain and not await self.way.remember(self.part, 2 * self.number + 1):
            self.way.pauses()
            return Retry("store-away")
        return await self._heard(await self.way.submit(self.part))

    async def _heard(self, outcome: Outcome) -> Outcome:
        """Note what a submission came to."""
        certain = self.way.capabilities.idempotent
        if isinstance(outcome, Sent):
            self.doubt = False
            return outcome
        self.doubt = isinstance(outcome, Uncertain) or (certain and self.doubt and isinstance(outcome, Retry))
        if isinstance(outcome, Retry):
            if not certain:
                await self.way.remember(self.part, 2 * self.number)
            self.way.pauses()
        return outcome

    def _resolvable(self) -> bool:
        """Whether doubt can be turned into knowledge by trying again."""
        capabilities = self.way.capabilities
        return capabilities.idempotent or (capabilities.lookup and self.asked < ASK_TIMES)
