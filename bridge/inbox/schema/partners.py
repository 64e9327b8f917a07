"""Partner deployments: who they are, and what an administrator does with them."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from bridge.contract.partners import PartnerState
from bridge.inbox.schema.types import Asked, Identifier, Shown


class PartnerView(Shown):
    """A partnership. `ours`, `theirs`: the fingerprints of both keys, "" while one is not known.

    `state`: see bridge.contract.partners. `agreed`: they have confirmed it, too. `here`: heard of within a minute. `doubt`: a word
    for what was wrong lately.
    """

    id: str
    channel: str
    state: PartnerState
    name: str
    library: str
    url: str
    ours: str
    theirs: str
    agreed: bool
    works: bool
    here: bool
    made_at: int
    heard_at: int
    expires_at: int
    version: int
    doubt: str
    open: bool
    staffed: bool
    busy: bool
    wait_s: int
    confirmed_by: str
    ended_by: str


class PartnerChannelView(Shown):
    """A channel by which partners reach us. `queue`: where we help them."""

    channel: str
    address: str
    queue: str


class PartnerList(Shown):
    """All partnerships, newest first."""

    channels: list[PartnerChannelView]
    partners: list[PartnerView]


class InvitationAsked(Asked):
    """Invite another deployment. `library`: the id that it has as a library here."""

    channel: Identifier
    library: Annotated[str, Meta(min_length=1, max_length=40)]


class PartnerInvitation(Shown):
    """An invitation, shown once. Whoever has it can accept it."""

    partner: PartnerView
    invitation: str


class InvitationAccepted(Asked):
    """Accept another deployment's invitation."""

    channel: Identifier
    library: Annotated[str, Meta(min_length=1, max_length=40)]
    invitation: Annotated[str, Meta(min_length=1, max_length=1000)]
