"""A mail that goes out: threading headers, plain text and HTML, attachments.

The rules: the Message-ID is made of the delivery id and signed. So a second attempt is the same mail byte for byte, and an
answer to it finds its conversation. References carry the whole chain (RFC 5322 3.6.4) and our signed root; Reply-To carries the
signed address; what a machine says is marked Auto-Submitted (RFC 3834) so that no other machine answers it. A transcript bears
none of that but the mark: no chain, no signed address, nothing that would bring an answer to its conversation. Header lines are
written by header_lines, for most of their values come from outside.
"""

from __future__ import annotations

import html
import re
from base64 import encodebytes
from binascii import b2a_qp
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

import msgspec

from adapters.email.addresses import MailAddress
from adapters.email.desk.matching import CONVERSATION, DELIVERY, TRANSCRIPT, Signer, reply_address
from adapters.email.mime.header_lines import (
    SURROGATE,
    address_field,
    check_mail,
    field,
    file_tokens,
    one_line,
    text_field,
    written_address,
)
from bridge.contract.formatting import html as formatted_words
from bridge.contract.formatting import plain as plain_words

MAX_CHAIN = 20
PREFIX = re.compile(r"^(?:(?:re|aw|sv|vs|antw|odp|ynt|res|ref|rif|回复|答复)(?:\[\d+\])?\s*[:：]\s*)+", re.IGNORECASE)
LINE_END = re.compile(r"\r\n|\r|\n")
LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,5}")
MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,100}")
MAX_SUBJECT = 900  # characters
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")


class Enclosure(msgspec.Struct, frozen=True):
    """A file to be sent along."""

    name: str
    media_type: str
    content: bytes


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """All that a mail says. `at` in ms; `author` is shown before the library's name; `footer` the library's signature."""

    delivery: str
    conversation: str
    mailbox: str
    to: MailAddress
    text: str
    at: int
    subject: str = ""
    library: str = ""
    author: str = ""
    footer: str = ""
    cc: tuple[MailAddress, ...] = ()
    title: str = ""  # the subject, as it is to be; "" = `Re:` and `subject`
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    automatic: bool = False
    language: str = ""
    plus: bool = True  # the mailbox gets what is sent to `local+anything@`
    formatted: bool = False  # its words may bear the marks of bridge.contract.formatting
    transcript: bool = False  # words for the patron to keep, as plain text
    patron: str = ""  # whose answers the signed address takes, where `to` is another address ("" = `to`)


def outgoing_id(delivery: str, to: str, mailbox: str, signer: Signer, *, transcript: bool = False) -> str:
    """Return the Message-ID, without brackets, of a delivery: always the same for the same delivery."""
    kind = TRANSCRIPT if transcript else DELIVERY
    return f"db.{signer.token(kind, delivery, to)}@{written_address(mailbox).rpartition('@')[2]}"


def compose(mail: Outgoing, signer: Signer) -> bytes:
    """Return the mail, ready for SMTP with CRLF. The same `mail` gives the same bytes.

    Raises ValueError for an address that is none, BrokenMail (a ValueError too) should its lines not be what we meant.
    """
    token = "" if mail.transcript else signer.token(CONVERSATION, mail.conversation, mail.patron or mail.to.address)
    raw = b"".join([*_envelope(mail, token), *_thread(mail, token, signer), *_marks(mail), _body(mail, token)])
    check_mail(raw)
    return raw


def _envelope(mail: Outgoing, token: str) -> list[bytes]:
    """From whom, to whom, about what."""
    name = " · ".join(part for part in (one_line(mail.author), one_line(mail.library)) if part)
    answers = reply_address(mail.mailbox, token) if mail.plus and token else mail.mailbox
    subject = (
        one_line(mail.title or mail.subject)[:MAX_SUBJECT]
        if mail.title or mail.transcript
        else reply_subject(mail.subject)
    )
    lines = [address_field("From", [MailAddress(name, mail.mailbox)]), address_field("To", [mail.to])]
    if mail.cc:
        lines.append(address_field("Cc", mail.cc))
    return [
        *lines,
        address_field("Reply-To", [MailAddress(mail.library, answers)]),
        text_field("Subject", subject or "Your question"),
        field("Date", [format_datetime(datetime.fromtimestamp(mail.at / 1000, UTC))]),
    ]


def _thread(mail: Outgoing, token: str, signer: Signer) -> list[bytes]:
    domain = written_address(mail.mailbox).rpartition("@")[2]
    whom = mail.patron or mail.to.address
    identity = outgoing_id(mail.delivery, whom, mail.mailbox, signer, transcript=mail.transcript)
    lines = [field("Message-ID", [f"<{identity}>"])]
    if mail.transcript:
        return lines
    root = f"db.{token}@{domain}"
    chain = [one for one in dict.fromkeys((*mail.references, mail.in_reply_to)) if _is_id(one) and one != root]
    if _is_id(mail.in_reply_to):
        lines.append(field("In-Reply-To", [f"<{mail.in_reply_to}>"]))
    return [*lines, field("References", [f"<{one}>" for one in (root, *chain[-MAX_CHAIN:])])]


def _marks(mail: Outgoing) -> list[bytes]:
    """What tells other machines that a machine wrote (RFC 3834 3.1.7), and the language."""
    lines = [field("MIME-Version", ["1.0"])]
    if mail.automatic:
        lines.append(field("Auto-Submitted", ["auto-replied" if mail.in_reply_to else "auto-generated"]))
        lines.append(field("X-Auto-Response-Suppress", ["All"]))
    if language := _language(mail.language):
        lines.append(field("Content-Language", [language]))
    return lines


def _body(mail: Outgoing, token: str) -> bytes:
    """The fields of the content and the content."""
    footer = "\n".join(line for line in (mail.footer.strip(), f"ref-{token}" if token else "") if line)
    words = plain_words(mail.text) if mail.formatted else mail.text
    plain = _text(f"{words.strip()}\n\n-- \n{footer}\n", "plain")
    if mail.transcript:
        return plain
    page = html_body(mail.text, footer, mail.language, formatted=mail.formatted)
    both = _several(mail, "alternative", [plain, _text(page, "html")])
    return _several(mail, "mixed", [both, *map(_file, mail.enclosures)]) if mail.enclosures else both


def _several(mail: Outgoing, kind: str, parts: list[bytes]) -> bytes:
    """Parts between boundaries, which begin with "=" and so stand in no content that we encoded (RFC 2045 6.7, 6.8)."""
    boundary = f"={sha256(f'{mail.delivery}.{kind}'.encode('utf-8', 'replace')).hexdigest()[:30]}="
    head = field("Content-Type", [f"multipart/{kind};", f'boundary="{boundary}"'])
    mark = f"--{boundary}".encode("ascii")
    return head + b"\r\n" + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _text(text: str, kind: str) -> bytes:
    lines = LINE_END.sub("\r\n", SURROGATE.sub("\ufffd", text))
    head = field("Content-Type", [f"text/{kind};", 'charset="utf-8"'])
    head += field("Content-Transfer-Encoding", ["quoted-printable"])
    return head + b"\r\n" + b2a_qp(lines.encode("utf-8"), istext=True)


def _file(file: Enclosure) -> bytes:
    known = MEDIA_TYPE.fullmatch(file.media_type) and not file.media_type.startswith(("multipart/", "message/"))
    head = field("Content-Type", [file.media_type if known else "application/octet-stream"])
    head += field("Content-Transfer-Encoding", ["base64"])
    head += field("Content-Disposition", ["attachment;", *file_tokens(file.name)])
    return head + b"\r\n" + encodebytes(file.content).replace(b"\n", b"\r\n")


def html_body(text: str, footer: str, language: str = "", *, formatted: bool = False) -> str:
    """Return the words as simple HTML: paragraphs, line breaks, links; bold words and lists where they are `formatted`."""
    paragraphs = (
        formatted_words(text.strip(), _linked)
        if formatted
        else "".join(f"<p>{_linked(one)}</p>\n" for one in re.split(r"\n{2,}", text.strip()))
    )
    small = _linked(footer)
    tag = _language(language)
    start = f'<html lang="{tag}">' if tag else "<html>"
    return (
        f'<!DOCTYPE html>\n{start}<body>\n{paragraphs}<p style="color:#595959">-- <br>\n{small}</p>\n</body></html>\n'
    )


def _linked(text: str) -> str:
    out, position = [], 0
    for match in LINK.finditer(text):
        out.append(html.escape(text[position : match.start()]))
        target = html.escape(match.group(0))
        out.append(f'<a href="{target}">{target}</a>')
        position = match.end()
    out.append(html.escape(text[position:]))
    return "".join(out).replace("\n", "<br>\n")


def reply_subject(subject: str) -> str:
    """Return `Re: ` and the subject without any such prefix; "" gives "Your question"."""
    bare = PREFIX.sub("", one_line(subject)).strip()
    return f"Re: {bare[:MAX_SUBJECT]}" if bare else "Your question"


def _language(text: str) -> str:
    """Return a language tag (RFC 5646), "" for anything else."""
    tag = text.strip().replace("_", "-")
    return tag if LANGUAGE.fullmatch(tag) else ""


def _is_id(identity: str) -> bool:
    return bool(re.fullmatch(r"[!-;=?-~]{3,500}", identity))
