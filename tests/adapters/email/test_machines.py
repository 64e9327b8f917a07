"""Machines told from people: rules of the headers, and people who write about machines."""

from __future__ import annotations

import pytest

from adapters.email.classify.failures import reason_of, status_of
from adapters.email.codec import parse


def kind(headers: str, body: str = "Hello") -> str:
    return parse(f"{headers}\r\nMessage-ID: <a@x>\r\n\r\n{body}".encode()).kind


@pytest.mark.parametrize(
    "headers,expected",
    [
        ("From: a@x.example\r\nAuto-Submitted: auto-generated", "auto"),
        ("From: a@x.example\r\nAuto-Submitted: no", "person"),
        ("From: a@x.example\r\nX-Autoreply: yes", "auto"),
        ("From: a@x.example\r\nX-Autoreply: no", "person"),
        ("From: no-reply@x.example", "auto"),
        ("From: a@x.example\r\nReturn-Path: <>", "auto"),
        ("From: a@x.example\r\nSubject: Automatic reply: your question", "auto"),
        ("From: a@x.example\r\nSubject: Abwesenheitsnotiz: Bücher", "auto"),
        ("From: a@x.example\r\nSubject: Réponse automatique : livres", "auto"),
        (
            "From: a@x.example\r\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b",
            "auto",
        ),
        ("From: a@x.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b", "complaint"),
        ("From: a@x.example\r\nList-Id: <books.x.example>", "list"),
        ("From: a@x.example\r\nPrecedence: list", "list"),
        ("From: a@x.example\r\nPrecedence: bulk", "auto"),
        ("From: MAILER-DAEMON@x.example\r\nSubject: Undelivered Mail Returned to Sender", "bounce"),
        ("From: a@x.example\r\nX-Failed-Recipients: b@y.example", "bounce"),
    ],
)
def test_headers_decide(headers: str, expected: str) -> None:
    assert kind(headers) == expected


@pytest.mark.parametrize(
    "subject,body",
    [
        ("Re: Undelivered Mail Returned to Sender", "I got this, the message could not be delivered. What shall I do?"),
        ("Delivery failure of my book order", "The following address is mine: a@b.example. It was not delivered."),
        ("My mailbox is full", "It says no such user."),
        ("Auto loan books", "Do you have any?"),
        ("Vacation reading list", "For August, please."),
        ("Out of office hours?", "When are you open?"),
        ("Automatic doors", "They do not open."),
    ],
)
def test_people_who_write_about_machines_are_people(subject: str, body: str) -> None:
    assert kind(f"From: Jane <jane@example.org>\r\nSubject: {subject}", body) == "person"


def test_a_postmaster_may_have_a_question() -> None:
    assert (
        kind("From: postmaster@farm.example\r\nSubject: rare books", "Have you quota statistics for farms?") == "person"
    )


@pytest.mark.parametrize(
    "said,reason",
    [
        (
            "550 5.1.1 <a@b.example>: Recipient address rejected: User unknown (in reply to RCPT TO command)",
            "no-such-user",
        ),
        ("550 Unknown user (in reply to end of DATA command)", "refused"),
        ("552 5.2.2 Mailbox full", "box-full"),
        ("550 5.2.1 The email account that you tried to reach is disabled", "suspended"),
        ("550 5.7.1 Message rejected as spam", "refused"),
        (
            "Host or domain name not found. Name service error for name=b.example type=MX: Host not found",
            "no-such-host",
        ),
        ("556 5.1.10 Domain does not accept mail (nullMX)", "accepts-no-mail"),
        ("552 5.3.4 Message size exceeds fixed limit", "too-large"),
        ("connect to b.example[192.0.2.1]:25: Connection timed out", "timed-out"),
        ("who knows", ""),
    ],
)
def test_reasons(said: str, reason: str) -> None:
    assert reason_of(said, status=status_of(said)) == reason


@pytest.mark.parametrize(
    "said,status",
    [
        ("550 5.1.1 unknown", "5.1.1"),
        ("host 192.0.2.1 said: 550 no", "5.0.0"),
        ("from [5.1.1.7] said 452 later", "4.0.0"),
        ("version 5.1.2.3", ""),
        ("554 5.0.0 then 550 5.2.2 full", "5.2.2"),
    ],
)
def test_status_codes_are_no_addresses_of_hosts(said: str, status: str) -> None:
    assert status_of(said) == status
