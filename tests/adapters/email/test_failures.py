"""Hard and soft: whose fault it is, whether it passes, and what the address itself has to do with it, as many programs say it."""

from __future__ import annotations

import json

import pytest

from adapters.email.classify.failures import HARD, reason_of, status_of
from tests.adapters.email.test_reports import DAEMON, NOBODY, report, said, status

OUR_SENDER = """
553 5.1.8 <ask@desk.library.example>... Domain of sender address ask@desk.library.example does not exist
550 5.1.7 The sender's address was syntactically invalid
550 5.1.7 <ask@library.example>: Sender address rejected: User unknown in virtual mailbox table
450 4.1.8 <ask@library.example>: Sender address rejected: Domain not found
550 <ask@library.example>: Sender address rejected: User unknown
550 Sender verify failed
550-Verification failed for <ask@library.example> 550-No Such User Here 550 Sender verify failed
501 5.1.8 Sender domain does not exist
553 sorry, your envelope sender domain must exist (#5.7.1)
554 5.7.1 <mx.library.example>: Helo command rejected: Host not found
550 5.7.1 Client host rejected: cannot find your hostname, [192.0.2.7]
550 Unable to verify sender
550 unresolvable sender domain
554 5.7.1 This message does not comply with our rules: return path does not exist
550 Access denied, your domain could not be resolved
""".strip().split("\n")

PASSES = """
Name service error for name=dept.example type=MX: Host not found, try again
Host or domain name not found. Name service error for name=dept.example type=A: Host not found, try again
DNS Error: DNS type 'mx' lookup of dept.example responded with code SERVFAIL
host lookup did not complete
451 4.4.3 Temporary server error. Name server timeout
dept.example: host name lookup failure
Unable to look up host dept.example: name server for dept.example timed out; will retry
CNAME lookup failed temporarily. (#4.4.3) I'm not going to try again
452 4.3.1 Insufficient system storage
550 not enough disk space
552 5.2.2 Mailbox full: no space left on device
554 5.3.0 file system full
550 the disk is full
552 5.2.2 This message is larger than the current system limit or the recipient's mailbox is full
450 4.2.0 Recipient address rejected: Greylisted, try again later
connect to mx.dept.example[192.0.2.1]:25: Connection refused
""".strip().split("\n")

NOBODY_THERE = """
550 <kim@dept.example>: User unknown
550 5.1.1 <kim@dept.example>: Recipient address rejected: User unknown in local recipient table
550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the address
550 5.1.1 kim@dept.example... User unknown
550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient kim@dept.example not found by SMTP address lookup
550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found
550 #5.1.0 Address rejected kim@dept.example: no such recipient
550 No such user here
User kim (kim@dept.example) not listed in Domino Directory
550 5.1.1 User unknown; rejecting
550 Invalid Recipient - https://community.mimecast.example/docs/DOC-1369#550
550 5.4.1 Recipient address rejected: user does not exist
Sorry, no mailbox here by that name. (#5.1.1)
554 delivery error: dd This user doesn't have a dept.example account (kim@dept.example) [0]
550 Requested action not taken: mailbox not found
""".strip().split("\n")

NO_MAIL_THERE = """
556 5.1.10 Domain does not accept mail (nullMX)
Host dept.example does not offer mail service
The MX for dept.example points to "."
550 this host provides no SMTP service
554 5.4.4 [internal] Domain Lookup Failed: NXDOMAIN
550 5.1.2 Host unknown
Domain name not found
5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain
""".strip().split("\n")

COMMANDS = """
local delivery failed: pipe to |/usr/bin/filter returned 1
Command died with status 127: "/usr/bin/procmail". Command output: no such file or directory
Child process of virtual_transport transport returned 69 from command: /usr/bin/deliver
unable to execute /usr/lib/filter: No such file or directory
554 5.3.0 unknown mailer error 2
The delivery agent exited with status 75
""".strip().split("\n")


def judged(words: str, code: str = "") -> str:
    return reason_of(words, status=code or status_of(words), stated=bool(code))


@pytest.mark.parametrize("words", OUR_SENDER)
def test_that_our_sender_is_refused_is_not_the_recipients_fault(words: str) -> None:
    assert judged(words) not in HARD
    fields = f"Final-Recipient: rfc822; {NOBODY}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; {words}"
    assert said(status(fields, words=f"<{NOBODY}>: host mx said: {words} (in reply to MAIL FROM command)")) == (
        [NOBODY],
        False,
    )


@pytest.mark.parametrize("words", PASSES)
def test_what_passes_is_soft(words: str) -> None:
    assert judged(words, "5.4.4" if "5." not in words and "4." not in words else "") not in HARD or status_of(
        words
    ).startswith("4")


@pytest.mark.parametrize("words", NOBODY_THERE)
def test_an_address_that_nobody_has_is_hard(words: str) -> None:
    fields = f"Final-Recipient: rfc822; {NOBODY}\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; {words}"
    assert said(status(fields)) == ([NOBODY], True)


@pytest.mark.parametrize("words", NO_MAIL_THERE)
def test_a_host_that_takes_no_mail_is_hard(words: str) -> None:
    assert judged(words) in HARD


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_that_failed_is_soft(words: str) -> None:
    assert judged(words) not in HARD


def test_a_pipe_that_failed_names_the_address_that_it_stands_for() -> None:
    found = report(
        DAEMON,
        "Mail delivery failed: returning message to sender",
        f"The following address(es) failed:\n\n  pipe to |/opt/run/filter --quiet\n    generated by {NOBODY}\n\n"
        "The following text was generated during the delivery attempt:\n\nno such file: /home/kim/rules\n",
    )
    assert said(found) == ([NOBODY], False)


def bounced(kind: str, subtype: str, diagnosis: str = "") -> str:
    """Return a notice of Amazon SES."""
    recipient = {
        "emailAddress": NOBODY,
        "action": "failed",
        "status": "5.1.1" if diagnosis else "",
        "diagnosticCode": diagnosis,
    }
    bounce = {"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": [recipient]}
    return json.dumps({"notificationType": "Bounce", "bounce": bounce, "mail": {"messageId": "x"}})


@pytest.mark.parametrize(
    "notice,hard",
    [
        (bounced("Permanent", "General", "smtp; 550 5.1.1 user unknown"), True),
        (bounced("Permanent", "General"), True),
        (bounced("Transient", "MailboxFull"), False),
        (bounced("Transient", "General"), False),
        (bounced("Permanent", "Suppressed"), False),
    ],
)
def test_a_notice_of_ses_is_read_inside_the_envelope_of_sns(notice: str, hard: bool) -> None:
    envelope = json.dumps({"Type": "Notification", "TopicArn": "arn:x", "Message": notice}, indent=1)
    for words in (notice, envelope, f"{envelope}\n\n--\nIf you wish to stop receiving notifications, unsubscribe."):
        assert said(report("no-reply@sns.example", "AWS Notification Message", words)) == ([NOBODY], hard)
