"""What is no plain text: senders with names, WhatsApp's places, choices, quotations and user ids, files without a name."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from adapters.sms import numbers
from adapters.sms.codec import read_token, said, token
from adapters.sms.media_names import named
from bridge.testing.scene import Scene
from tests.conformance.rig_sms import OURS, SmsRig

ADA = "whatsapp:+14155550123"
USER = "whatsapp:US.13491208655302741918"
LIBRARY = "whatsapp:+15005550100"


async def begin(scene: Scene, rig: SmsRig) -> None:
    """Start the desk with a number for texts and one for WhatsApp."""
    rig.twilio.numbers = (*rig.twilio.numbers, LIBRARY)
    await scene.ring.start(replace(rig.config(), numbers=(OURS, LIBRARY)))
    await scene.ring.until(lambda: any(each.up for each in scene.ring.statuses()), "the channel up")


async def test_a_sender_whose_name_has_spaces_comes_in_by_webhook_and_by_the_list(scene: Scene, rig: SmsRig) -> None:
    inbound, rig.twilio.inbound = rig.twilio.inbound, "http://127.0.0.1:9/"
    rig.twilio.text("City Lib", "found in the list")
    rig.twilio.inbound = inbound
    await begin(scene, rig)
    await scene.ring.message("found in the list")
    record = rig.twilio.text("City Lib", "brought by a webhook")
    message = await scene.ring.message("brought by a webhook")
    assert message.sender == "City Lib"
    assert record.answered in (0, 200)
    answer = await scene.ring.answer(message, "who are you?")
    assert (await scene.ring.reached(answer, "failed")).reason == "no-such-address"


@pytest.mark.parametrize(
    "sender", ["City Lib", "A B C", "Süd-Bücherei", "12345", "+14155550123", USER, "messenger:1234567"]
)
def test_what_may_have_texted(sender: str) -> None:
    assert numbers.plausible(sender)
    assert read_token(token(sender, 17)) == (sender, 17)


@pytest.mark.parametrize("sender", ["", " ", " a", "a ", "\x00", "a\r\nb", "a\x85b", "x" * 400])
def test_what_cannot_have_texted(sender: str) -> None:
    assert not numbers.plausible(sender)


async def test_a_patron_with_a_user_name_is_answered(scene: Scene, rig: SmsRig) -> None:
    await begin(scene, rig)
    rig.twilio.text(USER, "hello", to=LIBRARY, profile="Ada")
    answer = await scene.ring.answer(await scene.ring.message("hello"), "hello Ada")
    await scene.ring.reached(answer, "sent")
    shown = await rig.twilio.handset(USER).arriving.get()
    assert shown.text == "hello Ada"


@pytest.mark.parametrize("address", [USER, "whatsapp:US.ENT.11815799212886844830", "whatsapp:DE.aB9"])
def test_user_ids_can_be_answered(address: str) -> None:
    assert numbers.answerable(address)


@pytest.mark.parametrize(
    "address", ["US.1349", "whatsapp:US.", "whatsapp:us.1", "whatsapp:US.1 2", "whatsapp:US.1\n", "City Lib"]
)
def test_what_is_no_user_id(address: str) -> None:
    assert not numbers.answerable(address)


async def test_places_choices_and_quotations_are_shown(scene: Scene, rig: SmsRig) -> None:
    await begin(scene, rig)
    rig.twilio.text(ADA, "first question", to=LIBRARY)
    answer = await scene.ring.answer(await scene.ring.message("first question"), "Do you mean the main library?")
    await scene.ring.reached(answer, "sent")
    asked = next(record for record in rig.twilio.records if record.direction == "outbound-api")
    rig.twilio.text(ADA, "yes", to=LIBRARY, OriginalRepliedMessageSid=asked.sid, OriginalRepliedMessageSender=LIBRARY)
    quoting = await scene.ring.message("> Do you mean the main library?\nyes")
    assert "quotes" in quoting.marks
    rig.twilio.text(
        ADA,
        "",
        to=LIBRARY,
        Latitude="52.51630",
        Longitude="13.3777",
        Label="Main library",
        Address="Unter den Linden 8",
    )
    place = await scene.ring.until(
        lambda: next((one for one in scene.ring.messages() if "52.5163" in one.text), None), "the place"
    )
    assert place is not None
    assert place.text.splitlines()[:3] == ["Main library", "Unter den Linden 8", "52.5163, 13.3777"]
    rig.twilio.text(ADA, "", to=LIBRARY, ListId="renew", ListTitle="Renew a book")
    await scene.ring.message("Renew a book")
    rig.twilio.text(ADA, "", to=LIBRARY, MessageType="unknown")
    nothing = await scene.ring.until(
        lambda: next((one for one in scene.ring.messages() if "unshown" in one.marks), None), "the empty message"
    )
    assert nothing is not None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"Body": "Renew a book", "ListTitle": "Renew a book", "ListId": "renew"}, "Renew a book"),
        ({"Body": "", "ButtonText": "Yes", "ButtonPayload": "yes"}, "Yes"),
        ({"Body": "", "ButtonPayload": "yes"}, "yes"),
        ({"Body": "", "ListTitle": "Hours", "ListDescription": "When we are open"}, "Hours\nWhen we are open"),
        ({"Body": "here", "Latitude": "91", "Longitude": "0"}, "here"),
        ({"Body": "here", "Latitude": "nan", "Longitude": "0"}, "here"),
        ({"Body": "here", "Latitude": "x", "Longitude": "0"}, "here"),
        ({"Body": "plain"}, "plain"),
    ],
)
def test_what_a_webhook_says_as_words(fields: dict[str, str], text: str) -> None:
    assert said(fields) == text


@pytest.mark.parametrize(
    ("media_type", "name"),
    [
        ("text/vcard", "contact.vcf"),
        ("text/x-vcard; charset=utf-8", "contact.vcf"),
        ("text/calendar", "event.ics"),
        ("video/3gpp", "video.3gp"),
        ("audio/3gpp", "recording.3gp"),
        ("video/quicktime", "video.mov"),
        ("audio/mpeg", "recording.mp3"),
        ("video/mpeg", "video.mpg"),
        ("audio/ogg; codecs=opus", "recording.ogg"),
        ("audio/amr", "recording.amr"),
        ("audio/mp4", "recording.m4a"),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document.docx"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "table.xlsx"),
        ("application/msword", "document.doc"),
        ("application/pdf", "document.pdf"),
        ("image/jpeg", "picture.jpg"),
        ("IMAGE/PNG", "picture.png"),
        ("image/webp", "picture.webp"),
        ("image/svg+xml", "picture.svg"),
        ("application/vnd.odd+zip", "file.zip"),
        ("application/../../etc/passwd", "file.bin"),
        ("", "file.bin"),
    ],
)
def test_files_without_a_name_get_the_extension_that_people_know(media_type: str, name: str) -> None:
    assert named(media_type) == name
