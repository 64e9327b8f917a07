"""Words of a first mail are all the patron's: it answers nothing, so there is nothing to cut off but a signature."""

from __future__ import annotations

import pytest

from adapters.email.classify.reply_signs import subject_prefix
from adapters.email.codec import parse
from adapters.email.explain import verdict

WORDS = {
    "dashes": "Name: Jane\n--------------------\nQuestion:\nCan I renew my card until Friday?\n--------------------",
    "underscores": "I need two things.\n\n_____________________\nAn atlas of rivers\nA map of bridges\n\nThank you, Jane",
    "stars": "Order\n*****\nMoby Dick\n*****\nWalden",
    "equals": "Please compare\n=====================\nfirst edition 1851\nsecond edition 1852",
    "a quotation of one's own at the end": "Where is this from?\n\n> It was the best of times,\n> it was the worst of times",
    "a quotation between words": "I read:\n\n> Call me Ishmael.\n\nWhich book is it?",
    "a letter": "On 5 May 1890 Jane <jane@example.org> wrote:\n\n> Dear Ann\n\nWho was Ann?",
    "a pipe table": "Please order:\n\n| Title | Copies |\n|-------|--------|\n| Atlas | 2      |\n| Walden | 1 |",
    "a table without a last bar": "Please order:\n\n| Title | Copies\n| Atlas | 2\n| Walden | 1",
    "a pasted mail": "What does this mean?\n\nFrom: Ann <ann@example.org>\nSent: 5 May 2024 10:00\nSubject: Fee\n\nYou owe 5.",
    "a pasted forward": "FYI\n\n---------- Forwarded message ---------\nFrom: Ann <a@x.example>\nSubject: Hours\n\nOpen?",
}


def mail(subject: str, body: str, kind: str = "plain", header: str = "") -> bytes:
    head = f"From: Jane <jane@reader.example>\r\nTo: ask@library.example\r\nSubject: {subject}\r\n{header}"
    return (head + f"Message-ID: <a@reader.example>\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{body}").encode()


@pytest.mark.parametrize("kind", WORDS)
def test_all_words_of_a_first_mail_are_shown(kind: str) -> None:
    line = verdict(parse(mail("A question", WORDS[kind])))
    assert (line["text"], line["cut"]) == (WORDS[kind], "")


@pytest.mark.parametrize(
    "markup",
    [
        "<p>My order:</p><blockquote>II 4711<br>II 4712</blockquote>",
        '<p>My order:</p><blockquote class="gmail_quote">II 4711<br>II 4712</blockquote><p>Thanks</p>',
        '<p>My order:</p><blockquote type="cite">II 4711</blockquote><blockquote type="cite">II 4712</blockquote>',
    ],
)
def test_a_box_of_html_in_a_first_mail_is_shown(markup: str) -> None:
    text = parse(mail("A question", markup, "html")).text
    assert all(word in text for word in ("My order:", "II 4711", "II 4712"))


@pytest.mark.parametrize("below", ["-- \nJane Reader\nRoom 12", "--\nJane Reader\n+47 000", "\nSent from my iPhone"])
def test_a_signature_below_a_first_mail_is_cut_and_named(below: str) -> None:
    line = verdict(parse(mail("A question", f"Are you open?\n{below}")))
    assert line["text"] == "Are you open?"
    assert line["cut"].split() == below.split()


def test_a_list_below_two_dashes_is_no_signature() -> None:
    body = "I need\n--\nThe atlas of all the rivers of Europe, please.\nAnd a map."
    assert parse(mail("A question", body)).text == body


@pytest.mark.parametrize(
    "subject", ["Fwd: Hours", "WG: Hours", "TR : Hours", "[Ask] FW: Hours", "转发：Hours", "RV: Hours"]
)
def test_a_forward_is_shown_with_the_line_above_it(subject: str) -> None:
    body = "FYI\n\nFrom: Ann <ann@example.org>\nSent: 5 May 2024 10:00\nTo: Jane\nSubject: Hours\n\nAre you open?"
    mailed = parse(mail(subject, body, header="In-Reply-To: <b@x.example>\r\n"))
    assert mailed.text == body


@pytest.mark.parametrize(
    "subject,said",
    [
        ("Re: books", "reply"),
        ("RE[2]: books", "reply"),
        ("Re^3: books", "reply"),
        ("[Ask a librarian] AW: books", "reply"),
        ("Ynt: kitap", "reply"),
        ("VS: kirjat", "reply"),
        ("回复：书", "reply"),
        ("Re: Fwd: books", "reply"),
        ("Fwd: Re: books", "forward"),
        ("Question: books", ""),
        ("Books", ""),
        ("", ""),
    ],
)
def test_the_first_prefix_of_a_subject_says_what_a_mail_is(subject: str, said: str) -> None:
    assert subject_prefix(subject) == said


@pytest.mark.parametrize(
    "header",
    [
        "In-Reply-To: <b@library.example>\r\n",
        "References: <b@library.example>\r\n",
        "Thread-Index: AQHZpVZ9kQk0pJm9W0ei0XjL3Xh2XK+Xh2XK\r\n",
    ],
)
def test_a_reply_with_a_subject_of_its_own_is_known_by_its_header(header: str) -> None:
    body = "Thank you.\n\nOn 5 May 2024 at 10:00, Ann <ann@library.example> wrote:\n\n> Here it is."
    assert parse(mail("Thanks", body, header=header)).text == "Thank you."
    assert parse(mail("Thanks", body)).text == body


def test_what_is_hidden_is_told_line_by_line() -> None:
    body = "Hi\n\nThe second.\n\nOn 5 May 2024 at 10:00, Ann <ann@library.example> wrote:\n> Hi there\n> Which?"
    read = parse(mail("Re: books", body))
    assert read.text == "Hi\n\nThe second."
    assert read.hidden.split("\n") == body.split("\n")[4:]
    assert parse(mail("Re: books", "Hi\nThe second.")).hidden == ""
