"""Who is behind a mail that a program passed on: a web form, a list in front of the mailbox, a rule of another mailbox.

The rule: a program that carries a person's question is not its author. A form sends from `no-reply@`, from the site's own account
or from the mailbox's own address, and names the asker in Reply-To. A list of ours (its List-Id, its posting address or the domain
are the mailbox's) rewrites From where DMARC asks for it. It names the author in Reply-To or X-Original-From (Google Groups,
Mailman). A rule or a forwarder passes the mail on with its From. None of them gets automatic answers; all of them are questions.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from adapters.email.addresses import MailAddress, read_addresses
from adapters.email.mime.fields import Fields

NO_REPLY = re.compile(
    r"^(?:no-?_?\.?reply|do-?_?not-?_?reply|donotreply|autoreply|auto-?respond\w*|nobody|notifications?|"
    r"automailer|system-?mail)(?:[+_.-].*)?$",
    re.IGNORECASE,
)
LIST_FIELDS = ("list-id", "list-post", "list-help", "mailing-list", "x-mailing-list", "x-mailman-version")
LIST_NAMES = ("list-id", "list-post", "mailing-list", "x-mailing-list", "x-beenthere", "x-google-loop")
AUTHORS = ("x-original-from", "x-original-sender", "x-original-reply-to")
LABEL = re.compile(r"^[^\S\n]*[^\s:<>][^:\n<>]{0,40}:[^\S\n]+\S", re.MULTILINE)
MAX_FORM = 4_000
WEB_PROGRAM = re.compile(
    r"phpmailer|wordpress|wpforms|contact form|drupal|typo3|joomla|symfony|laravel|formmail|webform", re.IGNORECASE
)


def is_own(address: str, own: Collection[str]) -> bool:
    """Whether an address is one of the mailbox's, also with a `+tag`. `own` is in lower case."""
    local, at, domain = address.strip().casefold().rpartition("@")
    return bool(at) and (f"{local}@{domain}" in own or f"{local.partition('+')[0]}@{domain}" in own)


def takes_no_answers(address: str) -> bool:
    """Whether an address says of itself that nobody reads what is sent there."""
    return NO_REPLY.match(address.partition("@")[0]) is not None


def is_list(fields: Fields) -> bool:
    """Whether a list handled the mail (RFC 2919, RFC 2369)."""
    return any(name in fields for name in LIST_FIELDS)


def own_list(fields: Fields, own: Collection[str]) -> bool:
    """Whether the list that handled the mail is in front of the mailbox, or is the same organisation's."""
    if not own or not is_list(fields):
        return False
    named = " ".join(fields.raw(name)[:1_000] for name in LIST_NAMES).casefold()
    domains = {address.partition("@")[2] for address in own}
    words = set(re.findall(r"[\w.+-]{1,64}@[\w.-]{1,253}", named))
    if any(is_own(word, own) or word.partition("@")[2] in domains for word in words):
        return True
    listed = re.findall(r"<\s*([\w.-]+)\s*>", fields.raw("list-id")[:1_000].casefold())
    return any(identity.endswith(f".{domain}") for identity in listed for domain in domains)


def asker(fields: Fields, author: MailAddress, own: Collection[str]) -> MailAddress | None:
    """Return the person that a program names as the one who asks; None where it names nobody else than the author."""
    answers = [one for one in read_addresses(fields.raw("reply-to")) if one.valid]
    if own_list(fields, own) and (is_own(author.address, own) or " via " in author.name.casefold()):
        answers += [one for name in AUTHORS for one in read_addresses(fields.raw(name)) if one.valid]
    for one in answers:
        if not is_own(one.address, own) and one.address.casefold() != author.address.casefold():
            return one
    return None


def is_form(fields: Fields, author: MailAddress, words: str, own: Collection[str]) -> bool:
    """Whether a web form or a page's program sent what somebody wrote there."""
    found = asker(fields, author, own)
    if found is not None and not takes_no_answers(found.address):
        return True
    if takes_no_answers(author.address) or not author.valid:
        return False
    program = " ".join(fields.raw(name)[:200] for name in ("x-mailer", "user-agent", "x-php-originating-script"))
    return bool(WEB_PROGRAM.search(program)) or len(LABEL.findall(words[:MAX_FORM])) >= 2


def passed_on(fields: Fields) -> bool:
    """Whether a rule or a forwarder of another mailbox passed the mail on, with the author's From."""
    source = fields.raw("x-ms-exchange-generated-message-source").casefold()
    rule = "mailbox rules agent" in source or "x-ms-exchange-inbox-rules-loop" in fields
    return rule or any(name in fields for name in ("resent-from", "x-forwarded-for", "x-forwarded-to"))
