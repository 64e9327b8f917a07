"""Reports of mail programs, each in its own words: what failed, for whom, and whether for good."""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import Callable

import pytest

from adapters.email.classify.bounce import Bounce
from adapters.email.codec import parse

HEAD = "Message-ID: <r@mx.example>\nDate: Tue, 5 Jan 2021 10:15:00 +0000\nTo: ask@library.example\nMIME-Version: 1.0\n"


def report(sender: str, subject: str, words: str, headers: str = "") -> Bounce:
    return read(f"From: {sender}\nSubject: {subject}\n{headers}{HEAD}\n{words}")


def status(fields: str, words: str = "It failed.", encoding: str = "", kind: str = "report") -> Bounce:
    """A delivery status report (RFC 3464) with these fields about the recipient."""
    body = f"Reporting-MTA: dns; mx.example\n\n{fields}\n"
    if "ase64" in encoding:
        body = "\n" + encodebytes(body.encode()).decode()
    told = f"Content-Type: message/delivery-status\nContent-Transfer-Encoding: {encoding or '8bit'}\n\n{body}"
    parts = f"--b\nContent-Type: text/plain\n\n{words}\n--b\n{told}\n--b--\n"
    typed = f'Content-Type: multipart/{kind}; report-type=delivery-status; boundary="b"\n'
    return report("MAILER-DAEMON@mx.example", "Undelivered Mail Returned to Sender", parts, typed)


def read(text: str) -> Bounce:
    mail = parse(text.replace("\n", "\r\n").encode(), own=("ask@library.example",))
    assert mail.kind == "bounce", mail.filters
    assert mail.bounce is not None
    return mail.bounce


def said(bounce: Bounce) -> tuple[list[str], bool]:
    return [one.address for one in bounce.recipients], bounce.hard


NOBODY, FULL, SLOW = "nobody@x.example", "full@x.example", "slow@x.example"
DAEMON = "Mail Delivery System <Mailer-Daemon@mx.example>"

IN_WORDS = {
    "Exim": (
        DAEMON,
        "Mail delivery failed: returning message to sender",
        f"The following address(es) failed:\n\n  {NOBODY}\n    SMTP error from remote mail server after RCPT TO:<{NOBODY}>:\n"
        f"    550 5.1.1 <{NOBODY}>: Recipient address rejected: User unknown\n",
        NOBODY,
        True,
    ),
    "Exim, box full": (
        DAEMON,
        "Mail delivery failed: returning message to sender",
        f"The following address(es) failed:\n\n  {FULL}\n    mailbox is full: retry timeout exceeded\n",
        FULL,
        False,
    ),
    "Exim, greylisted": (
        DAEMON,
        "Warning: message 1abc-000 delayed 24 hours",
        f"The address to which the message has not yet been delivered is:\n\n  {SLOW}\n"
        "    451 4.7.1 Greylisting in action, please come back later\n",
        SLOW,
        False,
    ),
    "Sendmail": (
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
        "Returned mail: see transcript for details",
        f"   ----- The following addresses had permanent fatal errors -----\n<{NOBODY}>\n"
        f"    (reason: 550 5.1.1 <{NOBODY}>... User unknown)\n",
        NOBODY,
        True,
    ),
    "qmail": (
        "MAILER-DAEMON@mx.example",
        "failure notice",
        f"Hi. This is the qmail-send program at mx.example.\n\n<{NOBODY}>:\nSorry, no mailbox here by that name. (#5.1.1)\n",
        NOBODY,
        True,
    ),
    "qmail, no such host": (
        "MAILER-DAEMON@mx.example",
        "failure notice",
        f"<{NOBODY}>:\nSorry, I couldn't find any host named x.example. (#5.1.2)\n",
        NOBODY,
        True,
    ),
    "Yahoo": (
        "MAILER-DAEMON@yahoo.example",
        "Failure Notice",
        f"Sorry, we were unable to deliver your message to the following address.\n\n<{NOBODY}>:\n"
        "554: delivery error: dd This user doesn't have an account here [0]\n",
        NOBODY,
        True,
    ),
    "GroupWise": (
        "Mailer-Daemon@gw.example",
        "Message status - undeliverable",
        f"The message that you sent was undeliverable to the following:\n\t{NOBODY} (user not found)\n",
        NOBODY,
        True,
    ),
    "MailMarshal": (
        "postmaster@x.example",
        'Undeliverable Mail: "Books"',
        f"Could not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected:\n    {NOBODY}\n",
        NOBODY,
        True,
    ),
    "T-Online": (
        "Mail Delivery System <Mailer-Daemon@t-online.example>",
        "Unzustellbare Mail",
        f"|--- Failed addresses follow: ---|\n <{NOBODY}> ... unknown user\n",
        NOBODY,
        True,
    ),
    "Orange": (
        "MAILER-DAEMON@orange.example",
        "Message non remis",
        f"Votre message n'a pas pu être remis :\n<{NOBODY}>\n550 5.1.1 Adresse d'au moins un destinataire invalide\n",
        NOBODY,
        True,
    ),
    "Mail.ru": (
        "mailer-daemon@corp.mail.example",
        "Mail failure.",
        f"The following address(es) failed:\n\n{NOBODY}:\n\tSMTP error: 550 5.1.1 user not found\n",
        NOBODY,
        True,
    ),
    "Amazon SES": (
        "no-reply@sns.example",
        "Amazon SES Email Event Notification",
        '{"notificationType":"Bounce","bounce":{"bounceSubType":"General","bouncedRecipients":[{"emailAddress":"'
        + NOBODY
        + '","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}',
        NOBODY,
        True,
    ),
}


@pytest.mark.parametrize("program", IN_WORDS)
def test_reports_in_words(program: str) -> None:
    sender, subject, words, address, hard = IN_WORDS[program]
    assert said(report(sender, subject, words)) == ([address], hard)


@pytest.mark.parametrize(
    "diagnosis,code,hard",
    [
        (
            "smtp; 550 5.1.1 <nobody@x.example>: Recipient address rejected: User unknown in virtual mailbox table",
            "5.1.1",
            True,
        ),
        ("smtp; 450 4.2.0 Recipient address rejected: Greylisted", "4.2.0", False),
        ("smtp; 554 5.7.1 Service unavailable; Client host [192.0.2.9] blocked using zen.spamhaus.org", "5.7.1", False),
        ("X-Postfix; Name service error for name=x.example type=A: Host not found", "5.4.4", True),
        ("smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "5.1.10", True),
        ("smtp; 554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException", "5.2.2", False),
        ("smtp; 550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", "5.7.133", False),
        ("smtp; 550-5.2.1 The email account that you tried to reach is disabled.", "5.2.1", False),
        ("smtp; 550-5.7.26 This mail has been blocked because the sender is unauthenticated.", "5.7.26", False),
        ("X-Notes; User nobody (nobody@x.example) not listed in Domino Directory", "5.1.1", True),
        ("smtp; 552 5.3.4 Message size exceeds fixed maximum message size", "5.3.4", False),
    ],
)
def test_status_reports(diagnosis: str, code: str, hard: bool) -> None:
    fields = f"Final-Recipient: rfc822; {NOBODY}\nAction: failed\nStatus: {code}\nDiagnostic-Code: {diagnosis}"
    assert said(status(fields)) == ([NOBODY], hard)


FIELDS = f"FINAL-RECIPIENT: RFC822; <{NOBODY}>\nACTION: Failed\nSTATUS: 5.1.1"


@pytest.mark.parametrize(
    "found",
    [
        lambda: status(FIELDS),
        lambda: status(FIELDS, encoding="base64"),
        lambda: status(FIELDS, encoding="Base64 (as they say)"),
        lambda: status(FIELDS, kind="mixed"),
        lambda: status(f"Original-Recipient: rfc822;{NOBODY}\nAction: failed\nStatus: 5.1.1"),
        lambda: status("", words=f"Your message to <{NOBODY}> could not be delivered: 550 5.1.1 User unknown"),
    ],
    ids=["capitals", "base64", "base64 with a comment", "mixed", "without Final-Recipient", "without fields"],
)
def test_odd_status_reports(found: Callable[[], Bounce]) -> None:
    assert said(found()) == ([NOBODY], True)


def test_each_recipient_is_judged_alone() -> None:
    block = "Final-Recipient: rfc822; {}\nAction: failed\nStatus: {}\nDiagnostic-Code: smtp; {}\n"
    both = block.format(NOBODY, "5.1.1", "550 unknown user") + "\n" + block.format(FULL, "5.2.2", "552 quota")
    found = status(both)
    assert [(one.address, one.hard) for one in found.recipients] == [(NOBODY, True), (FULL, False)]


def test_what_arrived_did_not_fail() -> None:
    assert not status(f"Final-Recipient: rfc822; {NOBODY}\nAction: relayed\nStatus: 2.0.0").hard


def test_a_list_server_that_refuses_is_no_person() -> None:
    found = report(
        "books-admin@l.example", "You are not a member", "You are not a member of this list.", "X-MLServer: fml\n"
    )
    assert not found.hard
