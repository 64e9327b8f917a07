"""The letters that stand for a library where its name has no room: beside the chat, on its page, in the inbox.

They are two initials, "NP" for "Northfield Public Library", written in the library's accent. A script without capitals has no
initials: there it is the first character.
"""

from __future__ import annotations

import unicodedata

LETTERS = 2
OPENING = "'\"“„«(¡¿"  # signs before a word's first letter


def emblem(name: str) -> str:
    """Return one or two capital letters for a library's name, "" for a name without letters or digits."""
    stripped = (word.lstrip(OPENING) for word in name.replace("-", " ").split())
    words = [word for word in stripped if word and word[0].isalnum()]
    if not words:
        return ""
    if unicodedata.category(words[0][0]) == "Lo":
        return words[0][0]
    chief = [word for word in words if not word[0].islower()] or words
    return "".join(word[0].upper()[0] for word in chief[:LETTERS])
