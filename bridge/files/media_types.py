"""What a file is, by its first bytes.

A declared type is never believed. A type that the bytes do not show is `application/octet-stream`, which no browser shows. HTML,
SVG and XML are documents that run code, so they are kept as downloads, never inline (OWASP File Upload; MDN
`X-Content-Type-Options`).
"""

from __future__ import annotations

import re

UNKNOWN = "application/octet-stream"
ZIP = "application/zip"
INLINE = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "audio/mpeg", "audio/ogg"}
    | {"audio/wav", "audio/flac", "video/mp4", "video/webm"}
)
HEAD = 4096  # bytes that are looked at

_MARKUP = re.compile(
    rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|script|svg|\?xml|iframe|math|[a-z]+[\s>])", re.I | re.S
)
_MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AVI ", "video/x-msvideo"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
)
_BRANDS = {
    b"heic": "image/heic", b"heix": "image/heic", b"hevc": "image/heic", b"mif1": "image/heif", b"msf1": "image/heif",
    b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4", b"qt  ": "video/quicktime", b"3gp4": "video/3gpp",
    b"3gp5": "video/3gpp", b"3gp6": "video/3gpp",
}  # fmt: skip
_OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)


def sniff(head: bytes) -> str:
    """Return the media type that a file's first bytes show."""
    for at, magic, media_type in _MAGIC:
        if head[at : at + len(magic)] == magic and (at == 0 or head[:4] == b"RIFF"):
            return media_type
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:4] == b"PK\x03\x04":
        return _zipped(head)
    return _written(head)


def _zipped(head: bytes) -> str:
    """Return the type of a zip: Office (ECMA-376), OpenDocument and EPUB name themselves in the first entries."""
    if head[30:38] == b"mimetype":
        declared = re.match(rb"application/(?:vnd\.oasis\.opendocument\.[a-z]+|epub\+zip)", head[38:])
        return declared.group().decode("ascii") if declared else ZIP
    return next((kind for folder, kind in _OFFICE if folder in head), ZIP)


def _written(head: bytes) -> str:
    """Return the type of a file without magic bytes: text, markup (never inline), or unknown."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(text):
        return "image/svg+xml" if b"<svg" in text.lower() else "text/html"
    if b"\x00" in head or not head:
        return UNKNOWN
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(text) - 4:
            return UNKNOWN
    return "text/plain"
