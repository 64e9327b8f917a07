"""Header lines of the mails that we write (RFC 5322 2.2 and 3.4, RFC 2047, RFC 2231, RFC 6532).

The rule: no value from outside ends a line. Subjects, names, addresses and file names are strangers' words. The standard library
reads such a value once more while it sets a header (Python before 3.11.10 and 3.12.5). An encoded word inside an encoded word
becomes a line break there, so the lines are written here. Every character that may end a line becomes a space. Text that is not
plain ASCII, or that looks like an encoded word, is written in encoded words of ours. `check_mail` then reads the finished mail.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from adapters.email.addresses import MailAddress

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
SURROGATE = re.compile(r"[\ud800-\udfff]")
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
DOT_ATOM = re.compile(rf"{ATOM}(?:\.{ATOM})*")
DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[A-Za-z0-9.:]+\]")
PLAIN_NAME = re.compile(r"[\w !#$%&'*+/=?^`{|}~-]+", re.ASCII)
PLAIN_FILE = re.compile(r"[A-Za-z0-9 ._()+-]{1,60}")
FIELD = re.compile(rb"([A-Za-z][A-Za-z0-9-]*): [^\s]|[ \t]+[^\s]")
BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n|\x00")
WORD_BYTES = 39  # of UTF-8 in one encoded word: with the name of a field it stays within a line (RFC 2047 2)
LINE = 76
MAX_LINE = 998  # octets without CRLF (RFC 5322 2.1.1)
MAX_WORD = 60


class BrokenMail(ValueError):
    """A mail that must not go out, since its lines are not what we meant to write."""


def one_line(text: str) -> str:
    """Return `text` on one line: spaces for what may end a line, U+FFFD for bytes that nobody could decode."""
    return " ".join(SURROGATE.sub("\ufffd", CONTROL.sub(" ", text)).split())


def field(name: str, tokens: Iterable[str]) -> bytes:
    """Return a header line, folded between tokens; tokens hold no line break."""
    lines, line = [], f"{name}:"
    for number, token in enumerate(tokens):
        if number and len(line) + 1 + len(token) > LINE:
            lines.append(line)
            line = ""
        line += f" {token}"
    return "\r\n".join([*lines, line, ""]).encode("utf-8")


def text_field(name: str, text: str) -> bytes:
    """Return a line with free text, such as a subject."""
    return field(name, _words(one_line(text)))


def address_field(name: str, addresses: Sequence[MailAddress]) -> bytes:
    """Return a line with addresses. Raises ValueError for one that cannot be written to."""
    tokens: list[str] = []
    for number, one in enumerate(addresses):
        written = _mailbox(one)
        tokens += [*written[:-1], written[-1] + ("," if number < len(addresses) - 1 else "")]
    return field(name, tokens)


def written_address(address: str) -> str:
    """Return an address as a header and RCPT TO have it: the domain in ASCII, an odd local part in quotes.

    The local part keeps letters beyond ASCII, which only a server with SMTPUTF8 takes (RFC 6531). Raises ValueError for
    what is no address.
    """
    local, _, domain = address.strip().rpartition("@")
    if not MailAddress("", f"{local}@{domain}").valid or CONTROL.search(address) or SURROGATE.search(address):
        raise ValueError("not an address that can be written to")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        domain = ""
    if not DOMAIN.fullmatch(domain) or len(local.encode()) > 200 or len(domain) > 255:
        raise ValueError("not an address that can be written to")
    if not DOT_ATOM.fullmatch(local):
        local = '"{}"'.format(re.sub(r'([\\"])', r"\\\1", local))
    return f"{local}@{domain}"


def file_tokens(name: str) -> list[str]:
    """Return the parameter that names a file (RFC 2183 2.3; RFC 2231 where the name is not plain)."""
    name = one_line(name)[:255] or "file"
    if PLAIN_FILE.fullmatch(name):
        return [f'filename="{name}"']
    pieces = [quote(name[start : start + 6], safe="") for start in range(0, len(name), 6)]
    if len(pieces) == 1:
        return [f"filename*=utf-8''{pieces[0]}"]
    pieces[0] = f"utf-8''{pieces[0]}"
    named = [f"filename*{number}*={piece};" for number, piece in enumerate(pieces)]
    return [*named[:-1], named[-1].rstrip(";")]


def check_mail(raw: bytes) -> None:
    """Raise BrokenMail unless `raw` has CRLF lines alone, each header line is a field or continues one, and none comes twice."""
    if BARE.search(raw):
        raise BrokenMail("a bare CR, LF or NUL")
    head, blank, _ = raw.partition(b"\r\n\r\n")
    if not blank:
        raise BrokenMail("no end of the header")
    seen: set[bytes] = set()
    for line in head.split(b"\r\n"):
        match = FIELD.match(line)
        if match is None or len(line) > MAX_LINE:
            raise BrokenMail("a header line that is no field")
        if match[1] is None:
            continue
        if match[1].lower() in seen:
            raise BrokenMail("a field that comes twice")
        seen.add(match[1].lower())


def _mailbox(address: MailAddress) -> list[str]:
    """Name and address; a name that is no phrase of plain words is quoted or encoded."""
    written = written_address(address.address)
    name = one_line(address.name)
    if not name:
        return [written]
    if not _is_plain(name):
        return [*_encoded(name), f"<{written}>"]
    if PLAIN_NAME.fullmatch(name):
        return [*name.split(), f"<{written}>"]
    quoted = '"{}"'.format(re.sub(r'([\\"])', r"\\\1", name))
    return [*quoted.split(), f"<{written}>"]


def _words(text: str) -> list[str]:
    return text.split() if _is_plain(text) else _encoded(text)


def _is_plain(text: str) -> bool:
    return text.isascii() and "=?" not in text and all(len(word) <= MAX_WORD for word in text.split())


def _encoded(text: str) -> list[str]:
    """Encoded words (RFC 2047), none of which cuts a character."""
    pieces: list[bytes] = [b""]
    for character in text:
        raw = character.encode("utf-8")
        if len(pieces[-1]) + len(raw) > WORD_BYTES:
            pieces.append(b"")
        pieces[-1] += raw
    return [f"=?utf-8?b?{b64encode(piece).decode('ascii')}?=" for piece in pieces]
