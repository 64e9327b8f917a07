"""No value from outside ends a header line, with any Python and any value."""

from __future__ import annotations

import email
import email.policy
import random
import ssl
from base64 import b64encode

import msgspec
import pytest

from adapters.email.addresses import MailAddress
from adapters.email.codec import ReplyPath, parse
from adapters.email.config import EmailConfig
from adapters.email.desk.compose import Enclosure, Outgoing, compose
from adapters.email.desk.matching import Signer
from adapters.email.mime.header_lines import BrokenMail, check_mail, one_line, written_address
from adapters.email.network.smtp import Letter, MailSubmission
from bridge.contract.adapter import Rejected

SIGNER = Signer(b"s" * 32, "mail")
MAIL = Outgoing(
    delivery="Deli_abcdefghij-4567",
    conversation="Conv_abcdefghij-0123",
    mailbox="ask@library.example",
    to=MailAddress("Jane", "jane@example.org"),
    text="Yes.",
    at=1_700_000_000_000,
    in_reply_to="new@example.org",
)
FIELDS = {
    *("from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version"),
    *("auto-submitted", "x-auto-response-suppress", "content-language", "content-type"),
}
EVIL = "x\r\nBcc: eve@evil.example\r\n\r\n<html>pay here</html>"
PIECES = (
    *(
        "\r\n",
        "\r",
        "\n",
        "\x00",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x85",
        "\u2028",
        "\u2029",
        "\udcff",
        "\ud800",
        "\t",
        " ",
        "\r\n ",
    ),
    *(
        "Bcc: eve@evil.example",
        "=?",
        "?=",
        "=?utf-8?q?=0D=0ABcc:_eve=40evil.example?=",
        "=?utf-8?b?DQpCY2M6IGE=?=",
        "a" * 90,
    ),
    *('"', "\\", "<", ">", "(", ")", ",", ";", ":", "@", "'", "%0d%0a", "é", "書", "😀", "\u202e", ".", "--", "=0D=0A"),
)


def encoded(text: str, depth: int) -> str:
    """Return `text` as an encoded word of encoded words."""
    for level in range(depth):
        raw = text.encode("utf-8", "surrogateescape")
        quoted = "".join(f"={byte:02X}" for byte in raw)
        text = f"=?utf-8?q?{quoted}?=" if level % 2 else f"=?utf-8?b?{b64encode(raw).decode()}?="
    return text


def header(raw: bytes) -> list[str]:
    """Return the names of the fields, in lower case; nothing but our own way of reading lines."""
    lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    return [line.partition(b":")[0].decode().lower() for line in lines if line[:1] not in b" \t"]


def filled(value: str) -> Outgoing:
    """Return a mail with `value` wherever a stranger or a librarian may write."""
    return msgspec.structs.replace(
        MAIL,
        subject=value,
        to=MailAddress(value, "jane@example.org"),
        cc=(MailAddress(value, "bob@example.org"),),
        library=value,
        author=value,
        language=value,
        in_reply_to=value,
        references=(value, "first@example.org"),
        enclosures=(Enclosure(value, value, b"x"),),
        automatic=True,
        text=value,
        footer=value,
    )


def test_ten_thousand_values_end_no_line() -> None:
    chance = random.Random(15)
    for _ in range(10_000):
        value = "".join(chance.choices(PIECES, k=chance.randrange(1, 9)))
        raw = compose(filled(encoded(value.replace("\ud800", ""), 1) if chance.random() < 0.3 else value), SIGNER)
        names = header(raw)
        assert set(names) <= FIELDS, value
        assert len(names) == len(set(names)), value
        assert raw.count(b"Content-Disposition:") == 1, value


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_subject_encoded_several_times_stays_a_subject(depth: int) -> None:
    came = parse(f"From: jane@example.org\r\nSubject: {encoded(EVIL, depth)}\r\n\r\nhello\r\n".encode())
    raw = compose(filled(came.subject), SIGNER)
    sent = email.message_from_bytes(raw, policy=email.policy.compat32)
    assert sent["Bcc"] is None
    assert set(header(raw)) <= FIELDS


@pytest.mark.parametrize(
    "subject", ["caf\udce9", "\ud83d broken", "\x00", "=?utf-8?q?kept?= as typed", "書" * 400, "x" * 2000]
)
def test_any_subject_can_be_answered(subject: str) -> None:
    """What a reader sees is the subject, on one line, also where it looks like an encoded word."""
    found = parse(compose(msgspec.structs.replace(MAIL, subject=subject), SIGNER))
    bare = one_line(subject)[:900]
    assert found.subject == (f"Re: {bare}" if bare else "Your question")[:998]


def test_a_mail_with_undecodable_bytes_in_its_header_is_answered() -> None:
    came = parse(b"From: J\xe9r\xf4me <jane@example.org>\r\nSubject: livre \xff\xfe\xe9\r\n\r\nhello\r\n")
    path = ReplyPath("a@b", subject=came.subject, to=str(came.patron))
    raw = compose(msgspec.structs.replace(MAIL, subject=path.subject, to=came.patron), SIGNER)
    assert parse(raw).subject.startswith("Re: livre")


@pytest.mark.parametrize(
    "name", ["a\r\nX-Evil: 1.pdf", 'q"uote;.pdf', "Pläne " * 40 + ".pdf", "=?utf-8?q?=0D=0A?=.pdf", "é.pdf"]
)
def test_file_names_arrive_on_one_line(name: str) -> None:
    raw = compose(msgspec.structs.replace(MAIL, enclosures=(Enclosure(name, "text/plain", b"x"),)), SIGNER)
    sent = email.message_from_bytes(raw, policy=email.policy.compat32)
    [part] = [part for part in sent.walk() if part.get_content_disposition() == "attachment"]
    assert part["X-Evil"] is None
    assert part.get_filename() == one_line(name)[:255]
    assert part.get_payload(decode=True) == b"x"


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("jane@example.org", "jane@example.org"),
        ("a..b@docomo.example", '"a..b"@docomo.example'),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jürgen@bücher.example", "jürgen@xn--bcher-kva.example"),
    ],
)
def test_addresses_are_written_as_smtp_wants_them(address: str, written: str) -> None:
    assert written_address(address) == written


@pytest.mark.parametrize(
    "address", ["a@b\r\nRCPT TO:<eve@evil.example>", "a\x00b@c.example", "a@b c", "a@\udcff.example", "@b", "a@-"]
)
def test_addresses_that_could_end_a_line_are_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        written_address(address)


async def test_submission_looks_at_the_lines_before_it_connects() -> None:
    config = EmailConfig(
        address="ask@library.example", imap_host="localhost", smtp_host="localhost", smtp_port=9, password="x"
    )
    submission = MailSubmission(config, ssl.create_default_context(), None)
    outcome = await submission.submit(Letter(("jane@example.org",), b"Subject: a\nBcc: eve@evil.example\r\n\r\nx\r\n"))
    assert isinstance(outcome, Rejected)
    assert outcome.reason == "refused"


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: a\nBcc: b\r\n\r\nx",
        b"Subject: a\rBcc: b\r\n\r\nx",
        b"Subject: a\r\n\r\nx\n.\r\nMAIL FROM:<a@b>\r\n",
        b"Subject: a\r\nSubject: b\r\n\r\nx",
        b"Subject: a\r\n \r\n\r\nx",
        b"Subject: a\r\nno field\r\n\r\nx",
        b"Subject: " + b"a" * 1000 + b"\r\n\r\nx",
        b"Subject: a\r\n",
    ],
)
def test_a_mail_with_other_lines_than_ours_does_not_go_out(raw: bytes) -> None:
    with pytest.raises(BrokenMail):
        check_mail(raw)
