"""Notices to a patron's browser while the page of the chat is closed, as an adapter may ask for them (Web Push, RFC 8030)."""

from __future__ import annotations

from typing import Protocol

import msgspec


class PushTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where a browser is pushed to: the address of its push service, its public key and its secret, as the browser gave them."""

    endpoint: str
    p256dh: str
    auth: str


class NoOpenConversation(LookupError):
    """The patron has no conversation that goes on, so no answer can come."""


class AnswerNotices(Protocol):
    """Tells browsers of this channel's patrons that the library answered, and nothing of what was said.

    A browser is told until the conversation ends or is forgotten. An answer that a page shows at once tells it nothing.
    """

    @property
    def key(self) -> str:
        """The desk's public key, to which a browser subscribes (RFC 8292), as URL-safe base64."""

    async def keep(self, sender: str, browser: PushTarget) -> None:
        """Tell this browser of answers to `sender`, whose own it is: the adapter has proof of that.

        Raises NoOpenConversation; ValueError for what is no push service or no key; Busy.
        """

    async def end(self, sender: str) -> None:
        """Tell no browser of this patron any more. Raises Busy."""
