"""Which mails open a conversation by themselves, whom an answer goes to, and what gets no automatic answer."""

from __future__ import annotations

import pytest

from adapters.email.codec import mint_reply as mint
from adapters.email.codec import parse, read_reply
from adapters.email.mail import Mail

OWN = ("ask@library.example", "info@library.example")
JANE = "jane@reader.example"


def mail(headers: str, body: str = "Are you open on Sunday?", subject: str = "Opening hours") -> Mail:
    """Return a mail to the mailbox; headers that are given stand in the place of the usual ones."""
    usual = {"From": f"Jane Reader <{JANE}>", "To": OWN[0], "Subject": subject, "Message-ID": "<t@reader.example>"}
    given = {line.partition(":")[0].lower() for line in headers.split("\n")}
    head = [f"{name}: {value}" for name, value in usual.items() if name.lower() not in given]
    lines = [line for line in headers.split("\n") if line]
    return parse("\r\n".join([*lines, *head, "", body, ""]).encode(), own=OWN)


def silent(found: Mail) -> bool:
    """Whether the desk itself answers nothing."""
    path = read_reply(mint(found, OWN))
    return path is not None and path.machine


FORMS = [
    "From: Library website <noreply@library.example>\nReply-To: Jane Reader <jane@reader.example>",
    "From: WordPress <wordpress@library.example>\nReply-To: jane@reader.example",
    "From: Ask <ask@library.example>\nReply-To: Jane <jane@reader.example>",
    "From: ASK+form@Library.example\nReply-To: jane@reader.example",
    "From: no-reply@forms.example\nReply-To: jane@reader.example\nAuto-Submitted: auto-generated",
    "From: do-not-reply@forms.example\nReply-To: jane@reader.example\nPrecedence: bulk",
    "From: www-data@www.library.example\nReply-To: jane@reader.example\nAuto-Submitted: auto-generated\nPrecedence: bulk",
    "From: no_reply@forms.example\nReply-To: ask@library.example, jane@reader.example",
    "From: jane@reader.example\nAuto-Submitted: auto-generated\nX-Mailer: PHPMailer 6.9.1",
]


@pytest.mark.parametrize("headers", FORMS)
def test_web_forms_are_questions_of_the_person_who_filled_them_in(headers: str) -> None:
    found = mail(headers)
    assert (found.taken, found.patron.address, found.own) == (True, JANE, False), found.filters


GROUP = "Precedence: list\nMailing-list: list ask@library.example; contact ask+o@library.example\nList-ID: <ask.library.example>"
LISTS = [
    f"{GROUP}\nX-Original-Sender: jane@reader.example\nList-Unsubscribe: <mailto:x@googlegroups.com>",
    f"{GROUP}\nFrom: 'Jane Reader' via Ask <ask@library.example>\nReply-To: Jane Reader <jane@reader.example>",
    f"{GROUP}\nFrom: 'Jane' via Ask <ask@library.example>\nX-Original-From: Jane <jane@reader.example>",
    f"{GROUP}\nFrom: 'Jane' via Ask <ask@library.example>\nReply-To: ask@library.example\nX-Original-Sender: jane@reader.example",
    "From: Jane via Questions <questions@library.example>\nReply-To: jane@reader.example\nList-Id: <questions.library.example>",
    "List-Id: Questions <questions.lists.library.example>\nList-Post: <mailto:questions@lists.library.example>",
    "List-Post: <mailto:ask@library.example>\nX-BeenThere: ask@library.example",
]


@pytest.mark.parametrize("headers", LISTS)
def test_a_list_in_front_of_the_mailbox_hides_nobody(headers: str) -> None:
    found = mail(headers)
    assert (found.taken, found.kind, found.patron.address) == (True, "person", JANE), found.filters
    assert silent(found)


PASSED_ON = [
    "Resent-From: <desk@library.example>\nAuto-Submitted: auto-generated\n"
    "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
    "X-MS-Exchange-Inbox-Rules-Loop: desk@library.example\nAuto-Submitted: auto-generated",
    "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
    "X-Forwarded-To: ask@library.example\nX-Forwarded-For: desk@library.example\nAuto-Submitted: auto-forwarded",
    "X-Auto-Response-Suppress: All",
    "X-Auto-Response-Suppress: DR, OOF, AutoReply",
    "Return-Path: <>",
    "Return-Path: <SRS0=x=y=reader.example=jane@forward.example>",
    "Precedence: bulk",
    "Precedence: list",
    "X-Loop: desk@library.example",
]


@pytest.mark.parametrize("headers", PASSED_ON)
def test_rules_forwarders_and_wishes_for_silence_open_a_conversation(headers: str) -> None:
    found = mail(headers)
    assert (found.taken, found.patron.address) == (True, JANE), found.filters
    assert silent(found) or "SRS0" in headers


ASIDE = [
    ("Auto-Submitted: auto-replied", "automatic"),
    ("Auto-Submitted: auto-generated\nFrom: Backup <backup@server.example>", "automatic"),
    ("Subject: Automatic reply: Opening hours", "automatic"),
    ("From: noreply@shop.example", "notice"),
    ("From: News <noreply@shop.example>\nReply-To: noreply@shop.example", "notice"),
    ("List-Id: <debian-user.lists.debian.example>\nList-Post: <mailto:debian-user@lists.debian.example>", "list"),
    ("From: Shop <news@shop.example>\nList-Unsubscribe: <https://shop.example/u>", "list"),
    ("From: Ask <ask@library.example>", "own"),
    ("From: MAILER-DAEMON@mx.example\nSubject: Undelivered Mail Returned to Sender", "report"),
    ("X-Failed-Recipients: kim@dept.example", "report"),
    ("Content-Type: multipart/report; report-type=feedback-report; boundary=b", "complaint"),
]


@pytest.mark.parametrize("headers,why", ASIDE)
def test_what_only_programs_send_is_set_aside_with_the_reason(headers: str, why: str) -> None:
    found = mail(headers)
    assert (found.taken, found.aside) == (False, why), found.filters


REPLY = "In-Reply-To: <db.daaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@library.example>"
PEOPLE = [
    ("Rapport annuel", "Où trouver le rapport annuel 2024 ?", ""),
    ("impossible de me connecter", "Le catalogue ne marche pas.", ""),
    ("Article rejected", "The database says: access rejected, error 550.", "From: Jane <jane@gateway.example>"),
    ("Returning two books", "They were returned to sender by the post office.", "From: jane@mail-delivery.example"),
    ("Bounce houses", "Any books? user unknown to me.", "From: Bounce <jane@bounce-house.example>"),
    (
        "My quota",
        "My mailbox is full and you could not be delivered to me. Help?",
        "From: Postmaster <postmaster@farm.example>",
    ),
    ("Undeliverable book order", "The following address is wrong: 12 Main Street.", ""),
    ("Mail delivery to my village", "Is there a mobile library?", "From: Administrator <administrator@school.example>"),
    ("Delivery failed", "You sent me two books; the delivery failed. 550 - what does it mean?", ""),
    ("Re: Your question", "It bounced: 550 5.1.1 user unknown. What now?", REPLY),
    ("Re: Undelivered Mail Returned to Sender", "The following address failed:\nkim@dept.example: 550 5.1.1", REPLY),
    ("Re: loans", "Thank you", f"{REPLY}\nFrom: Postmaster <postmaster@farm.example>"),
    ("Fwd: failure notice", "What is this?\n\n<loans@library.example>:\n550 5.1.1 user unknown", ""),
    (
        "WG: Unzustellbar",
        "Warum?\n\nFrom: MAILER-DAEMON@x.example\nloans@library.example: 550 5.1.1",
        "Return-Path: <>",
    ),
    (
        "Undelivered Mail Returned to Sender",
        "I got this from you:\n\n<loans@library.example>: host mx said: 550 5.1.1 user unknown\n\nReceived: from a by b",
        "",
    ),
    ("Complaint about noise", "It is loud in the reading room.", ""),
    ("On holiday: can I renew from abroad", "I am travelling and cannot return my books until Monday.", ""),
    ("Im Urlaub", "Ich bin bis Montag im Urlaub. Können Sie die Leihfrist verlängern?", ""),
    ("Im Urlaub: Verlängerung", "Ich bin im Urlaub, bitte meine Bücher verlängern.", ""),
    ("Absence of a book in the catalogue", "It was there before I went away. Can you look?", ""),
    ("Absence d'un livre", "Il était là avant les vacances.", ""),
    ("En congés jusqu'à lundi", "Puis-je prolonger mes livres ?", ""),
    ("Out of office hours pick-up", "Can I pick up books when I am back on Monday?", ""),
    ("Away until May", "I am away until May. Please keep my hold.", ""),
    ("On leave next term: remote access", "Does my card open the databases while I am on leave?", ""),
    ("De vacaciones", "Estoy fuera de la ciudad. ¿Puedo renovar el préstamo?", ""),
    ("Vacation message in Latin", "How do I say it?", ""),
    ("Abwesend am Freitag", "Ich bin am Freitag abwesend und kann mein Buch nicht abholen.", ""),
]


@pytest.mark.parametrize("subject,body,headers", PEOPLE)
def test_people_are_not_taken_for_machines_by_their_words(subject: str, body: str, headers: str) -> None:
    found = mail(f"{headers}\nContent-Type: text/plain; charset=utf-8".strip(), body, subject)
    assert (found.taken, found.kind) == (True, "person" if "Return-Path" not in headers else found.kind), found.filters
    assert found.bounce is None


def attached(sender: str, kind: str, *more: str) -> Mail:
    """Return a mail that carries a delivery status report as a part."""
    parts = (
        "--b\r\nContent-Type: text/plain\r\n\r\nWhy does this come back?\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
        "Final-Recipient: rfc822; loans@library.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    head = [
        f"From: {sender}",
        "To: ask@library.example",
        "Message-ID: <f@x>",
        *more,
        f"Content-Type: {kind}; boundary=b",
    ]
    return parse("\r\n".join([*head, "", parts]).encode(), own=OWN)


def test_a_report_that_a_person_forwards_as_parts_is_the_persons() -> None:
    found = attached(
        "Jane <jane@reader.example>", "multipart/mixed", "Subject: Fwd: Undelivered Mail Returned to Sender"
    )
    assert (found.kind, found.taken, found.bounce) == ("person", True, None), found.filters


def test_a_report_is_proven_by_its_form_or_by_its_sender_and_parts() -> None:
    form = attached("Jane <jane@reader.example>", "multipart/report; report-type=delivery-status")
    sender = attached("MAILER-DAEMON@mx.example", "multipart/mixed")
    assert (form.kind, form.proven) == (sender.kind, sender.proven) == ("bounce", True)


def test_a_report_in_words_is_a_report_and_proves_nothing() -> None:
    found = mail(
        "From: Mail Delivery System <Mailer-Daemon@mx.example>\nSubject: Mail delivery failed: returning message to sender",
        "The following address(es) failed:\n\n  kim@dept.example\n    550 User unknown\n",
    )
    assert (found.kind, found.aside, found.proven) == ("bounce", "report", False)


VOICEMAILS = [
    ("X-Asterisk-VM-Caller-ID-Num: +14155550123\nX-Asterisk-VM-Duration: 0:42", "+14155550123"),
    ('X-Asterisk-CallerID: "Jane" <4155550123>\nAuto-Submitted: auto-generated', "4155550123"),
    ("Message-Context: voice-message\nPrecedence: bulk", ""),
    ("X-Asterisk-VM-Caller-ID-Num: anonymous\nAuto-Submitted: auto-generated", ""),
]


@pytest.mark.parametrize(("headers", "caller"), VOICEMAILS)
def test_a_voicemail_that_a_telephone_system_sends_on_is_taken_and_names_the_caller(headers: str, caller: str) -> None:
    """A person waits behind it, whatever the system says about its own mail; nobody answers the system by a machine."""
    found = mail(f"From: asterisk@pbx.library.example\n{headers}", "Dear library, you have a new voicemail.")
    assert found.taken
    assert "voicemail" in found.marks
    assert found.caller == caller
    assert silent(found) or found.quiet
