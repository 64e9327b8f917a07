"""Mails of the corpora, and what it takes to compare them."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any

WRAPPER = b"From: Patron <patron@example.org>\r\nTo: ask@library.example\r\nSubject: Re: books\r\nMIME-Version: 1.0\r\n"


def raw(row: dict[str, Any]) -> bytes:
    """Return the bytes of a case."""
    return b64decode(row["raw_b64"])


def mail_of(text: str | bytes, kind: str = "plain") -> bytes:
    """Return a mail whose body is `text`, as UTF-8."""
    body = text.encode() if isinstance(text, str) else text
    return (
        WRAPPER + f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode() + body
    )


def squeezed(text: str | None) -> str:
    """Return `text` without white space and NUL, for comparing words."""
    return re.sub(r"[\s\0]+", "", text or "")


def alike(expected: str | None, found: str | None) -> bool:
    """Whether the words are the same; U+FFFD in `expected` marks what that parser could not read."""
    pattern = ".{0,4}?".join(re.escape(piece) for piece in re.split("\ufffd+", squeezed(expected)))
    return bool(re.fullmatch(pattern, squeezed(found), re.DOTALL))
