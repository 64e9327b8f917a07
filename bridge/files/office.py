"""Whether an office file is what it seems, and holds no program. It is read by its table of contents, and never unpacked.

The rules (ECMA-376 part 2, OpenDocument 1.3 part 2, OWASP File Upload):
- The type is what the archive's own parts say, not its name. Templates and files with macros have types of their own: not taken.
- A file with macros, ActiveX, embedded programs or a template from elsewhere is unsafe; so is one that is locked with a password,
  since nobody can look into it.
- An archive that would unpack to far more than it is (a zip bomb) is unsafe. Of no part more than a megabyte is read.
"""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from bridge.contract.adapter import UnsafeFile
from bridge.files.media_types import ZIP

MOST_PARTS = 5_000
MOST_UNPACKED = 300_000_000  # bytes of all parts
MOST_RATIO = 200  # of a part that is larger than `SMALL`
SMALL = 5_000_000
READ = 1_000_000

_MAIN = re.compile(
    rb"application/(vnd\.openxmlformats-officedocument\.(?:wordprocessingml\.document|spreadsheetml\.sheet"
    rb"|presentationml\.presentation))\.main\+xml"
)
_OPEN = re.compile(rb"application/vnd\.oasis\.opendocument\.(?:text|spreadsheet|presentation)")
_PROGRAM = re.compile(
    r"(vbaproject|vbadata|oleobject[^/]*)\.(bin|xml)$|(^|/)activex/|^(basic|scripts)/.", re.IGNORECASE
)
_RTF_OBJECT = re.compile(rb"\\obj(ect|data|ocx|emb|link|autlink|update)")


def checked(path: Path, media_type: str) -> str:
    """Return what a file of this sniffed type really is. Raises UnsafeFile."""
    if media_type == ZIP or "officedocument" in media_type or "opendocument" in media_type:
        return _archive(path)
    if media_type == "application/rtf" and _RTF_OBJECT.search(path.read_bytes()):
        raise UnsafeFile("it holds an embedded object")
    return media_type


def _archive(path: Path) -> str:
    try:
        with ZipFile(path) as archive:
            parts = archive.infolist()
            _bearable(parts)
            return _type(archive, {part.filename: part for part in parts})
    except (BadZipFile, NotImplementedError, EOFError, OSError, ValueError) as error:
        if isinstance(error, UnsafeFile):
            raise
        return ZIP  # broken, or of a kind that no office program writes


def _bearable(parts: list[ZipInfo]) -> None:
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise UnsafeFile("it would unpack to too much")
    for part in parts:
        if part.file_size > max(SMALL, MOST_RATIO * part.compress_size):
            raise UnsafeFile("it would unpack to too much")
        if part.flag_bits & 1:
            raise UnsafeFile("it is locked with a password")
        if _PROGRAM.search(part.filename):
            raise UnsafeFile("it holds macros or a program")


def _type(archive: ZipFile, parts: dict[str, ZipInfo]) -> str:
    if "[Content_Types].xml" in parts:
        found = _MAIN.search(_start(archive, "[Content_Types].xml"))
        if "word/_rels/settings.xml.rels" in parts:
            links = _start(archive, "word/_rels/settings.xml.rels")
            if b"attachedTemplate" in links and b"External" in links:
                raise UnsafeFile("its template comes from elsewhere")
        return f"application/{found[1].decode()}" if found else ZIP
    declared = _start(archive, "mimetype").strip() if "mimetype" in parts else b""
    return declared.decode("ascii") if _OPEN.fullmatch(declared) else ZIP


def _start(archive: ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(READ)
