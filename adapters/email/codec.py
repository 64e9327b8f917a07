"""Raw bytes to a Mail, and back: the pure door of the adapter.

`parse` never raises: any mail comes out as a Mail, if need be one in quarantine. It takes no time limit of its
own; run it through isolated.py, never on the event loop.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable

import msgspec

from adapters.email.addresses import MailAddress, read_addresses
from adapters.email.mail import DraftMail, Mail
from adapters.email.mime.fields import MAX_HEADER, Fields, split_header
from adapters.email.mime.structure import read_structure
from adapters.email.parse.filters import CHAIN

MAX_MAIL = 40_000_000  # bytes; a larger one is shown by its header and waits in quarantine
MAX_REFERENCES = 20
NOBODY = "<>"


def parse(raw: bytes, own: Iterable[str] = (), trusted: str = "") -> Mail:
    """Return what `raw` says. `own`: our addresses; `trusted`: the server whose Authentication-Results are believed."""
    if len(raw) > MAX_MAIL:
        return unread(raw, f"larger than {MAX_MAIL // 1_000_000} MB")
    said: list[str] = []
    name = "structure"
    try:
        root, faults = read_structure(raw)
        draft = DraftMail(raw, root, faults, frozenset(address.casefold() for address in own), trusted)
        for step in CHAIN:
            name = step.__name__
            decided = step(draft)
            if decided:
                said.append(f"{name}: {decided}")
    except Exception as error:  # a bug of ours must not lose a mail or stop the mailbox
        return unread(raw, f"filter {name} failed: {type(error).__name__}")
    return _finished(draft, said)


def _finished(draft: DraftMail, said: list[str]) -> Mail:
    fields = draft.root.fields
    return Mail(
        author=draft.author,
        patron=draft.patron,
        to=tuple(draft.to),
        cc=tuple(draft.cc),
        delivered_to=tuple(draft.delivered_to),
        subject=draft.subject,
        message_id=draft.message_id,
        in_reply_to=tuple(fields.ids("in-reply-to")[:MAX_REFERENCES]),
        references=tuple(fields.ids("references")[-100:]),
        date=fields.date(),
        text=draft.text,
        full_text=draft.full_text,
        html=draft.html,
        files=tuple(draft.files),
        kind=draft.verdict.kind,
        aside=draft.verdict.aside,
        caller=draft.caller,
        quiet=draft.verdict.quiet,
        proven=draft.verdict.proven,
        bounce=draft.bounce,
        marks=tuple(dict.fromkeys(draft.marks)),
        filters=tuple(said),
        own=draft.is_own,
        quarantined=draft.quarantined,
        return_path=_return_path(fields),
    )


def _return_path(fields: Fields) -> str:
    """Return whom the envelope named (RFC 5321 4.4); the topmost field is the last server's."""
    written = fields.raw("return-path").strip()
    if written.replace(" ", "") == NOBODY:
        return NOBODY
    return next((one.address for one in read_addresses(written[:1_000]) if one.valid), "")


def unread(raw: bytes, why: str) -> Mail:
    """Return a mail in quarantine: what can be read of its header without risk, and why it waits."""
    author, subject, ids = MailAddress("", ""), "", [""]
    try:
        fields, _ = split_header(raw, 0, min(len(raw), MAX_HEADER), whole=True)
        author = (read_addresses(fields.raw("from")[:2_000]) or [author])[0]
        subject, ids = fields.text("subject")[:998], fields.ids("message-id")[:1] or [""]
    except Exception:  # the header itself may be what broke the parser
        subject = ""
    made = f"made.{hashlib.sha256(raw).hexdigest()[:40]}@deskbridge.invalid"
    return Mail(
        author=author,
        patron=author,
        subject=subject,
        message_id=ids[0] or made,
        quarantined=why,
        filters=(f"quarantine: {why}",),
    )


class ReplyPath(msgspec.Struct, frozen=True, omit_defaults=True):
    """What it takes to answer a mail in its thread; travels as the opaque `reply` of a message.

    `machine`: a machine wrote it, so no machine answers. `unproven`: the sender's domain disowns it (DMARC), so the desk itself
    writes to nobody. `returns`: whom automatic answers go to (RFC 3834 4), "<>" for nobody, "" for the patron.
    """

    message_id: str
    references: tuple[str, ...] = ()
    subject: str = ""
    to: str = ""
    others: tuple[str, ...] = ()
    machine: bool = False
    returns: str = ""
    unproven: bool = False


def mint_reply(mail: Mail, own: Iterable[str] = ()) -> str:
    """Return the opaque reply path of `mail`: its id, the ids before it, and everybody else who got it (for reply-all)."""
    others = [str(one) for one in company(mail, own)]
    before = tuple(dict.fromkeys((*mail.references, *mail.in_reply_to)))[-MAX_REFERENCES:]
    everybody = tuple(dict.fromkeys(others))[:50]
    machine = mail.kind != "person" or mail.quiet or bool(mail.quarantined)
    unproven = "dmarc-fail" in mail.marks
    path = ReplyPath(
        mail.message_id, before, mail.subject, str(mail.patron), everybody, machine, mail.return_path, unproven
    )
    return urlsafe_b64encode(msgspec.msgpack.encode(path)).decode("ascii").rstrip("=")


def company(mail: Mail, own: Iterable[str] = ()) -> list[MailAddress]:
    """Return everybody else who got `mail`: not who is answered, and nobody whose mail comes to us (`own`, with or without `+`)."""
    ours = {address.casefold() for address in own}
    found: dict[str, MailAddress] = {}
    for one in (*mail.to, *mail.cc):
        address = one.address.casefold()
        local, _, domain = address.rpartition("@")
        if one.valid and not ours & {address, f"{local.partition('+')[0]}@{domain}"}:
            found.setdefault(address, one)
    found.pop(mail.patron.address.casefold(), None)
    return list(found.values())


def read_reply(token: str) -> ReplyPath | None:
    """Return what `mint_reply` wrote, None for "" or anything else."""
    try:
        return (
            msgspec.msgpack.decode(urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=ReplyPath)
            if token
            else None
        )
    except (ValueError, msgspec.DecodeError):
        return None
