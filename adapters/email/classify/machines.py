"""Whether a person wrote a mail, or a machine: `person`, `auto`, `bounce`, `complaint`, `list`; and whether it is set aside.

The rule (RFC 3834, RFC 5230, RFC 2919, RFC 5965, RFC 3464): what a machine may have sent gets no automatic answers. That costs
little, so weak signs are enough for it. A mail that is set aside opens no conversation. That needs a structure which says that no
person asks. Such are fields that programs alone write, a mail daemon's address together with its words, a list that is not ours.
Words alone set nothing aside, and two weak signs are not a strong one: people ask about rejected articles, failed mail and
holidays.

Only a report that is proven by its form (RFC 3464, RFC 5965, X-Failed-Recipients) may count as a receipt. Who answers in a thread,
forwards a report or quotes one is a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

import msgspec

from adapters.email.addresses import MailAddress, read_addresses
from adapters.email.classify.absence import is_absence, opens_as_answer
from adapters.email.classify.behind import asker, is_form, is_list, is_own, own_list, passed_on, takes_no_answers
from adapters.email.classify.bounce import ADDRESS, OPENS_LINE, human_words, json_notice
from adapters.email.classify.verdict import Verdict
from adapters.email.mime.fields import Fields
from adapters.email.mime.structure import MimePart

DAEMONS = frozenset(
    {"mailerdaemon", "maildaemon", "mdaemon", "maildeliverysystem", "mailsystem", "mmdf", "doublebounce"}
)
OFFICES = frozenset(
    {"postmaster", "systemadministrator", "maildelivery", "mailrouter", "mailadmin", "smtpserver", "mailserver"}
)
PROGRAMS = re.compile(
    r"^\W*(?:mail(?:er)?[ .-]?daemon|(?:e-?mail|mail|message)[ .](?:delivery|deliver|transfer|transport)(?:[ .]\w+)?|"
    r"mail[ .](?:system|router|administrator|gateway)|delivery (?:subsystem|system|service)|system administrator|postmaster|"
    r"microsoft (?:exchange|outlook)|internet mail delivery|pmdf e-mail interconnect|majordomo|listserv|mailscanner)\W*$",
    re.IGNORECASE,
)
SERVICE = re.compile(
    r"^(?:admin(?:istrator)?|root|daemon|system|smtp|mail|mailgate|imss|mimesweeper|groupshield|.*(?:antivirus|gateway).*)$"
)
FAILED_SUBJECT = re.compile(
    r"undeliver|delivery (?:status )?(?:notification|failure|report|problem|error|has failed|unsuccess)|"
    r"failure notice|failure delivery|returned ?(?:e?-?mail|to sender|message|email)|"
    r"mail delivery (?:failed|failure|system|problem|error)|mail ?(?:system )?error|message (?:delayed|status|"
    r"undeliver|delivery)|delivery (?:failed|delayed|not)|"
    r"could not (?:be delivered|send)|cannot send|non-?delivery|nondeliverable|not delivered|unzustellbar|"
    r"nicht zugestellt|mail could not|"
    r"rejected|warning: (?:could not send|message)|delay(?:ed)? mail|failed (?:mail|delivery)|bounce|"
    r"error(?:s)?(?: in| from)? (?:sending|delivering|\S+\[)|unable to deliver|"
    r"non remis|no se (?:ha podido|pudo) entregar|mancata consegna|niet (?:worden )?(?:bezorgd|"
    r"afgeleverd)|retourn|недоставлен|"
    r"не доставлено|配信|エラー|返信不能|not listed|user unknown|unknown user|unreachable|deliverable|"
    r"dsn:|returning|smtp error|transient",
    re.IGNORECASE,
)
PLAIN_FAILED_SUBJECT = re.compile(
    r"^\W*(?:undeliver(?:able|ed)\b.{0,80}|returned (?:e-?)?mail\b.{0,80}|failure notice.{0,40}|"
    r"(?:e-?)?mail delivery (?:failed|failure|error).{0,60}"
    r"|delivery status notification.{0,40}|(?:message |mail )?delivery (?:failure|report|"
    r"error)(?: notification| report| notice)?\W*"
    r"|message undeliverable.{0,40}|mail system error.{0,60}|non-?delivery.{0,80}|delivery failure:.{0,80}"
    r"|mail could not be delivered|メールエラー.{0,20})$",
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
CODE = re.compile(r"\b(?:4[25]\d|5[0-7]\d)[ -]|\b[45]\.\d\.\d")
LIST_REFUSAL = re.compile(r"\bnot (?:a |the )?member|\brejected|mail loop|can ?not post|prohibited", re.IGNORECASE)
ANSWERED = re.compile(r"\A\W{0,8}(?:re|fwd?|aw|wg|sv|vs|rv|tr|i|odp|pd)\s{0,4}(?:\[\d{1,4}\]\s{0,4})?:", re.IGNORECASE)
FORWARDED = re.compile(r"\A\W{0,8}(?:fwd?|wg|tr|rv|i|pd|vs)\s{0,4}:", re.IGNORECASE)
COMPLAINT = re.compile(
    r"email feedback report|abuse report|complaint (?:about|from)|spam report|feedback report|"
    r"report(?:ed)? (?:as|of) (?:spam|abuse)|client tos notification",
    re.IGNORECASE,
)
ANSWERING_FIELDS = (
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
)
ORIGINALS = frozenset({"message/rfc822", "text/rfc822-headers", "message/global", "message/rfc822-headers"})


class Facts(msgspec.Struct):
    """What the rules ask of a mail."""

    root: MimePart
    fields: Fields
    author: MailAddress
    subject: str
    words: str
    own: Collection[str]

    @property
    def types(self) -> set[str]:
        """The media types of all parts."""
        return {part.media_type for part in self.root.walk()}

    @property
    def null_path(self) -> bool:
        """Whether the envelope named nobody to answer to (RFC 5321 4.5.5)."""
        path = self.fields.raw("return-path").strip().strip("<>").casefold()
        return "return-path" in self.fields and (not path or path.partition("@")[0] == "mailer-daemon")

    @property
    def answers(self) -> bool:
        """Whether it answers or forwards another mail."""
        return "in-reply-to" in self.fields or bool(ANSWERED.match(self.subject))

    @property
    def asker(self) -> MailAddress | None:
        """The person that a program names as the one who asks."""
        return asker(self.fields, self.author, self.own)


def classify(root: MimePart, own: Collection[str] = ()) -> Verdict:
    """Return what sent this mail, by which rule, and whether it is set aside. `own`: the mailbox's addresses, in lower case."""
    fields = root.fields
    authors = read_addresses(fields.raw("from")) or read_addresses(fields.raw("sender"))
    author = authors[0] if authors else MailAddress("", "")
    facts = Facts(root, fields, author, fields.text("subject"), human_words(root), own)
    for rule in RULES:
        found = rule(facts)
        if found is not None:
            return found
    return Verdict("person", "nothing says machine")


# ---- reports ----


def _report_type(root: MimePart) -> str:
    kind, parameters = root.fields.parameters("content-type")
    return parameters.get("report-type", "").lower() if kind == "multipart/report" else ""


def _complaint(mail: Facts) -> Verdict | None:
    types, kind = mail.types, _report_type(mail.root)
    if kind == "feedback-report" or ("message/feedback-report" in types and not mail.answers):
        return Verdict("complaint", "feedback report (RFC 5965)", aside="complaint", proven=True)
    if mail.fields.raw("x-loop").strip().lower() == "scomp":
        return Verdict("complaint", "feedback loop", aside="complaint")
    if json_notice(mail.words).kind == "Complaint":
        return Verdict("complaint", "Amazon SES complaint", aside="complaint")
    if COMPLAINT.search(mail.subject) and types & ORIGINALS and not mail.answers:
        return Verdict("complaint", "subject of a complaint with the mail attached", quiet=True)
    return None


def _bounce(mail: Facts) -> Verdict | None:
    types, kind = mail.types, _report_type(mail.root)
    attached = any(each.endswith("delivery-status") for each in types)
    if kind == "delivery-status" or (attached and (_daemon(mail) or _office(mail))):
        return Verdict("bounce", "delivery status report (RFC 3464)", aside="report", proven=True)
    if "x-failed-recipients" in mail.fields:
        return Verdict("bounce", "X-Failed-Recipients", aside="report", proven=True)
    if mail.root.media_type == "multipart/report" and not kind and "message/rfc822" in types:
        return Verdict("bounce", "multipart/report", aside="report")
    said = _bounce_by_words(mail)
    return Verdict("bounce", said, aside="report") if said else None


def _daemon(mail: Facts) -> bool:
    """Whether From holds a mail daemon's own address, or none at all."""
    local = _letters(mail.author.address.partition("@")[0])
    return local in DAEMONS or (not mail.author.address and bool(mail.fields.raw("from").strip()))


def _office(mail: Facts) -> bool:
    """Whether From is a mail system's office or program, or the envelope names nobody: a person may send such a mail too."""
    return _titled(mail) or mail.null_path


def _titled(mail: Facts) -> bool:
    local = _letters(mail.author.address.partition("@")[0])
    return local in OFFICES or PROGRAMS.match(mail.author.name) is not None


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.casefold())


def _service(mail: Facts) -> bool:
    local = mail.author.address.partition("@")[0].casefold()
    return takes_no_answers(mail.author.address) or SERVICE.match(local.replace("_", "").replace("-", "")) is not None


def _bounce_by_words(mail: Facts) -> str:
    subject, words = mail.subject, mail.words
    failed, structured = bool(FAILED_WORDS.search(words)), _structured(mail)
    if _daemon(mail) and (FAILED_SUBJECT.search(subject) or (failed and structured)):
        return "sent by a mail daemon, says that delivery failed"
    if _office(mail) and failed and structured and (not mail.answers or CODE.search(words)) and not _forwarded(mail):
        return "sent by a mail system, reports a failed address"
    plain = PLAIN_FAILED_SUBJECT.match(subject) and not mail.answers
    if plain and (_titled(mail) or (_service(mail) and failed and structured)):
        return "a program's subject and words of a report"
    if "x-mlserver" in mail.fields and LIST_REFUSAL.search(f"{subject}\n{words[:2000]}"):
        return "a list server refuses a mail"
    if json_notice(words).kind in ("Bounce", "Delivery", "DeliveryDelay"):
        return "Amazon SES notice"
    named = "x-mailer-daemon" in mail.fields or "x-rbl-warning-bounce" in mail.fields
    return "report of a mail transfer program" if named else ""


def _forwarded(mail: Facts) -> bool:
    return FORWARDED.match(mail.subject) is not None


def _structured(mail: Facts) -> bool:
    """Whether a failed address is listed as programs list it, or a server's code or the original mail follows."""
    return bool(CODE.search(mail.words)) or _names_recipient(mail.words) or _carries_original(mail)


def _names_recipient(words: str) -> bool:
    """Whether a line opens with an address, as reports list them; a person names one within a sentence."""
    return any(
        OPENS_LINE.match(line[: found.start()])
        for line in words[:6000].split("\n")
        if (found := ADDRESS.search(line[:400]))
    )


def _carries_original(mail: Facts) -> bool:
    if mail.types & ORIGINALS:
        return True
    return bool(re.search(r"^[>\s]*(?:received|message-id|return-path):", mail.words, re.IGNORECASE | re.MULTILINE))


# ---- what programs send by themselves ----


def _auto(mail: Facts) -> Verdict | None:
    fields = mail.fields
    submitted = fields.raw("auto-submitted").partition(";")[0].partition("(")[0].strip().lower()
    receipt = _report_type(mail.root) == "disposition-notification" or "message/disposition-notification" in mail.types
    if receipt and not mail.answers:
        return Verdict("auto", "read receipt (RFC 8098)", aside="automatic")
    if opens_as_answer(mail.subject):
        return Verdict("auto", "subject of an absence notice", aside="automatic")
    if submitted and submitted != "no":
        return _submitted(mail, submitted)
    if receipt:
        return Verdict("auto", "read receipt (RFC 8098)", aside="automatic")
    for name in ANSWERING_FIELDS:
        if name in fields and fields.raw(name).strip().lower() not in ("no", "false", "0"):
            return Verdict("auto", name.title(), aside="automatic")
    if fields.raw("x-apple-action").strip().lower() == "vacation":
        return Verdict("auto", "X-Apple-Action", aside="automatic")
    return _asked_for_silence(mail) or _auto_by_words(mail)


def _submitted(mail: Facts, submitted: str) -> Verdict:
    """Auto-Submitted says that no automatic answer is wanted; what passes a person's question on says so as well."""
    said = f"Auto-Submitted: {submitted[:30]} (RFC 3834)"
    if submitted.startswith("auto-replied"):
        return Verdict("auto", said, aside="automatic")
    if passed_on(mail.fields):
        return Verdict("person", f"passed on by a rule; {said}", quiet=True)
    if own_list(mail.fields, mail.own) or (not is_list(mail.fields) and _form(mail)):
        return Verdict("person", f"sent through a form; {said}", quiet=True)
    return Verdict("auto", said, aside="automatic")


def _form(mail: Facts) -> bool:
    return is_form(mail.fields, mail.author, mail.words, mail.own)


def _asked_for_silence(mail: Facts) -> Verdict | None:
    """Fields that ask for no automatic answer do not say that a machine wrote."""
    fields = mail.fields
    precedence = fields.raw("precedence").strip().lower() or fields.raw("x-precedence").strip().lower()
    if precedence in ("auto_reply", "auto-reply"):
        return Verdict("auto", f"Precedence: {precedence}", aside="automatic")
    if is_absence(mail.subject, mail.words) and ("in-reply-to" in fields or mail.null_path or precedence):
        return Verdict("auto", "subject and words of an absence notice", quiet=True)
    suppress = fields.raw("x-auto-response-suppress").lower()
    if re.search(r"\b(?:all|oof|autoreply|dr|rn|nrn)\b", suppress):
        return Verdict("auto", "X-Auto-Response-Suppress", quiet=True)
    if "list-unsubscribe" in fields or is_list(fields):
        return None
    if precedence in ("junk", "bulk"):
        return Verdict("auto", f"Precedence: {precedence}", quiet=True)
    return None


def _auto_by_words(mail: Facts) -> Verdict | None:
    fields = mail.fields
    generated = fields.raw("x-ms-exchange-generated-message-source")
    if generated and passed_on(fields):
        return Verdict("person", "passed on by a rule", quiet=True)
    if generated or fields.raw("x-post-messageclass").startswith("9"):
        return Verdict("auto", "generated by Exchange", aside="automatic")
    if is_absence(mail.subject, mail.words):
        return Verdict("auto", "subject and words of an absence notice", quiet=True)
    if takes_no_answers(mail.author.address) and not own_list(fields, mail.own):
        if mail.asker is not None and "list-unsubscribe" not in fields and not takes_no_answers(mail.asker.address):
            return Verdict("person", "sent through a form", quiet=True)
        return Verdict("auto", "sender takes no answers", aside="notice")
    if "x-mlserver" in fields or "x-ml-info" in fields:
        return Verdict("auto", "automatic list server", aside="list")
    if _daemon(mail) and mail.author.address:
        return Verdict("auto", "sent by a daemon", aside="automatic")
    if fields.raw("return-path").strip() == "<>":
        return Verdict("auto", "null sender", quiet=True)
    return None


# ---- lists ----


def _list(mail: Facts) -> Verdict | None:
    fields = mail.fields
    if own_list(fields, mail.own):
        return Verdict("person", "a list in front of the mailbox", quiet=True)
    if is_list(fields):
        name = next(name for name in fields_of_lists(fields))
        return Verdict("list", f"{name.title()} (RFC 2919)", aside="list")
    if "list-unsubscribe" in fields:
        return Verdict("list", "List-Unsubscribe (RFC 2369)", aside="list")
    if "x-loop" in fields or fields.raw("precedence").strip().lower() in ("bulk", "junk", "list"):
        return Verdict("list", "X-Loop or Precedence", quiet=True)
    return None


def fields_of_lists(fields: Fields) -> list[str]:
    """Return the names of the fields that only lists write."""
    return [
        name for name, _ in fields.pairs if name.startswith(("list-", "mailing-list", "x-mailing-list", "x-mailman"))
    ]


def _ours(mail: Facts) -> Verdict | None:
    """Mail from our own address without anybody behind it: a form that names nobody, or what staff sent from a mail program."""
    if not is_own(mail.author.address, mail.own) or mail.asker is not None:
        return None
    return Verdict("person", "from our own address", aside="own", quiet=True)


RULES: tuple[Callable[[Facts], Verdict | None], ...] = (_complaint, _bounce, _ours, _auto, _list)
