"""Files by digest: what patrons and librarians attach, kept outside Redis and SQL under `data/blobs/ab/cdef…`.

A declared type is never believed: the first bytes say what a file is. A type that they do not show is `application/octet-stream`,
which no browser shows. HTML, SVG and XML are documents that run code, so they are kept as downloads, never inline (OWASP File
Upload; MDN `X-Content-Type-Options`). A file is written beside its place, fsynced and then renamed, so a name never means half a
file. The same bytes are kept once.

The same bytes may come from two people. A file whose bytes came more than once carries that in its mode: it is read-only. The mode
exists exactly as long as the file. So when one patron's files are removed, a file that may also be another patron's can stay.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import AsyncIterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from bridge.contract.adapter import TooLarge
from bridge.contract.message import Attachment

UNKNOWN = "application/octet-stream"
INLINE = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "audio/mpeg", "audio/ogg"}
    | {"audio/wav", "audio/flac", "video/mp4", "video/webm"}
)
HEAD = 4096  # bytes that are looked at
MAX_NAME = 120
CAME_AGAIN = 0o400  # the mode of a file whose bytes came more than once

_DIGEST = re.compile(r"[0-9a-f]{64}")
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


class FileBlobs:
    """`bridge.contract.adapter.Blobs` on a file system."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def save(
        self, chunks: AsyncIterator[bytes], name: str, limit: int, allowed: frozenset[str] = frozenset()
    ) -> Attachment:
        """See `bridge.contract.adapter.Blobs`. A file that is refused or breaks off leaves nothing behind."""
        await asyncio.to_thread(self._root.mkdir, parents=True, exist_ok=True)
        draft = self._draft()
        try:
            digest, size, head = await self._write(draft, chunks, limit)
            media_type = sniff(head)
            if allowed and media_type not in allowed:
                raise ValueError(f"files of type {media_type} are not taken")
            await asyncio.to_thread(_keep, draft, self._place(digest))
        finally:
            await asyncio.to_thread(draft.unlink, missing_ok=True)
        return Attachment(digest=digest, media_type=media_type, size=size, name=safe_name(name))

    async def path(self, digest: str) -> Path | None:
        """Return where the bytes are, or None when they are gone or `digest` is not a digest."""
        if not _DIGEST.fullmatch(digest):
            return None
        place = self._place(digest)
        return place if await asyncio.to_thread(place.is_file) else None

    async def look(self, digest: str) -> Attachment | None:
        """Return a kept file's size and the type that its first bytes show; None when it is gone."""
        place = await self.path(digest)
        if place is None:
            return None
        try:
            head, size = await asyncio.to_thread(_looked_at, place)
        except FileNotFoundError:
            return None
        return Attachment(digest=digest, media_type=sniff(head), size=size, name="")

    async def remove(self, digest: str, *, before: float = math.inf, again_before: float = math.inf) -> bool:
        """Delete a file, unless it is too young; return whether it was there and is deleted now.

        Too young: its bytes came (again) at `before` (s since the epoch) or later, or came again at `again_before` or later.
        """
        place = await self.path(digest)
        return place is not None and await asyncio.to_thread(self._remove, place, before, again_before)

    async def older(self, before: float) -> set[str]:
        """Return the digests of all files that were last taken in before `before`, s since the epoch."""
        return await asyncio.to_thread(self._older, before)

    async def clear(self, before: float) -> None:
        """Delete the drafts that a crash before `before` (s since the epoch) left of files being written or deleted."""
        await asyncio.to_thread(self._clear, before)

    def _remove(self, place: Path, before: float, again_before: float) -> bool:
        """Rename a file, then delete it: another file that is written to its place meanwhile stays."""
        aside = self._draft()
        try:
            if _young(place, before, again_before):
                return False
            os.rename(place, aside)
        except FileNotFoundError:
            return False
        if young := _young(aside, before, again_before):
            with suppress(FileExistsError):
                os.link(aside, place)
        aside.unlink()
        return not young

    def _older(self, before: float) -> set[str]:
        found = ((path.parent.name + path.name, path) for path in self._root.glob("??/*"))
        return {digest for digest, path in found if _DIGEST.fullmatch(digest) and _written_at(path) < before}

    def _clear(self, before: float) -> None:
        for draft in self._root.glob(".*.part"):
            if _written_at(draft) < before:
                draft.unlink(missing_ok=True)

    def _draft(self) -> Path:
        return self._root / f".{secrets.token_hex(8)}.part"

    def _place(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]

    async def _write(self, draft: Path, chunks: AsyncIterator[bytes], limit: int) -> tuple[str, int, bytes]:
        digest, size, head = sha256(), 0, b""
        file = await asyncio.to_thread(_create, draft)
        try:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge(limit)
                digest.update(chunk)
                if len(head) < HEAD:
                    head += chunk[: HEAD - len(head)]
                await asyncio.to_thread(file.write, chunk)
            await asyncio.to_thread(_sync, file)
        finally:
            await asyncio.to_thread(file.close)
        return digest.hexdigest(), size, head


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
        return declared.group().decode("ascii") if declared else "application/zip"
    return next((kind for folder, kind in _OFFICE if folder in head), "application/zip")


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


def safe_name(name: str) -> str:
    """Return a name that misleads no file system, header or reader: no path, no controls, no direction marks."""
    name = unicodedata.normalize("NFC", name.encode("utf-8", "replace").decode("utf-8"))
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(char for char in name if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    name = re.sub(r'[<>:"|?*]', "_", name).strip(" .")
    if len(name) > MAX_NAME:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if dot and len(ending) <= 10 else ""
        name = (stem if ending else name)[: MAX_NAME - len(ending)] + ending
    return name or "file"


def disposition(attachment: Attachment) -> str:
    """Return a Content-Disposition (RFC 6266): inline only for types that run no code, the name in both spellings."""
    name = safe_name(attachment.name)
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", name)
    kind = "inline" if attachment.media_type in INLINE else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _looked_at(path: Path) -> tuple[bytes, int]:
    with path.open("rb") as file:
        return file.read(HEAD), os.fstat(file.fileno()).st_size


def _written_at(path: Path) -> float:
    """Return when a file was written, s since the epoch; infinity when it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf


def _young(path: Path, before: float, again_before: float) -> bool:
    """Say whether a file is too young to delete; see `FileBlobs.remove`."""
    found = path.stat()
    again = stat.S_IMODE(found.st_mode) == CAME_AGAIN
    return found.st_mtime >= (min(before, again_before) if again else before)


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _keep(draft: Path, place: Path) -> None:
    """Move a finished file to its place; make its name durable, and the names of the folders above it, which may be new."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(draft, place)
    except OSError:  # the file is there already, or this file system has no links, and we cannot tell which
        draft.chmod(CAME_AGAIN)
        os.replace(draft, place)
    for folder in place.parents[:3]:
        _sync_folder(folder)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
