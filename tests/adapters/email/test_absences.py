"""Automatic answers that no header gives away, in many languages, and people whose subject sounds like one."""

from __future__ import annotations

import pytest

from adapters.email.classify.absence import is_absence
from adapters.email.codec import parse

BACK = "I will answer when I am back."

ANSWERS = """
Automatic reply: Books
Auto-Reply: Books
[Auto-Reply] Books
Books (out of office)
Vacation reply
Out of Office AutoReply: Books
Automatische Antwort: Bücher
Abwesenheitsnotiz: Bücher
Réponse automatique : livres
Respuesta automática: libros
Resposta automática: livros
Resposta automàtica: llibres
Risposta automatica: libri
Automatisch antwoord: boeken
Automatiskt svar: böcker
Automatisk svar: bøger
Autosvar
Automaattinen vastaus: kirjat
Automaatvastus: raamatud
Automātiska atbilde
Automatinis atsakymas: knygos
Odpowiedź automatyczna: książki
Automatická odpověď: knihy
Automatická odpoveď: knihy
Automatikus válasz: könyvek
Răspuns automat: cărți
Automatski odgovor: knjige
Samodejni odgovor: knjige
Автоматический ответ: книги
Автоматична відповідь: книги
Автоматичен отговор: книги
Αυτόματη απάντηση: βιβλία
Otomatik yanıt: kitaplar
תשובה אוטומטית: ספרים
رد تلقائي: كتب
自动答复: 书
自動回覆: 書
自動返信: 本
자동 회신: 책
Trả lời tự động: sách
Balasan otomatis: buku
ตอบกลับอัตโนมัติ
""".strip().split("\n")

ABSENCES = [
    ("Out of office", BACK),
    ("I'm away from the office", BACK),
    ("On annual leave until 5 May", BACK),
    ("AUTO: Jane ist außer Haus (returning 10.01.2021)", BACK),
    ("Abwesend: Bücher", "Ich bin ab 5. Mai wieder erreichbar."),
    ("Absent(e) du bureau : livres", "Je serai de retour lundi."),
    ("Fuera de la oficina: libros", "Regreso el lunes."),
    ("Ausente do escritório: livros", "Regresso na segunda-feira."),
    ("Fuori ufficio: libri", "Rientro lunedì."),
    ("Afwezig: boeken", "Ik ben maandag terug."),
    ("Frånvaro: böcker", "Jag är tillbaka på måndag."),
    ("Ikke til stede: bøger", "Jeg er tilbage mandag."),
    ("Poissa: kirjat", "Palaan maanantaina."),
    ("Nieobecny: książki", "Wracam w poniedziałek; jestem na urlopie."),
    ("Mimo kancelář", "Mám dovolenou."),
    ("Нет на работе", "Я в отпуске до понедельника."),
    ("Házon kívül: könyvek", "Szabadságon vagyok."),
    ("Ofis dışında: kitaplar", "Pazartesiye kadar iznim var, tatildeyim."),
    ("不在のお知らせ", "休暇のため不在です。"),
    ("부재 중: 책", "휴가입니다."),
]

PEOPLE = [
    ("Automatic reply needed?", "Do I have to answer?"),
    ("Re: Automatic reply: Books", "Thanks, I will wait. Or can somebody else help?"),
    ("Fwd: Out of Office: Books", "I got this from your colleague. Whom can I ask?"),
    ("Vacation messages in German", "Any grammar book?"),
    ("AUTO: a history of cars", "Do you own it?"),
    ("Abwesend", "Haben Sie diesen Roman?"),
    ("Afwezig", "Hebben jullie deze roman?"),
    ("Poissa, romaani", "Onko teillä?"),
    ("Nieobecność, powieść", "Macie?"),
    ("Ausente", "¿Tienen la novela?"),
    ("Nicht im Haus verfügbar?", "Ist das Buch da?"),
    ("How do I set an auto-reply in my account", "I cannot find it."),
    ("Absence of evidence", "Who said it?"),
    ("Away game tickets", "Where can I buy them?"),
]


def kind(subject: str, words: str) -> str:
    head = f"From: Jane <jane@example.org>\r\nSubject: {subject}\r\nMessage-ID: <a@x>"
    return parse(f"{head}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}".encode()).kind


@pytest.mark.parametrize("subject", ANSWERS)
def test_a_subject_that_says_so_is_a_program_s(subject: str) -> None:
    assert kind(subject, "Hello") == "auto"


@pytest.mark.parametrize("subject,words", ABSENCES)
def test_an_absence_needs_words_that_speak_of_it(subject: str, words: str) -> None:
    assert kind(subject, words) == "auto"
    assert not is_absence(subject, "x")


@pytest.mark.parametrize("subject,words", PEOPLE)
def test_people_are_people(subject: str, words: str) -> None:
    assert kind(subject, words) == "person"


def test_who_asks_about_a_report_is_no_report() -> None:
    asked = "I got 'Mail delivery failed' from your system. Why? My address is jane@example.org, error 550 5.1.1."
    assert kind("Mail delivery failed", asked) == "person"
