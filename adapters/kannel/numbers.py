"""Addresses of texts as carriers give them: E.164 numbers with or without a plus, short codes, and names in letters.

One patron is one address, however the carrier spells it (ITU-T E.164, libphonenumber): `+43 660 …`, `0043660…`, `43660…` and, where
the desk's country is known, `0660…` are the same. A name ("City Lib") can text, and cannot be answered.
"""

from __future__ import annotations

import re

import phonenumbers

_NUMBER = re.compile(r"\+[1-9]\d{4,14}|\d{3,8}", re.ASCII)
_NAMED = re.compile(r"[A-Za-z0-9][\x20-\x7e]{0,14}")
MAX_NAME = 64
_SHORT = 8  # digits of a short code at most


def address(given: str, country: str = "") -> str:
    """Return whom a text is from, the same for every spelling. Raises ValueError for what can be nobody."""
    given = given.strip()
    digits = re.sub(r"[ ()./-]", "", given) if not re.search(r"[A-Za-z]", given) else ""
    if digits.removeprefix("+").isascii() and digits.removeprefix("+").isdigit():
        return _number(digits, country)
    if given and given.isprintable() and len(given) <= MAX_NAME:
        return given
    raise ValueError("not the address of a text")


def _number(digits: str, country: str) -> str:
    if not digits.startswith(("+", "0")) and len(digits) <= _SHORT:
        return digits
    spellings = ["+" + digits[2:]] if digits.startswith("00") else [digits]
    if not digits.startswith(("+", "0")):
        spellings.append(f"+{digits}")
    for spelling in spellings:
        try:
            parsed = phonenumbers.parse(spelling, country or None)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(parsed):
            return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    raise ValueError("not a telephone number")


def answerable(address: str) -> bool:
    """Say whether a text can be sent to this address."""
    return _NUMBER.fullmatch(address) is not None


def named(address: str) -> bool:
    """Say whether this is a sender's name in letters (3GPP TS 23.040 9.1.2.5: at most 11 characters)."""
    return len(address) <= 11 and _NAMED.fullmatch(address) is not None and not address.isdigit()
