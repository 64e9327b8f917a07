"""What is answered is known by its shape, in languages that no table knows; and a patron's own words of a like shape stay.

The words of mail programs in these cases are invented (or written backwards): only dates, addresses, dashes, brackets and places
can tell.
"""

from __future__ import annotations

import pytest

from adapters.email.parse.markup import html_text
from adapters.email.trimming.trim import trim

NEW = "Yes, the second floor.\nAnd when do you open?"
OLD = "Which floor do you mean?\nJane"
QUOTED = "> Which floor do you mean?\n> Jane"

ABOVE_QUOTED = """
2024/6/13 North Library via Desk <ask@library.example>
13.06.2024 10:05 North Library <ask@library.example> etorw
No Thu, Jun 13, 2024 ta 10:05 AM North Library <ask@library.example> etorw:
North Library <ask@library.example> etorw
North Library schrieb am 13.06.2024
Thu 13 Jun 2024, 10:05 North Library:
Ann Doe (ask@library.example) kwam 13-6-2024 10:05:
---- No Thu, 13 Jun 2024 10:05:00 +0200 North Library etorw ----
""".strip().split("\n")
ABOVE_UNQUOTED = """
No Thu, Jun 13, 2024 ta 10:05 AM North Library <ask@library.example> etorw:
13.06.2024, 10:05 North Library <ask@library.example>
North Library <ask@library.example> etorw:
-----Egassem Lanigiro-----
-------- Egassem lanigiro --------
---------- Egassem dedrawrof ---------
---- North Library <ask@library.example> wrote ----
""".strip().split("\n")
BLOCKS = {
    "four labels": "Morf: North Library <ask@library.example>\nTnes: Thursday, June 13, 2024 10:05\nOt: Jane\nTcejbus: Floor",
    "date first": "Etad: 13.06.2024 10:05\nMorf: ask@library.example\nOt: jane@reader.example\nTcejbus: Floor",
    "bold": "*Morf:* North Library <ask@library.example>\n*Tnes:* 13 Jun 2024 10:05\n*Ot:* Jane",
    "two labels": "Morf: North Library <ask@library.example>\nEtad: Thu, 13 Jun 2024 10:05:00 +0200",
    "below a ruler": "________________________________\nMorf: North Library\nTnes: 13 June 2024\nOt: jane@reader.example",
    "below a line between dashes": "---- Egassem ----\nMorf: <ask@library.example>\nEtad: 13.06.2024 10.05\nOt: Jane",
}
BROKEN = [
    'Am 11.06.2024 09:41 schrieb "Auskunft Nord" <auskunft@library.example\n>:',
    "No Thu, Jun 13, 2024 ta 10:05 AM North Library <ask@library.example\n> etorw:",
    "No Thu, Jun 13, 2024 ta 10:05 AM North Library\n<ask@library.example> etorw:",
    "No Thu, 13 Jun 2024 ta 10:05 North Library\n\n> etorw:",
    "On Thu, Jun 13, 2024 at 10:05 AM North Library <\nask@library.example> wrote:",
]
INITIALS = [
    "C>\nC> One copy or two?\nC>",
    "NL> One copy or two?\nNL>\nNL> Jane",
    "Jane> One copy or two?\nJane> Jane",
    "＞ One copy or two?\n＞ Jane",
    "| One copy or two?\n| Jane",
    "&gt; One copy or two?\n&gt; Jane",
]


@pytest.mark.parametrize("line", ABOVE_QUOTED)
def test_the_line_above_a_quotation_goes_with_it(line: str) -> None:
    assert trim(f"{NEW}\n\n{line}\n\n{QUOTED}\n").text == NEW
    assert trim(f"{line}\n{QUOTED}\n\n{NEW}\n").text == NEW


@pytest.mark.parametrize("line", ABOVE_UNQUOTED)
def test_the_line_above_an_original_ends_the_words(line: str) -> None:
    assert trim(f"{NEW}\n\n{line}\n\n{OLD}\n").text == NEW


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_with_labels_that_nobody_taught_ends_the_words(name: str) -> None:
    assert trim(f"{NEW}\n\n{BLOCKS[name]}\n\n{OLD}\n").text == NEW


@pytest.mark.parametrize("sentence", BROKEN)
def test_a_sentence_broken_anywhere_goes_with_the_quotation(sentence: str) -> None:
    assert trim(f"{NEW}\n\n{sentence}\n\n{QUOTED}\n").text == NEW


@pytest.mark.parametrize("quoted", INITIALS)
def test_a_quotation_is_known_by_the_marks_of_its_lines(quoted: str) -> None:
    assert trim(f"{NEW}\n\n{quoted}\n").text == NEW


@pytest.mark.parametrize(
    "words",
    [
        "I was there on 13.06.2024 at 10:05.\n\nNobody was there, though. Ann Doe (ann@reader.example) saw it too.",
        "You can write to Ann <ann@reader.example> or to me.\n\nWe are both in the office.",
        "Name: Jane Reader\nE-mail: jane@reader.example\nCard: 12345\n\nIs that all?",
        "Title: Walden\nAuthor: Thoreau\nDate: 9 August 1854\n\nDo you own it?",
        "My visits:\n\n13.06.2024 10:05 map room\n14.06.2024 11:00 reading room\n\nCan I get a certificate?",
        "---- first ----\nWalden\n\n---- second ----\nMoby Dick",
        "a> 5 and b> 6 is what the exercise says",
        "| Title | Copies\n| Atlas | 2\n\nIs that right?",
        "Please order:\n\nTitle    Copies\n---------------\nAtlas    2\nBridges  1\n\nThe term begins soon. Is that early?",
        "These two:\n-----\nMoby Dick\nWalden\n-----\nDo you have them?",
    ],
)
def test_words_of_a_like_shape_stay_in_a_reply(words: str) -> None:
    assert trim(words).text == words


@pytest.mark.parametrize(
    "words", ["I read:\n> Call me Ishmael.\n\nWhich book is it?", "> Call me Ishmael.\n\nWhich book?"]
)
def test_a_quotation_that_nothing_announces_stays_between_words(words: str) -> None:
    assert trim(words).text == words


@pytest.mark.parametrize(
    "box",
    [
        '<div class="gmail_signature">{}</div>',
        '<div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature"><div>{}</div></div>',
        '<pre class="moz-signature" cols="72">-- \n{}</pre>',
        '<div id="Signature"><p>{}</p></div>',
        '<div id="ms-outlook-mobile-signature">{}</div>',
        '<div class="protonmail_signature_block protonmail_signature_block-user">{}</div>',
        '<div data-marker="__SIG_PRE__">{}</div>',
    ],
)
def test_a_box_that_html_names_a_signature_is_cut(box: str) -> None:
    signature = box.format("Mira Olsen<br>Room 12")
    below = f'<p>The blue one.</p>{signature}<div class="gmail_quote">On 5 May 2024 Ann wrote:<blockquote>Which?</blockquote></div>'
    assert trim(html_text(below), from_html=True).text == "The blue one."
    assert trim(html_text(f"<p>The blue one.</p>{signature}"), from_html=True, relation="first").text == "The blue one."
    asked = trim(html_text(f"<p>Hello</p>{box.format('Is it open?')}"), from_html=True, relation="first").text
    assert "Is it open?" in asked  # words typed inside the box
