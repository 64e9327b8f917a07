"""Addresses that patrons leave for an answer: what counts as one, and which channel carries an answer there.

*One rule for what is an address*: `address_kind`. Every rule that wants an address, thanks for one or promises an answer asks it.
*Mail* goes by the channel that the library names for answers (`Library.contact_channel`), where that channel has threads, as mail
does. *Telephone numbers* go to texts: by the named channel where it carries them, else by a text channel of the library itself.
What no channel carries is kept for the librarians to read, and no answer is promised there.
"""

from __future__ import annotations

from typing import Literal

from bridge.contract.address import is_mail_address, is_phone_number
from bridge.contract.message import ChannelStatus
from routing.state import State

Kind = Literal["mail", "phone", ""]


def tidy_contact(contact: str) -> str:
    """Return an address as it is compared: trimmed, a mail address in lower case, an international number as digits alone."""
    contact = contact.strip()
    if "@" in contact:
        return contact.lower()
    if contact.startswith("+") and is_phone_number(contact):
        return "+" + "".join(filter(str.isdigit, contact))
    return contact


def address_kind(contact: str) -> Kind:
    """Return what kind of address this is, "" when it is none."""
    if is_mail_address(contact):
        return "mail"
    return "phone" if is_phone_number(contact) else ""


def carrier_of(state: State, library: str, kind: Kind) -> str:
    """Return the channel by which a library answers to addresses of a kind, "" when it has none."""
    named = named_channel(state, library)
    if kind and _carries(state.channels.get(named), kind):
        return named
    return _own_texts(state, library) if kind == "phone" else ""


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
    return bool(carrier_of(state, library, kind)) and (kind == "mail" or contact.startswith("+"))


def offered_kinds(state: State, library: str) -> str:
    """Return what a patron may be asked for: "mail", "phone", "mail-phone", or "" where no channel could answer."""
    kinds: tuple[Kind, ...] = ("mail", "phone")
    return "-".join(kind for kind in kinds if carrier_of(state, library, kind))


def _carries(status: ChannelStatus | None, kind: Kind) -> bool:
    if status is None or status.live or status.staff:
        return False
    return (status.threads or status.kind == "email") == (kind == "mail")


def _own_texts(state: State, library: str) -> str:
    own = f"{library}/"
    return next(
        (name for name, one in sorted(state.channels.items()) if one.queue.startswith(own) and _carries(one, "phone")),
        "",
    )
