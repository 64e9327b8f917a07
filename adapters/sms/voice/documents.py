"""What Twilio does with a call: documents in TwiML (twilio.com/docs/voice/twiml), by Twilio's own library.

An empty recording calls no `action`: Twilio goes on with the next verb. So what follows `<Record>` is for callers who said nothing.
"""

from __future__ import annotations

from twilio.twiml.voice_response import VoiceResponse

from adapters.sms.voice.config import VoiceConfig


def ringing(config: VoiceConfig, here: str) -> str:
    """Return the document that rings the library's telephone first; `here` is where our documents are."""
    response = VoiceResponse()
    dial = response.dial(timeout=config.ring_s, action=f"{here}/after", method="POST")
    dial.number(config.ring)
    return str(response)


def recording(config: VoiceConfig, here: str, *, open_now: bool) -> str:
    """Return the document that greets and records."""
    response = VoiceResponse()
    response.say(
        config.greeting if open_now or not config.closed_greeting else config.closed_greeting, language=config.language
    )
    words = {"transcribe": True, "transcribe_callback": f"{here}/words"} if config.transcribe else {}
    response.record(
        max_length=config.longest_s,
        timeout=5,
        finish_on_key="#",
        play_beep=True,
        action=f"{here}/done",
        method="POST",
        recording_status_callback=f"{here}/recording",
        recording_status_callback_event="completed absent",
        **words,
    )
    response.say(config.goodbye, language=config.language)
    response.hangup()
    return str(response)


def thanks(config: VoiceConfig) -> str:
    """Return the document after a recording."""
    response = VoiceResponse()
    response.say(config.goodbye, language=config.language)
    response.hangup()
    return str(response)


def over() -> str:
    """Return the document that ends a call."""
    response = VoiceResponse()
    response.hangup()
    return str(response)
