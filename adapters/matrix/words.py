"""What the account itself says in a room, in the library's language (`bridge/words/matrix.*.json`)."""

from __future__ import annotations

from bridge.contract import catalogues

CATALOGUE = "matrix"


def word(language: str, key: str) -> str:
    """Return a text in a language, in English where we have none."""
    return catalogues.say(CATALOGUE, catalogues.chosen(CATALOGUE, [language]), key)
