"""What an account at Twilio needs: the keys of a `[[channel]]` with `kind = "sms"`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec

from adapters.sms import numbers
from adapters.sms.quiet_hours import QuietHours
from adapters.sms.voice.config import VoiceConfig
from bridge.contract.adapter import Misconfigured

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ACCOUNT = re.compile(r"AC[0-9a-f]{32}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_TEMPLATE = re.compile(r"HX[0-9a-f]{32}")


class SmsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`account_sid` and `auth_token` are in Twilio's console; texts come to `numbers`, to a `messaging_service`, or both.

    secondary_token   while tokens are being changed: the other one, which also signs webhooks.
    api_key, api_secret   sign in by a key; the token is still needed, since webhooks are signed with it.
    numbers        +14155550100, a short code, whatsapp:+14155550100; a local form where `country` (ISO 3166) is given.
    help_text      what HELP is answered, where Twilio does not answer it.
    quiet          "21:00-08:00" in `time_zone`: no text goes out then, but to who texted within the last hour.
    plain          typographic characters are sent in the spelling that needs fewer segments.
    template       a WhatsApp template (HX…) with {{1}} for the text, for patrons who last wrote more than 24 hours ago.
    public_url     where Twilio reaches this desk, if that is not the `public_url` of [http].
    rate           segments a second of each number; 0 = by its kind.
    look_s         how often the list of messages is asked for what no webhook brought.
    grace_s        how long a webhook may take before the list brings its text.
    settle_s       how long after a broken submission the list of messages is believed.
    first_hours    how far back is looked when there is no cursor yet.
    voice          what becomes of calls to these numbers (voice/config.py); without it they are not ours.
    """

    asks: ClassVar[tuple[str, ...]] = ("numbers",)

    account_sid: str
    auth_token: str
    secondary_token: str = ""
    api_key: str = ""
    api_secret: str = ""
    numbers: tuple[str, ...] = ()
    messaging_service: str = ""
    country: str = ""
    help_text: str = ""
    quiet: str = ""
    time_zone: str = ""
    plain: bool = False
    template: str = ""
    rate: float = 0.0
    public_url: str = ""
    api: str = "https://api.twilio.com"
    look_s: float = 60.0
    patience_s: float = 20.0
    grace_s: float = 15.0
    settle_s: float = 30.0
    first_hours: float = 1.0
    voice: VoiceConfig | None = None

    def __repr__(self) -> str:
        return f"SmsConfig(account_sid={self.account_sid!r}, numbers={self.numbers!r})"

    @property
    def tokens(self) -> tuple[str, ...]:
        """What webhooks of this account may be signed with."""
        return tuple(filter(None, (self.auth_token, self.secondary_token)))

    @property
    def login(self) -> tuple[str, str]:
        """Name and password for the API."""
        return (self.api_key, self.api_secret) if self.api_key else (self.account_sid, self.auth_token)

    def ours(self) -> tuple[str, ...]:
        """Return the numbers as the network writes them. Raises ValueError."""
        return tuple(numbers.number(each, self.country) for each in self.numbers)

    def hours(self) -> QuietHours | None:
        """Return the quiet hours. Raises ValueError."""
        return QuietHours.parse(self.quiet, self.time_zone)

    def check(self) -> None:
        """Raise Misconfigured, with everything that cannot work."""
        wrong = list(self._faults())
        if wrong:
            raise Misconfigured("; ".join(wrong))

    def _faults(self) -> Iterator[str]:
        if not _ACCOUNT.fullmatch(self.account_sid):
            yield "account_sid must be AC and 32 hexadecimal digits"
        if not self.auth_token:
            yield "auth_token is missing"
        if bool(self.api_key) != bool(self.api_secret):
            yield "api_key and api_secret need each other"
        if not self.numbers and not self.messaging_service:
            yield "numbers or messaging_service must be given"
        if self.messaging_service and not _SERVICE.fullmatch(self.messaging_service):
            yield "messaging_service must be MG and 32 hexadecimal digits"
        if self.template and not _TEMPLATE.fullmatch(self.template):
            yield "template must be HX and 32 hexadecimal digits"
        yield from self.voice.faults() if self.voice is not None else ()
        for read in (self.ours, self.hours):
            try:
                read()
            except ValueError as error:
                yield str(error)
        parts = urlsplit(self.api)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            yield "api must begin with https://"
        if min(self.look_s, self.patience_s) <= 0 or min(self.grace_s, self.settle_s, self.first_hours, self.rate) < 0:
            yield "look_s and patience_s must be more than 0, no time or rate less"
