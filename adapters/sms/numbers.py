"""Addresses: E.164 numbers, short codes, and the same with `whatsapp:` before them; WhatsApp's user ids, which hide the number.

The rule (ITU-T E.164, libphonenumber): a number that people type is read with the country of the desk; what Twilio gives is
taken as it is, as long as it can be an address at all. A name in letters ("City Lib") can text, and cannot be answered. A patron
of WhatsApp who goes by a user name has an id for each business, `whatsapp:US.13491208655302741918`, and is answered at it.
"""

from __future__ import annotations

import re

import phonenumbers

WHATSAPP = "whatsapp:"
RCS = "rcs:"
_ADDRESS = re.compile(r"(?:whatsapp:)?(?:\+[1-9]\d{4,14}|\d{3,8})", re.ASCII)
_USER = re.compile(r"whatsapp:[A-Z]{2}(?:\.[A-Za-z0-9]{1,130}){1,3}", re.ASCII)
_SENDER = re.compile(r"[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,158}[^\s\x00-\x1f\x7f-\x9f])?")
_TOLL_FREE = re.compile(r"\+18(?:00|33|44|55|66|77|88)\d{7}", re.ASCII)


def number(text: str, country: str = "") -> str:
    """Return a number as the network writes it. Raises ValueError for what can be none."""
    prefix = WHATSAPP if text.lower().startswith(WHATSAPP) else ""
    bare = text[len(prefix) :].strip()
    if _ADDRESS.fullmatch(bare) and (bare.startswith("+") or len(bare) <= 6):
        return prefix + bare
    try:
        parsed = phonenumbers.parse(bare, country or None)
    except phonenumbers.NumberParseException:
        raise ValueError(f"not a phone number: {text!r}") from None
    if not phonenumbers.is_possible_number(parsed):
        raise ValueError(f"not a phone number: {text!r}")
    return prefix + phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def without_rcs(sender: str) -> str:
    """Return the number of a patron who writes by RCS: the same patron as that of their texts."""
    bare = sender.removeprefix(RCS)
    return bare if _ADDRESS.fullmatch(bare) else sender


def answerable(address: str) -> bool:
    """Whether a text can be sent to this address."""
    return (_ADDRESS.fullmatch(address) or _USER.fullmatch(address)) is not None


def plausible(sender: str) -> bool:
    """Whether a text can have come from this address, names in letters included."""
    return _SENDER.fullmatch(sender) is not None


def same_kind(one: str, other: str) -> bool:
    """Whether both are WhatsApp, or neither."""
    return one.startswith(WHATSAPP) == other.startswith(WHATSAPP)


def shown(address: str, country: str = "") -> str:
    """Return a number as people of `country` write it, and as it is where it cannot be read."""
    bare = address.removeprefix(WHATSAPP)
    try:
        parsed = phonenumbers.parse(bare, country or None)
    except phonenumbers.NumberParseException:
        return bare
    home = bool(country) and parsed.country_code == phonenumbers.country_code_for_region(country)
    form = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, form))


def send_rate(address: str) -> float:
    """Return how many segments a second a sender of this kind may send (Twilio, "Understanding rate limits and queues")."""
    if address.startswith(WHATSAPP):
        return 80.0
    if not address.startswith("+"):
        return 100.0  # a short code
    if _TOLL_FREE.fullmatch(address):
        return 3.0
    return 1.0 if address.startswith("+1") else 10.0
