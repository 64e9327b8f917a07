"""Charsets with what vendors added to them, packages that need no key, and the kinds of plain text."""

from __future__ import annotations

import zlib
from base64 import b64encode
from urllib.parse import quote

import pytest

from adapters.email.codec import parse
from adapters.email.mime.charset import decode
from adapters.email.mime.fields import named_charset
from adapters.email.mime.smime import COMPRESSED, SIGNED, inside
from adapters.email.mime.words import split_parameters
from adapters.email.parse.plain_forms import enriched, flowed

ASK = "Are you open on Sunday?"


def mail(header: str, body: bytes = b"x", *, plain: bool = True) -> bytes:
    kind = "" if not plain else "Content-Type: text/plain; charset=utf-8\r\n"
    return f"From: Jane <jane@reader.example>\r\n{kind}{header}\r\n\r\n".encode("utf-8", "surrogateescape") + body


def typed(kind: str, body: bytes, more: str = "") -> bytes:
    return mail(f"Content-Type: {kind}{more}", body, plain=False)


# -- charsets


def jis(text: str) -> bytes:
    """ISO-2022-JP as Windows writes it: the cells of code page 932 with seven bits."""
    out, inside_cells = b"", False
    for character in text:
        cell = character.encode("cp932")
        if len(cell) == 2 and not inside_cells:
            out, inside_cells = out + b"\x1b$B", True
        elif len(cell) == 1 and inside_cells:
            out, inside_cells = out + b"\x1b(B", False
        out += bytes(_seven(cell)) if len(cell) == 2 else cell
    return out + (b"\x1b(B" if inside_cells else b"")


def _seven(cell: bytes) -> tuple[int, int]:
    first = (cell[0] - (0xC1 if cell[0] >= 0xE0 else 0x81)) * 2 + 0x21
    if cell[1] >= 0x9F:
        return first + 1, cell[1] - 0x7E
    return first, cell[1] - 0x1F - (cell[1] > 0x7F)


@pytest.mark.parametrize("text", ["①図書館は開いていますか", "㈱山田書店", "Ⅳ巻 ℡ ㎡", "ひらがな abc カタカナ"])
@pytest.mark.parametrize("label", ["ISO-2022-JP", "iso-2022-jp", "utf-8", "", "shift_jis", "euc-jp"])
def test_iso_2022_jp_with_characters_of_vendors_is_read_whatever_it_is_called(text: str, label: str) -> None:
    assert decode(jis(text), label) == text


@pytest.mark.parametrize("text", ["①図書館", "㈱山田", "ｱｲｳ かな", "髙橋"])
def test_euc_jp_with_characters_of_vendors_is_read(text: str) -> None:
    raw = b"".join(
        bytes(byte | 0x80 for byte in _seven(cell)) if len(cell) == 2 else b"\x8e" + cell if cell > b"\x80" else cell
        for cell in (_nec(character) for character in text)
    )
    assert decode(raw, "EUC-JP") == text


def _nec(character: str) -> bytes:
    """Code page 932, with the IBM character in the row of NEC, which seven bits can name."""
    return {"髙": b"\xee\xe0"}.get(character, character.encode("cp932"))


@pytest.mark.parametrize(
    "text,codec,label",
    [
        ("①番の本", "cp932", "ISO-2022-JP"),
        ("髙橋", "cp932", "Shift_JIS"),
        ("图书館镕", "gb18030", "GB2312"),
        ("도서관 뷁", "cp949", "ks_c_5601-1987"),
        ("“quoted” – €5", "cp1252", "ISO-8859-1"),
        ("„knihy“ – žluť", "cp1250", "windows-1250"),
        ("книга №5", "cp1251", "Windows-1251 (Cyrillic)"),
        ("圖書館€", "cp950", "Big5"),
    ],
)
def test_a_charset_is_read_as_its_senders_mean_it(text: str, codec: str, label: str) -> None:
    assert decode(text.encode(codec), label) == text


def test_quotation_marks_of_windows_are_read_under_a_label_of_iso_8859() -> None:
    assert decode(b"\x84kniha\x93 \x96 \xb9", "ISO-8859-2") == "„kniha“ – š"


@pytest.mark.parametrize(
    "subject,codec,label",
    [
        ("借书延期问题", "gb18030", "gb2312"),
        ("продление книги", "koi8-r", "KOI8-R"),
        ("продление книги", "cp1251", "windows-1251"),
        ("本の延長", "cp932", "Shift_JIS"),
        ("책 연장", "cp949", "euc-kr"),
        ("Βιβλίο", "cp1253", "iso-8859-7"),
        ("Bücher", "utf-8", "koi8-r"),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_raw_header_is_read_in_the_charset_that_the_mail_names(
    subject: str, codec: str, label: str, nested: bool
) -> None:
    kind = f"text/plain; charset={label}"
    head = b"From: " + subject.encode(codec) + b" <jane@reader.example>\r\nSubject: " + subject.encode(codec) + b"\r\n"
    body = f"Content-Type: {kind}\r\n\r\nx".encode()
    if nested:
        body = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + body + b"\r\n--b--\r\n"
    read = parse(head + body)
    assert (read.subject, read.author.name) == (subject, subject)


def test_the_first_charset_that_says_something_is_the_mails() -> None:
    assert named_charset(b'Content-Type: x; charset=us-ascii\r\n\r\ncharset="KOI8-R"') == "KOI8-R"


# -- headers


@pytest.mark.parametrize("fold", [" \r\n", "\t\r\n", "  \r\n \r\n"])
def test_a_fold_of_spaces_alone_ends_no_header(fold: str) -> None:
    head = f"Received: from a\r\n{fold}\tby b\r\nFrom: jane@reader.example\r\nSubject: Hours\r\n{fold} in summer\r\n"
    read = parse((head + "Message-ID: <a@b.example>\r\n\r\n" + ASK).encode())
    assert (read.subject, read.author.address, read.text) == ("Hours in summer", "jane@reader.example", ASK)


def test_a_blank_line_of_spaces_ends_the_header_where_words_follow() -> None:
    read = parse(b"From: jane@reader.example\r\nSubject: Hours\r\n \r\n  Are you open?\r\nJane")
    assert (read.subject, read.text) == ("Hours", "Are you open?\nJane")


@pytest.mark.parametrize(
    "value",
    [
        "text/plain charset=utf-8; format=flowed",
        "text/plain; charset=utf-8 format=flowed",
        'text/plain; charset="utf-8" format=flowed',
        "text/plain;charset=utf-8;;; format = flowed;",
    ],
)
def test_parameters_are_read_where_a_semicolon_is_missing(value: str) -> None:
    assert split_parameters(value) == ("text/plain", {"charset": "utf-8", "format": "flowed"})


# -- S/MIME that needs no key


def der(tag: int, *content: bytes) -> bytes:
    body = b"".join(content)
    size = bytes([len(body)]) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes([tag]) + size + body


def ber(tag: int, *content: bytes) -> bytes:
    """The same with a length that an end mark tells."""
    return bytes([tag, 0x80]) + b"".join(content) + b"\0\0"


DATA = der(0x06, bytes.fromhex("2a864886f70d010701"))
PART = f"Content-Type: text/plain; charset=utf-8\r\n\r\n{ASK}".encode()


def signed(content: bytes) -> bytes:
    held = der(0x30, DATA, der(0xA0, der(0x04, content)))
    return der(0x30, der(0x06, SIGNED), der(0xA0, der(0x30, der(0x02, b"\1"), der(0x31), held, der(0x31))))


def signed_in_pieces(content: bytes) -> bytes:
    pieces = [der(0x04, content[i : i + 20]) for i in range(0, len(content), 20)]
    held = ber(0x30, DATA, ber(0xA0, ber(0x24, *pieces)))
    return ber(0x30, der(0x06, SIGNED), ber(0xA0, ber(0x30, der(0x02, b"\1"), der(0x31), held, der(0x31))))


def compressed(content: bytes) -> bytes:
    held = der(0x30, DATA, der(0xA0, der(0x04, zlib.compress(content))))
    return der(0x30, der(0x06, COMPRESSED), der(0xA0, der(0x30, der(0x02, b"\0"), der(0x30), held)))


@pytest.mark.parametrize("package", [signed, signed_in_pieces, compressed, lambda part: signed(compressed_part(part))])
@pytest.mark.parametrize("kind", ["application/pkcs7-mime; smime-type=signed-data", "application/x-pkcs7-mime"])
def test_words_in_a_package_that_needs_no_key_are_read(package: object, kind: str) -> None:
    assert callable(package)
    body = b64encode(package(PART))
    read = parse(typed(f"{kind}; name=smime.p7m", body, "\r\nContent-Transfer-Encoding: base64"))
    assert (read.text, read.files) == (ASK, ())
    assert "smime" in read.marks
    assert "encrypted" not in read.marks
    assert ("signed" in read.marks) == (package is not compressed)


def compressed_part(part: bytes) -> bytes:
    head = (
        b"Content-Type: application/pkcs7-mime; smime-type=compressed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + b64encode(compressed(part))


def test_what_is_encrypted_or_broken_stays_an_attachment() -> None:
    for body in (
        b"\x30\x80\x06",
        signed(PART)[:30],
        b"",
        bytes(200),
        signed(PART).replace(SIGNED, SIGNED[:-1] + b"\3"),
    ):
        assert inside(body) == b""
        read = parse(
            typed("application/pkcs7-mime; name=smime.p7m", b64encode(body), "\r\nContent-Transfer-Encoding: base64")
        )
        assert [one.name for one in read.files] == ["smime.p7m"]


# -- plain text


def test_lines_that_a_program_broke_are_joined() -> None:
    assert flowed("one \ntwo\n\n three\n-- \nJane") == "one two\n\nthree\n-- \nJane"
    assert flowed("> old \n> words\nnew \nwords") == "> old words\nnew words"
    assert flowed("cata \nlogue", delete_space=True) == "catalogue"
    assert flowed(" >not quoted\n From here") == ">not quoted\nFrom here"
    assert flowed("ends flowed ") == "ends flowed"


def test_enriched_text_and_markdown_are_words() -> None:
    words = "<bold>Are</bold> you <color><param>red</param>open</color>\non Sunday?\n\n\n1 << 2"
    assert enriched(words) == "Are you open on Sunday?\n\n1 < 2"
    assert parse(typed("text/enriched", words.encode())).text == "Are you open on Sunday?\n\n1 < 2"
    assert parse(typed("text/markdown; charset=utf-8", b"# Hours\n\n*Open*?")).text == "# Hours\n\n*Open*?"


def test_a_richer_form_of_the_same_words_is_not_shown_twice() -> None:
    parts = "\r\n".join(f"--b\r\nContent-Type: text/{kind}\r\n\r\n{ASK}" for kind in ("plain", "enriched"))
    assert parse(typed("multipart/alternative; boundary=b", parts.encode() + b"\r\n--b--")).text == ASK


# -- pictures


@pytest.mark.parametrize(
    "spelled", ["cid:Pic.1@x", "CID:pic.1@X", "cid:" + quote("Pic.1@x", safe=""), "cid:&lt;Pic.1@x&gt;", " cid:Pic.1@x"]
)
def test_a_picture_is_found_by_any_spelling_of_its_id(spelled: str) -> None:
    parts = f'--b\r\nContent-Type: text/html\r\n\r\n<p>Look</p><img src="{spelled}">\r\n'
    parts += "--b\r\nContent-Type: image/png\r\nContent-ID: <Pic.1@x>\r\n\r\npng\r\n--b--"
    read = parse(typed("multipart/related; boundary=b", parts.encode()))
    assert [one.inline for one in read.files] == [True]
    assert 'src="cid:Pic.1@x"' in read.html
