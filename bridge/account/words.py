"""The words of the patron's page, by language; a language that lacks one says it in English."""

from __future__ import annotations

from collections.abc import Mapping

ENGLISH: Mapping[str, str] = {
    "title": "Show your library account",
    "lead": "{library} checks your card and PIN with its library system. They aren't kept, and the librarian never sees them.",
    "card": "Library card number",
    "pin": "PIN or password",
    "may": "The librarian may see",
    "loans": "my loans and holds, to renew or cancel them with me",
    "fees": "what I owe",
    "contact": "my name, address and telephone",
    "ends": "This ends after 30 minutes, when the chat ends, or when you say so here.",
    "send": "Check, and show",
    "choose": "Choose what the librarian may see.",
    "not-verified": "That card number and PIN don't belong together. Try again.",
    "locked": "Too many tries. Wait 15 minutes.",
    "locked-call": "Too many tries. Wait 15 minutes, or call {telephone}.",
    "unreachable": "The library system doesn't answer right now. Try again in a moment.",
    "gone-title": "This link doesn't work any more",
    "gone": "It works once, for ten minutes, and only while your conversation goes on. Ask the librarian for another one.",
    "done-title": "The librarian can see your account now",
    "done": "You allowed: {what}. It ends at {until}.",
    "end": "End it now",
    "ended-title": "It has ended",
    "ended": "The librarian can't see your account any more.",
}

GERMAN: Mapping[str, str] = {
    "title": "Ihr Bibliothekskonto zeigen",
    "lead": "{library} prüft Ausweis und PIN im Bibliothekssystem. Beides wird nicht gespeichert; die Auskunft sieht es nie.",
    "card": "Nummer des Bibliotheksausweises",
    "pin": "PIN oder Passwort",
    "may": "Die Auskunft darf sehen",
    "loans": "meine Ausleihen und Vormerkungen, um sie mit mir zu verlängern oder zu löschen",
    "fees": "meine Gebühren",
    "contact": "meinen Namen, meine Anschrift und Telefonnummer",
    "ends": "Das endet nach 30 Minuten, mit dem Gespräch, oder sobald Sie es hier beenden.",
    "send": "Prüfen und zeigen",
    "choose": "Wählen Sie, was die Auskunft sehen darf.",
    "not-verified": "Ausweisnummer und PIN passen nicht zusammen. Versuchen Sie es noch einmal.",
    "locked": "Zu viele Versuche. Warten Sie 15 Minuten.",
    "locked-call": "Zu viele Versuche. Warten Sie 15 Minuten oder rufen Sie {telephone} an.",
    "unreachable": "Das Bibliothekssystem antwortet gerade nicht. Versuchen Sie es gleich noch einmal.",
    "gone-title": "Dieser Link gilt nicht mehr",
    "gone": "Er gilt einmal, zehn Minuten lang und nur während des Gesprächs. Bitten Sie um einen neuen.",
    "done-title": "Die Auskunft kann Ihr Konto jetzt sehen",
    "done": "Sie haben erlaubt: {what}. Das endet um {until}.",
    "end": "Jetzt beenden",
    "ended-title": "Beendet",
    "ended": "Die Auskunft kann Ihr Konto nicht mehr sehen.",
}

LANGUAGES: Mapping[str, Mapping[str, str]] = {"en": ENGLISH, "de": GERMAN}


def language_of(accepted: str, otherwise: str) -> str:
    """Return the first language of an Accept-Language header that there is, else the library's, else English."""
    wanted = [part.split(";")[0].strip()[:2].lower() for part in accepted.split(",")[:10]]
    return next((one for one in [*wanted, otherwise[:2].lower()] if one in LANGUAGES), "en")


def say(language: str, key: str, **values: str) -> str:
    """Return one text with its values filled in."""
    return LANGUAGES.get(language, ENGLISH).get(key, ENGLISH[key]).format(**values)
