"""What a channel to partner deployments gets beside `Ports`: who the partners are, and what our desk passes on to them.

A partnership has an id that both sides use, and a key pair for each side that serves nothing else. So a new invitation brings new
keys.
`lent`: at the home deployment, a conversation that a partner was asked to help with. `held`: at the helping one, the copy of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Literal, Protocol

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bridge.contract.message import Attachment

PartnerState = Literal["invited", "joining", "unconfirmed", "confirmed", "revoked", "ended"]
Way = Literal["lent", "held"]
INVITED_MS = 7 * 86_400_000  # how long an invitation can be accepted


def public_key(seed: bytes) -> bytes:
    """Return the 32 bytes that others check our signatures by."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def fingerprint(key: bytes) -> str:
    """Return what two people compare over the telephone: 128 bits of the key's SHA-256 in eight groups."""
    digest = sha256(key).hexdigest()[:32]
    return " ".join(digest[at : at + 4] for at in range(0, 32, 4))


class PeerDesk(msgspec.Struct, frozen=True, kw_only=True):
    """What one deployment tells another of its desk, without its own partners: they are asked by home alone."""

    open: bool = False
    staffed: bool = False
    busy: bool = False
    wait_s: int | None = None


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A partnership as we keep it.

    state   "invited"      we made an invitation, nobody has accepted it
            "joining"      we accepted one; the other side hasn't heard of it
            "unconfirmed"  both keys are known; an administrator here must compare the fingerprints
            "confirmed"    confirmed here; it works once `agreed`, when they have confirmed it too
            "revoked"      ended here
            "ended"        ended by the other side
    proof   the invitation's secret (at who accepts) or its SHA-256 in hex (at who invites)
    doubt   a word for what was wrong with their last message, or ours: "clock", "version", "signature" ...; "" = nothing
    """

    id: str
    channel: str
    state: PartnerState
    name: str
    url: str
    library: str
    made_at: int
    seed: bytes = b""
    key: bytes = b""
    proof: str = ""
    expected: str = ""
    agreed: bool = False
    version: int = 0
    heard_at: int = 0
    doubt: str = ""
    confirmed_by: str = ""
    ended_by: str = ""
    desk: PeerDesk = PeerDesk()

    def __repr__(self) -> str:
        return f"Partner({self.id!r}, {self.state!r})"

    @property
    def works(self) -> bool:
        """Whether both sides have confirmed it and neither has ended it."""
        return self.state == "confirmed" and self.agreed


class PartnerTalk(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation that is passed between us and a partner.

    `place`: the position of the last line that the helper has. `local`: at the helper, the id of the first message of its copy.
    `until` (ms): when the helper forgets at the latest, 0 = never. `open`: the helper may still act in it.
    """

    partner: str
    conversation: str
    way: Way
    place: str = ""
    local: str = ""
    until: int = 0
    open: bool = True


class PassedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of a conversation as a partner gets it: what patron and librarians said, no note and nothing of the desk's."""

    id: str
    position: str
    who: Literal["patron", "librarian"]
    text: str
    at: int
    author: str = ""
    files: tuple[Attachment, ...] = ()


class LentTalk(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation of ours. `with_`: the librarians who have it, or have it on offer; `transfer`: it is on offer by a transfer.
    `asked_at` (ms): when the patron wrote last.

    `guest`: the address of a partner's own conversation, which isn't passed on; "" = it is no partner's.
    """

    with_: frozenset[str]
    owner: str
    transfer: bool
    guest: str
    closed: bool
    code: str
    asked_at: int
    live: bool
    name: str
    library: str
    language: str
    policy_url: str
    retention_days: int


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    """The librarian who stands for a partner at our desk: the queues that ask them, and those they answer in now."""

    librarian: str
    queues: tuple[str, ...]
    answers: tuple[str, ...]


class PartnerBook(Protocol):
    """The partnerships of one channel, kept durably and seen by every process. All raise Busy while the store is away."""

    async def all(self) -> Sequence[Partner]:
        """Return every partnership that isn't over, or of which copies are left, oldest first."""

    async def find(self, id: str) -> Partner | None:
        """Return one partnership, also one that is over."""

    async def change(self, id: str, *, only: Collection[PartnerState], **fields: object) -> bool:
        """Change fields of a partnership that is in one of these states; say whether it was."""

    async def first_time(self, id: str, nonce: str, until: int) -> bool:
        """Remember a nonce until then (ms); False when it was used before."""

    async def talks(self, id: str, way: Way) -> Sequence[PartnerTalk]:
        """Return the conversations passed this way that somebody still holds a copy of."""

    async def talk(self, id: str, way: Way, conversation: str) -> PartnerTalk | None:
        """Return one of them."""

    async def keep(self, talk: PartnerTalk) -> None:
        """Remember a conversation as it is now."""

    async def drop(self, talk: PartnerTalk) -> None:
        """Forget a conversation."""


class PartnerPorts(Protocol):
    """What a channel to partners gets of our desk."""

    book: PartnerBook

    def desk(self) -> PeerDesk:
        """Return how our desk is now."""

    def colleague(self, address: str) -> Colleague | None:
        """Return the librarian whose own address this is on the channel."""

    def ready(self) -> bool:
        """Say whether the desk is known here as it is. Before that `talk` and `colleague` know nothing."""

    async def caught_up(self) -> None:
        """Return once this process knows all that the desk had decided when it was called. Raises Busy."""

    def lent(self, conversation: str) -> LentTalk | None:
        """Return a conversation as the desk knows it, None when it knows none."""

    async def lines(self, conversation: str, after: str) -> Sequence[PassedLine]:
        """Return all that was said after a position, oldest first. Raises Busy."""

    async def forgotten(self, conversations: Collection[str]) -> Collection[str]:
        """Return those of them that our desk has forgotten. Raises Busy."""
