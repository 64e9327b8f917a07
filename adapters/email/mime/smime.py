"""What lies readable inside S/MIME: opaque signed mail and compressed mail need no key (RFC 8551 3.5.2, RFC 3274).

The rule: the words are shown, the signature is never called valid, since nothing here checks it. What is encrypted, or cannot be
read, stays an attachment. BER lengths of both kinds are read (RFC 5652 10.1); depth and size are bounded.
"""

from __future__ import annotations

import zlib

MAX_INSIDE = 40_000_000  # bytes that may come out
MAX_STEPS = 20_000
SIGNED = bytes.fromhex("2a864886f70d010702")  # 1.2.840.113549.1.7.2
COMPRESSED = bytes.fromhex("2a864886f70d0109100109")  # 1.2.840.113549.1.9.16.1.9
SEQUENCE, OCTETS, OCTETS_IN_PIECES, SET, OBJECT, INTEGER, EXPLICIT = 0x30, 0x04, 0x24, 0x31, 0x06, 0x02, 0xA0
TYPES = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))


class Unreadable(ValueError):
    """This is no such package."""


def inside(raw: bytes) -> bytes:
    """Return the mail part inside a signed or compressed package, b"" where there is none that needs no key."""
    try:
        return _Reader(raw).content()
    except (Unreadable, IndexError, zlib.error):
        return b""


def is_signed(raw: bytes) -> bool:
    """Whether a package that `inside` could read is a signed one."""
    return SIGNED in raw[:40]


class _Reader:
    """Reads one package from front to back."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.place = 0
        self.steps = 0

    def content(self) -> bytes:
        """ContentInfo, then SignedData or CompressedData, then the EncapsulatedContentInfo in it."""
        self._open(SEQUENCE)
        kind = self._value(OBJECT)
        if kind not in (SIGNED, COMPRESSED):
            raise Unreadable
        self._open(EXPLICIT)
        self._open(SEQUENCE)
        self._value(INTEGER)
        self._skip(SET if kind == SIGNED else SEQUENCE)
        self._open(SEQUENCE)
        self._value(OBJECT)
        self._open(EXPLICIT)
        found = self._octets()
        if kind == SIGNED:
            return found
        unpacker = zlib.decompressobj()
        return unpacker.decompress(found, MAX_INSIDE)

    def _head(self) -> tuple[int, int]:
        """The tag and the length of what comes next; -1 for a length that an end mark tells."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise Unreadable
        tag, first = self.raw[self.place], self.raw[self.place + 1]
        self.place += 2
        if first == 0x80:
            return tag, -1
        if first < 0x80:
            return tag, first
        size = first & 0x7F
        if size > 4:
            raise Unreadable
        length = int.from_bytes(self.raw[self.place : self.place + size], "big")
        self.place += size
        return tag, length

    def _open(self, wanted: int) -> int:
        tag, length = self._head()
        if tag != wanted:
            raise Unreadable
        return length

    def _value(self, wanted: int) -> bytes:
        length = self._open(wanted)
        if length < 0 or self.place + length > len(self.raw):
            raise Unreadable
        self.place += length
        return self.raw[self.place - length : self.place]

    def _skip(self, wanted: int) -> None:
        length = self._open(wanted)
        if length >= 0:
            self.place += length
            return
        open_ones = 1
        while open_ones:
            tag, length = self._head()
            if tag == 0 and length == 0:
                open_ones -= 1
            elif length < 0:
                open_ones += 1
            else:
                self.place += length

    def _octets(self) -> bytes:
        """An octet string, whole or in pieces; a package that is cut off yields what is there."""
        tag, length = self._head()
        if tag == OCTETS and length >= 0:
            return self.raw[self.place : self.place + length]
        if tag != OCTETS_IN_PIECES:
            raise Unreadable
        end = len(self.raw) if length < 0 else self.place + length
        pieces = []
        while self.place < min(end, len(self.raw) - 1):
            tag, length = self._head()
            if tag != OCTETS or length < 0:
                break
            pieces.append(self.raw[self.place : self.place + length])
            self.place += length
        return b"".join(pieces)
