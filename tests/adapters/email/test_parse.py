"""Mails as real programs write them, and as they should not: charsets, words, names, parts, attachments, marks."""

from __future__ import annotations

import struct
from base64 import b64encode

import pytest

from adapters.email.addresses import MailAddress, read_addresses
from adapters.email.codec import parse
from adapters.email.mail import Mail
from adapters.email.mime.charset import codec_of, decode
from adapters.email.mime.structure import MAX_PARTS, read_structure, safe_name
from adapters.email.mime.words import decode_base64, decode_words, split_parameters
from adapters.email.parse.markup import clean_html, html_text
from tests.adapters.email.corpora import mail_of


@pytest.mark.parametrize(
    "content,label,expected",
    [
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode("cp1252"), "iso-8859-1", "Grüße"),
        (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        ("日本語".encode("iso-2022-jp"), "ISO-2022-JP", "日本語"),
        ("日本語".encode("cp932"), "x-sjis", "日本語"),
        ("中文".encode("gb18030"), "gb2312", "中文"),
        ("한국어".encode("cp949"), "ks_c_5601-1987", "한국어"),
        ("Grüße".encode(), "x-nonsense", "Grüße"),
        ("Grüße".encode("cp1252"), "x-nonsense", "Grüße"),
        ("Grüße".encode("cp1252"), "us-ascii", "Grüße"),
        ("Grüße".encode("utf-7"), "unicode-1-1-utf-7", "Grüße"),
        ("Grüße".encode("utf-16"), "", "Grüße"),
        (b"a\0b", "", "ab"),
        ("Grüße".encode() + b"\xff!", "utf-8", "Grüße\ufffd!"),
        (b"Gr\xfc\xdfe", "utf-8", "Grüße"),
        ("日本".encode("euc_jp") + b"\xff", "euc-jp", "日本\ufffd"),
    ],
)
def test_charsets(content: bytes, label: str, expected: str) -> None:
    assert decode(content, label) == expected


@pytest.mark.parametrize(
    "label", ["hex", "zlib", "rot13", "idna", "punycode", "unicode_escape", "../../etc", "", "\x00", "é" * 100]
)
def test_labels_that_are_no_charsets_of_mail(label: str) -> None:
    assert codec_of(label) == ""
    assert decode(b"x", label) == "x"


@pytest.mark.parametrize(
    "text,expected",
    [
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?Q?Gr=C3=BC=C3=9Fe?= there", "Grüße there"),
        ("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?a?= x =?utf-8?Q?b?=", "a x b"),
        ("=?utf-8?B?R3LD?= =?utf-8?B?vMOfZQ?=", "Grüße"),  # split inside a character, no padding
        ("=?iso-8859-1*de?Q?Gr=FC=DFe?=", "Grüße"),  # RFC 2231 language
        ("=?utf-8?q?two words?=", "two words"),
        ("=?x-nonsense?Q?caf=C3=A9?=", "café"),
        ("=?utf-8?X?what?=", "=?utf-8?X?what?="),
        ("=?utf-8?B?", "=?utf-8?B?"),
        ("plain = text ?=", "plain = text ?="),
    ],
)
def test_encoded_words(text: str, expected: str) -> None:
    assert decode_words(text) == expected


@pytest.mark.parametrize(
    "value,name,expected",
    [
        ("a/b; name=plain.txt", "name", "plain.txt"),
        ('a/b; name="with \\"quotes\\".txt"; x=y', "name", 'with "quotes".txt'),
        ("a/b; name*=utf-8''Gr%C3%BC%C3%9Fe.txt", "name", "Grüße.txt"),
        ("a/b; name*0=long; name*1=er.txt", "name", "longer.txt"),
        ("a/b; name*1=er.txt; name*0*=iso-8859-1'en'l%E4ng", "name", "länger.txt"),
        ("a/b; name==?utf-8?Q?Gr=C3=BC=C3=9Fe.txt?=", "name", "Grüße.txt"),
        ('a/b; name="=?utf-8?Q?Gr=C3=BC=C3=9Fe.txt?="', "name", "Grüße.txt"),
        ("a/b; name=two words.txt; x=y", "name", "two words.txt"),
        ('a/b; name="never closed', "name", "never closed"),
    ],
)
def test_parameters(value: str, name: str, expected: str) -> None:
    assert split_parameters(value)[1][name] == expected


@pytest.mark.parametrize(
    "field,expected",
    [
        ("jane@example.org", [MailAddress("", "jane@example.org")]),
        ("Jane Doe <jane@example.org>", [MailAddress("Jane Doe", "jane@example.org")]),
        (
            '"Doe, Jane" <jane@example.org>, b@x.example',
            [MailAddress("Doe, Jane", "jane@example.org"), MailAddress("", "b@x.example")],
        ),
        ("jane@example.org (Jane (nick) Doe)", [MailAddress("Jane (nick) Doe", "jane@example.org")]),
        ("=?utf-8?Q?J=C3=BCrgen?= <j@x.example>", [MailAddress("Jürgen", "j@x.example")]),
        ("Group: a@x.example, b@x.example;", [MailAddress("", "a@x.example"), MailAddress("", "b@x.example")]),
        ("undisclosed-recipients:;", []),
        ("<@relay.example:jane@example.org>", [MailAddress("", "jane@example.org")]),
        ("Jane jane@example.org", [MailAddress("Jane", "jane@example.org")]),
        ('"Jane <jane@example.org', [MailAddress("", "")][:0]),
        ("", []),
        (",,;,", []),
    ],
)
def test_addresses(field: str, expected: list[MailAddress]) -> None:
    found = read_addresses(field)
    assert found == expected or (field.startswith('"Jane <') and not any(one.valid for one in found))


def test_base64_forgives_what_programs_do() -> None:
    assert decode_base64(b"aGVs\r\nbG8") == b"hello"
    assert decode_base64(b"aGVsbG8=aGVsbG8=") == b"hellohello"
    assert decode_base64(b"a!!G Vs,bG8=x") == b"hello"


LOST = (
    b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=wrong\r\n\r\n"
    b"--right\r\nContent-Type: text/plain\r\n\r\nx\r\n--right--"
)


def nested(*parts: str, kind: str = "mixed", head: str = "") -> Mail:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return parse(
        f"From: a@x.example\r\n{head}Content-Type: multipart/{kind}; boundary=b\r\n\r\n{body}--b--\r\n".encode()
    )


def test_plain_is_preferred_and_html_stands_in_for_a_stub() -> None:
    html = "Content-Type: text/html\r\n\r\n<p>The real words</p>"
    assert nested("\r\nplain words", html, kind="alternative").text == "plain words"
    assert nested("\r\nThis message requires an HTML viewer.", html, kind="alternative").text != "The real words\n"
    assert nested("\r\n ", html, kind="alternative").text == "The real words"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"\0\0\0",
        b"From: a@x.example",
        b"From: a@x.example\r\n\r\n",
        b"no header at all\r\njust words",
        b"From a@x.example Mon Jan 1 00:00:00 2024\r\nFrom: a@x.example\r\n\r\nmbox",
        b"From: a@x.example\r\nContent-Type: multipart/mixed\r\n\r\nno boundary",
        b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nno end",
        LOST,
        b"From: a@x.example\r\nContent-Type: text/plain; charset=\xff\xff\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"From: a@x.example\rSubject: only CR\r\rbody",
        bytes(range(256)) * 20,
    ],
)
def test_broken_mails_give_a_mail(content: bytes) -> None:
    found = parse(content)
    assert found.message_id
    assert "failed" not in found.quarantined


def test_words_of_broken_mails_are_found() -> None:
    assert parse(b"no header at all\r\njust words").full_text == "no header at all\njust words"
    assert parse(LOST).text == "x"
    assert nested("\r\nfirst", "\r\nsecond").text == "first\n\nsecond"
    assert parse(b"From a@x Mon\r\nFrom: a@x.example\r\n\r\nmbox").author.address == "a@x.example"


def test_depth_and_number_of_parts_are_bounded() -> None:
    deep = b"From: a@x.example\r\n" + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(2000)
    )
    wide = b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000
    for content in (deep, wide):
        assert len(read_structure(content)[0].walk()) <= MAX_PARTS + 1
        assert parse(content).quarantined == ""


@pytest.mark.parametrize(
    "content",
    [
        b"From: " + b'"a" <a@x.example>, ' * 20_000 + b"\r\n\r\nx",
        b"From: " + b"(" * 100_000 + b"\r\n\r\nx",
        b"To: " + b"=?utf-8?q?" * 50_000 + b"\r\nFrom: a@x.example\r\n\r\nx",
        b"References: " + b"<" * 500_000 + b"\r\nFrom: a@x.example\r\n\r\nx",
        b"Content-Type: text/plain; " + b"a*0*=b;" * 100_000 + b"\r\nFrom: a@x.example\r\n\r\nx",
        b"From: a@x.example\r\n" + b"X: y\r\n" * 200_000 + b"\r\nx",
        b"From: a@x.example\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 200_000,
        b"From: a@x.example\r\nContent-Type: text/html\r\n\r\n" + b"<b><i><u>" * 100_000,
        b"From: MAILER-DAEMON@x.example\r\nSubject: failure\r\n\r\n" + b"a@b.example " * 100_000,
        b"From: MAILER-DAEMON@x.example\r\nSubject: failure\r\n\r\n"
        + b"Final-Recipient: rfc822; a@b.example\n" * 30_000,
    ],
)
@pytest.mark.timeout(60)
def test_hostile_mails_cost_no_more_than_their_length(content: bytes) -> None:
    assert "failed" not in parse(content).quarantined


def test_a_mail_without_an_id_always_gets_the_same_one() -> None:
    first, second = parse(mail_of("one")), parse(mail_of("two"))
    assert first.message_id == parse(mail_of("one")).message_id
    assert first.message_id != second.message_id
    assert "no-message-id" in first.marks


@pytest.mark.parametrize(
    "name,expected",
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\a.doc", "a.doc"),
        ("a\u202egnp.exe", "a_gnp.exe"),
        ("a\r\nb\0.txt", "a b_.txt"),
        ("  .hidden. ", "hidden"),
        ("x" * 300 + ".pdf", "x" * 180 + ".pdf"),
        ("", ""),
    ],
)
def test_file_names_are_harmless(name: str, expected: str) -> None:
    assert safe_name(name) == expected


def test_html_as_text_shows_what_a_reader_sees() -> None:
    source = (
        "<style>p{}</style><div style='display:none'>preheader</div><p>One<br>two</p><ul><li>a<li>b</ul>"
        "<img src=http://t.example/x width=1 height=1 alt=track><img alt='a map' src='cid:x'><blockquote>old</blockquote>"
        '<a href="https://x.example/y">here</a><script>alert(1)</script>'
    )
    assert html_text(source) == "One\ntwo\n\n- a\n- b\n\n[a map]\n> old\nhere <https://x.example/y>"


def test_pictures_come_only_from_the_mail_itself() -> None:
    source = (
        '<img src="cid:a@x" alt="ours"><img src="cid:b@x"><img src="https://evil.example/t.gif"><img src="/blobs/1">'
    )
    cleaned = clean_html(source, {"a@x": "/files/1"})
    assert cleaned == '<img src="/files/1" alt="ours"><img><img><img>'


def package() -> bytes:
    """A small winmail.dat with a body and a file."""

    def attribute(level: int, identity: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, identity, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    return (
        struct.pack("<IH", 0x223E9F78, 1)
        + attribute(1, 0x0002800C, b"Words in winmail\0")
        + attribute(2, 0x00069002, struct.pack("<HIHHII", 1, 0, 0, 0, 0, 0)[:14])
        + attribute(2, 0x00018010, b"plan.txt\0")
        + attribute(2, 0x0006800F, b"file content")
    )


def test_winmail_is_opened() -> None:
    head = "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    part = head + b64encode(package()).decode()
    found = nested("\r\n", part)
    assert [(one.name, one.content) for one in found.files] == [("plan.txt", b"file content")]
    assert found.text == "Words in winmail"
    assert "winmail" in found.marks
    broken = nested("\r\nhello", "Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nnot a package")
    assert [one.name for one in broken.files] == ["winmail.dat"]


def test_an_invitation_is_named() -> None:
    event = (
        "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\n"
        "DTSTART:19700101T000000\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:Tour\\, with\r\n  tea\r\n"
        "DTSTART;TZID=Europe/Berlin:20240105T140000\r\nLOCATION:Reading room\r\nEND:VEVENT\r\nEND:VCALENDAR"
    )
    found = nested(event)
    assert found.text == "[Invitation: Tour, with tea, 2024-01-05 14:00 Europe/Berlin, Reading room]"
    assert "calendar" in found.marks


@pytest.mark.parametrize(
    "head,marks",
    [
        ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", ("encrypted", "smime")),
        ("Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", ("signed", "smime")),
        ("Content-Type: multipart/encrypted; protocol=application/pgp-encrypted; boundary=b", ("encrypted", "pgp")),
        ("Content-Type: multipart/signed; protocol=application/pgp-signature; boundary=b", ("signed", "pgp")),
    ],
)
def test_protected_mail_is_shown_as_such(head: str, marks: tuple[str, str]) -> None:
    found = parse(f"From: a@x.example\r\nMessage-ID: <i@x>\r\n{head}\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n".encode())
    assert found.marks == marks


def test_results_of_the_trusted_server_alone_are_believed() -> None:
    head = (
        "Authentication-Results: mx.library.example; spf=pass (x=fail) smtp.mailfrom=a;\r\n dkim=fail; dkim=pass; dmarc=fail\r\n"
        "Authentication-Results: mx.library.example; dmarc=pass\r\nAuthentication-Results: evil.example; spf=fail\r\n"
    )
    content = f"From: a@x.example\r\nMessage-ID: <i@x>\r\n{head}\r\nx".encode()
    assert parse(content, trusted="mx.library.example").marks == ("spf-pass", "dkim-pass", "dmarc-fail")
    assert parse(content, trusted="other.example").marks == ()
    assert parse(content).marks == ()
