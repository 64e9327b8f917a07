"""Office files: what they are by their parts, and which of them nobody should open."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.contract.adapter import UnsafeFile
from bridge.files.blobs import FileBlobs
from tests.bridge.test_blobs import chunks, files

MAIN = "application/vnd.openxmlformats-officedocument.{}.main+xml"
ODT = "application/vnd.oasis.opendocument.text"
DOCX = MAIN.format("wordprocessingml.document")
TAKEN = frozenset({DOCX.removesuffix(".main+xml"), ODT, "application/rtf", "text/plain"})


def packed(parts: Mapping[str, str | bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive with these parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def word(more: Mapping[str, str | bytes] | None = None, content: str = DOCX) -> bytes:
    parts: dict[str, str | bytes] = {"[Content_Types].xml": f"<Types><Override ContentType='{content}'/></Types>"}
    return packed(parts | {"word/document.xml": "<w/>"} | dict(more or {}))


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (word(), DOCX.removesuffix(".main+xml")),
        (packed({"mimetype": ODT, "content.xml": "<office/>"}, zipfile.ZIP_STORED), ODT),
        (rb"{\rtf1 A letter}", "application/rtf"),
        ("name;röle\nAna;librarian".encode(), "text/plain"),
    ],
    ids=["docx", "odt", "rtf", "csv"],
)
async def test_an_office_file_is_what_its_parts_say(data: bytes, media_type: str, tmp_path: Path) -> None:
    kept = await FileBlobs(tmp_path).save(chunks(data, 999), "page.html", 100_000, TAKEN)
    assert kept.media_type == media_type


@pytest.mark.parametrize(
    "data",
    [
        word({"word/vbaProject.bin": b"macro"}),
        word({"word/activeX/activeX1.xml": "<a/>"}),
        word({"word/embeddings/oleObject1.bin": b"MZ"}),
        word(
            {
                "word/_rels/settings.xml.rels": '<R Type="x/attachedTemplate" Target="http://a.example" TargetMode="External"/>'
            }
        ),
        word({"word/media/image1.bmp": bytes(20_000_000)}),
        packed({"mimetype": ODT, "Basic/Standard/Module1.xml": "<m/>"}, zipfile.ZIP_STORED),
        rb"{\rtf1{\object\objemb{\*\objdata 0105}}}",
    ],
    ids=["macros", "activex", "embedded program", "template from elsewhere", "bomb", "basic", "object in rtf"],
)
async def test_what_holds_a_program_or_a_bomb_is_refused_and_not_kept(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnsafeFile):
        await FileBlobs(tmp_path).save(chunks(data, 9999), "letter.docx", 1_000_000, TAKEN)
    assert not files(tmp_path)


@pytest.mark.parametrize(
    "data",
    [
        word(content="application/vnd.ms-word.document.macroEnabled.main+xml"),
        word(content="application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml"),
        packed({"letter.docx": word()}),
        word()[:-30],
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    ],
    ids=["docm", "template", "archive", "broken", "old doc"],
)
async def test_another_kind_is_not_taken_whatever_it_is_called(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not taken"):
        await FileBlobs(tmp_path).save(chunks(data, 9999), "letter.docx", 1_000_000, TAKEN)
