"""The links by which the two sides come to a call's page: made by us, for one call and one side, and good as long as it is.

A link names the consortium, the conversation, the call and the side, with a seal over them (HMAC-SHA-256). It stands behind the `#`
of an address, so that no server and no proxy writes it down. A patron's link opens while the call is offered; the window that
accepts gets a pass of its own, which opens while the call goes on. So a link works once.
"""

from __future__ import annotations

import secrets
from typing import Literal

import msgspec

from bridge.contract.sealed_token import Seal
from routing.organisation import Library

CallSide = Literal["patron", "librarian"]
PAGE = "/call/"
_SEAL = Seal("call", size=24, spelling="base64")


class CallPass(msgspec.Struct, frozen=True, kw_only=True):
    """Who may come in: a side of a call. `session` "" = the link that a patron is sent; else the window that accepted."""

    consortium: str
    conversation: str
    call: str
    side: CallSide
    session: str = ""


def call_pass(secret: bytes, one: CallPass) -> str:
    """Return a pass as text for an address."""
    fields = _fields(one)
    return ".".join((*fields, _SEAL.text(secret, *fields)))


def read_pass(secret: bytes, text: str) -> CallPass | None:
    """Return what a pass of ours says, None for what is none."""
    fields = text.split(".")
    if len(text) > 400 or len(fields) != 6 or not _SEAL.proves(fields[5], secret, *fields[:5]):
        return None
    side: CallSide = "librarian" if fields[3] == "librarian" else "patron"
    return CallPass(consortium=fields[0], conversation=fields[1], call=fields[2], side=side, session=fields[4])


def link_to(base: str, token: str) -> str:
    """Return the address of the call's page with a pass."""
    return f"{base.rstrip('/')}{PAGE}#{token}"


def meeting_link(library: Library) -> str:
    """Return where a meeting of a library is held, with a room that nobody can guess where its address names one."""
    return library.meeting_url.replace("{room}", secrets.token_hex(12))


def new_name() -> str:
    """Return a name for a call, or for a patron's window."""
    return secrets.token_urlsafe(12)


def _fields(one: CallPass) -> tuple[str, ...]:
    return (one.consortium, one.conversation, one.call, one.side, one.session)
