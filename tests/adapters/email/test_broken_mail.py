"""Mail as broken programs write it: torn words, odd headers, wrong labels, markup that wants to run or to fetch."""

from __future__ import annotations

from base64 import b64encode

import pytest

from adapters.email.codec import parse
from adapters.email.mail import Mail
from adapters.email.parse.markup import clean_html
from tests.adapters.email.test_corpora_parse import PLACES, Inspector

HEAD = b"From: Jane <jane@x.example>\r\nTo: ask@l.example\r\nMessage-ID: <a@x>\r\nMIME-Version: 1.0\r\n"
BOOKS = "Bücher".encode()


def mail(header: bytes = b"", body: bytes = b"hello\r\n") -> Mail:
    return parse(HEAD + header + b"\r\n" + body)


def encoded(raw: bytes) -> bytes:
    return b"=?UTF-8?B?" + b64encode(raw) + b"?="


@pytest.mark.parametrize(
    "value,subject",
    [
        (encoded(BOOKS[:2]) + b"\r\n " + encoded(BOOKS[2:]), "Bücher"),
        (b"=?utf-8?q?B=C3?= =?utf-8?q?=BCcher?=", "Bücher"),
        (b"=?iso-8859-1?Q?Gr=FC=DFe?= =?utf-8?Q?_an_=C3=A9?=", "Grüße an é"),
        (b"=?utf-8*de?Q?B=C3=BCcher?=", "Bücher"),
        (b"=?utf-8?Q?Where_is_it??=", "Where is it?"),
        (b"=?utf-8?Q?Where??_Here?=", "Where?? Here"),
        (b"x=?utf-8?Q?=C3=A9?=y", "xéy"),
        ("Bücher".encode("latin-1"), "Bücher"),
        ("図書館".encode("iso-2022-jp"), "図書館"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
    ],
)
def test_subjects(value: bytes, subject: str) -> None:
    assert mail(b"Subject: " + value + b"\r\n").subject == subject


@pytest.mark.parametrize(
    "value,found",
    [
        (b"=?utf-8?Q?Doe,_Jane?= <j@x.example>, b@x.example", [("Doe, Jane", "j@x.example"), ("", "b@x.example")]),
        (b"=?utf-8?B?" + b64encode(b"Jane <j@x.example>") + b"?=", [("Jane", "j@x.example")]),
        (b"Jane <<j@x.example>>", [("Jane", "j@x.example")]),
        (b"j @ x.example", [("", "j@x.example")]),
        (b"a@x.example; b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        (b"undisclosed-recipients:;", []),
        (b'"Doe, Jane" <j@x.example>', [("Doe, Jane", "j@x.example")]),
        (b'"Jane <evil@x.example>" <j@x.example>', [("Jane <evil@x.example>", "j@x.example")]),
    ],
)
def test_addresses(value: bytes, found: list[tuple[str, str]]) -> None:
    assert [(one.name, one.address) for one in mail(b"Cc: " + value + b"\r\n").cc] == found


@pytest.mark.parametrize(
    "content,subject",
    [
        (b"\r\n" + HEAD + b"Subject: x\r\n\r\nhello", "x"),
        (b"From jane Tue Jan  5\r\n>From jane\r\n" + HEAD + b"Subject: x\r\n\r\nhello", "x"),
        (HEAD + b"no field at all\r\nSubject: x\r\n\r\nhello", "x"),
        (HEAD.replace(b"\r\n", b"\r") + b"Subject: x\r\rhello", "x"),
        (b"\xef\xbb\xbf" + HEAD + b"Subject:\r\n x\r\n\r\nhello", "x"),
        (HEAD + b"X-Big: " + b"a" * 900_000 + b"\r\nSubject: x\r\n\r\nhello", "x"),
    ],
    ids=["empty line first", "mbox twice", "junk line", "CR alone", "byte order mark", "huge field"],
)
def test_odd_headers(content: bytes, subject: str) -> None:
    found = parse(content)
    assert (found.author.address, found.subject, found.text) == ("jane@x.example", subject, "hello")


def test_a_line_that_is_no_field_with_words_below_opens_the_body() -> None:
    assert parse(HEAD + b"Dear librarian,\r\nI have a question.\r\n").text == "Dear librarian,\nI have a question."


@pytest.mark.parametrize("encoding", [b'"base64"', b"BASE64 (really)", b" base64 ; x"])
def test_transfer_encodings_with_decorations(encoding: bytes) -> None:
    header = b"Content-Transfer-Encoding: " + encoding + b"\r\nContent-Type: text/plain; charset=utf-8\r\n"
    assert mail(header, b64encode(BOOKS)).text == "Bücher"


@pytest.mark.parametrize(
    "label,text", [(b"x-mac-ce", "ł"), (b"hz-gb-2312", "图书"), (b"'utf-8'", "ł"), (b"win-1250", "ł")]
)
def test_labels_of_charsets(label: bytes, text: str) -> None:
    codec = {b"x-mac-ce": "mac_latin2", b"hz-gb-2312": "hz", b"win-1250": "cp1250"}.get(label, "utf-8")
    assert mail(b"Content-Type: text/plain; charset=" + label + b"\r\n", text.encode(codec)).text == text


def test_a_date_of_iso_8601() -> None:
    assert mail(b"Date: 2021-01-05T10:15:00Z\r\n").date == mail(b"Date: Tue, 5 Jan 2021 10:15:00 +0000\r\n").date > 0


@pytest.mark.parametrize(
    "disposition,name",
    [
        (b"filename*0*=UTF-8''B%C3%BC;\r\n filename*1*=cher%20;\r\n filename*2=\"x.pdf\"", "Bücher x.pdf"),
        (b'filename*1="cher.pdf"; filename*0="Bu"', "Bucher.pdf"),
        (b"filename*=iso-8859-1'de'B%FCcher.pdf; filename=Buecher.pdf", "Bücher.pdf"),
        (b"filename=my file (1).pdf", "my file (1).pdf"),
        (b'filename="B\xfccher.pdf"', "Bücher.pdf"),
        (b'filename="=?utf-8?Q?B=C3=BC?=\r\n =?utf-8?Q?cher.pdf?="', "Bücher.pdf"),
    ],
)
def test_names_of_files(disposition: bytes, name: str) -> None:
    part = b"--b\r\n\r\nhi\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; " + disposition
    found = mail(b"Content-Type: multipart/mixed; boundary=b\r\n", part + b"\r\n\r\nx\r\n")
    assert ([one.name for one in found.files], found.text) == ([name], "hi")


HOSTILE = (
    '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    '<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style>',
    "<template><template><img src=x onerror=alert(1)></template></template>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    '<svg><a xlink:href="javascript:alert(1)"><text>x',
    '<meta http-equiv=refresh content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    "<style>@import 'https://evil.example/x.css';</style>",
    "<link rel=dns-prefetch href=//evil.example>",
    '<img srcset="https://evil.example/a 1x">',
    '<img src="https://evil.example/pixel.gif" width=1 height=1>',
    "<picture><source srcset=https://evil.example/a><img></picture>",
    "<video poster=https://evil.example/a><source src=https://evil.example/b></video>",
    "<input type=image src=https://evil.example/a>",
    "<td background=//evil.example>",
    '<div style="background-image:\\75rl(//evil.example)">',
    '<a href="http://x.example" ping="https://evil.example">',
    "<button formaction=javascript:alert(1)>",
    '<a href="java\tscript:alert(1)">',
    '<a href="java&#10;script:alert(1)">',
    '<a href=" &#14; javascript:alert(1)">',
    '<a href="data:text/html,<script>alert(1)</script>">',
    '<a href="//evil.example">',
    '<a href="\\\\evil.example">',
    '<xmp><p title="</xmp><img src=x onerror=alert(1)>">',
    "<select><style></select><img src=x onerror=alert(1)></style>",
    '<img src="cid:a&quot; onerror=alert(1)">',
    '<?xml-stylesheet href="javascript:alert(1)"?>',
    "<![CDATA[<script>alert(1)</script>]]>",
)


@pytest.mark.parametrize("payload", HOSTILE)
def test_markup_that_wants_to_run_or_to_fetch(payload: str) -> None:
    for place in PLACES:
        inspector = Inspector()
        inspector.feed(clean_html(place.replace("{}", payload), {}))
        inspector.close()
        assert inspector.wrong == []
