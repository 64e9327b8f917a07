"""Reports that a mail was not delivered: to whom, with which status, and whether for good.

The first source that names a recipient wins. The order: the fields of RFC 3464 (also where they are in the plain text), the
header X-Failed-Recipients (exim, Google), JSON of Amazon SES. Last come the words of the report above the copy of the original
mail. The daemon's own address and the one the report was sent to are never the failed recipient, unless nothing else is left.
"""

from __future__ import annotations

import json
import re

import msgspec

from adapters.email.addresses import read_addresses
from adapters.email.classify.failures import HARD, reason_of, status_of
from adapters.email.mime.charset import decode
from adapters.email.mime.fields import Fields, split_header
from adapters.email.mime.structure import MimePart

MAX_WORDS = 60_000
MAX_RECIPIENTS = 100
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,200}[A-Za-z0-9])?")
ORIGINAL_BELOW = re.compile(
    r"^[ \t>*=_-]{0,40}(?:below (?:this line )?is (?:a|the) copy|(?:this is |included is )?a copy of (?:the|"
    r"your) (?:original )?message|original message"
    r"|(?:the |your )?(?:headers? of the )?original message (?:follows|headers|was included)|unsent message|"
    r"(?:the )?header of the original|"
    r"returned message|non-delivered information|message (?:header|text) follows|message contents|the (?:body|"
    r"text|following) (?:of the )?message|"
    r"your (?:original )?message (?:follows|reads)|below this line|this is a copy of|"
    r"contents? of (?:the )?message|message headers?:|"
    r"copy of (?:the |your )?message|received:\s+from .{0,200}$|return-path: |=== message|"
    r"the original message (?:was|follows|is attached)\b.{0,20}$|"
    r"undelivered message|original (?:mail|message) (?:header|text))",
    re.IGNORECASE | re.MULTILINE,
)
OPENS_LINE = re.compile(
    r"^[\s>*|\"'(-]{0,8}(?:(?:rcpt )?to:?|recipient(?: address)?:?|for|user|address:?|e-?mail:?|"
    r"failed (?:recipient|addresse?s?(?: follow)?):?|destination:?"
    r"|(?:failed )?(?:final|original)-recipient:[^;\n]*;|invalid (?:final delivery userid|user|recipient|"
    r"address):?|(?:expanded|generated) from:?|unknown user:?|mailbox)?\s*"
    r"[<\"'\[(]{0,2}(?:mailto:|smtp:|rfc822;\s*)?$",
    re.IGNORECASE,
)
NOT_HIS = re.compile(
    r"(?:from|sender|by|reply-?to|cc|contact|help|message-?id|helo|abuse|e-?mail us at|admin\w*(?: at)?|envelope|"
    r"delivered-to|sent by|your message(?! to)|subject|auth id|submitted by|received:?|postmaster at|"
    r"in-reply-to|references)[^\n@]{0,24}$",
    re.IGNORECASE,
)
ACTION = re.compile(r"^action:[ \t]*(\w+)", re.IGNORECASE | re.MULTILINE)
RECIPIENT = re.compile(
    r"^[ \t]*+(?:final|original)-recipient[ \t]*+:[ \t]*+(?:[\w-]+[ \t]*;)?[ \t]*+<?([^\s<>;]+(?:[ ]@\S+)?)>?",
    re.IGNORECASE | re.MULTILINE,
)
EXPANDED = re.compile(r"\((?:expanded|generated) from:?\s*<?([^\s<>()]+@[^\s<>()]+)>?\)", re.IGNORECASE)
BETWEEN_RECIPIENTS = re.compile(
    r"\n[ \t]*\n|(?<=\n)(?=final-recipient[ \t]*:(?:.*\n)+?final-recipient[ \t]*:)", re.IGNORECASE
)
MAX_NESTED = 3  # an SNS envelope within an SNS envelope


class Recipient(msgspec.Struct, frozen=True):
    """One address that a report speaks of. `action` as in RFC 3464: failed, delayed, delivered, relayed, expanded."""

    address: str
    status: str
    reason: str
    action: str = "failed"

    @property
    def hard(self) -> bool:
        """Whether this address will never work."""
        return self.action == "failed" and self.reason in HARD and not self.status.startswith("4")


class Bounce(msgspec.Struct, frozen=True):
    """What a report says. `ids`: message ids of the mail that it is about, as far as the report includes it."""

    recipients: tuple[Recipient, ...]
    ids: tuple[str, ...] = ()

    @property
    def hard(self) -> bool:
        """Whether any address failed for good."""
        return any(recipient.hard for recipient in self.recipients)

    @property
    def status(self) -> str:
        """The status that tells most: of a hard failure, else of the first recipient that has one."""
        ordered = sorted(self.recipients, key=lambda recipient: not recipient.hard)
        return next((recipient.status for recipient in ordered if recipient.status), "")


def read_bounce(root: MimePart, own: str = "") -> Bounce:
    """Return what a report tells; `own` is our address, which is never the failed one."""
    report, words = _report(root), human_words(root)
    aside = {
        address.address.casefold()
        for name in ("from", "to", "sender")
        for address in read_addresses(root.fields.raw(name))
    }
    aside |= {own.casefold(), ""}
    recipients = _from_json(words) or _from_report(report or words, words)
    if not recipients:
        said = _said(words)
        named = read_addresses(root.fields.raw("x-failed-recipients"))
        found = [address.address for address in named if address.address] or _from_words(words, aside)
        recipients = [
            _judged(address, "", _about(address, said, found), whole=said) for address in found[:MAX_RECIPIENTS]
        ]
    return Bounce(tuple(recipients), tuple(_ids(root, words)))


def human_words(root: MimePart) -> str:
    """The text of a report that is not the original mail."""
    out: list[str] = []
    for part in root.walk():
        if part.media_type.startswith(("text/plain", "text/html")) and not part.children:
            text = part.text()[:MAX_WORDS]
            out.append(re.sub(r"<(?![^\s<>]+@)[^<>]{0,2000}>", " ", text) if part.media_type == "text/html" else text)
            if part.media_type == "text/plain" and len("".join(out)) > 40:
                break
        elif part.media_type in ("message/rfc822", "text/rfc822-headers"):
            break
    return "\n".join(out)[:MAX_WORDS]


def _report(root: MimePart) -> str:
    """The fields for programs."""
    for part in root.walk():
        if part.media_type in (
            "message/delivery-status",
            "message/global-delivery-status",
            "message/x-delivery-status",
        ):
            return decode(part.content(), "utf-8").replace("\r\n", "\n")[:MAX_WORDS]
    return ""


def _unfolded(text: str) -> str:
    return re.sub(r"\n[ \t]+", " ", text)


def _from_report(report: str, words: str) -> list[Recipient]:
    """The recipient blocks of RFC 3464."""
    found: dict[str, Recipient] = {}
    human = _said(words)
    unfolded = _unfolded(report)
    everybody = [name.strip("<>\"' ") for name in RECIPIENT.findall(unfolded)[: 2 * MAX_RECIPIENTS]]
    for block in BETWEEN_RECIPIENTS.split(unfolded):
        named = RECIPIENT.findall(block)
        if not named or len(found) >= MAX_RECIPIENTS:
            continue
        address = _best(named)
        fields = dict(re.findall(r"^([A-Za-z-]+)[ \t]*:[ \t]*(.*)$", block, re.MULTILINE))
        folded = {name.casefold(): value for name, value in fields.items()}
        said = " ".join(folded.get(name, "") for name in ("diagnostic-code", "x-postfix-error", "x-supplementary-info"))
        acted = ACTION.search(block)
        action = acted.group(1) if acted else "failed"
        recipient = _judged(
            address, said, _about(address, human, everybody)[:600], folded.get("status", ""), action.lower()
        )
        found.setdefault(address.casefold(), recipient)
        for alias in EXPANDED.findall(_about(address, human, everybody)):  # the address that we wrote to follows it
            found.setdefault(alias.casefold(), msgspec.structs.replace(recipient, address=alias))
    return list(found.values())


def _best(named: list[str]) -> str:
    full = [name.strip("<>\"' ") for name in named if "@" in name]
    return full[0] if full else named[0].strip("<>")


def _judged(
    address: str, said: str, context: str, status: str = "", action: str = "failed", whole: str = ""
) -> Recipient:
    """Decide from what the other server said, else from the words about the address, else from all of the text."""
    code = re.match(r"\A\s*([245]\.\d{1,3}\.\d{1,3})", status)
    declared = code.group(1) if code else ""
    spoken = status_of(said) or ("" if declared else status_of(context) or status_of(whole))
    best = spoken if spoken and (not declared or declared[1:] == ".0.0") else declared or spoken
    reason = "timed-out" if action == "delayed" else reason_of(said, context, whole, status=best, stated=bool(declared))
    return Recipient(address.strip("<>\"'"), best, reason, action or "failed")


def json_notice(words: str, depth: int = 0) -> SesNotice:
    """Return the notice of Amazon SES that a mail holds, also within an SNS envelope; an empty one where it holds none."""
    if words.lstrip()[:1] != "{" or depth > MAX_NESTED:
        return SesNotice()
    try:
        text, _ = json.JSONDecoder().raw_decode(words.lstrip()[:MAX_WORDS])
        notice = msgspec.convert(text, SesNotice, strict=False)
    except (ValueError, RecursionError):
        return SesNotice()
    return json_notice(notice.Message, depth + 1) if notice.Message and not notice.kind else notice


def _from_json(words: str) -> list[Recipient]:
    notice = json_notice(words)
    bounce = notice.bounce
    found = [_of_notice(one, bounce) for one in bounce.bouncedRecipients]
    late = [Recipient(one.emailAddress, one.status or "4.4.7", "timed-out", "delayed") for one in notice.late]
    return found or late or [Recipient(one, "2.0.0", "", "delivered") for one in notice.delivery.recipients]


def _of_notice(one: SesRecipient, bounce: SesBounce) -> Recipient:
    """SES itself says whether an address failed for good; without a diagnosis its own word is all there is."""
    found = _judged(one.emailAddress, one.diagnosticCode, SUBTYPES.get(bounce.bounceSubType, ""), one.status, "failed")
    if found.reason or bounce.bounceType != "Permanent" or bounce.bounceSubType not in ("General", "NoEmail"):
        return found
    return msgspec.structs.replace(found, reason="no-such-user")


class SesRecipient(msgspec.Struct):
    """A recipient in a notice of Amazon SES (names are theirs)."""

    emailAddress: str = ""  # noqa: N815 - their field
    action: str = ""
    status: str = ""
    diagnosticCode: str = ""  # noqa: N815 - their field


class SesBounce(msgspec.Struct):
    """A bounce in a notice of Amazon SES (names are theirs)."""

    bounceType: str = ""  # noqa: N815 - their field
    bounceSubType: str = ""  # noqa: N815 - their field
    bouncedRecipients: list[SesRecipient] = []  # noqa: N815 - their field


class SesDelay(msgspec.Struct):
    """A delay in a notice of Amazon SES (names are theirs)."""

    delayedRecipients: list[SesRecipient] = []  # noqa: N815 - their field


class SesDelivery(msgspec.Struct):
    """A delivery in a notice of Amazon SES."""

    recipients: list[str] = []


class SesNotice(msgspec.Struct):
    """A notice of Amazon SES, or the SNS envelope that holds one as text in `Message` (names are theirs)."""

    Message: str = ""
    notificationType: str = ""  # noqa: N815 - their field
    eventType: str = ""  # noqa: N815 - their field
    bounce: SesBounce = msgspec.field(default_factory=SesBounce)
    deliveryDelay: SesDelay = msgspec.field(default_factory=SesDelay)  # noqa: N815 - their field
    delivery: SesDelivery = msgspec.field(default_factory=SesDelivery)

    @property
    def kind(self) -> str:
        """What is told: "Bounce", "Complaint", "Delivery", "DeliveryDelay"; "" = nothing."""
        return self.notificationType or self.eventType

    @property
    def late(self) -> list[SesRecipient]:
        """Who gets it later."""
        return self.deliveryDelay.delayedRecipients


SUBTYPES = {"MailboxFull": "mailbox full", "MessageTooLarge": "message too large", "Suppressed": "suspended"}


def _said(words: str) -> str:
    """The report without the copy of the original mail, which begins at a line that says so (never at the very top)."""
    match = ORIGINAL_BELOW.search(words, 40)
    return words[: match.start()] if match else words


def _from_words(words: str, aside: set[str]) -> list[str]:
    """Addresses that open a line come first; else any that the text does not call a sender."""
    said = _said(words)
    opening: dict[str, str] = {}
    other: dict[str, str] = {}
    for match in ADDRESS.finditer(said):
        address = match.group(0).strip(".'`")
        line = said[said.rfind("\n", 0, match.start()) + 1 : match.start()][-200:]
        if address.casefold() in aside or NOT_HIS.search(line):
            continue
        (opening if OPENS_LINE.match(line) else other).setdefault(address.casefold(), address)
    if not opening and not other:  # all are called senders: better one of them than none
        other = {found.casefold(): found for found in ADDRESS.findall(said) if found.casefold() not in aside}
    return list((opening or other).values())


def _about(address: str, said: str, others: list[str]) -> str:
    """What the text says from this address to the next one; for the first, also the line before."""
    place = said.casefold().find(address.casefold())
    if place < 0:
        return said[:MAX_WORDS]
    ends = [
        said.casefold().find(other.casefold(), place + len(address))
        for other in others
        if other.casefold() != address.casefold()
    ]
    end = min((end for end in ends if end > 0), default=len(said))
    return said[said.rfind("\n", 0, place) + 1 : end]


def _ids(root: MimePart, words: str) -> list[str]:
    """Message ids of the mail that the report is about, from the part that holds it or the text below the line that says so."""
    found: dict[str, None] = {}
    for part in root.walk()[1:]:
        if part.media_type in ("message/rfc822", "text/rfc822-headers", "message/global", "message/rfc822-headers"):
            raw = part.content()
            fields, _ = split_header(raw, 0, len(raw), whole=True)
            found.update(dict.fromkeys(_of(fields)))
    match = re.search(r"^\s*message-id:\s*<([^<>\s]{3,500})>", words, re.IGNORECASE | re.MULTILINE)
    if match:
        found.setdefault(match.group(1))
    found.update(dict.fromkeys(root.fields.ids("in-reply-to") + root.fields.ids("references")))
    return list(found)


def _of(fields: Fields) -> list[str]:
    return fields.ids("message-id")
