"""What calls need: the table `[channel.voice]` of a `[[channel]]` with `kind = "sms"`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from adapters.sms import numbers

LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Z]{2}", re.ASCII)
LONGEST_S = 118  # Twilio transcribes up to 120 seconds
MAX_GREETING = 2_000  # characters


class VoiceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`greeting` is what callers hear before the tone; it must say that they are recorded, and for how long that is kept.

    accepted_by        who at the library has read the greeting and accepts recordings: a name, kept in the file.
    closed_greeting    another greeting for when the library is closed.
    goodbye            what callers hear afterwards.
    language           how the words are spoken: a language and a country, as Twilio names its voices.
    ring               a number that is rung first while the library is open; "" = voicemail at once.
    ring_s             for so long.
    longest_s          the longest recording.
    transcribe         have Twilio write down what was said (English alone); a machine's words, marked as such.
    delete_recordings  delete a recording at Twilio once it is kept here.
    missed_after_s     how long after a call without a recording it counts as missed.
    """

    greeting: str
    accepted_by: str
    closed_greeting: str = ""
    goodbye: str = "Thank you. Goodbye."
    language: str = "en-US"
    ring: str = ""
    ring_s: int = 20
    longest_s: int = LONGEST_S
    transcribe: bool = False
    delete_recordings: bool = True
    missed_after_s: float = 90.0

    def faults(self) -> Iterator[str]:
        """Iterate over what cannot work."""
        if not self.greeting.strip():
            yield "voice.greeting must be written by a person: it tells callers that they are recorded, and for how long"
        if not self.accepted_by.strip():
            yield "voice.accepted_by must name who has read the greeting and accepts that callers are recorded"
        if max(map(len, (self.greeting, self.closed_greeting, self.goodbye))) > MAX_GREETING:
            yield f"voice: a greeting has {MAX_GREETING} characters at most"
        if not LANGUAGE.fullmatch(self.language):
            yield "voice.language must be a language and a country, like en-US"
        if not 5 <= self.ring_s <= 60 or not 10 <= self.longest_s <= 600 or self.missed_after_s < 0:
            yield "voice.ring_s must be 5 to 60, longest_s 10 to 600, missed_after_s not less than 0"
        if self.transcribe and self.longest_s > LONGEST_S:
            yield f"voice.longest_s must be {LONGEST_S} at most where transcribe is true"
        if self.ring:
            try:
                numbers.number(self.ring)
            except ValueError as error:
                yield f"voice.ring: {error}"
