"""winmail.dat: what Outlook packs into application/ms-tnef when it thinks that the other side is Outlook too (MS-OXTNEF).

The rule: the files and the words inside are the mail's own; a package that cannot be read stays an attachment.
"""

from __future__ import annotations

import logging

import msgspec
from compressed_rtf import decompress
from striprtf.striprtf import rtf_to_text
from tnefparse import TNEF

from adapters.email.mime.charset import decode
from adapters.email.mime.structure import MimePart, safe_name
from adapters.email.parse.markup import html_text

MAX_PACKAGE = 20_000_000
logging.getLogger("tnefparse").setLevel(logging.CRITICAL)  # it warns of every property it does not know


class Package(msgspec.Struct, frozen=True):
    """What was inside: words, or "", and files as (name, bytes)."""

    text: str
    files: tuple[tuple[str, bytes], ...]


def is_package(part: MimePart) -> bool:
    """Whether a part is winmail.dat, also under the wrong type."""
    return part.media_type in ("application/ms-tnef", "application/vnd.ms-tnef") or part.name.lower() == "winmail.dat"


def open_package(raw: bytes) -> Package | None:
    """Return what is inside, None when it cannot be read; never raises."""
    if len(raw) > MAX_PACKAGE or raw[:4] != b"\x78\x9f\x3e\x22":
        return None
    try:
        opened = TNEF(raw, do_checksum=False)
        files = [(safe_name(_name(one)), bytes(one.data)) for one in opened.attachments if one.data]
        return Package(_words(opened), tuple(files))
    except Exception:  # a parser of others on hostile bytes: any failure means "cannot be read"
        return None


def _name(attachment: object) -> str:
    long_name = getattr(attachment, "long_filename", None)
    name = long_name() if callable(long_name) else getattr(attachment, "name", "")
    return decode(name) if isinstance(name, bytes) else str(name or "")


def _words(opened: TNEF) -> str:
    body, html, rtf = opened.body, opened.htmlbody, getattr(opened, "_rtfbody", None)
    if body:
        return decode(body) if isinstance(body, bytes) else str(body)
    if html:
        return html_text(decode(html) if isinstance(html, bytes) else str(html))
    return str(rtf_to_text(decode(decompress(rtf)))) if rtf else ""
