"""Addresses that patrons leave for an answer: what counts as one, and which channel carries an answer there.

*One rule for what is an address*: `address_kind`. Every rule that wants an address, thanks for one or promises an answer asks it.
*The channel fits the address.* A channel declares the kinds of address that it can begin to write to (`Capabilities.answers`):
mail to mail addresses, texts to telephone numbers, instant messages to addresses with the scheme `xmpp:`. The channel that the
library names for answers (`Library.contact_channel`) comes first, else a channel of the library itself that carries the kind.
A library that names none does not answer by mail: its mailbox stays out of it until somebody names it.
*A number* is kept as E.164 writes it, read with the library's country. One that names no country cannot be answered by text.
What no channel carries is kept for the librarians to read, and no answer is promised there.
"""

from __future__ import annotations

from typing import Literal, get_args

from bridge.contract.address import XMPP, international, is_mail_address, is_phone_number, is_xmpp_address
from bridge.contract.message import AddressKind, ChannelStatus
from routing.records import Conversation
from routing.state import State

Kind = AddressKind | Literal[""]
KINDS: tuple[AddressKind, ...] = get_args(AddressKind)


def tidy_contact(contact: str, country: str = "") -> str:
    """Return an address as it is compared: trimmed, in lower case where it has an @, a number as E.164 writes it."""
    contact = contact.strip()
    if "@" in contact:
        return contact.lower()
    return international(contact, country) if is_phone_number(contact) else contact


def tidied(state: State, library: str, contact: str) -> str:
    """Return an address as it is compared, a number read with the country of a library."""
    return tidy_contact(contact, state.roster.library(library).country)


def address_kind(contact: str) -> Kind:
    """Return what kind of address this is, "" when it is none."""
    if is_mail_address(contact):
        return "mail"
    if is_xmpp_address(contact):
        return "im"
    return "phone" if is_phone_number(contact) else ""


def place_of(contact: str) -> str:
    """Return an address as its channel knows it: without the scheme of instant messages."""
    return contact.removeprefix(XMPP)


def own_address(state: State, it: Conversation) -> str:
    """Return the address that a conversation came from, as one that can be answered later; "" where it ends with the chat."""
    if not it.live:
        return it.address
    status = state.channels.get(it.channel)
    lasting = status is not None and "im" in (status.answers or ())
    return XMPP + it.address if lasting and is_mail_address(it.address) else ""


def carrier_of(state: State, library: str, kind: Kind) -> str:
    """Return the channel by which a library answers to addresses of a kind, "" when it has none."""
    named = named_channel(state, library)
    if kind and _carries(state.channels.get(named), kind):
        return named
    return _own(state, library, kind) if kind and (named or kind != "mail") else ""


def named_channel(state: State, library: str) -> str:
    """Return the channel that a library names for answers, "" where that is another library's number or mailbox."""
    name = state.roster.library(library).contact_channel
    status = state.channels.get(name)
    foreign = status is not None and status.queue and status.queue.partition("/")[0] != library
    return "" if foreign else name


def carrier_to(state: State, library: str, contact: str) -> str:
    """Return the channel that carries an answer of a library to `contact`, "" when none does."""
    return carrier_of(state, library, address_kind(contact))


def promised(state: State, library: str, contact: str) -> bool:
    """Say whether an answer may be promised at `contact`: a channel carries it, and a number names its country."""
    kind = address_kind(contact)
    return bool(carrier_of(state, library, kind)) and (kind != "phone" or contact.startswith("+"))


def reaches(state: State, it: Conversation, address: str) -> bool:
    """Say whether an answer to this address of a conversation may be promised: it came from there, or a channel carries it."""
    return address == own_address(state, it) or promised(state, it.library, address)


def offered_kinds(state: State, library: str) -> str:
    """Return what a patron may be asked for: "mail", "phone", "mail-phone", or "" where no channel could answer."""
    kinds: tuple[AddressKind, ...] = ("mail", "phone")
    return "-".join(kind for kind in kinds if carrier_of(state, library, kind))


def _carries(status: ChannelStatus | None, kind: AddressKind) -> bool:
    if status is None:
        return False
    return kind in (_undeclared(status) if status.answers is None else status.answers)


def _undeclared(status: ChannelStatus) -> tuple[AddressKind, ...]:
    """Return what a channel answers to whose entry is of a release that did not say it: mail, or texts."""
    if status.live or status.staff:
        return ()
    return ("mail",) if status.threads or status.kind == "email" else ("phone",)


def _own(state: State, library: str, kind: AddressKind) -> str:
    own = state.channels_of.get(library, ()) if library else ()
    return min((name for name in own if _carries(state.channels[name], kind)), default="")
