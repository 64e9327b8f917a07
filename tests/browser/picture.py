"""A picture that a browser can draw, made here."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 240, height: int = 160) -> bytes:
    """Return a PNG in one colour (PNG, second edition, 5 and 11)."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\x2f\x6f\x8f" * width) * height
    parts = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
