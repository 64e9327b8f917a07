"""The words of the patron's page, by language (`bridge/words/account.*.json`); a language that lacks one says it in English."""

from __future__ import annotations

from bridge.contract import catalogues

CATALOGUE = "account"


def language_of(accepted: str, otherwise: str) -> str:
    """Return the first language of an Accept-Language header that there is, else the library's, else English."""
    wanted = [part.split(";")[0].strip() for part in accepted.split(",")[:10]]
    return catalogues.chosen(CATALOGUE, [*wanted, otherwise])


def say(language: str, key: str, **values: str) -> str:
    """Return one text with its values filled in."""
    return catalogues.say(CATALOGUE, catalogues.chosen(CATALOGUE, [language]), key, **values)
