"""Calls to a number that texts come to: voicemail, missed calls, what no webhook told, who may tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from twilio.request_validator import RequestValidator

from adapters.sms.codec import message, read_token, webhook
from adapters.sms.config import SmsConfig
from adapters.sms.voice.config import VoiceConfig
from bridge.contract.adapter import ChannelDesk, Misconfigured
from bridge.testing.scene import Scene, eventually
from bridge.testing.twilio_calls import PhoneCallRecord, RecordingFile, TwilioCalls
from bridge.testing.twilio_description import Description
from tests.conformance.rig_sms import OURS, SmsRig
from tests.conformance.scenes import opened
from tests.corpora import corpus_file
from tests.sms.test_texts import posted

ADA = "+14155550123"
SOUND = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" * 400
GREETING = "This is North Library. What you say is recorded and kept for 90 days."
VOICE = VoiceConfig(greeting=GREETING, accepted_by="Lee Chan", missed_after_s=60)


class VoiceRig(SmsRig):
    """An account whose number takes calls."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.calls = TwilioCalls(self.twilio)
        self.voice = VOICE
        self.public = "http://127.0.0.1:9"  # where Twilio reaches the desk, once that listens

    def config(self) -> SmsConfig:
        return msgspec.structs.replace(super().config(), voice=self.voice, public_url=self.public)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A started server and an open ring; the desk is not started yet."""
    async with opened(VoiceRig, tmp_path) as found:
        yield found


@pytest.fixture
def rig(scene: Scene) -> VoiceRig:
    """The scene's server side."""
    assert isinstance(scene.rig, VoiceRig)
    return scene.rig


async def begin(scene: Scene, rig: VoiceRig, *, is_open: bool = True, **voice: Any) -> str:
    """Start the desk, with the library open or closed; return where its documents are."""
    rig.voice = msgspec.structs.replace(VOICE, **voice)
    rig.public = scene.ring.url
    await scene.begin()
    here = f"{scene.ring.url}/channels/{scene.ring.channel}/voice"
    rig.calls.voice, rig.calls.status = here, f"{here}/status"
    scene.ring.show(ChannelDesk(open=is_open, online=is_open, library="North"))
    return here


async def shows(scene: Scene, rig: VoiceRig, here: str, wanted: str) -> None:
    """Wait until a new call would be answered with these words: the desk has noticed who is there."""
    fields = PhoneCallRecord(rig.twilio.account, ADA, OURS).fields()

    async def asked() -> bool:
        return wanted in (await rig.twilio.post(here, fields))[1]

    assert await eventually(asked, 20), wanted


async def test_a_voicemail_is_one_message_with_its_sound_and_is_answered_by_a_text(scene: Scene, rig: VoiceRig) -> None:
    """The caller hears that they are recorded. A machine's words are a line of their own; the recording is deleted there."""
    await begin(scene, rig, transcribe=True)
    call = await rig.calls.ring(ADA, OURS, SOUND, words="Please renew my books.")
    assert call.heard == [GREETING, VOICE.goodbye]
    said = await scene.ring.message("0:07")
    assert (said.sender, said.marks) == (ADA, ("voicemail",))
    ((file,), recording) = said.attachments, rig.calls.recordings[0]
    assert said.source == recording.sid
    assert file.media_type == "audio/mpeg"
    assert (file.size, file.digest) == (len(SOUND), sha256(SOUND).hexdigest())
    words = await scene.ring.message("Please renew my books.")
    assert (words.sender, words.marks) == (ADA, ("machine-transcript",))

    async def deleted() -> bool:
        return recording.gone

    assert await eventually(deleted, 10)
    await scene.ring.answer(said, "They are renewed")
    patron = await scene.patron("ada")
    assert patron.address != ADA
    shown = await asyncio.wait_for(rig.twilio.handset(ADA).arriving.get(), 20)
    assert (shown.text, shown.sender) == ("They are renewed", OURS)
    assert [each.marks for each in scene.ring.messages()].count(("missed-call",)) == 0


async def test_a_library_that_is_open_is_rung_first(scene: Scene, rig: VoiceRig) -> None:
    """What nobody takes goes to voicemail. A closed library is not rung."""
    closed = "We are closed. You are recorded; we keep it for 90 days."
    here = await begin(scene, rig, ring="+15005550177", closed_greeting=closed)
    await shows(scene, rig, here, "<Dial")
    assert (await rig.calls.ring(ADA, OURS, SOUND)).heard == [GREETING, VOICE.goodbye]
    await scene.ring.message("0:07")
    scene.ring.show(ChannelDesk(open=False, online=False, library="North"))
    await shows(scene, rig, here, "We are closed.")
    told = len(rig.calls.told)
    assert (await rig.calls.ring("+14155550124", OURS, SOUND)).heard == [closed, VOICE.goodbye]
    assert not any(path.endswith("/after") for path, _ in rig.calls.told[told:])


async def test_a_call_that_somebody_takes_is_no_message(scene: Scene, rig: VoiceRig) -> None:
    """Neither voicemail nor missed; a later one that nobody takes is told."""
    here = await begin(scene, rig, ring="+15005550177", missed_after_s=0.4)
    await shows(scene, rig, here, "<Dial")
    rig.calls.answers = True
    assert (await rig.calls.ring(ADA, OURS, SOUND)).heard == []
    rig.calls.answers = False
    later = await rig.calls.ring("+14155550124", OURS)
    await scene.ring.until(scene.ring.messages, "the missed call")
    assert [each.source for each in scene.ring.messages()] == [later.sid]


async def test_who_says_nothing_or_hangs_up_is_told_as_a_missed_call_once(scene: Scene, rig: VoiceRig) -> None:
    await begin(scene, rig, missed_after_s=0.4)
    silent = await rig.calls.ring(ADA, OURS)
    assert silent.heard == [GREETING, VOICE.goodbye]
    gone = await rig.calls.ring("+14155550124", OURS, SOUND, patient=False)
    await scene.ring.until(lambda: len(scene.ring.messages()) == 2, "two missed calls")
    found = {each.source: (each.sender, each.marks) for each in scene.ring.messages()}
    assert found == {silent.sid: (ADA, ("missed-call",)), gone.sid: ("+14155550124", ("missed-call",))}
    await scene.ring.stop()
    await scene.again()
    await scene.hello(await scene.patron("bob"))
    assert len(scene.ring.messages()) == 3


async def test_what_came_while_the_desk_was_down_comes_in_once_and_in_order(scene: Scene, rig: VoiceRig) -> None:
    """Recordings and missed calls, by the lists alone; a webhook that comes late changes nothing."""
    here = await begin(scene, rig, delete_recordings=False, missed_after_s=0.4)
    await scene.hello(await scene.patron("bob"))
    await scene.ring.stop()
    rig.calls.silent = True
    rig.calls.voice = rig.calls.status = ""
    for number, caller in enumerate((ADA, "+14155550124")):
        call = PhoneCallRecord(rig.twilio.account, caller, OURS, status="completed")
        call.ended = call.made
        rig.calls.calls.append(call)
        if number == 0:
            rig.calls.recordings.append(RecordingFile(call, SOUND, 7))
    await asyncio.sleep(0.5)  # longer than a call waits to be missed
    await scene.again()
    await scene.ring.until(lambda: len(scene.ring.messages()) == 3, "a voicemail and a missed call")
    assert [each.marks for each in scene.ring.messages()[1:]] == [("voicemail",), ("missed-call",)]
    recording = rig.calls.recordings[0]
    fields = recording.call.fields() | {
        "RecordingSid": recording.sid,
        "RecordingStatus": "completed",
        "RecordingDuration": "7",
    }
    url = f"{here}/recording"
    signature = RequestValidator(rig.twilio.token).compute_signature(url, fields)
    assert await posted(url, fields, signature) == 204
    assert len(scene.ring.messages()) == 3
    assert not recording.gone


async def test_a_recording_whose_sound_cannot_be_had_is_told_all_the_same(scene: Scene, rig: VoiceRig) -> None:
    """After some looks: somebody called and wants an answer."""
    call = PhoneCallRecord(rig.twilio.account, ADA, OURS, status="completed")
    call.ended = call.made
    rig.calls.calls.append(call)
    rig.calls.recordings.append(RecordingFile(call, SOUND, 7, there=False))
    await begin(scene, rig)
    await scene.ring.until(scene.ring.messages, "the voicemail without its sound")
    assert [each.marks for each in scene.ring.messages()] == [("voicemail", "file-missing")]


async def test_a_withheld_number_is_a_patron_of_its_own_and_cannot_be_answered(scene: Scene, rig: VoiceRig) -> None:
    await begin(scene, rig)
    await rig.calls.ring("+266696687", OURS, SOUND)
    await rig.calls.ring("+266696687", OURS, SOUND)
    await scene.ring.until(lambda: len(scene.ring.messages()) == 2, "two voicemails")
    one, other = scene.ring.messages()
    assert one.sender != other.sender
    assert "withheld-number" in one.marks
    refused = await scene.ring.answer(one, "Who are you?")
    assert (await scene.ring.reached(refused, "failed")).reason == "no-such-address"


async def test_who_has_no_token_tells_nothing_about_calls(scene: Scene, rig: VoiceRig) -> None:
    """Nor does what is signed make us fetch another address, or take a call to a number that is not ours."""
    here = await begin(scene, rig)
    fields = {
        "AccountSid": rig.twilio.account,
        "CallSid": "CA" + "1" * 32,
        "From": ADA,
        "To": OURS,
        "CallStatus": "ringing",
    }
    about = {"RecordingSid": "RE" + "1" * 32, "RecordingStatus": "completed", "RecordingUrl": "http://127.0.0.1:9/x"}
    signer = RequestValidator(rig.twilio.token)
    for path in ("", "/after", "/done", "/recording", "/words", "/status"):
        assert await posted(here + path, fields | about, "x" * 28) == 403
    foreign = fields | {"To": "+15005550199"}
    assert await posted(here, foreign, signer.compute_signature(here, foreign)) == 404
    url = f"{here}/recording"
    assert await posted(url, fields | about, signer.compute_signature(url, fields | about)) == 503
    wrong = fields | about | {"RecordingSid": "../../Messages"}
    assert await posted(url, wrong, signer.compute_signature(url, wrong)) == 400
    none = fields | {"CallSid": "CAxx"}
    assert await posted(here, none, signer.compute_signature(here, none)) == 400


async def test_calls_and_recordings_fit_the_description(tmp_path: Path) -> None:
    description = Description(corpus_file("twilio_api_v2010.json"))
    async with opened(VoiceRig, tmp_path) as scene:
        rig = scene.rig
        assert isinstance(rig, VoiceRig)
        description.watch(rig.twilio)
        await rig.twilio.close()
        await rig.twilio.open()
        await begin(scene, rig)
        await rig.calls.ring(ADA, OURS, SOUND)
        await scene.ring.message("0:07")
    assert description.checked > 2
    assert description.faults == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"greeting": " "}, "greeting"),
        ({"accepted_by": ""}, "accepted_by"),
        ({"language": "English"}, "language"),
        ({"ring": "the desk"}, "ring"),
        ({"ring_s": 600}, "ring_s"),
        ({"transcribe": True, "longest_s": 300}, "longest_s"),
    ],
)
def test_no_greeting_that_nobody_stands_for(fields: dict[str, Any], words: str) -> None:
    voice = msgspec.structs.replace(VOICE, **fields)
    config = SmsConfig(account_sid="AC" + "0" * 32, auth_token="x", numbers=(OURS,), voice=voice)
    with pytest.raises(Misconfigured, match=words):
        config.check()


async def test_a_patron_of_rcs_is_the_patron_of_their_texts(scene: Scene, rig: VoiceRig) -> None:
    """They write to an agent of the Messaging Service, and are answered by the service."""
    told = {"MessageSid": "SM" + "1" * 32, "From": f"rcs:{ADA}", "To": "rcs:north_agent", "Body": "Hello"}
    found = webhook(told | {"MessagingServiceSid": "MG" + "a" * 32, "ButtonText": "Yes, please"}, 1000)
    assert found.sender == ADA
    assert found.text == "Hello\nYes, please"
    assert read_token(message("text", found, (), ()).reply) == ("MG" + "a" * 32, 1000)
