"""Files: what patrons send is fetched and stored, what librarians send is lent to Twilio for a day by an address of its own.

A lent address names one file and the day it ends, under a seal; who has it can fetch that file and nothing else.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from urllib.parse import quote

from adapters.sms.twilio_api import TwilioApi
from bridge.contract.adapter import Blobs, TooLarge
from bridge.contract.message import Attachment
from bridge.contract.sealed_token import Seal

MAX_IN = 16_000_000
LENT_S = 86_400
SEAL = Seal("sms media", 16)


async def fetched(account: TwilioApi, blobs: Blobs, urls: Sequence[str]) -> tuple[list[Attachment], list[str]]:
    """Return a message's files as they are kept, and marks for those that cannot be. Raises Unavailable."""
    files, marks = [], set()
    for url in urls:
        try:
            async with account.file(url, MAX_IN) as (name, chunks):
                files.append(await blobs.save(chunks, name, MAX_IN))
        except TooLarge:
            marks.add("file-too-large")
        except ValueError:
            marks.add("file-refused")
        except LookupError:
            marks.add("file-missing")
    return files, sorted(marks)


def lend(secret: bytes, file: Attachment, now: float | None = None) -> str:
    """Return the path under which `file` can be fetched until tomorrow."""
    until = int(time.time() if now is None else now) + LENT_S
    said = f"{file.digest} {until} {file.media_type}".encode()
    return f"media/{urlsafe_b64encode(SEAL.of(secret, said) + said).decode().rstrip('=')}/{quote(file.name, safe='')}"


def lent(secret: bytes, token: str, now: float | None = None) -> tuple[str, str]:
    """Return the digest and media type that a path's token names. Raises LookupError."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
        seal, said = raw[: SEAL.size], raw[SEAL.size :]
        digest, until, media_type = said.decode().split(" ", 2)
    except (Error, ValueError):
        raise LookupError("no such file") from None
    if not SEAL.proves(seal, secret, said) or int(until) < (time.time() if now is None else now):
        raise LookupError("no such file")
    return digest, media_type
