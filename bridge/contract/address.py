"""Whether a text is a mail address or a telephone number that we can write to: the one answer for forms, adapters and the core.

`ui/address.ts` is the same rule in the browser: both are tested on the examples of `tests/addresses.json`.
Other patterns in the adapters search for addresses inside a text, such as a quoted line or a bounce. They do not decide whether an
address is valid.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

MAX_ADDRESS = 254  # characters of a mail address (RFC 5321 4.5.3.1)
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@((?!-)[\w-]{1,63}(?<!-)\.)+[^\W\d_]{2,63}"
)


def is_mail_address(text: str) -> bool:
    """Say whether `text` is one plain mail address: no name, no list, no quoting, nothing that a mail program reads as more."""
    return len(text) <= MAX_ADDRESS and text.find("@") <= 64 and _ADDRESS.fullmatch(text) is not None


_MENTIONED = re.compile(r"(?<![^\s@<>(),;:])[^\s@<>(),;:]+@[^\s@<>(),;:]+\.[^\s@<>(),;:.]{2,}")


def mentions_mail_address(text: str) -> bool:
    """Say whether something in a text looks like a mail address. Wider than `is_mail_address`: Japanese has no spaces around it."""
    return "@" in text and _MENTIONED.search(text) is not None


_PHONE = re.compile(r"\+?[0-9][0-9 ().-]{3,28}", re.ASCII)
LEAST_DIGITS, MOST_DIGITS = 5, 15  # of a telephone number (ITU-T E.164 allows 15)


def is_phone_number(text: str) -> bool:
    """Say whether `text` is a telephone number as people write it, with or without its country code."""
    digits = sum(character.isdigit() for character in text)
    return _PHONE.fullmatch(text) is not None and LEAST_DIGITS <= digits <= MOST_DIGITS


@lru_cache(4096)
def international(number: str, country: str = "") -> str:
    """Return a telephone number as E.164 writes it, read with a country's rules (ISO 3166, "" = none); unreadable ones stay."""
    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is not None and phonenumbers.is_possible_number(parsed):
        return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    return "+" + "".join(filter(str.isdigit, number)) if number.startswith("+") else number


def is_country(code: str) -> bool:
    """Say whether `code` is a country whose telephone numbers are known (ISO 3166, two capitals)."""
    return code in phonenumbers.SUPPORTED_REGIONS


XMPP = "xmpp:"  # before an address of instant messages (RFC 5122), which looks like a mail address otherwise


def is_xmpp_address(text: str) -> bool:
    """Say whether `text` is an address of instant messages, written with its scheme."""
    return text.startswith(XMPP) and is_mail_address(text.removeprefix(XMPP))
