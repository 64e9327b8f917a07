"""Whether a person wrote a mail, or a machine: `person`, `auto`, `bounce`, `complaint`, `list`.

The rule (RFC 3834, RFC 5230, RFC 2919, RFC 5965, RFC 3464): a mail that a machine sent is never answered automatically, and a
bounce or a complaint opens no conversation. Headers are believed first; where a program sends none, its sender's name together
with its subject or its words decide, never one of them alone. Each verdict comes with the rule that gave it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from adapters.email.absence import is_absence
from adapters.email.addresses import read_addresses
from adapters.email.bounce import ADDRESS, OPENS_LINE, human_words
from adapters.email.structure import Part

Class = Literal["person", "auto", "bounce", "complaint", "list"]

DAEMON = re.compile(
    r"mailer-?daemon|mail.?delivery|postmaster|mail ?admin|delivery (?:subsystem|system|service)|"
    r"mail (?:system|deliver\w* system)|"
    r"undeliver|bounces?[@+-]|mmdf|daemon@|post_master|smtp@|root@|mailadmin|email delivery|message transfer|"
    r"<>|mail-daemon|majordomo|"
    r"system administrator|smtp.?server|mail router|microsoft exchange|administrator@|internet mail|anti-?virus|"
    r"smtp_|gateway|mime-?sweeper|mdaemon|listserv|groupshield|mailscanner",
    re.IGNORECASE,
)
SURELY_DAEMON = re.compile(r"mailer-?daemon|mail.?delivery|<\s*>|delivery sub|undeliver", re.IGNORECASE)
FAILED_SUBJECT = re.compile(
    r"undeliver|delivery (?:status )?(?:notification|failure|report|problem|error|has failed|unsuccess)|"
    r"failure notice|failure delivery|returned ?(?:e?-?mail|to sender|message|email)|"
    r"mail delivery (?:failed|failure|system|problem|error)|mail ?(?:system )?error|message (?:delayed|status|"
    r"undeliver|delivery)|delivery (?:failed|delayed|not)|"
    r"could not (?:be delivered|send)|cannot send|non-?delivery|nondeliverable|not delivered|unzustellbar|"
    r"nicht zugestellt|mail could not|"
    r"rejected|warning: (?:could not send|message)|delay(?:ed)? mail|failed mail|bounce|"
    r"error(?: in)? (?:sending|delivering)|unable to deliver|"
    r"impossible|non remis|no se (?:ha podido|pudo) entregar|mancata consegna|niet (?:worden )?(?:bezorgd|"
    r"afgeleverd)|retourn|rapport|недоставлен|"
    r"не доставлено|配信|エラー|返信不能|not listed|user unknown|unknown user|unreachable|deliverable|notification d|"
    r"dsn:|returning|smtp error|transient",
    re.IGNORECASE,
)
PLAIN_FAILED_SUBJECT = re.compile(
    r"^\W*(?:undeliver(?:able|ed)\b.{0,80}|returned (?:e-?)?mail\b.{0,80}|failure notice.{0,40}|"
    r"(?:e-?)?mail delivery (?:failed|failure|error).{0,60}"
    r"|delivery status notification.{0,40}|(?:message |mail )?delivery (?:failure|report|"
    r"error)(?: notification| report| notice)?\W*"
    r"|message undeliverable.{0,40}|mail system error.{0,60}|non-?delivery (?:report|notification|"
    r"receipt).{0,60}|delivery failure:.{0,80})$",
    re.IGNORECASE,
)
FAILED_WORDS = re.compile(
    r"(?:could|can) ?not be delivered|(?:was|were) (?:not|un)(?: able to be)? ?deliver|unable to deliver|"
    r"wasn'?t able to deliver|did not reach|"
    r"delivery (?:to the following|has failed|failed|attempt)|failed permanently|permanent (?:fatal )?error|"
    r"delivery (?:status )?notification|"
    r"returned to (?:you|sender)|the following (?:recipient|address|destination)|undeliverable|"
    r"could not (?:deliver|send)|no such user|user unknown|unknown user|"
    r"recipient(?:'s)? (?:address|mailbox|name|unknown|rejected)|mailbox (?:is )?(?:full|unavailable)|"
    r"smtp error|remote host said|transcript of session|invalid (?:address|recipient|final)|"
    r"unrouteable|quota|not be (?:found|sent)|delivery failure|following mail|mail delivery|"
    r"error message below|bounced|\b55[0-4][ -]|has been delayed|still (?:being )?retr|^4\d\d ",
    re.IGNORECASE | re.MULTILINE,
)
LIST_REFUSAL = re.compile(r"\bnot (?:a |the )?member|\brejected|mail loop|can ?not post|prohibited", re.IGNORECASE)
FORWARDED_FAILURE = re.compile(
    r"mailer-daemon[\s\S]{0,1500}(?:permanent fatal errors|could not be delivered|session follows)", re.IGNORECASE
)
NO_REPLY = re.compile(
    r"^(?:no-?_?\.?reply|do-?_?not-?_?reply|donotreply|autoreply|auto-?respond\w*|nobody|notifications?|"
    r"automailer|system-?mail)(?:[+_.-].*)?$",
    re.IGNORECASE,
)
COMPLAINT = re.compile(
    r"email feedback report|abuse report|complaint (?:about|from)|spam report|feedback report|"
    r"report(?:ed)? (?:as|of) (?:spam|abuse)|client tos notification",
    re.IGNORECASE,
)
BULK = ("bulk", "junk", "list", "auto_reply", "auto-reply")
STATUS = re.compile(r"\b[45]\.\d\.\d")


def classify(root: Part) -> tuple[Class, str]:
    """Return what sent this mail and the rule that says so."""
    for verdict, rule in RULES:
        said = rule(root)
        if said:
            return verdict, said
    return "person", "nothing says machine"


def _report_type(root: Part) -> str:
    kind, parameters = root.fields.parameters("content-type")
    return parameters.get("report-type", "").lower() if kind == "multipart/report" else ""


def _types(root: Part) -> set[str]:
    return {part.media_type for part in root.walk()}


def _complaint(root: Part) -> str:
    if _report_type(root) == "feedback-report" or "message/feedback-report" in _types(root):
        return "feedback report (RFC 5965)"
    if "x-loop" in root.fields and root.fields.raw("x-loop").strip().lower() == "scomp":
        return "feedback loop"
    subject = root.fields.text("subject")
    if COMPLAINT.search(subject) and ("message/rfc822" in _types(root) or "text/rfc822-headers" in _types(root)):
        return "subject of a complaint with the mail attached"
    return (
        "Amazon SES complaint"
        if re.match(r'\A\s*\{"(?:notification|event)Type":"Complaint"', human_words(root))
        else ""
    )


def _bounce(root: Part) -> str:
    types = _types(root)
    if _report_type(root) == "delivery-status" or any(kind.endswith("delivery-status") for kind in types):
        return "delivery status report (RFC 3464)"
    if "x-failed-recipients" in root.fields:
        return "X-Failed-Recipients"
    if root.media_type == "multipart/report" and not _report_type(root) and "message/rfc822" in types:
        return "multipart/report"
    return _bounce_by_words(root)


def _bounce_by_words(root: Part) -> str:
    fields = root.fields
    sender = " ".join([fields.text("from"), fields.text("sender"), fields.raw("return-path")])
    subject, words = fields.text("subject"), human_words(root)
    signs = [
        bool(DAEMON.search(sender)) or fields.raw("return-path").strip() == "<>",
        bool(FAILED_SUBJECT.search(subject)),
        bool(FAILED_WORDS.search(words)),
    ]
    coded = re.search(r"\b(?:4[25]\d|5[0-7]\d)[ -]|\b[45]\.\d\.\d\b", words)
    surely = bool(SURELY_DAEMON.search(sender)) or _carries_original(root) or bool(coded)
    if signs[0] and (signs[1] or (signs[2] and surely)):
        return "sent by a mail daemon, says that delivery failed"
    listed = any("@" in words[max(0, code.start() - 200) : code.start()] for code in STATUS.finditer(words))
    listed = listed and _names_recipient(words)
    if signs[1] and signs[2] and (_carries_original(root) or listed):
        return "says that delivery failed and carries the original"
    if PLAIN_FAILED_SUBJECT.match(subject) and signs[2] and "in-reply-to" not in fields and _names_recipient(words):
        return "subject and words of a report"
    if FORWARDED_FAILURE.search(words[:6000]) and signs[1]:
        return "a forwarded report"
    if "x-mlserver" in fields and LIST_REFUSAL.search(f"{subject}\n{words[:2000]}"):
        return "a list server refuses a mail"
    if re.match(
        r'\A\s*\{.{0,200}"(?:notification|event)Type":\s?"(?:Bounce|Delivery|DeliveryDelay)"', words, re.DOTALL
    ):
        return "Amazon SES notice"
    return (
        "report of a mail transfer program" if "x-mailer-daemon" in fields or "x-rbl-warning-bounce" in fields else ""
    )


def _names_recipient(words: str) -> bool:
    """Whether a line opens with an address, as reports list them; a person names one within a sentence."""
    return any(
        OPENS_LINE.match(line[: found.start()])
        for line in words[:6000].split("\n")
        if (found := ADDRESS.search(line[:400]))
    )


def _carries_original(root: Part) -> bool:
    if _types(root) & {"message/rfc822", "text/rfc822-headers"}:
        return True
    words = human_words(root)
    return bool(re.search(r"^[>\s]*(?:received|message-id|return-path):", words, re.IGNORECASE | re.MULTILINE))


def _auto(root: Part) -> str:
    fields = root.fields
    submitted = fields.raw("auto-submitted").partition(";")[0].partition("(")[0].strip().lower()
    if submitted and submitted != "no":
        return f"Auto-Submitted: {submitted[:30]} (RFC 3834)"
    if _report_type(root) == "disposition-notification" or "message/disposition-notification" in _types(root):
        return "read receipt (RFC 8098)"
    for name in (
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "x-autogenerated",
        "x-vacation",
        "x-fc-machinegenerated",
        "x-auto-reply",
        "x-auto-response",
        "x-mail-autoreply",
        "x-autoreply-from",
        "x-cron-env",
    ):
        if name in fields and fields.raw(name).strip().lower() not in ("no", "false", "0"):
            return name.title()
    if fields.raw("x-apple-action").strip().lower() == "vacation":
        return "X-Apple-Action"
    suppress = fields.raw("x-auto-response-suppress").lower()
    if re.search(r"\b(?:all|oof|autoreply|dr|rn|nrn)\b", suppress):
        return "X-Auto-Response-Suppress"
    precedence = fields.raw("precedence").strip().lower() or fields.raw("x-precedence").strip().lower()
    if precedence in ("auto_reply", "auto-reply", "junk") or (precedence == "bulk" and "list-id" not in fields):
        return f"Precedence: {precedence}"
    return _auto_by_words(root)


def _auto_by_words(root: Part) -> str:
    fields = root.fields
    subject = fields.text("subject")
    if fields.raw("x-ms-exchange-generated-message-source") or fields.raw("x-post-messageclass").startswith("9"):
        return "generated by Exchange"
    if is_absence(subject, human_words(root)):
        return "subject of an absence notice"
    senders = read_addresses(fields.raw("from"))
    if senders and NO_REPLY.match(senders[0].address.partition("@")[0]):
        return "sender takes no answers"
    if fields.raw("return-path").strip() == "<>":
        return "null sender"
    if senders and DAEMON.search(str(senders[0])) and "daemon" in str(senders[0]).lower():
        return "sent by a daemon"
    return "automatic list server" if "x-mlserver" in fields or "x-ml-info" in fields else ""


def _list(root: Part) -> str:
    fields = root.fields
    for name in ("list-id", "list-post", "list-help", "mailing-list", "x-mailing-list", "x-mailman-version", "x-loop"):
        if name in fields:
            return f"{name.title()} (RFC 2919)"
    if "list-unsubscribe" in fields or fields.raw("precedence").strip().lower() in BULK:
        return "List-Unsubscribe or Precedence"
    return ""


RULES: tuple[tuple[Class, Callable[[Part], str]], ...] = (
    ("complaint", _complaint),
    ("bounce", _bounce),
    ("auto", _auto),
    ("list", _list),
)
