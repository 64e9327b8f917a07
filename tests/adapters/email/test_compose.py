"""What goes out: threading, the same bytes for the same delivery, and no header but ours."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage

import msgspec
import pytest

from adapters.email.addresses import MailAddress
from adapters.email.codec import parse
from adapters.email.desk.compose import Enclosure, Outgoing, compose, outgoing_id, reply_subject
from adapters.email.desk.matching import Signer

SIGNER = Signer(b"s" * 32, "mail")
MAIL = Outgoing(
    delivery="Deli_abcdefghij-4567",
    conversation="Conv_abcdefghij-0123",
    mailbox="ask@library.example",
    to=MailAddress("Jürgen Ö, junior", "jane@example.org"),
    text="Yes, we have it.\n\nSee https://library.example/book?a=1&b=2.",
    at=1_700_000_000_000,
    subject="AW: RE: Bücher",
    library="Stadtbücherei",
    author="Ann",
    footer="Main Street 1",
    in_reply_to="new@example.org",
    references=("first@example.org",),
)


def read(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_a_second_attempt_is_the_same_mail() -> None:
    with_file = msgspec.structs.replace(MAIL, enclosures=(Enclosure("a.pdf", "application/pdf", b"%PDF"),))
    assert compose(with_file, SIGNER) == compose(with_file, SIGNER)


def test_threading_headers() -> None:
    message = read(compose(MAIL, SIGNER))
    assert message["Message-ID"] == f"<{outgoing_id(MAIL.delivery, 'jane@example.org', MAIL.mailbox, SIGNER)}>"
    assert message["In-Reply-To"] == "<new@example.org>"
    assert message["References"].split()[1:] == ["<first@example.org>", "<new@example.org>"]
    assert message["Reply-To"].addresses[0].username.startswith("ask+c")
    assert message["Subject"] == "Re: Bücher"


def test_names_files_and_words_arrive_as_they_were() -> None:
    file = Enclosure("Pläne für März.pdf", "application/pdf", bytes(range(256)))
    found = parse(compose(msgspec.structs.replace(MAIL, enclosures=(file,)), SIGNER))
    assert (found.to[0].name, found.author.name) == ("Jürgen Ö, junior", "Ann · Stadtbücherei")
    assert [(one.name, one.media_type, one.content) for one in found.files] == [
        ("Pläne für März.pdf", "application/pdf", bytes(range(256)))
    ]
    assert found.text == MAIL.text
    assert '<a href="https://library.example/book?a=1&amp;b=2"' in found.html


def test_line_breaks_from_outside_never_make_a_header() -> None:
    evil = msgspec.structs.replace(
        MAIL,
        subject="x\r\nBcc: eve@evil.example",
        to=MailAddress("Jane\r\nBcc: eve@evil.example", "jane@example.org"),
        in_reply_to="a@x>\r\nBcc: <eve@evil.example",
        enclosures=(Enclosure("a\r\nX-Evil: 1.pdf", "text/html\r\nX-Evil: 1", b"x"),),
    )
    content = compose(evil, SIGNER)
    assert read(content)["Bcc"] is None
    assert b"\r\nX-Evil" not in content
    assert b"\r\nBcc" not in content


@pytest.mark.parametrize("address", ["", "no address", "a@b\r\nc@d", "<script>"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        compose(msgspec.structs.replace(MAIL, to=MailAddress("x", address)), SIGNER)


def test_automatic_mail_says_so_and_a_librarians_does_not() -> None:
    automatic = read(compose(msgspec.structs.replace(MAIL, automatic=True), SIGNER))
    assert (automatic["Auto-Submitted"], automatic["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert parse(compose(msgspec.structs.replace(MAIL, automatic=True), SIGNER)).kind == "auto"
    assert read(compose(MAIL, SIGNER))["Auto-Submitted"] is None
    assert parse(compose(MAIL, SIGNER)).kind == "person"


@pytest.mark.parametrize(
    "subject,expected",
    [
        ("books", "Re: books"),
        ("Re: books", "Re: books"),
        ("RE: AW: Sv: books", "Re: books"),
        ("Re[2]: books", "Re: books"),
        ("回复：书", "Re: 书"),
        ("Reading list", "Re: Reading list"),
        ("", "Your question"),
    ],
)
def test_subjects(subject: str, expected: str) -> None:
    assert reply_subject(subject) == expected
