"""Files: kept whole or not at all, by digest, their types sniffed, their names harmless."""

from __future__ import annotations

import errno
import io
import math
import os
import zipfile
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from bridge.contract.message import Attachment
from bridge.files.blobs import FileBlobs
from bridge.files.media_types import sniff
from bridge.files.names import disposition, safe_name

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 50


async def chunks(data: bytes, size: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


async def test_a_file_is_kept_by_its_digest_once(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    one = await blobs.save(chunks(PNG), "one.png", 1000)
    two = await blobs.save(chunks(PNG, 1000), "two.exe", 1000)
    assert one.digest == two.digest == sha256(PNG).hexdigest()
    assert (one.media_type, two.media_type, one.size) == ("image/png", "image/png", len(PNG))
    path = await blobs.path(one.digest)
    assert path == tmp_path / "blobs" / one.digest[:2] / one.digest[2:]
    assert path is not None
    assert sorted(files(tmp_path)) == [path, path.with_name(f"{path.name}.again")]
    assert path.read_bytes() == PNG
    assert path.stat().st_mode & 0o077 == 0


async def test_where_a_file_system_has_no_links_files_are_kept_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(_draft: Path, _place: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("bridge.files.blobs.os.link", link)
    blobs = FileBlobs(tmp_path)
    kept = await blobs.save(chunks(PNG), "one.png", 1000)
    path = await blobs.path(kept.digest)
    assert path is not None
    assert path.read_bytes() == PNG
    assert not await blobs.remove(kept.digest, before=math.inf, again_before=0), "it may be somebody else's, too"


async def test_a_file_that_was_taken_in_once_more_is_young_again(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    kept = await blobs.save(chunks(PNG), "one.png", 1000)
    [place] = files(tmp_path)
    os.utime(place, (1000, 1000))
    assert await blobs.older(1000) == set()
    assert not await blobs.remove(kept.digest, before=1000)
    assert await blobs.older(1001) == {kept.digest}
    await blobs.save(chunks(PNG), "again.png", 1000)
    assert await blobs.older(1001) == set()
    assert not await blobs.remove(kept.digest, before=1001)
    assert sorted(files(tmp_path)) == [place, place.with_name(f"{place.name}.again")]
    assert await blobs.remove(kept.digest)
    assert not await blobs.remove(kept.digest)
    assert files(tmp_path) == []


async def test_a_file_that_is_taken_in_while_it_is_deleted_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = FileBlobs(tmp_path)
    kept = await blobs.save(chunks(PNG), "one.png", 1000)
    [place] = files(tmp_path)
    os.utime(place, (1000, 1000))
    rename = os.rename

    def young_by_then(source: Path, target: Path) -> None:
        os.utime(source)
        rename(source, target)

    monkeypatch.setattr("bridge.files.blobs.os.rename", young_by_then)
    assert not await blobs.remove(kept.digest, before=1001)
    assert files(tmp_path) == [place]


async def test_a_mode_by_which_older_releases_told_that_bytes_came_again_counts(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    kept = await blobs.save(chunks(PNG), "one.png", 1000)
    [place] = files(tmp_path)
    place.chmod(0o400)
    assert not await blobs.remove(kept.digest, again_before=0)
    assert await blobs.remove(kept.digest)


async def test_what_a_crash_left_half_written_is_cleared(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    await blobs.save(chunks(PNG), "one.png", 1000)
    [place] = files(tmp_path)
    old, new = tmp_path / ".old.part", tmp_path / ".new.part"
    mark = place.with_name("0" * 62 + ".again")
    for path, at in ((old, 1000), (new, 2000), (place, 1000), (mark, 1000)):
        path.touch()
        os.utime(path, (at, at))
    await blobs.clear(2000)
    assert sorted(files(tmp_path)) == sorted([place, new])


async def test_every_name_on_the_way_to_a_file_is_made_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def noted(file: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{file}")))
        fsync(file)

    monkeypatch.setattr("bridge.files.store.os.fsync", noted)
    await FileBlobs(tmp_path / "blobs").save(chunks(PNG), "one.png", 1000)
    [place] = files(tmp_path)
    draft, *folders = synced
    assert draft.suffix == ".part"
    assert folders == [place.parent, tmp_path / "blobs", tmp_path]


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            undated = zipfile.ZipInfo(name)  # else each process of a spread run would collect another test
            archive.writestr(undated, "application/epub+zip" if name == "mimetype" else "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"%PDF-1.7", "application/pdf"),
        (b"OggS\x00", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
        (zipped("a.txt"), "application/zip"),
        (zipped("mimetype"), "application/epub+zip"),
        (
            zipped("[Content_Types].xml", "word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"plain words, gr\xc3\xbc\xc3\x9fe", "text/plain"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"  <!-- x --><script>alert(1)</script>", "text/html"),
        (b'<?xml version="1.0"?><svg xmlns="x">', "image/svg+xml"),
        (b"<svg onload=alert(1)>", "image/svg+xml"),
        (b"MZ\x90\x00\x03", "application/octet-stream"),
        (b"\xfe\xfe\xfe\xfe\xfe\xfe", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_types_are_sniffed(head: bytes, media_type: str) -> None:
    assert sniff(head) == media_type


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\plan.pdf", "plan.pdf"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie_ x"),
        ("", "file"),
        ("...", "file"),
        ("половодье.txt", "половодье.txt"),
        ("half \ud800", "half _"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_names_are_made_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_only_harmless_types_are_shown_inline() -> None:
    def header(media_type: str) -> str:
        return disposition(Attachment(digest="0" * 64, media_type=media_type, size=1, name='ü "x".pdf'))

    assert header("application/pdf") == "inline; filename=\"_ _x_.pdf\"; filename*=UTF-8''%C3%BC%20_x_.pdf"
    for media_type in ("text/html", "image/svg+xml", "application/octet-stream", "application/zip"):
        assert header(media_type).startswith("attachment; ")
