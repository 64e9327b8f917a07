"""By which way patrons asked: channels of one kind are one way."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.sql.transcripts.imported import CHANNEL

_BY_KIND = {"webchat": "chat", "email": "email", "sms": "sms", "kannel": "sms", "xmpp-component": "xmpp"}


def ways_to_ask(kinds: Mapping[str, str]) -> dict[str, str]:
    """Return the way that each channel is, by the kinds of channels; that of a kind we don't name is the kind itself."""
    return {channel: _BY_KIND.get(kind, kind) for channel, kind in kinds.items()}


def way_of(channel: str, ways: Mapping[str, str]) -> str:
    """Return the way that a channel is: of an imported conversation the one it came with; one that isn't there is its own."""
    return channel.removeprefix(CHANNEL) if channel.startswith(CHANNEL) else ways.get(channel, channel)
