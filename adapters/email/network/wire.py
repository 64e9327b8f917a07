"""How IMAP writes sets of mails and names of folders, and how its answers are read (RFC 9051; names as in RFC 3501 5.1.3)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec

LIST = re.compile(rb"^\d+ FETCH \(")
UID = re.compile(rb"\bUID (\d+)")
SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
QUOTED = re.compile(rb'\bBODY\[[^\]]*\] "((?:[^"\\]|\\.)*)"')
DATE = re.compile(rb'\bINTERNALDATE "([^"]+)"')


class Listed(msgspec.Struct, frozen=True):
    """A mail as the server lists it: bytes, and when it arrived (ms)."""

    uid: int
    size: int
    arrived: int


class OpenedFolder(msgspec.Struct, frozen=True):
    """A folder as it was when it was selected. `keywords`: it keeps ours. `validity` 0: it has none."""

    validity: int
    next: int
    keywords: bool


def chunks(uids: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    """Cut a list of UIDs into pieces of at most `size`."""
    return (uids[start : start + size] for start in range(0, len(uids), size))


def sequence_set(uids: Sequence[int]) -> str:
    """Write UIDs as a sequence set, runs as ranges."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{first}:{last}" if last > first else f"{first}" for first, last in runs)


def listed(line: bytes) -> Listed | None:
    """Read a line of FETCH (UID RFC822.SIZE INTERNALDATE); None for any other line."""
    uid, size, date = UID.search(line), SIZE.search(line), DATE.search(line)
    if not LIST.match(line) or uid is None or size is None:
        return None
    arrived = 0
    with suppress(ValueError):
        arrived = (
            int(datetime.strptime(date[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z").timestamp() * 1000) if date else 0
        )
    return Listed(int(uid[1]), int(size[1]), arrived)


def literals(lines: Iterable[bytes | bytearray]) -> dict[int, bytes]:
    """Group a FETCH answer by mail: the literal (or a quoted string), and the UID before or after it.

    A mail that the server gives as NIL or as nothing is b"".
    """
    found: dict[int, bytes] = {}
    words, body = b"", b""
    for line in lines:
        if isinstance(line, bytearray):
            body = bytes(line)
            continue
        if LIST.match(line):
            words, body = b"", b""
        words += line
        uid = UID.search(words)
        if uid is not None and line.endswith(b")"):
            short = QUOTED.search(words)
            found[int(uid[1])] = body or (re.sub(rb"\\(.)", rb"\1", short[1]) if short else b"")
    return found


def quoted(text: str) -> str:
    """Return a quoted string (RFC 9051 4.3)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def mailbox_name(name: str) -> str:
    """Return a folder's name as a command has it."""
    return quoted(modified_utf7(name))


def modified_utf7(name: str) -> str:
    """Return a mailbox name as IMAP writes it (RFC 3501 5.1.3): `Entwürfe` -> `Entw&APw-rfe`."""

    def coded(match: re.Match[str]) -> str:
        if match[0] == "&":
            return "&-"
        return "&" + b64encode(match[0].encode("utf-16-be")).decode("ascii").rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", coded, name)


def opened(lines: Iterable[bytes | bytearray], keyword: str) -> OpenedFolder:
    """Read the answer to SELECT."""
    said = b"\n".join(bytes(line) for line in lines)
    validity, following = (re.search(rb"\[" + name + rb" (\d+)", said) for name in (b"UIDVALIDITY", b"UIDNEXT"))
    permanent = re.search(rb"\[PERMANENTFLAGS \(([^()]*)\)", said)
    keywords = permanent is not None and (b"\\*" in permanent[1] or keyword.encode() in permanent[1].split())
    return OpenedFolder(int(validity[1]) if validity else 0, int(following[1]) if following else 0, keywords)
