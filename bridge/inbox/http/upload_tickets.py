"""Tickets: what an upload hands out, and a message hands in to carry the file.

A ticket is the attachment's description with a seal over it, the librarian and the conversation (HMAC-SHA-256). So a digest that
somebody happens to know opens nothing, and a file goes to the patron it was uploaded for. Any process can check a ticket, also
one that did not take the upload.
"""

from __future__ import annotations

import base64
import binascii

import msgspec

from bridge.contract.message import Attachment
from bridge.contract.sealed_token import same, sealed
from bridge.inbox.http.responses import Refusal

_decoder = msgspec.msgpack.Decoder(Attachment)

SEAL = 24


def _seal(secret: bytes, raw: bytes, librarian: str, conversation: str) -> bytes:
    # MessagePack divides the fields and names the purpose. Tickets had this form before `Seal` was there, and it stays readable.
    about = msgspec.msgpack.encode(("ticket", librarian, conversation, raw))
    return sealed(secret, about)[:SEAL]


def ticket(secret: bytes, file: Attachment, librarian: str, conversation: str) -> str:
    """Return the ticket of a file that was taken in."""
    raw = msgspec.msgpack.encode(file)
    return base64.urlsafe_b64encode(_seal(secret, raw, librarian, conversation) + raw).decode("ascii")


def attachment(secret: bytes, given: str, librarian: str, conversation: str) -> Attachment:
    """Return the file of a ticket. Raises Refusal 422 for one that is not good here."""
    try:
        whole = base64.urlsafe_b64decode(given.encode("ascii"))
        seal, raw = whole[:SEAL], whole[SEAL:]
        if same(seal, _seal(secret, raw, librarian, conversation)):
            return _decoder.decode(raw)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        pass
    raise Refusal(422, "bad-ticket", "A file's ticket is not good for this conversation; upload the file again.")
