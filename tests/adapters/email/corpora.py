"""The development corpora: mails of real programs, kept outside the tree. Tests that need them are skipped without."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from pathlib import Path
from typing import Any

import msgspec
import pytest

HOME = Path(os.environ.get("DESKBRIDGE_CORPORA") or Path(__file__).resolve().parents[4] / "shared" / "corpora")
WRAPPER = b"From: Patron <patron@example.org>\r\nTo: ask@library.example\r\nSubject: Re: books\r\nMIME-Version: 1.0\r\n"


def rows(name: str) -> list[dict[str, Any]]:
    """Return the cases of one corpus, or skip the test."""
    path = HOME / f"{name}.jsonl"
    if not path.is_file():
        pytest.skip(f"corpus {name} is not here (set DESKBRIDGE_CORPORA)")
    with path.open("rb") as lines:
        return [msgspec.json.decode(line) for line in lines]


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
    """Whether the words are the same; U+FFFD in `expected` stands for what that parser could not read."""
    pattern = ".{0,4}?".join(re.escape(piece) for piece in re.split("\ufffd+", squeezed(expected)))
    return bool(re.fullmatch(pattern, squeezed(found), re.DOTALL))
