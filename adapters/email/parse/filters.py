"""The ordered chain of small filters that turns parts into a mail; each does one thing and says what it decided, "" for nothing.

A new case is a new filter or a line in one of them, with a mail in the tests; the order is the list at the end. Filters do no
I/O and do not raise for what a mail contains; a filter that has a bug is named in the quarantine, and its mail waits there.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Callable

import msgspec

from adapters.email.addresses import MailAddress, read_addresses
from adapters.email.classify.behind import asker, is_own
from adapters.email.classify.bounce import read_bounce
from adapters.email.classify.machines import classify
from adapters.email.classify.reply_signs import relation
from adapters.email.mail import DraftMail, MailFile
from adapters.email.mime.structure import MimePart, safe_name
from adapters.email.mime.tnef import is_package, open_package
from adapters.email.parse.invitation import invitation_line, is_calendar
from adapters.email.parse.markup import BOX, CID, CUT, clean_html, content_id, html_text
from adapters.email.parse.plain_forms import PLAIN
from adapters.email.parse.protection import authentication_marks, protection_marks
from adapters.email.parse.selection import choose
from adapters.email.trimming.trim import trim

MAX_FILES = 15
MAX_SHOWN = 1_000_000  # characters of the whole text
STUB = re.compile(
    r"^\W*(?:this (?:is an? html|message|e-?mail).{0,80}html.{0,160}|your (?:e-?mail )?client (?:does not|doesn't|cannot).{0,160}"
    r"|(?:please )?(?:view|use|enable).{0,60}html.{0,120}|this is a multi-?part message in mime format\.?)\W*$",
    re.IGNORECASE | re.DOTALL,
)
CALLERS = (
    "x-asterisk-vm-caller-id-num",
    "x-asterisk-callerid",
)  # Asterisk's voicemail, by its newer and its older field
VOICE = ("voice-message", "fax-message-and-voice-message")
NUMBER = re.compile(r"\+?[0-9]{5,15}", re.ASCII)
DELIVERED = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-forwarded-to",
    "apparently-to",
)


def structure(draft: DraftMail) -> str:
    """Note what was wrong with the parts and choose which of them are words."""
    draft.choice = choose(draft.root)
    return "; ".join(draft.faults)


def senders(draft: DraftMail) -> str:
    """Whom the mail is from, and whom an answer goes to: the person that a program names, else From (thread rules 17 to 19)."""
    fields = draft.root.fields
    authors = read_addresses(fields.raw("from")) or read_addresses(fields.raw("sender"))
    draft.author = next((one for one in authors if one.valid), authors[0] if authors else MailAddress("", ""))
    other = asker(fields, draft.author, draft.own)
    if other is None:
        draft.patron = draft.author
        return ""
    named = other.name or ("" if draft.author.address.casefold() in draft.own else draft.author.name)
    draft.patron = MailAddress(named, other.address)
    return "answers go to Reply-To" if "reply-to" in fields else "answers go to the author that the list names"


def recipients(draft: DraftMail) -> str:
    """Everybody the mail went to, and the addresses of the envelope that servers wrote down."""
    fields = draft.root.fields
    draft.to = [one for value in fields.all("to") for one in read_addresses(value)]
    draft.cc = [one for value in fields.all("cc") for one in read_addresses(value)]
    found = [one.address for name in DELIVERED for value in fields.all(name) for one in read_addresses(value)]
    draft.delivered_to = list(dict.fromkeys(address for address in found if address))
    return f"{len(draft.to) + len(draft.cc)} recipients" if len(draft.to) + len(draft.cc) > 1 else ""


def heading(draft: DraftMail) -> str:
    """The subject."""
    draft.subject = draft.root.fields.text("subject")[:998]
    return ""


def identity(draft: DraftMail) -> str:
    """The message id; a mail without one gets one made of its bytes, so that it counts once however often it is fetched."""
    ids = draft.root.fields.ids("message-id")
    if ids and len(ids[0]) <= 998:
        draft.message_id = ids[0]
        return ""
    draft.message_id = f"made.{hashlib.sha256(draft.raw).hexdigest()[:40]}@deskbridge.invalid"
    draft.marks.append("no-message-id")
    return "no Message-ID, one was made of the content"


def ourselves(draft: DraftMail) -> str:
    """Mail from our own address is not a patron's (thread rule 21), unless it names a patron behind it."""
    draft.is_own = is_own(draft.author.address, draft.own) and draft.patron is draft.author
    return "sent by ourselves" if draft.is_own else ""


def words(draft: DraftMail) -> str:
    """The whole text: the plain parts, or the HTML where there are none or only a remark that HTML is needed."""
    plain = [part for part in draft.choice.plain if part.media_type in PLAIN]
    text = "\n\n".join(part.text().strip("\n") for part in plain)[:MAX_SHOWN]
    richer = [part for part in draft.choice.html if part.media_type == "text/html"]
    stub = not text.strip() or bool(richer and len(text) < 400 and STUB.match(text))
    mixed = len(plain) < len(draft.choice.plain)
    if (stub or mixed) and richer:
        shown = draft.choice.plain if mixed and not stub else richer
        text = "\n\n".join(html_text(part.text()) if part.media_type == "text/html" else part.text() for part in shown)
        draft.from_html = True
    draft.text = text[:MAX_SHOWN]
    lines = [line for line in draft.text.split("\n") if CUT not in line]
    draft.full_text = "\n".join(lines).replace(BOX, "").strip("\n")
    return "from HTML" if draft.from_html else ""


def attachments(draft: DraftMail) -> str:
    """Files, each with a usable name, and pictures that the HTML shows; the first fifteen."""
    sources = [part.text() for part in draft.choice.html if part.media_type == "text/html"]
    shown = {content_id(match) for source in sources for match in CID.findall(source)}
    for number, part in enumerate(draft.choice.attachments, 1):
        if len(draft.files) >= MAX_FILES:
            draft.marks.append("files-left-out")
            return f"{len(draft.choice.attachments) - MAX_FILES} files left out"
        identity = part.content_id
        inline = bool(identity) and part.media_type.startswith("image/") and content_id(identity) in shown
        draft.files.append(MailFile(name_of(part, number), part.media_type, part.content(), identity, inline))
    return f"{len(draft.files)} files" if draft.files else ""


def name_of(part: MimePart, number: int) -> str:
    """Return a part's name, or one made of what it is (a nested mail: of its subject)."""
    if part.name:
        return part.name
    if part.media_type == "message/rfc822":
        subject = re.search(rb"^subject:[ \t]*([^\r\n]{1,120})", part.body[:20_000], re.IGNORECASE | re.MULTILINE)
        return (safe_name(subject.group(1).decode("utf-8", "replace")) if subject else f"message-{number}") + ".eml"
    ending = mimetypes.guess_extension(part.media_type) or ".bin"
    return f"attachment-{number}{ending}"


def packages(draft: DraftMail) -> str:
    """winmail.dat is opened: its files and, where there are no others, its words."""
    said = []
    for part in draft.choice.attachments:
        opened = open_package(part.content()) if is_package(part) else None
        if opened is None:
            continue
        draft.files = [one for one in draft.files if one.content != part.content()]
        for number, (name, content) in enumerate(opened.files[: MAX_FILES - len(draft.files)], 1):
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            draft.files.append(MailFile(name or f"attachment-{number}.bin", kind, content))
        if not draft.text.strip():
            draft.text = draft.full_text = opened.text.replace("\r\n", "\n").replace("\0", "")[:MAX_SHOWN]
        draft.marks.append("winmail")
        said.append(f"opened with {len(opened.files)} files")
    return "; ".join(said)


def calendar(draft: DraftMail) -> str:
    """An invitation is named in one line; without other words that line is the text."""
    for part in draft.root.walk():
        line = invitation_line(part) if not part.children and is_calendar(part) else ""
        if line:
            draft.marks.append("calendar")
            if not draft.text.strip():
                draft.text = draft.full_text = line
            return line
    return ""


def markup(draft: DraftMail) -> str:
    """The HTML, cleaned; pictures only from this mail."""
    sources = [part.text() for part in draft.choice.html if part.media_type == "text/html"]
    if not sources:
        return ""
    pictures = {one.content_id: f"cid:{one.content_id}" for one in draft.files if one.inline}
    draft.html = "\n<hr>\n".join(clean_html(source, pictures) for source in sources)
    return "cleaned"


def protection(draft: DraftMail) -> str:
    """Encrypted, signed; and what the trusted server found about the sender."""
    marks = protection_marks(draft.root) + authentication_marks(draft.root, draft.trusted)
    draft.marks.extend(marks)
    return ", ".join(marks)


def machine(draft: DraftMail) -> str:
    """A person or a machine, and whether it is set aside."""
    draft.verdict = found = classify(draft.root, draft.own)
    return f"{found.kind} ({found.rule})" + (f", set aside: {found.aside}" if found.aside else "")


def voicemail(draft: DraftMail) -> str:
    """A voicemail that a telephone system sends on (RFC 3458, Asterisk): a person waits, whose number is in its header.

    The system's mail gets no answer by a machine, and anybody could write such a header: so it opens a conversation, no more.
    """
    fields = draft.root.fields
    numbers = [fields.text(name).strip() for name in CALLERS]
    context = fields.text("message-context").strip().casefold()
    if not any(numbers) and context not in VOICE:
        return ""
    if draft.is_own or draft.verdict.kind in ("bounce", "complaint"):
        return ""
    draft.caller = next((found[0] for one in numbers if (found := NUMBER.search(one))), "")
    draft.verdict = msgspec.structs.replace(draft.verdict, aside="", quiet=True)
    draft.marks.append("voicemail")
    return f"from {'a number' if draft.caller else 'an unknown number'}"


def report(draft: DraftMail) -> str:
    """What a bounce says of whom."""
    if draft.verdict.kind != "bounce":
        return ""
    draft.bounce = read_bounce(draft.root)
    return f"{len(draft.bounce.recipients)} recipients, {'hard' if draft.bounce.hard else 'soft'}"


def new_words(draft: DraftMail) -> str:
    """What the patron wrote now; a machine's mail is shown whole."""
    if draft.verdict.kind in ("bounce", "complaint"):
        draft.text = draft.full_text
        return ""
    addressed = [one.address for one in (*draft.to, *draft.cc)] + draft.delivered_to
    how = relation(draft.root.fields, addressed, draft.own)
    trimmed = trim(draft.text, from_html=draft.from_html, relation=how)
    draft.text = trimmed.text
    return f"{how}: cut {', '.join(trimmed.cut)}" if trimmed.cut else how if how != "reply" else ""


def sender_missing(draft: DraftMail) -> str:
    """A mail that nobody can be answered for goes to a person's eyes; a report may come from nobody."""
    if draft.verdict.kind not in ("bounce", "complaint") and not draft.patron.valid:
        draft.quarantined = "no usable sender address"
    return draft.quarantined


Filter = Callable[[DraftMail], str]
CHAIN: tuple[Filter, ...] = (
    structure,
    senders,
    recipients,
    heading,
    identity,
    ourselves,
    words,
    attachments,
    packages,
    calendar,
    markup,
    protection,
    machine,
    voicemail,
    report,
    new_words,
    sender_missing,
)
