"""Names for files that come without one: what the file is, and the extension that people and their programs know.

The rule: a table of our own, since what the system knows of types differs from machine to machine; the subtype is the last resort.
"""

from __future__ import annotations

import re

KINDS = {"image": "picture", "audio": "recording", "video": "video"}
NAMES = {
    "text/vcard": "contact.vcf",
    "text/x-vcard": "contact.vcf",
    "text/directory": "contact.vcf",
    "application/vcard": "contact.vcf",
    "text/calendar": "event.ics",
    "text/x-vcalendar": "event.vcs",
    "text/plain": "text.txt",
    "text/csv": "table.csv",
    "text/html": "page.html",
    "text/rtf": "document.rtf",
    "application/rtf": "document.rtf",
    "application/pdf": "document.pdf",
    "application/msword": "document.doc",
    "application/vnd.ms-excel": "table.xls",
    "application/vnd.ms-powerpoint": "slides.ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "document.docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "table.xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "slides.pptx",
    "application/vnd.oasis.opendocument.text": "document.odt",
    "application/vnd.oasis.opendocument.spreadsheet": "table.ods",
    "application/vnd.oasis.opendocument.presentation": "slides.odp",
    "application/epub+zip": "book.epub",
    "application/zip": "files.zip",
    "application/x-zip-compressed": "files.zip",
    "application/gzip": "files.gz",
    "application/json": "file.json",
    "application/xml": "file.xml",
    "application/ogg": "recording.ogg",
    "application/vnd.apple.pkpass": "pass.pkpass",
    "application/octet-stream": "file.bin",
}
ENDINGS = {
    "3gpp": "3gp",
    "3gpp2": "3g2",
    "quicktime": "mov",
    "x-m4v": "m4v",
    "x-msvideo": "avi",
    "x-matroska": "mkv",
    "x-flv": "flv",
    "x-ms-wmv": "wmv",
    "h263": "3gp",
    "h264": "mp4",
    "mpeg4": "mp4",
    "jpeg": "jpg",
    "pjpeg": "jpg",
    "svg+xml": "svg",
    "tiff": "tif",
    "x-icon": "ico",
    "vnd.microsoft.icon": "ico",
    "x-ms-bmp": "bmp",
    "amr-nb": "amr",
    "x-caf": "caf",
    "x-aiff": "aif",
    "ac3": "ac3",
    "basic": "au",
}
AUDIO = {
    "mpeg": "mp3",
    "mpeg3": "mp3",
    "x-mpeg-3": "mp3",
    "mp3": "mp3",
    "mp4": "m4a",
    "x-m4a": "m4a",
    "mp4a-latm": "m4a",
    "x-wav": "wav",
    "vnd.wave": "wav",
    "wave": "wav",
    "opus": "opus",
    "midi": "mid",
    "x-midi": "mid",
    "x-ms-wma": "wma",
    "sp-midi": "mid",
}
VIDEO = {"mpeg": "mpg", "ogg": "ogv"}


def named(media_type: str) -> str:
    """Return a name for a file of that type, without parameters of the type; any type gives one."""
    media_type = media_type.partition(";")[0].strip().lower()
    if media_type in NAMES:
        return NAMES[media_type]
    kind, _, sub = media_type.partition("/")
    special = {"audio": AUDIO, "video": VIDEO}.get(kind, {})
    ending = special.get(sub) or ENDINGS.get(sub) or sub.removeprefix("x-").rpartition("+")[2].rpartition(".")[2]
    ending = ending if re.fullmatch(r"[a-z0-9]{1,8}", ending) else "bin"
    return f"{KINDS.get(kind, 'file')}.{ending}"
