"""The small pure parts: quiet hours, turns, numbers, lent files, configuration."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.sms import codec, numbers, parked
from adapters.sms.codec import Inbound
from adapters.sms.config import SmsConfig
from adapters.sms.media import LENT_S, lend, lent
from adapters.sms.parking import Parking
from adapters.sms.quiet_hours import QuietHours
from adapters.sms.send_rate import PATIENCE_S, SendRate
from adapters.sms.words import REASONS, reason
from bridge.contract.adapter import Misconfigured
from bridge.contract.command import ChannelAccess
from bridge.contract.message import Attachment
from bridge.contract.opt_outs import command
from bridge.testing.memory import ProcessMemory

CHICAGO = "America/Chicago"
GOOD: dict[str, Any] = {"account_sid": "AC" + "1" * 32, "auth_token": "t0ken-4711", "numbers": ("+15005550100",)}


def at(day: int, hour: int, minute: int = 0, month: int = 6) -> float:
    return datetime(2026, month, day, hour, minute, tzinfo=ZoneInfo(CHICAGO)).timestamp()


@pytest.mark.parametrize(
    "moment, left",
    [
        (at(1, 20, 59), 0),
        (at(1, 21), 11 * 3600),
        (at(2, 0), 8 * 3600),
        (at(2, 7, 59), 60),
        (at(2, 8), 0),
        (at(7, 23, month=3), 8 * 3600),  # the clock goes forward this night: an hour less
    ],
)
def test_quiet_hours_pass_midnight(moment: float, left: float) -> None:
    hours = QuietHours.parse("21:00-08:00", CHICAGO)
    assert hours is not None
    assert hours.left(moment) == left


def test_quiet_hours_within_a_day() -> None:
    hours = QuietHours.parse("12:00-13:00", CHICAGO)
    assert hours is not None
    assert [hours.left(at(1, hour)) for hour in (11, 12, 13)] == [0, 3600, 0]


def test_a_sender_texts_at_its_own_rate() -> None:
    now = 100.0
    rate = SendRate(now=lambda: now)
    assert [rate.turn("+14155550100", 2), rate.turn("+14155550100", 1)] == [0.0, 2.0]
    assert rate.turn("+18005550100", 3) == 0.0
    assert rate.turn("+18005550100", 3) == pytest.approx(1.0)
    rate.turn("12345", 5000)
    assert rate.turn("12345", 1) > PATIENCE_S
    assert rate.turn("12345", 1) == pytest.approx(50.0)  # a turn that is refused takes none


@pytest.mark.parametrize(
    "text, country, found",
    [
        ("+14155550100", "", "+14155550100"),
        ("(415) 555-0100", "US", "+14155550100"),
        ("030 123456", "DE", "+4930123456"),
        ("whatsapp:+14155550100", "", "whatsapp:+14155550100"),
        ("12345", "", "12345"),
    ],
)
def test_numbers_are_written_as_the_network_does(text: str, country: str, found: str) -> None:
    assert numbers.number(text, country) == found


@pytest.mark.parametrize("text", ["", "the library", "+", "+1", "030 123456", "whatsapp:"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="not a phone number"):
        numbers.number(text)


def test_numbers_are_shown_as_people_write_them() -> None:
    assert numbers.shown("+14155550100", "US") == "(415) 555-0100"
    assert numbers.shown("whatsapp:+4930123456", "US") == "+49 30 123456"
    assert numbers.shown("12345") == "12345"


def test_a_lent_file_is_one_file_for_one_day() -> None:
    secret, file = b"s" * 32, Attachment(digest="a" * 64, media_type="image/png", size=1, name="a plan/№1.png")
    path = lend(secret, file, now=1000)
    _, token, name = path.split("/")
    assert name == "a%20plan%2F%E2%84%961.png"
    assert lent(secret, token, now=1000 + LENT_S) == ("a" * 64, "image/png")
    for wrong in (("x" * 32, token, 1000), (secret, token, 1001 + LENT_S), (secret, token[:-4] + "AAAA", 1000)):
        with pytest.raises(LookupError):
            lent(wrong[0] if isinstance(wrong[0], bytes) else wrong[0].encode(), str(wrong[1]), now=float(wrong[2]))
    for nonsense in ("", "!", "AAAA", "ü"):
        with pytest.raises(LookupError):
            lent(secret, nonsense)


def test_reply_tokens() -> None:
    assert codec.read_token(codec.token("whatsapp:+14155550100", 17)) == ("whatsapp:+14155550100", 17)
    assert codec.read_token("") == codec.read_token("+1415 x") == ("", 0)


def test_carriers_words_stand_alone() -> None:
    assert [command(text) for text in ("stop", " Stop\n", "STOP IT", "unstop", "Info", "")] == [
        "STOP", "STOP", "", "START", "HELP", "",
    ]  # fmt: skip
    assert command("ok", "STOP") == "STOP"


def test_every_reason_has_words_for_librarians() -> None:
    root = Path(__file__).parents[2]
    words = (root / "bridge" / "words" / "inbox.en.json").read_text()
    assert [each for each in {*REASONS.values(), reason(0), "window-closed"} if f'"reason.{each}"' not in words] == []


async def test_parked_texts_are_shown_to_the_operator(capsys: pytest.CaptureFixture[str]) -> None:
    memory = ProcessMemory()
    channels = [ChannelAccess(name="text", kind="sms", memory=memory, secret=b"")]
    text = Inbound("SM" + "1" * 32, "AC", "", "+14155550123", "+15005550177", "private words", int(time.time() * 1000))
    for _ in range(2):
        await Parking(memory).park(text)
    assert await parked.parked_texts(channels, []) == 1
    said = capsys.readouterr().out
    assert said.count("+1 500-555-0177") == 1
    assert "private" not in said
    await Parking(memory).leave({text.sid})
    assert await parked.parked_texts(channels, []) == 0
    assert await parked.parked_texts(channels, ["/var/lib/deskbridge"]) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"account_sid": "AC1"},
        {"auth_token": ""},
        {"numbers": ()},
        {"numbers": ("the desk",)},
        {"messaging_service": "MG1"},
        {"template": "HX1"},
        {"api_key": "SK1"},
        {"quiet": "21-8-3"},
        {"quiet": "21:00-08:00", "time_zone": "Mars/Olympus"},
        {"api": "http://twilio.example"},
        {"look_s": 0},
        {"rate": -1},
    ],
)
def test_what_cannot_work_is_said(changed: dict[str, Any]) -> None:
    SmsConfig(**GOOD).check()
    with pytest.raises(Misconfigured) as said:
        SmsConfig(**{**GOOD, **changed}).check()
    assert "4711" not in str(said.value)
    assert "4711" not in repr(SmsConfig(**GOOD))
