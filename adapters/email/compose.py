"""A mail that goes out: threading headers, plain text and HTML, attachments.

The rules: the Message-ID is made of the delivery id and signed, so that a second attempt is the same mail byte for byte and an
answer to it finds its conversation; References carry the whole chain (RFC 5322 3.6.4) and our signed root; Reply-To carries the
signed address; what a machine says is marked Auto-Submitted (RFC 3834) so that no other machine answers it. A transcript bears
none of that but the mark: no chain, no signed address, nothing that would bring an answer to its conversation. Addresses and
subjects come from outside: line breaks in them are spaces here, never new headers.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

import msgspec

from adapters.email.addresses import Address
from adapters.email.matching import CONVERSATION, DELIVERY, TRANSCRIPT, Signer, reply_address

MAX_CHAIN = 20
PREFIX = re.compile(r"^(?:(?:re|aw|sv|vs|antw|odp|ynt|res|ref|rif|回复|答复)(?:\[\d+\])?\s*[:：]\s*)+", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")
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
    to: Address
    text: str
    at: int
    subject: str = ""
    library: str = ""
    author: str = ""
    footer: str = ""
    cc: tuple[Address, ...] = ()
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    automatic: bool = False
    language: str = ""
    plus: bool = True  # the mailbox gets what is sent to `local+anything@`
    transcript: bool = False  # words for the patron to keep, as plain text


def outgoing_id(delivery: str, to: str, mailbox: str, signer: Signer, *, transcript: bool = False) -> str:
    """Return the Message-ID, without brackets, of a delivery: always the same for the same delivery."""
    kind = TRANSCRIPT if transcript else DELIVERY
    return f"db.{signer.token(kind, delivery, to)}@{mailbox.rpartition('@')[2]}"


def compose(mail: Outgoing, signer: Signer) -> bytes:
    """Return the mail, ready for SMTP with CRLF. The same `mail` gives the same bytes.

    Raises ValueError for an address that is none.
    """
    message = EmailMessage(policy=SMTP)
    token = "" if mail.transcript else signer.token(CONVERSATION, mail.conversation, mail.to.address)
    name = " · ".join(part for part in (mail.author, mail.library) if part)
    message["From"] = header_address(Address(name, mail.mailbox))
    message["To"] = header_address(mail.to)
    if mail.cc:
        message["Cc"] = [header_address(one) for one in mail.cc if one.valid]
    message["Reply-To"] = header_address(
        Address(mail.library, reply_address(mail.mailbox, token) if mail.plus and token else mail.mailbox)
    )
    message["Subject"] = _line(mail.subject)[:900] if mail.transcript else reply_subject(mail.subject)
    message["Date"] = format_datetime(datetime.fromtimestamp(mail.at / 1000, UTC))
    _thread(message, mail, token, signer)
    if mail.automatic:
        message["Auto-Submitted"] = "auto-replied" if mail.in_reply_to else "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
    _body(message, mail, token)
    if mail.language:
        message["Content-Language"] = _line(mail.language)  # after the body, which sets all of Content-* anew
    return message.as_bytes()


def _thread(message: EmailMessage, mail: Outgoing, token: str, signer: Signer) -> None:
    domain = mail.mailbox.rpartition("@")[2]
    identity = outgoing_id(mail.delivery, mail.to.address, mail.mailbox, signer, transcript=mail.transcript)
    message["Message-ID"] = f"<{identity}>"
    if mail.transcript:
        return
    root = f"db.{token}@{domain}"
    chain = [one for one in dict.fromkeys((*mail.references, mail.in_reply_to)) if _is_id(one) and one != root]
    if _is_id(mail.in_reply_to):
        message["In-Reply-To"] = f"<{mail.in_reply_to}>"
    message["References"] = " ".join(f"<{one}>" for one in (root, *chain[-MAX_CHAIN:]))


def _body(message: EmailMessage, mail: Outgoing, token: str) -> None:
    footer = "\n".join(line for line in (mail.footer.strip(), f"ref-{token}" if token else "") if line)
    plain = f"{mail.text.strip()}\n\n-- \n{footer}\n"
    message.set_content(plain, cte="quoted-printable")
    if mail.transcript:
        return
    message.add_alternative(html_body(mail.text, footer, mail.language), subtype="html", cte="quoted-printable")
    for file in mail.enclosures:
        kind, _, sub = file.media_type.partition("/")
        known = bool(re.fullmatch(r"[a-z0-9.+-]+/[a-z0-9.+-]+", file.media_type)) and kind not in (
            "multipart",
            "message",
        )
        main, minor = (kind, sub) if known else ("application", "octet-stream")
        message.add_attachment(file.content, maintype=main, subtype=minor, filename=_line(file.name) or "file")
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"={sha256(f'{mail.delivery}.{number}'.encode()).hexdigest()[:30]}=")


def html_body(text: str, footer: str, language: str = "") -> str:
    """Return the words as simple HTML: paragraphs, line breaks, links."""
    paragraphs = "".join(f"<p>{_linked(one)}</p>\n" for one in re.split(r"\n{2,}", text.strip()))
    small = _linked(footer)
    start = f'<html lang="{html.escape(_line(language))}">' if language else "<html>"
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
    bare = PREFIX.sub("", _line(subject)).strip()
    return f"Re: {bare[:900]}" if bare else "Your question"


def header_address(address: Address) -> HeaderAddress:
    """Return an address as the standard library writes it (encoding what must be). Raises ValueError for one that is none."""
    local, _, domain = _line(address.address).rpartition("@")
    if not address.valid or not local.isascii():
        raise ValueError("not an address that can be written to")
    ascii_domain = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    return HeaderAddress(_line(address.name), local, ascii_domain)


def _is_id(identity: str) -> bool:
    return bool(re.fullmatch(r"[!-;=?-~]{3,500}", identity))


def _line(text: str) -> str:
    return CONTROL.sub(" ", text).strip()
