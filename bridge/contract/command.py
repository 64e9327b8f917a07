"""What a verb of an adapter gets: the channels of the configuration, with what they remember and the secret that they sign with.

An adapter names such a verb under the entry point `deskbridge.channel-commands`::

    async def verb(channels: Sequence[ChannelAccess], words: Sequence[str]) -> int: ...

It works beside the running daemon and after it. Its answer is the exit code of `deskbridge VERB [WORDS] [--config FILE]`.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.contract.memory import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAccess:
    """One channel of the configuration; `secret` is that of `Ports`."""

    name: str
    kind: str
    memory: Memory
    secret: bytes

    def __repr__(self) -> str:
        return f"ChannelAccess({self.name!r})"
