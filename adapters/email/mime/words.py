"""Encoded words (RFC 2047) and parameters of a field (RFC 2045 5.1, RFC 2231), as written by real programs.

The rule: read what any mail program means, also where the standard forbids it. So it reads encoded words inside quotes, split
inside a character, with spaces, without padding; parameters unquoted, repeated, encoded twice. What cannot be read stays as it
is.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from adapters.email.mime.charset import codec_of, decode

MAX_FIELD = 65_536  # characters of one field that are looked at
WORD = re.compile(r"=\?([^?\s]{1,60})\?([bq])\?([^?]*(?:\?(?!=)[^?]*){0,2})\?=", re.IGNORECASE)
NAMED = re.compile(r'[\s;]*([^=;]*)(?:=[ \t]*("(?:[^"\\]|\\.)*+"?|[^;]*))?', re.DOTALL)
KNOWN = re.compile(
    r"""[\s,](?=(?:charset|format|delsp|boundary|name|filename|type|smime-type|protocol|micalg|report-type|method|size)
    (?:\*\d{0,2}\*?)?[ ]?=)""",
    re.IGNORECASE | re.VERBOSE,
)
SECTION = re.compile(r"^([^*]+)(?:\*(\d{1,3}))?(\*)?$")


def decode_words(text: str) -> str:
    """Return `text` with its encoded words read; neighbours of one charset are joined before decoding."""
    if "=?" not in text:
        return text
    out: list[str] = []
    label, pending = "", b""
    position = 0
    for match in WORD.finditer(text[:MAX_FIELD]):
        gap = text[position : match.start()]
        raw = _word_bytes(match.group(2), match.group(3), match.group(1))
        if pending and gap.strip(" \t\r\n") == "" and label.lower() == match.group(1).lower():
            pending += raw
        else:
            out.append(decode(pending, label))
            out.append(gap if gap.strip(" \t\r\n") or not label else "")
            label, pending = match.group(1), raw
        position = match.end()
    out.append(decode(pending, label))
    out.append(text[position:])
    return "".join(out)


def _word_bytes(kind: str, body: str, label: str) -> bytes:
    try:  # forbidden 8-bit characters inside a word are of its charset
        raw = body.encode("ascii" if body.isascii() else codec_of(label) or "utf-8")
    except UnicodeError:
        raw = body.encode("utf-8", "replace")
    if kind in "bB":
        return decode_base64(raw)
    return binascii.a2b_qp(raw.replace(b" ", b"_"), header=True)


def decode_base64(raw: bytes) -> bytes:
    """Return what `raw` holds; foreign characters and wrong padding are passed over, several runs are joined."""
    alphabet = NOT_BASE64.sub(b"", raw)
    out = []
    for run in PADDING.split(alphabet):
        rest = len(run) % 4
        whole = run[: len(run) - 1] if rest == 1 else run
        out.append(binascii.a2b_base64(whole + b"=" * (-len(whole) % 4)))
    return b"".join(out)


NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
PADDING = re.compile(rb"=+")


def split_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Return a field's first word in lower case and its parameters, names in lower case, values decoded."""
    head, _, rest = value[:MAX_FIELD].partition(";")
    head, *unmarked = KNOWN.split(head, maxsplit=1)  # the semicolon before the first parameter may be missing
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, text in _named(";".join([*unmarked, rest])):
        section = SECTION.match(name)
        if section and (section.group(2) or section.group(3)):
            number = int(section.group(2) or 0)
            sections.setdefault(section.group(1), {})[number] = (text, bool(section.group(3)))
        else:
            plain.setdefault(name, decode_words(text))
    for name, numbered in sections.items():
        plain[name] = _joined(numbered)
    return head.strip().lower(), plain


def _named(text: str) -> Iterator[tuple[str, str]]:
    """Names in lower case and values, in order; one pass, for any text."""
    position = 0
    while position < len(text) and (match := NAMED.match(text, position)) is not None and match.end() > position:
        position = match.end()
        words, value = match.group(1).split(), match.group(2)
        if not words or value is None:
            continue
        if not value.startswith('"') and (after := KNOWN.search(value)):  # the semicolon is missing
            position = match.start(2) + after.end()
            value = value[: after.start()]
        yield words[-1].strip('"').lower(), _unquoted(value)


def _unquoted(text: str) -> str:
    text = text.strip()
    if text.startswith('"'):
        return re.sub(r"\\(.)", r"\1", text[1:].removesuffix('"'))
    return text


def _joined(numbered: dict[int, tuple[str, bool]]) -> str:
    """The sections of RFC 2231: the charset is in the first encoded one."""
    label, raw = "", b""
    for number in sorted(numbered):
        text, encoded = numbered[number]
        if encoded and number == 0 and text.count("'") >= 2:
            label, _, text = text.split("'", 2)
        raw += unquote_to_bytes(text) if encoded else text.encode("utf-8", "replace")
    return decode_words(decode(raw, label))
