"""Bytes of a mail to text, with any label or a wrong one.

The rule: believe the declared charset when it decodes cleanly; a label that is known to lie is read as what senders mean by it.
By WHATWG Encoding, section 4.2, latin-1 means windows-1252, gb2312 means gb18030, and so on. An unknown or failing label is read
as UTF-8 when that decodes cleanly, else as windows-1252, which never fails here. No text leaves with NUL in it.
"""

from __future__ import annotations

import codecs
import re

from adapters.email.mime.japanese import decode_eucjp, decode_iso2022jp

MEANT: dict[str, str] = {
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-6-e": "iso8859-6",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "gb18030": "gb18030",
    "x-euc-cn": "gb18030",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "korean": "cp949",
    "x-windows-949": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "cp-850": "cp850",
    "x-mac-ce": "mac_latin2",
    "x-mac-centraleurroman": "mac_latin2",
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "x-unknown": "",
    "unknown-8bit": "",
    "unknown": "",
    "default_charset": "",
    "default": "",
    "_iso-2022-jp$esc": "iso2022_jp_ext",
    "us-ascii": "",
    "ascii": "",
    "ansi_x3.4-1968": "",
    "binary": "",
    "8bit": "",
    "7bit": "",
    "none": "",
    "utf-8mb4": "utf-8",
    "utf8mb4": "utf-8",
}
JAPANESE = frozenset({"iso2022_jp_ext", "iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "euc_jp", "cp932"})
C1 = re.compile("[\x80-\x84\x86-\x9f]")
SIBLINGS = {  # where Windows has letters and quotation marks, and ISO 8859 control characters
    "iso8859-2": "cp1250",
    "iso8859-4": "cp1257",
    "iso8859-7": "cp1253",
    "iso8859-8": "cp1255",
    "iso8859-6": "cp1256",
    "iso8859-13": "cp1257",
    "iso8859-15": "cp1252",
    "iso8859-3": "cp1252",
    "iso8859-10": "cp1252",
    "iso8859-14": "cp1252",
}
VENDORS = {  # asked in turn when the declared charset cannot be it
    "big5hkscs": ("cp950", "gb18030"),
    "cp949": ("utf-8", "johab"),
    "cp932": ("utf-8", "shift_jis_2004"),
    "iso8859-7": ("cp1253",),
    "iso8859-8": ("cp1255",),
    "iso8859-6": ("cp1256",),
    "iso8859-3": ("cp1254",),
}
REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
WINDOWS = re.compile(r"(?:x-)?(?:windows|cp|ms|win|ibm)[-_]?(\d{3,5})")
NOISE = re.compile(r"[^a-z0-9._$-]+")


def codec_of(label: str) -> str:
    """Return the Python codec that a charset label means, "" when the label tells nothing."""
    label = label.strip().lower().partition("*")[0]
    return _named(NOISE.sub("", label)) or _named(NOISE.sub("", (label.split() or [""])[0]))


def _named(name: str) -> str:
    if name in MEANT:
        return MEANT[name]
    page = WINDOWS.fullmatch(name)
    found = _looked_up(f"cp{page.group(1)}") if page else ""
    return found or _looked_up(name)


def _looked_up(name: str) -> str:
    if not name:
        return ""
    try:
        codec = codecs.lookup(name).name
        "x".encode(codec)  # refuses codecs that are no charsets (hex, zlib)
    except (LookupError, ValueError):
        return ""
    return "" if codec.replace("-", "_") in REFUSED else codec


def decode(raw: bytes, label: str = "") -> str:
    """Return `raw` as text without NUL; never raises. Undecodable bytes of a known charset become U+FFFD."""
    codec = codec_of(label)
    text = _japanese(raw, codec) if codec in JAPANESE or b"\x1b$" in raw or b"\x1b(" in raw else None
    if text is None:
        text = _clean(raw, codec) if codec else None
    if text is not None and codec in SIBLINGS and C1.search(text):
        text = _as_on_windows(text, SIBLINGS[codec])
    if text is None and codec in VENDORS:
        text = next((found for other in VENDORS[codec] if (found := _clean(raw, other)) is not None), None)
    if text is None:
        text = _marked(raw) or _clean(raw, "utf-8")
    if text is None:
        text = _mended(raw) if codec in ("", "utf-8") else raw.decode(codec, "replace")
    return text.replace("\0", "")


def _japanese(raw: bytes, codec: str) -> str | None:
    """Text of one of the Japanese charsets, whichever of them it is; a text that switches alphabets says so itself (RFC 1468)."""
    if b"\x1b" in raw and (found := decode_iso2022jp(raw)) is not None:
        return found
    if codec not in JAPANESE or raw.isascii():
        return None
    if codec == "euc_jp" and (found := decode_eucjp(raw)) is not None:
        return found
    if (found := _clean(raw, "utf-8")) is not None and codec != "cp932":
        return found
    found = _clean(raw, "cp932")
    return found if found is not None else decode_eucjp(raw)


def _as_on_windows(text: str, codec: str) -> str:
    """Control characters that nobody writes are what Windows has in their places."""
    return C1.sub(lambda match: bytes([ord(match.group(0))]).decode(codec, "replace"), text)


def _mended(raw: bytes) -> str:
    """Text with some bytes that are not UTF-8: UTF-8 with holes when most of it is, else windows-1252."""
    text = raw.decode("utf-8", "replace")
    holes = text.count("\ufffd")
    right = sum(character > "\x7f" for character in text) - holes
    return text if right >= holes else raw.decode("cp1252", "replace")


def _clean(raw: bytes, codec: str) -> str | None:
    try:
        text = raw.decode(codec).removeprefix("\ufeff")
        text.encode("utf-8")  # UTF-7 and UTF-16 can hold halves of characters, which nobody can write on
    except (UnicodeError, ValueError):
        return None
    return text


def _marked(raw: bytes) -> str | None:
    """Text that opens with a byte order mark of UTF-16."""
    if raw[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return _clean(raw, "utf-16")
    return None
