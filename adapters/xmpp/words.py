"""What the buddy itself says: its status and a few notices, in the library's language. Tables only.

To teach a language, add its column. `{when}` is a time, `{minutes}` a number.
"""

from __future__ import annotations

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "here": "Ask a librarian",
        "busy": "All librarians are busy, about {minutes} min",
        "all-busy": "All librarians are busy",
        "away": "No librarian is here right now: leave a message",
        "closed": "Closed: leave a message",
        "opens": "Closed, opens {when}",
        "zone": "{place} time",
        "sealed": "We can't read encrypted messages here. Please turn off encryption for this chat and write again.",
        "rooms": "The library doesn't join rooms. Please write to this address.",
        "too-long": "This message is too long. Please send it in parts.",
        "later": "The desk can't take messages right now. Please send this again in a minute.",
        "slowly": "Too many messages at once. Please wait a moment and send this again.",
        "file": "The file couldn't be fetched.",
        "retracted": "(took back an earlier message)",
        "reaction-removed": "(took back a reaction)",
    },
    "de": {
        "here": "Fragen Sie die Bibliothek",
        "busy": "Alle sind im Gespräch, etwa {minutes} Min.",
        "all-busy": "Alle sind im Gespräch",
        "away": "Gerade ist niemand da: hinterlassen Sie eine Nachricht",
        "closed": "Geschlossen: hinterlassen Sie eine Nachricht",
        "opens": "Geschlossen, öffnet {when}",
        "zone": "Ortszeit {place}",
        "sealed": "Verschlüsselte Nachrichten können wir hier nicht lesen. Bitte schalten Sie die Verschlüsselung für"
        " diesen Chat aus und schreiben Sie noch einmal.",
        "rooms": "Die Bibliothek betritt keine Chaträume. Bitte schreiben Sie an diese Adresse.",
        "too-long": "Diese Nachricht ist zu lang. Bitte senden Sie sie in Teilen.",
        "later": "Im Augenblick kann nichts angenommen werden. Bitte senden Sie dies in einer Minute noch einmal.",
        "slowly": "Zu viele Nachrichten auf einmal. Bitte warten Sie kurz und senden Sie dies noch einmal.",
        "file": "Die Datei konnte nicht geholt werden.",
        "retracted": "(hat eine frühere Nachricht zurückgezogen)",
        "reaction-removed": "(hat eine Reaktion zurückgezogen)",
    },
    "fr": {
        "here": "Posez vos questions à la bibliothèque",
        "busy": "Tous nos bibliothécaires sont occupés, environ {minutes} min",
        "all-busy": "Tous nos bibliothécaires sont occupés",
        "away": "Personne n’est là en ce moment : laissez un message",
        "closed": "Fermé : laissez un message",
        "opens": "Fermé, ouvre {when}",
        "zone": "heure de {place}",
        "sealed": "Nous ne pouvons pas lire les messages chiffrés. Désactivez le chiffrement pour cette conversation,"
        " puis écrivez de nouveau.",
        "rooms": "La bibliothèque ne rejoint pas de salons. Écrivez à cette adresse.",
        "too-long": "Ce message est trop long. Envoyez-le en plusieurs parties.",
        "later": "Rien ne peut être reçu pour l’instant. Renvoyez ce message dans une minute.",
        "slowly": "Trop de messages à la fois. Attendez un instant et renvoyez celui-ci.",
        "file": "Le fichier n’a pas pu être récupéré.",
        "retracted": "(a retiré un message précédent)",
        "reaction-removed": "(a retiré une réaction)",
    },
    "es": {
        "here": "Pregunte a la biblioteca",
        "busy": "Todo el personal está ocupado, unos {minutes} min",
        "all-busy": "Todo el personal está ocupado",
        "away": "Ahora no hay nadie: deje un mensaje",
        "closed": "Cerrado: deje un mensaje",
        "opens": "Cerrado, abre {when}",
        "zone": "hora de {place}",
        "sealed": "Aquí no podemos leer mensajes cifrados. Desactive el cifrado en esta conversación y escriba de nuevo.",
        "rooms": "La biblioteca no entra en salas. Escriba a esta dirección.",
        "too-long": "Este mensaje es demasiado largo. Envíelo en partes.",
        "later": "En este momento no se puede recibir nada. Envíe esto de nuevo en un minuto.",
        "slowly": "Demasiados mensajes a la vez. Espere un momento y envíe este de nuevo.",
        "file": "No se pudo obtener el archivo.",
        "retracted": "(ha retirado un mensaje anterior)",
        "reaction-removed": "(ha retirado una reacción)",
    },
}
DAYS: dict[str, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}


def speech(language: str) -> str:
    """Return the nearest language that we speak."""
    short = language.replace("_", "-").partition("-")[0].lower()
    return short if short in WORDS else "en"


def word(language: str, key: str, **values: object) -> str:
    """Return what the buddy says."""
    return WORDS[speech(language)][key].format(**values)
