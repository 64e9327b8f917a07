"""The words of a patron's file and of the page that gives it (`bridge/words/owndata.*.json`)."""

from __future__ import annotations

from bridge.contract import catalogues

CATALOGUE = "owndata"


def spoken(language: str) -> str:
    """Return the language in which there are these words, for a reader of `language`."""
    return catalogues.chosen(CATALOGUE, [language])


def say(language: str, key: str, **values: object) -> str:
    """Return one text with its values filled in; English where the language has none."""
    return catalogues.say(CATALOGUE, spoken(language), key, **values)
