"""Somebody whom another service vouches for, and why they may not come in."""

from __future__ import annotations

from typing import Literal

import msgspec

SignOnWay = Literal["provider", "proxy"]
SignOnRefusal = Literal[
    "provider-away",  # it does not answer, or says that it cannot now
    "provider-refused",  # it said no, or the person went back
    "bad-answer",  # what came back is not what a provider of ours says: signature, time, recipient
    "too-late",  # the answer was used, is older than ten minutes, or came to another browser
    "email-unverified",
    "unknown",  # no account, and none is to be made
    "linked-otherwise",  # the account belongs to another identity of the same provider
    "name-taken",
    "not-in-group",
    "closed",  # the account, or the librarian, is deactivated
    "too-many",
    "away",  # our own database
]


class SignOnPledge(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer must fit: kept by us while a browser is at the provider. `browser` is the mark of that browser."""

    nonce: str
    verifier: str
    browser: str
    back: str = ""


class VouchedIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is at a service. `names`: sign-in names that it vouches for. `groups` None: it named none at all.

    `doubtful_email`: it names an address that it has not verified, which counts for nothing.
    """

    way: SignOnWay
    issuer: str
    subject: str
    names: tuple[str, ...] = ()
    name: str = ""
    groups: tuple[str, ...] | None = None
    doubtful_email: bool = False


class NotSignedOn(Exception):
    """Somebody may not come in. `librarian` and `library`: whose account it would have been, where that is known."""

    def __init__(self, reason: SignOnRefusal, *, librarian: str = "", library: str = "") -> None:
        super().__init__(reason)
        self.reason: SignOnRefusal = reason
        self.librarian = librarian
        self.library = library
