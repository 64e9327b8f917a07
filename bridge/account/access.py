"""Half an hour in which a librarian may look at a patron's account, because the patron said so.

    offered   a librarian made a link for one conversation; it works for ten minutes, and proves nothing by itself
    granted   the patron gave card and PIN on our page, the library system said yes, and the patron chose what may be seen
    ended     after 30 minutes, when the conversation ends, or when the patron or the librarian says so

All of it is in the memory of this process. A restart ends every access; nothing is left of it anywhere.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bridge.account.attempts import ProofAttempts
from bridge.account.koha import KohaSystem
from bridge.account.library_system import (
    SCOPES,
    AccountProblem,
    AccountScope,
    AccountStep,
    LibrarySystem,
    PatronAccount,
    PatronKey,
)
from bridge.account.settings import AccountConfig
from bridge.account.sip2 import Sip2System

OFFER_S = 600.0
GRANT_S = 1800.0
SWEEP_S = 15.0
MOST_CARD = 64
MOST_PIN = 128
MOST_OFFERS = 5_000


@dataclass(slots=True)
class AccountOffer:
    """A link that a patron was sent. `used`: somebody has proved who they are by it."""

    token: str
    conversation: str
    library: str
    until: float
    used: bool = False


@dataclass(slots=True)
class AccountGrant:
    """An access that stands. `handle` is known to the patron's page alone; `ending` is the last two characters of the card."""

    conversation: str
    library: str
    key: PatronKey = field(repr=False)
    handle: str = field(repr=False)
    ending: str
    scopes: frozenset[AccountScope]
    since: float
    until: float
    loans: set[str] = field(default_factory=set, repr=False)
    holds: set[str] = field(default_factory=set, repr=False)
    read: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)


class AccountAccess:
    """The offers and grants of one consortium.

    `is_open` says whether a conversation goes on; `clock` is seconds since the epoch.
    """

    def __init__(
        self,
        configs: Iterable[AccountConfig] = (),
        is_open: Callable[[str], bool] = lambda conversation: True,
        clock: Callable[[], float] = time.time,
        systems: Mapping[str, LibrarySystem] | None = None,
    ) -> None:
        self._configs = {config.library: config for config in configs}
        self._systems = systems or {library: _system(config) for library, config in self._configs.items()}
        self._is_open = is_open
        self._clock = clock
        self._offers: dict[str, AccountOffer] = {}
        self._grants: dict[str, AccountGrant] = {}
        self._attempts = ProofAttempts(clock)

    def of(self, library: str) -> AccountConfig | None:
        """Return how a library's system is asked, None where it isn't."""
        return self._configs.get(library)

    async def reach(self, library: str) -> None:
        """Connect to a library's system and sign in, and ask nothing. Raises AccountProblem."""
        await self._systems[library].reach()

    def system_name(self, library: str) -> str:
        """Return what kind of system a library has."""
        return self._systems[library].name

    # ---- the librarian offers ----

    def offer(self, conversation: str, library: str) -> AccountOffer:
        """Make a link for a conversation; an earlier one works no more."""
        self.sweep()
        for token, one in list(self._offers.items()):
            if one.conversation == conversation:
                del self._offers[token]
        while len(self._offers) >= MOST_OFFERS:
            del self._offers[next(iter(self._offers))]
        made = AccountOffer(secrets.token_urlsafe(24), conversation, library, self._clock() + OFFER_S)
        self._offers[made.token] = made
        return made

    def offered_until(self, conversation: str) -> float:
        """Return until when a conversation's link works, 0.0 where there is none."""
        found = (one for one in self._offers.values() if one.conversation == conversation)
        return next((one.until for one in found if not one.used and one.until > self._clock()), 0.0)

    # ---- the patron proves who they are ----

    def offered(self, token: str) -> AccountOffer | None:
        """Return the offer of a link that works still."""
        one = self._offers.get(token)
        if one is None or one.used or one.until <= self._clock() or not self._is_open(one.conversation):
            return None
        return one

    async def prove(
        self, token: str, card: str, pin: str, scopes: frozenset[AccountScope], address: str
    ) -> AccountGrant:
        """Check card and PIN, and grant what the patron chose.

        Raises AccountProblem: gone, locked, not-verified, or the system's.
        """
        offer = self.offered(token)
        if offer is None:
            raise AccountProblem("gone")
        card = card.strip()
        who = (f"card {offer.library} {card}", f"address {address}", f"link {token}")
        if len(card) > MOST_CARD or len(pin) > MOST_PIN or not scopes:
            raise AccountProblem("not-verified")
        if not self._attempts.begin(*who):
            raise AccountProblem("locked")
        try:
            key = await self._systems[offer.library].check(card, pin)
        except AccountProblem:  # nobody has checked anything: it isn't the patron's try
            self._attempts.succeeded(*who)
            raise
        if key is None:
            raise AccountProblem("not-verified")
        self._attempts.succeeded(*who)
        if self.offered(token) is None:  # ended meanwhile, or used in another window
            raise AccountProblem("gone")
        offer.used = True
        now = self._clock()
        grant = AccountGrant(
            conversation=offer.conversation,
            library=offer.library,
            key=key,
            handle=secrets.token_urlsafe(24),
            ending=card[-2:] if len(card) > 4 else "",
            scopes=scopes & frozenset(SCOPES),
            since=now,
            until=now + GRANT_S,
        )
        self._grants[offer.conversation] = grant
        return grant

    def by_handle(self, handle: str) -> AccountGrant | None:
        """Return the access that a patron's page stands for, while it stands."""
        for one in list(self._grants.values()):
            if secrets.compare_digest(one.handle.encode(), handle.encode("utf-8", "replace")):
                return self.granted(one.conversation)
        return None

    # ---- the librarian looks ----

    def granted(self, conversation: str) -> AccountGrant | None:
        """Return the access to a conversation's account while it stands."""
        one = self._grants.get(conversation)
        if one is not None and (one.until <= self._clock() or not self._is_open(conversation)):
            self.end(conversation)
            return None
        return one

    def end(self, conversation: str) -> None:
        """End an access, and the link of that conversation."""
        self._grants.pop(conversation, None)
        for token, one in list(self._offers.items()):
            if one.conversation == conversation:
                del self._offers[token]

    async def read(self, conversation: str) -> PatronAccount:
        """Return the account as it is now, no more than the patron allowed. Raises AccountProblem."""
        grant = self._standing(conversation)
        async with grant.turn:
            account = await self._systems[grant.library].read(grant.key, grant.scopes)
        if self.granted(conversation) is not grant:  # it ended while the system was asked
            raise AccountProblem("ended")
        grant.loans = {one.id for one in account.loans or ()}
        grant.holds = {one.id for one in account.holds or ()}
        grant.read = True
        return account

    async def renew(self, conversation: str, loan: str) -> AccountStep:
        """Renew a loan that was seen. Raises AccountProblem."""
        grant = self._standing(conversation)
        if loan not in grant.loans:
            raise AccountProblem("not-there")
        async with grant.turn:
            return await self._systems[grant.library].renew(grant.key, loan)

    async def cancel_hold(self, conversation: str, hold: str) -> AccountStep:
        """Cancel a hold that was seen. Raises AccountProblem."""
        grant = self._standing(conversation)
        if hold not in grant.holds:
            raise AccountProblem("not-there")
        async with grant.turn:
            return await self._systems[grant.library].cancel_hold(grant.key, hold)

    def _standing(self, conversation: str) -> AccountGrant:
        grant = self.granted(conversation)
        if grant is None:
            raise AccountProblem("ended")
        return grant

    # ---- the end ----

    def sweep(self) -> None:
        """Forget what has ended."""
        now = self._clock()
        for conversation in list(self._grants):
            self.granted(conversation)
        for token, one in list(self._offers.items()):
            if one.until <= now or not self._is_open(one.conversation):
                del self._offers[token]

    async def run(self) -> None:
        """Sweep until cancelled, so that no card number stays in memory longer than it's needed."""
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sweep()


def _system(config: AccountConfig) -> LibrarySystem:
    return Sip2System(config) if config.kind == "sip2" else KohaSystem(config)
