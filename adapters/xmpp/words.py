"""What the buddy itself says: its status and a few notices, in the library's language (`bridge/words/xmpp.*.json`).

`{when}` is a time, `{minutes}` a number.
"""

from __future__ import annotations

from datetime import datetime

from babel import Locale
from babel.dates import format_date

from bridge.contract import catalogues

CATALOGUE = "xmpp"


def speech(language: str) -> str:
    """Return the nearest language that we speak."""
    return catalogues.chosen(CATALOGUE, [language])


def word(language: str, key: str, **values: object) -> str:
    """Return what the buddy says."""
    return catalogues.say(CATALOGUE, speech(language), key, **values)


def weekday(language: str, moment: datetime) -> str:
    """Return the name of a day of the week (CLDR)."""
    return str(format_date(moment.date(), "EEEE", locale=Locale.parse(speech(language), sep="-")))
