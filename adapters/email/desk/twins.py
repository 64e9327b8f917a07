"""Mails that bear one Message-ID and are not the same mail: both come in.

The rule: a Message-ID names a mail (RFC 5322 3.6.4). So the desk counts a mail once by it, however often it is fetched. Some
programs give one id to every mail they send. The desk remembers a fingerprint of the words with each id. The first mail keeps
the id. A mail with other words counts by the id and its fingerprint. Ids and words are kept as seals, which nobody can read.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bridge.contract.memory import Memory, MemoryKind, MemoryRow
from bridge.contract.sealed_token import Seal

KEY = 12  # bytes of each seal
SEAL = Seal("twins", KEY)


class MailIdentity(NamedTuple):
    """What tells mails apart."""

    sender: str
    identity: str
    words: str


def _former(raw: bytes, written: int) -> Iterator[MemoryRow]:
    """Read the pairs of an earlier version; the last may be cut."""
    for start in range(0, len(raw) - len(raw) % (2 * KEY), 2 * KEY):
        yield MemoryRow(_key(raw[start : start + KEY]), raw[start + KEY : start + 2 * KEY], written)


def _key(seal: bytes) -> str:
    return b64encode(seal).decode()


TWINS = MemoryKind(name="message-ids", most=50_000, former="message-ids", read=_former)


class Twins:
    """Remembers which words came with which id."""

    def __init__(self, secret: bytes, memory: Memory) -> None:
        self._secret = secret
        self._memory = memory
        self._turn = asyncio.Lock()  # the folders of a mailbox bring mails at once

    async def sources(self, mails: Sequence[MailIdentity]) -> list[str]:
        """Return by what each mail counts: its id, or the id and a fingerprint where another mail came with that id.

        What is new is durable when this returns. Raises Busy.
        """
        keys = [_key(SEAL.of(self._secret, f"{mail.sender}\x1f{mail.identity}")) for mail in mails]
        prints = [SEAL.of(self._secret, mail.words) for mail in mails]
        async with self._turn:
            known = {row.key: row.value for row in await self._memory.rows(TWINS, set(keys))} if keys else {}
            new: dict[str, bytes] = {}
            for key, print_ in zip(keys, prints, strict=True):
                if key not in known:
                    known[key] = new[key] = print_
            if new:
                await self._memory.put(TWINS, [MemoryRow(key, print_) for key, print_ in new.items()])
        return [
            mail.identity if known[key] == print_ else f"{mail.identity[:900]}#{print_.hex()}"
            for mail, key, print_ in zip(mails, keys, prints, strict=True)
        ]
