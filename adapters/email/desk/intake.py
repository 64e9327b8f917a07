"""What a mail from the mailbox means to the desk.

    a person's mail            a message; in the conversation that it proves, else the core decides
    what asks for no automatic answer
                               the same, and the desk itself answers nothing
    a proven report            a receipt for the delivery that it is about
    any other report, an automatic reply, a list, a complaint, our own address without anybody behind it
                               a message to be set aside: shown in the conversation that it proves, else for staff to look at
    what we sent ourselves     nothing
    what could not be read     a message marked "quarantined" with the raw mail, never answered by the desk itself

Everything large goes to the blob store: attachments, the cleaned HTML with its pictures inside, the mail as it came. What a
librarian is shown of the text is bounded; the whole is always there.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from html import escape
from itertools import groupby

import msgspec

from adapters.email.addresses import MailAddress
from adapters.email.classify.behind import is_own
from adapters.email.classify.bounce import Bounce, Recipient
from adapters.email.codec import company, mint_reply
from adapters.email.config import EmailConfig
from adapters.email.desk.matching import DELIVERY, OUR_ID, TRANSCRIPT, Proof, Signer, Trail, trail
from adapters.email.mail import Mail, MailFile
from adapters.email.parse.isolated import MailParser
from adapters.email.parse.markup import clean_html
from bridge.contract.adapter import Ports, TooLarge, Unavailable
from bridge.contract.address import MAX_ADDRESS
from bridge.contract.message import Attachment, Message

MAX_SHOWN = 50_000  # characters of one mail's text
MAX_FILE = 30 << 20
MAX_PICTURES = 4 << 20  # bytes of pictures inside one HTML
MAX_HTML = 16 << 20
MAX_OTHERS = 50  # further recipients of whom a reply to all is offered
MAX_NAMED = 8  # further recipients that are shown
REASONS = {
    "no-such-user": "no-such-address",
    "no-such-host": "no-such-address",
    "moved": "no-such-address",
    "accepts-no-mail": "refused",
    "refused": "refused",
    "box-full": "mailbox-full",
    "too-large": "too-large",
    "suspended": "unreachable",
    "timed-out": "unreachable",
}
BY_HAND = "answered-by-hand"  # a mark: the core knows it as well
OPAQUE = re.compile(r"[\x00\ud800-\udfff]")


class FailedDelivery(msgspec.Struct, frozen=True):
    """A delivery that a bounce is about. `copy`: the recipient that failed, where that is not whom it was written to."""

    delivery: str
    reason: str
    detail: str
    copy: str = ""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one mail: a message, receipts, or neither; `verdict` says why, for the log."""

    uid: int
    verdict: str
    message: Message | None = None
    failed: tuple[FailedDelivery, ...] = ()
    words: str = ""  # a digest of what it says, by any way it came

    @property
    def quarantined(self) -> bool:
        """Whether it waits for a person's eyes."""
        return self.message is not None and "quarantined" in self.message.marks


class Intake:
    """Reads mails of one mailbox. Holds the parser's worker; `close` ends it."""

    def __init__(self, config: EmailConfig, ports: Ports, signer: Signer) -> None:
        self._config = config
        self._ports = ports
        self._signer = signer
        self._parser = MailParser()

    async def close(self) -> None:
        """End the worker."""
        await self._parser.close()

    async def read(self, uid: int, raw: bytes, arrived: int, *, whole: bool = True) -> Arrival:
        """Return what a mail means. `whole`: `raw` is all of it, not its header alone.

        Raises Unavailable when files cannot be kept, and what `ports.find` raises.
        """
        mail = await self._parser.parse(raw, self._config.own, self._config.trusted_server)
        if not whole:
            mail = msgspec.structs.replace(mail, quarantined="larger than we take", text="", full_text="", html="")
        if mail.own and not mail.quarantined and self._sent(mail):
            return Arrival(uid=uid, verdict="our own")
        found = trail(mail, self._config.address, self._signer)
        told = self._told_of(mail.bounce) if mail.bounce is not None and mail.proven else None
        if told is not None and mail.bounce is not None:
            return Arrival(uid=uid, verdict="bounce", failed=tuple(self._failed(told, mail.bounce)))
        if mail.aside and not mail.quarantined and self._answers_transcript(mail):
            return Arrival(uid=uid, verdict="an automatic answer to a transcript")
        thread, stranger = await self._thread(found, mail)
        message = await self._message(mail, raw, arrived, thread, stranger)
        verdict = mail.quarantined or (f"{mail.kind}, set aside: {mail.aside}" if message.aside else mail.kind)
        return Arrival(uid=uid, verdict=verdict, message=message, words=_words(mail))

    def unfetched(self, uid: int, place: str, arrived: int, why: str) -> Arrival:
        """Return a mail in quarantine that the server does not give out; `place` names it in the mailbox."""
        digest = _digest(place.encode("utf-8", "replace"))
        message = Message(
            id="",
            channel=self._ports.channel,
            sender=f"unreadable-{digest[:12]}@deskbridge.invalid",
            source=f"quarantine.{digest[:40]}",
            text=f"The mail server does not give out this mail ({_clean(why)}). It stays in the mailbox.",
            sent_at=arrived,
            marks=("quarantined",),
        )
        return Arrival(uid=uid, verdict=why, message=message)

    def _sent(self, mail: Mail) -> bool:
        """Whether mail from our own address is a copy of what went out: an answer of the desk's, or of staff's to somebody else."""
        match = OUR_ID.match(mail.message_id)
        if match is not None and self._signer.read(match[1]) is not None:
            return True
        to_us = any(is_own(one.address, self._config.own_folded) for one in (*mail.to, *mail.cc))
        return not to_us or bool(mail.in_reply_to or mail.references)

    async def unreadable(self, uid: int, raw: bytes, arrived: int, why: str) -> Arrival:
        """Return a mail in quarantine that the desk could not take as it was."""
        sender = MailAddress("", f"unreadable-{_digest(raw)[:12]}@deskbridge.invalid")
        mail = Mail(
            author=sender, patron=sender, message_id=f"made.{_digest(raw)[:40]}@deskbridge.invalid", quarantined=why
        )
        return Arrival(uid=uid, verdict=why, message=await self._message(mail, raw, arrived, "", False))

    # -- which conversation

    async def _thread(self, found: Trail, mail: Mail) -> tuple[str, bool]:
        """Return the conversation that is proven, and whether somebody else writes."""
        if found.conversation:
            return found.conversation, found.other_sender
        if mail.quarantined:
            return "", False
        for other, lookups in groupby(found.lookups, key=lambda each: each.other_sender):
            conversation = await self._ports.find([each.id for each in lookups])
            if conversation:
                return conversation, other
        return "", False

    def _answers_transcript(self, mail: Mail) -> bool:
        """Say whether a mail answers a transcript.

        A program that answers one asks nothing, and shown to staff it would name an address that the patron keeps from them.
        """
        named = (OUR_ID.match(one) for one in (*mail.in_reply_to, *mail.references))
        proofs = (self._signer.read(match[1]) for match in named if match is not None)
        return any(proof is not None and proof.kind == TRANSCRIPT for proof in proofs)

    def _told_of(self, bounce: Bounce) -> Proof | None:
        """Return the proof of the delivery of ours that a report is about, None when it names none."""
        tokens = [match[1] for identity in bounce.ids if (match := OUR_ID.match(identity))]
        proofs = [proof for token in tokens if (proof := self._signer.read(token)) is not None]
        return next((proof for proof in proofs if proof.kind in (DELIVERY, TRANSCRIPT)), None)

    def _failed(self, told: Proof, bounce: Bounce) -> list[FailedDelivery]:
        """Return what a report says of a delivery: to whom it failed, or nothing while it is only late."""
        failed = sorted((one for one in bounce.recipients if one.action == "failed"), key=lambda one: not one.hard)
        if not failed:
            return [] if bounce.recipients else [_of_bounce(told.id, bounce, None)]
        meant = [one for one in failed if self._signer.who(one.address) == told.who]
        others = [one for one in failed if one not in meant] if told.kind == DELIVERY else []
        found = [_of_bounce(told.id, bounce, one) for one in (meant or failed[: not others])[:1]]
        return found + [_of_bounce(told.id, bounce, one, copy=_clean(one.address)) for one in others]

    # -- the message

    async def _message(self, mail: Mail, raw: bytes, arrived: int, thread: str, stranger: bool) -> Message:
        original = await self._save(raw, "message.eml", MAX_FILE * 2)
        marks = list(mail.marks)
        files = [await self._attached(file, marks) for file in mail.files if not file.inline]
        html = "" if mail.quarantined else await self._html(mail)
        text, cut = _bounded(mail)
        marks += ["text-cut"] if cut else []
        marks += ["partly-hidden"] if mail.text and not mail.quarantined and mail.hidden else []
        marks += ["quarantined"] if mail.quarantined else []
        marks += ["other-sender"] if stranger else []
        aside = "" if mail.quarantined or (thread and mail.bounce is not None) else mail.aside
        marks += ["automatic"] if mail.kind != "person" else []
        marks += [BY_HAND] if not aside and (mail.quiet or mail.bounce is not None) else []
        marks += self._company(mail)
        patron = mail.patron if mail.patron.valid else MailAddress(mail.patron.name, _nobody(raw))
        return Message(
            id="",
            channel=self._ports.channel,
            sender=_clean(patron.address.casefold())[:320],
            source=_source(mail, raw),
            text=text,
            attachments=tuple(file for file in files if file is not None),
            html=html,
            original=original.digest if original is not None else "",
            sent_at=min(mail.date or arrived, arrived) if arrived else mail.date,
            reply=mint_reply(mail, self._config.own),
            name=_clean(patron.name)[:200],
            subject=_clean(mail.subject),
            contact=mail.caller,
            thread=_clean(thread),
            marks=tuple(dict.fromkeys(marks)),
            aside=aside,
            others=() if mail.quarantined else self._others(mail),
        )

    def _others(self, mail: Mail) -> tuple[str, ...]:
        """Return the addresses for a reply to all."""
        every = [_clean(one.address) for one in company(mail, self._config.own)]
        return tuple(one for one in every if len(one) <= MAX_ADDRESS)[:MAX_OTHERS]

    def _company(self, mail: Mail) -> list[str]:
        """Who else got it, as marks."""
        named = [f"also to {_clean(one.address)[:120]}" for one in company(mail, self._config.own)]
        return named[:MAX_NAMED] + ([f"and {len(named) - MAX_NAMED} more"] if len(named) > MAX_NAMED else [])

    # -- files

    async def _attached(self, file: MailFile, marks: list[str]) -> Attachment | None:
        kept = await self._save(file.content, file.name, MAX_FILE)
        if kept is None:
            marks.append("files-left-out")
        return kept

    async def _html(self, mail: Mail) -> str:
        """Keep the HTML with its pictures inside, or the whole text where only a part of it is shown."""
        page = mail.html
        if page:
            page = clean_html(page, _pictures(mail.files)) if any(file.inline for file in mail.files) else page
        elif mail.full_text.strip() != mail.text.strip():
            page = f"<pre>{escape(mail.full_text)}</pre>"
        kept = await self._save(page.encode("utf-8", "replace"), "mail.html", MAX_HTML) if page else None
        return kept.digest if kept is not None else ""

    async def _save(self, content: bytes, name: str, limit: int) -> Attachment | None:
        """Keep a file; None for one that the desk does not take."""
        try:
            return await self._ports.blobs.save(_chunks(content), name, limit)
        except (TooLarge, ValueError):
            return None
        except OSError as error:
            raise Unavailable(f"files cannot be kept: {error.strerror}") from error


def _of_bounce(delivery: str, bounce: Bounce, one: Recipient | None, copy: str = "") -> FailedDelivery:
    reason = REASONS.get(one.reason, "failed") if one is not None else "failed"
    words = one.reason.replace("-", " ") if one is not None else ""
    detail = " ".join(part for part in ("hard" if bounce.hard else "soft", "bounce", bounce.status, words) if part)
    return FailedDelivery(delivery, reason, detail, copy)


def _words(mail: Mail) -> str:
    """Return a digest of what a mail says: its subject, its text and its files; white space does not count."""
    said = " ".join(f"{mail.subject}\n{mail.full_text or mail.text}".split()).encode("utf-8", "replace")
    return _digest(said + b"".join(sha256(file.content).digest() for file in mail.files))


def _source(mail: Mail, raw: bytes) -> str:
    """A quarantined mail counts apart, so that it comes in as itself once it can be read."""
    if mail.quarantined:
        return f"quarantine.{_digest(raw)[:40]}"
    return _clean(mail.message_id)[:998]


def _bounded(mail: Mail) -> tuple[str, bool]:
    if mail.quarantined:
        return f"This mail could not be read ({mail.quarantined}). It is kept as it came.", False
    text = mail.text or mail.full_text
    return text[:MAX_SHOWN], len(text) > MAX_SHOWN


def _pictures(files: tuple[MailFile, ...]) -> dict[str, str]:
    """Pictures of the mail as data URIs, as long as there is room."""
    found: dict[str, str] = {}
    room = MAX_PICTURES
    for file in files:
        if file.inline and len(file.content) <= room and re.fullmatch(r"image/(png|jpeg|gif|webp)", file.media_type):
            room -= len(file.content)
            found[file.content_id] = f"data:{file.media_type};base64,{b64encode(file.content).decode('ascii')}"
    return found


def _nobody(raw: bytes) -> str:
    return f"nobody-{_digest(raw)[:12]}@deskbridge.invalid"


def _digest(raw: bytes) -> str:
    return sha256(raw).hexdigest()


def _clean(text: str) -> str:
    return OPAQUE.sub("\ufffd", text)


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 1 << 20):
        yield content[start : start + (1 << 20)]
