"""What is new in an answer, in the words of many mail programs and languages."""

from __future__ import annotations

import pytest

from adapters.email.parse.markup import html_text
from adapters.email.trimming.trim import trim

NEW = "Thank you, one more question.\nWhen do you open?"

SENTENCES = """
On Tue, Jan 5, 2021 at 10:15 AM Jane Doe <jane@example.org> wrote:
On 05/01/2021 10:15, Jane Doe wrote:
Le mar. 5 janv. 2021 à 10:15, Jane Doe <jane@example.org> a écrit :
Am Di., 5. Jan. 2021 um 10:15 Uhr schrieb Jane Doe <jane@example.org>:
Am 05.01.2021 um 10:15 schrieb Jane Doe:
El mar, 5 ene 2021 a las 10:15, Jane Doe (<jane@example.org>) escribió:
Il giorno mar 5 gen 2021 alle ore 10:15 Jane Doe <jane@example.org> ha scritto:
Em ter., 5 de jan. de 2021 às 10:15, Jane Doe <jane@example.org> escreveu:
Op di 5 jan. 2021 om 10:15 schreef Jane Doe <jane@example.org>:
Den tis 5 jan. 2021 kl 10:15 skrev Jane Doe <jane@example.org>:
ti 5. tammik. 2021 klo 10.15 Jane Doe (jane@example.org) kirjoitti:
wt., 5 sty 2021 o 10:15 Jane Doe <jane@example.org> napisał(a):
út 5. 1. 2021 v 10:15 odesílatel Jane Doe <jane@example.org> napsal:
вт, 5 янв. 2021 г. в 10:15, Jane Doe <jane@example.org>:
5 Oca 2021 Sal, 10:15 tarihinde Jane Doe <jane@example.org> şunu yazdı:
Στις Τρί, 5 Ιαν 2021 στις 10:15 π.μ., ο/η Jane Doe <jane@example.org> έγραψε:
Jane Doe <jane@example.org> ezt írta (időpont: 2021. jan. 5., K, 10:15):
Jane Doe <jane@example.org> 于2021年1月5日周二 上午10:15写道：
2021年1月5日(火) 10:15 Jane Doe <jane@example.org>:
2021년 1월 5일 (화) 오전 10:15, Jane Doe <jane@example.org>님이 작성:
-----Original Message-----
-------- Ursprüngliche Nachricht --------
---------- Forwarded message ---------
Début du message réexpédié :
---- On Tue, 05 Jan 2021 10:15:00 +0000 Jane Doe <jane@example.org> wrote ----
""".strip().split("\n")

BLOCKS = {
    "en": "From: Jane Doe <jane@example.org>\nSent: Tuesday, January 5, 2021 10:15\nTo: Ask\nSubject: Books",
    "de": "Von: Jane Doe <jane@example.org>\nGesendet: Dienstag, 5. Januar 2021 10:15\nAn: Ask\nBetreff: Bücher",
    "fr": "De : Jane Doe <jane@example.org>\nEnvoyé : mardi 5 janvier 2021 10:15\nÀ : Ask\nObjet : Livres",
    "es": "De: Jane Doe <jane@example.org>\nEnviado: martes, 5 de enero de 2021 10:15\nPara: Ask\nAsunto: Libros",
    "it": "Da: Jane Doe <jane@example.org>\nInviato: martedì 5 gennaio 2021 10:15\nA: Ask\nOggetto: Libri",
    "sv": "Från: Jane Doe <jane@example.org>\nSkickat: den 5 januari 2021 10:15\nTill: Ask\nÄmne: Böcker",
    "pl": "Od: Jane Doe <jane@example.org>\nWysłano: wtorek, 5 stycznia 2021\nDo: Ask\nTemat: Książki",
    "ru": "От: Jane Doe <jane@example.org>\nОтправлено: 5 января 2021 г.\nКому: Ask\nТема: Книги",
    "zh": "发件人: Jane Doe <jane@example.org>\n发送时间: 2021年1月5日\n收件人: Ask\n主题: 书",
    "bold": "*From:* Jane Doe <jane@example.org>\n*Sent:* Tuesday\n*To:* Ask\n*Subject:* Books",
}

DEVICES = """
Sent from my iPhone
Sent from my Samsung Galaxy smartphone.
Sent from Yahoo Mail on Android
Get Outlook for iOS<https://aka.ms/o0ukef>
Von meinem iPhone gesendet
Envoyé de mon iPhone
Enviado desde mi iPhone
Inviato da iPhone
Verstuurd vanaf mijn iPhone
Skickat från min iPhone
Sendt fra min iPhone
Lähetetty iPhonesta
Wysłane z iPhone'a
Отправлено с iPhone
iPhoneから送信
""".strip().split("\n")


@pytest.mark.parametrize("sentence", SENTENCES)
@pytest.mark.parametrize("old", ["> You asked before\n> about books", "You asked before\nabout books."])
def test_what_follows_the_sentence_of_a_mail_program_is_old(sentence: str, old: str) -> None:
    assert trim(f"{NEW}\n\n{sentence}\n\n{old}\n").text == NEW


@pytest.mark.parametrize("language", BLOCKS)
def test_what_follows_a_block_of_headers_is_old(language: str) -> None:
    assert trim(f"{NEW}\n\n{BLOCKS[language]}\n\nYou asked before.\n").text == NEW


@pytest.mark.parametrize("line", DEVICES)
def test_what_a_telephone_adds_is_not_the_patrons(line: str) -> None:
    assert trim(f"{NEW}\n\n{line}\n").text == NEW
    assert trim(f"{NEW}\n\n{line}\n\nOn 5 Jan 2021, at 10:15, Jane <j@example.org> wrote:\n\n> old\n").text == NEW


@pytest.mark.parametrize(
    "words",
    [
        "On the other hand, I wrote to you on 5 May.\nDid you get it?",
        "As I wrote:\nthe book is late.",
        "From: the desk of my uncle I have a map. Is it old?",
        "Date: 5 May\nTime: 10:00\nPlace: reading room",
        "Sent from my desk, far from any phone.",
        "The options are:\n-- paper\n-- film",
        "I saw this today -- it is wonderful.",
        "Books\n=====\nare what I need.",
        "a > b and b < c",
        "| name | year |\n| Ann  | 1999 |",
        "```\n# ----\n----\n> x\n```\nIs this code right?",
        "Please compare:\n2024-01-15 14:30\n15.01.2024 14:30",
    ],
)
def test_what_only_looks_like_a_quotation_stays(words: str) -> None:
    assert trim(words).text == words


def test_an_answer_below_the_quotation_is_new() -> None:
    assert trim("On 5 Jan 2021 10:15, Ann wrote:\n> When?\n\nTomorrow at ten.\n").text == "Tomorrow at ten."


def test_answers_between_quotations_keep_what_they_answer() -> None:
    text = "On 5 Jan 2021 10:15, Ann wrote:\n> When?\n\nTomorrow.\n\n> Where?\n\nHere.\n\n> Bye\n> Ann\n"
    assert trim(text).text == "> When?\n\nTomorrow.\n\n> Where?\n\nHere."


def test_a_sentence_broken_over_lines_is_one() -> None:
    text = f"{NEW}\n\nOn Tue, Jan 5, 2021 at 10:15 AM A Very Long Name <\na.very.long.name@library.example>\nwrote:\n\n> old\n"
    assert trim(text).text == NEW


def test_only_a_quotation_is_nothing_new_and_only_a_forward_is_shown() -> None:
    assert trim("> old\n> older\n").text == ""
    forward = "---------- Forwarded message ---------\nFrom: Ann <a@x.example>\nSubject: Books\n\nLook at this.\n"
    assert trim(forward).text == forward.strip()


def test_signatures_and_footers_of_lists_are_cut() -> None:
    assert trim(f"{NEW}\n-- \nJane Doe\nphone 123").text == NEW
    assert (
        trim(f"{NEW}\n\n_______________________________________________\nlist mailing list\nlist@x.example\n").text
        == NEW
    )


@pytest.mark.parametrize(
    "markup",
    [
        '<div>{}</div><div class="gmail_quote">On 5 Jan 2021 Ann wrote:<blockquote type="cite">old</blockquote></div>',
        '<p>{}</p><blockquote type="cite">old</blockquote>',
        '<p>{}</p><div id="divRplyFwdMsg"><b>From:</b> Ann<br><b>Sent:</b> today<br></div><div>old</div>',
        '<p>{}</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p>old</p></div>',
        '<p>{}</p><div class="yahoo_quoted">old</div>',
        "<p>{}</p><hr><b>From: </b>a@x.example<br><b>To: </b>b@x.example<br><b>Subject: </b>Hello<br><br>old",
    ],
)
def test_html_of_many_programs(markup: str) -> None:
    assert trim(html_text(markup.format("My question")), from_html=True).text == "My question"


HOSTILE = {
    "sentences": "On 1 Jan 2021 at 10:00 a@b.c\n" * 20_000,
    "verbs": "wrote:\n" * 30_000,
    "labels": "From: a\n" * 30_000,
    "quotes": "> a\n" * 50_000,
    "dashes": "-" * 300_000,
    "brackets": "<" * 300_000 + "@" * 1000 + ":",
    "one line": "On 1 Jan 2021 " + "a@b " * 50_000 + "wrote:",
    "armour": "-----BEGIN PGP SIGNATURE-----\n" * 10_000,
    "spaces": " " * 300_000 + "\n" + "\t" * 100_000,
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.timeout(60)
def test_no_text_costs_more_than_its_length(kind: str) -> None:
    """The limit of the test is generous; what was quadratic here took minutes."""
    assert len(trim(HOSTILE[kind]).text) <= len(HOSTILE[kind])
