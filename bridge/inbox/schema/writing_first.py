"""Writing first, and sending on: what a page may choose from, and what it asks."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from bridge.contract.message import AddressKind, ChannelIcon, Forwarding
from bridge.inbox.schema.types import Asked, Copies, Identifier, Name, Shown, Subject, Ticket, Words

Address = Annotated[str, Meta(min_length=1, max_length=400)]


class BeginChannel(Shown):
    """A channel by which I may write first. `kinds`: the addresses that it takes; `library`: whose people answer there."""

    channel: str
    label: str
    icon: ChannelIcon
    kinds: list[AddressKind]
    library: str
    library_name: str
    up: bool
    copies: bool  # carries copies to further addresses
    titled: bool  # a message has a subject
    files: bool
    max_text: int = 0  # characters of one message, 0 = no limit
    segments: bool = False  # billed in segments (SMS)
    plain: bool = False  # typographic characters are spelt plainly on the way
    left: int = 0  # to how many more new addresses I may write within these 24 hours


class BeginChoices(Shown):
    """The channels by which I may write first; none = my libraries don't let me, or have no such channel."""

    channels: list[BeginChannel]


class BeginAsked(Asked):
    """Write first to an address. `attachments` are tickets of uploads for this; `apart`: although one with it is open."""

    channel: Identifier
    address: Address
    text: Words
    subject: Subject = ""
    name: Name = ""
    attachments: Annotated[list[Ticket], Meta(max_length=10)] = []
    cc: Copies = []
    bcc: Copies = []
    apart: bool = False


class ForwardAsked(Asked):
    """Send a message (the `line`'s id) with its files, or the transcript, on to a mail address with words of mine."""

    address: Address
    what: Forwarding
    line: Annotated[str, Meta(max_length=200)] = ""
    note: Words = ""
    subject: Subject = ""
