"""Librarians at their own messenger: who they are, and what their words mean. Pure, but for the codes' clock.

An address counts as a librarian's after it sent a code that the daemon signed for that librarian, once, within a quarter of an
hour. Each conversation has an address of its own (`law+<conversation>@ask.library.org`), so that an answer cannot go to the wrong
window. What begins with "/" is a command, anything else is said to the patron; nothing that a librarian writes anywhere else
reaches one.
"""

from __future__ import annotations

from adapters.xmpp.shared_component import BESIDE
from bridge.contract.message import (
    Accept,
    Claim,
    Close,
    Deed,
    Join,
    Leave,
    Note,
    Reject,
    Release,
    Say,
    SetAvailability,
    Transfer,
)
from bridge.contract.sealed_token import Seal, derived_key

CODE_S = 900
LINK = Seal("link", 15, "base32")
CODES = {"answered": "answered", "lost": "lost_call", "practice": "practice"}
HELP = (
    "Commands in a conversation: /claim, /accept, /reject, /release, /join, /leave, "
    "/close [answered|lost|practice], /note TEXT, /transfer LIBRARIAN or LIBRARY/QUEUE. "
    "Anything else is said to the patron. Here: /here LIBRARY/QUEUE ..., /away."
)


def link_key(secret: bytes) -> bytes:
    """Return the key that codes of a channel are signed with; `secret` is the channel's."""
    return derived_key(secret, "staff link")


def code(key: bytes, librarian: str, now: float) -> str:
    """Return a code by which `librarian` may link an address until a quarter of an hour after `now` (s)."""
    until = int(now) + CODE_S
    return f"link:{librarian}:{until}:{LINK.text(key, librarian, str(until))}"


def linked(key: bytes, words: str, now: float) -> str:
    """Return the librarian whom a code was made for, "" when it is none, forged or too old."""
    parts = words.strip().split(":")
    if len(parts) != 4 or parts[0] != "link" or not (parts[2].isascii() and parts[2].isdigit()):
        return ""
    librarian, until = parts[1], int(parts[2][:12])
    good = LINK.proves(parts[3], key, librarian, str(until))
    return librarian if good and now < until <= now + CODE_S + 60 else ""


def address(channel: str, conversation: str) -> str:
    """Return the address of one conversation beside the channel's own."""
    name, _, domain = channel.rpartition("@")
    return f"{name}{BESIDE}{conversation.encode().hex()}@{domain}"


def conversation(address: str) -> str:
    """Return the conversation that an address names, "" for the channel's own."""
    _, _, coded = address.partition("@")[0].partition(BESIDE)
    try:
        return bytes.fromhex(coded).decode()
    except ValueError:
        return ""


def deed(conversation: str, words: str) -> Deed | None:
    """Return what a librarian's words in a conversation mean; None for a command that there is not."""
    command, _, rest = words.strip().partition(" ")
    rest = rest.strip()
    match command.lower():
        case "/claim":
            return Claim(conversation=conversation)
        case "/accept":
            return Accept(conversation=conversation)
        case "/reject":
            return Reject(conversation=conversation)
        case "/release":
            return Release(conversation=conversation)
        case "/join":
            return Join(conversation=conversation)
        case "/leave":
            return Leave(conversation=conversation)
        case "/close" if rest.lower() in ("", *CODES):
            return Close(conversation=conversation, code=CODES.get(rest.lower(), ""))
        case "/note" if rest:
            return Note(conversation=conversation, text=rest)
        case "/transfer" if rest:
            queue = rest if "/" in rest else ""
            return Transfer(conversation=conversation, librarian="" if queue else rest, queue=queue)
        case other if other.startswith("/"):
            return None
        case _:
            return Say(conversation=conversation, text=words)


def at_the_desk(words: str) -> Deed | None:
    """Return what a librarian's words to the channel's own address mean; None for what means nothing."""
    command, _, rest = words.strip().partition(" ")
    match command.lower():
        case "/here" if rest.strip():
            return SetAvailability(queues=tuple(dict.fromkeys(rest.split())))
        case "/away":
            return SetAvailability(queues=())
        case _:
            return None
