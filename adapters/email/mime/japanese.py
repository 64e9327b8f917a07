"""ISO-2022-JP and EUC-JP as mail programs in Japan write them: with the characters of NEC and IBM (circled digits, ㈱, 髙).

The rule: both hold the cells of JIS X 0208. Windows code page 932 also knows what NEC and IBM put into its empty ones (WHATWG
Encoding, section 12). So each pair is moved to the place that it has there. JIS X 0212 is read by Python's own codecs.
"""

from __future__ import annotations

import re
from collections.abc import Callable

ESCAPE = re.compile(rb"\x1b(\$\([@BDOPQ]|\$[@BA]|\([BJHI]|&@|\.[AF]|N)")
SHIFTED = frozenset((b"$@", b"$B", b"$(@", b"$(B"))
PAIR = re.compile(rb"\x8f[\xa1-\xfe]{2}|[\xa1-\xfe]{2}|\x8e[\xa1-\xdf]|[\x00-\x7f]+|.", re.DOTALL)


def decode_iso2022jp(raw: bytes) -> str | None:
    """Return ISO-2022-JP as text, None where it is none."""
    if b"\x1b" not in raw:
        return None
    out: list[str] = []
    mode, position = b"(B", 0
    for match in ESCAPE.finditer(raw):
        out.append(_run(mode, raw[position : match.start()]))
        mode, position = match.group(1) if match.group(1) != b"&@" else mode, match.end()
    out.append(_run(mode, raw[position:]))
    return None if any("\ufffd" in piece for piece in out) else "".join(out)


def _run(mode: bytes, raw: bytes) -> str:
    if mode in SHIFTED:
        return _lines(raw, lambda line: b"".join(_cell(line[i : i + 2]) for i in range(0, len(line), 2)), "cp932")
    if mode == b"(I":
        return _lines(raw, lambda line: bytes(byte | 0x80 for byte in line), "cp932")
    if mode == b"$(D":
        return _lines(
            raw, lambda line: b"".join(b"\x8f" + _high(line[i : i + 2]) for i in range(0, len(line), 2)), "euc_jp"
        )
    if mode in (b"$A", b"$(O", b"$(P", b"$(Q"):
        codec = "iso2022_jp_2" if mode == b"$A" else "iso2022_jp_2004"
        return (b"\x1b" + mode + raw + b"\x1b(B").decode(codec, "replace")
    return raw.decode("cp932", "replace")


def _lines(raw: bytes, moved: Callable[[bytes], bytes], codec: str) -> str:
    """Decode each line of a run; programs that forget to leave a mode leave the line break in it."""
    return re.sub(rb"[^\r\n\t ]+", lambda match: moved(match.group(0)), raw).decode(codec, "replace")


def _high(pair: bytes) -> bytes:
    return bytes(byte | 0x80 for byte in pair)


def _cell(pair: bytes) -> bytes:
    """The place in Shift_JIS of a cell of JIS X 0208, both bytes with seven bits."""
    if len(pair) < 2 or not (0x21 <= pair[0] <= 0x7E and 0x21 <= pair[1] <= 0x7E):
        return b"\xff" if len(pair) < 2 or pair[0] > 0x20 else pair
    first = ((pair[0] - 0x21) >> 1) + 0x81
    second = pair[1] + 0x7E if pair[0] % 2 == 0 else pair[1] + 0x1F + (pair[1] >= 0x60)
    return bytes((first + 0x40 if first > 0x9F else first, second))


def decode_eucjp(raw: bytes) -> str | None:
    """Return EUC-JP with the characters of NEC and IBM as text, None where it is none."""
    out: list[str] = []
    for match in PAIR.finditer(raw):
        piece = match.group(0)
        if len(piece) == 2 and piece[0] >= 0xA1:
            out.append(_cell(bytes(byte & 0x7F for byte in piece)).decode("cp932", "replace"))
        else:
            out.append(piece.decode("euc_jp", "replace"))
    return None if any("\ufffd" in piece for piece in out) else "".join(out)
