"""What the desk asks of a library system about one patron, whichever way it's reached."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

AccountScope = Literal["loans", "fees", "contact"]  # loans and holds; what is owed; name, address, telephone
SCOPES: tuple[AccountScope, ...] = ("loans", "fees", "contact")

AccountWhy = Literal[
    "unreachable", "too-slow", "refused", "not-understood", "not-verified", "locked", "gone", "ended", "not-there"
]


class AccountProblem(Exception):
    """The library system, or the access to it, says no. `why` is a word of the texts and tells nothing of the patron."""

    def __init__(self, why: AccountWhy) -> None:
        self.why: AccountWhy = why
        super().__init__(why)


class PatronKey(msgspec.Struct, frozen=True):
    """By what a library system knows a patron who proved who they are. Never written anywhere; its repr shows nothing."""

    value: str

    def __repr__(self) -> str:
        return "PatronKey(…)"


class Loan(msgspec.Struct, frozen=True, kw_only=True):
    """Something on loan. `id` is the system's own; `due` is a date like 2026-12-24, or as the system writes it."""

    id: str
    title: str = ""
    due: str = ""
    overdue: bool = False
    renewable: Literal["yes", "no", "unknown"] = "unknown"
    renewals: str = ""


class HeldItem(msgspec.Struct, frozen=True, kw_only=True):
    """Something on hold. `ready`: it waits to be picked up."""

    id: str
    title: str = ""
    ready: bool = False
    place: str = ""


class Fees(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed: an amount with its currency as the system writes them, and what for."""

    total: str = ""
    lines: list[str] = []


class PatronContact(msgspec.Struct, frozen=True, kw_only=True):
    """How the library reaches the patron."""

    name: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""


class PatronAccount(msgspec.Struct, frozen=True, kw_only=True):
    """What is seen of an account; None = the patron did not allow it."""

    loans: list[Loan] | None = None
    holds: list[HeldItem] | None = None
    fees: Fees | None = None
    contact: PatronContact | None = None
    notices: list[str] = []  # what the system has to say


class AccountStep(msgspec.Struct, frozen=True, kw_only=True):
    """What became of renewing or cancelling. `said` is the system's own reason, `due` the new date."""

    done: bool
    due: str = ""
    said: str = ""


class LibrarySystem(Protocol):
    """One library's system. Each method opens what it needs and closes it, within ten seconds. Raises AccountProblem."""

    name: str

    async def reach(self) -> None:
        """Connect and sign in, and ask nothing."""

    async def check(self, card: str, pin: str) -> PatronKey | None:
        """Return by what the patron is known, None where card and PIN do not belong together."""

    async def read(self, key: PatronKey, scopes: frozenset[AccountScope]) -> PatronAccount:
        """Return what is allowed, as it is now."""

    async def renew(self, key: PatronKey, loan: str) -> AccountStep:
        """Renew one loan."""

    async def cancel_hold(self, key: PatronKey, hold: str) -> AccountStep:
        """Cancel one hold."""


def clean(text: object, most: int = 300) -> str:
    """Return a foreign text as one line of bounded length."""
    line = " ".join("".join(char if char.isprintable() else " " for char in str(text or "")).split())
    return line[:most]
