"""By which way patrons asked, told by the kind of a channel, for files that another desk reads."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.sql.transcripts.imported import CHANNEL

_BY_KIND = {"webchat": "chat", "email": "email", "sms": "sms", "kannel": "sms", "loop": "chat"}


def way_of(channel: str, kinds: Mapping[str, str]) -> str:
    """Return the way that a channel is: of an imported conversation the one it came with, of another kind the kind itself."""
    if channel.startswith(CHANNEL):
        return channel.removeprefix(CHANNEL)
    kind = kinds.get(channel, channel)
    return _BY_KIND.get(kind, kind)
