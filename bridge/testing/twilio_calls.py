"""Calls at the local server that answers like Twilio: people who call, TwiML that is obeyed, recordings that are kept.

It walks a document's verbs as Twilio does: `<Say>`, `<Dial>`, `<Record>`, `<Hangup>`. `action` replaces the document, and an empty
recording calls none. The recording is there a moment after `action` was called, not before. Other verbs are refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree

from aiohttp import web

from bridge.testing.twilio import Twilio
from bridge.testing.twilio_lists import TwilioRefused, moment, paging
from bridge.testing.twilio_records import VERSION, sid

MAX_DOCUMENTS = 10
SECOND = timedelta(seconds=1)


@dataclass(slots=True)
class PhoneCallRecord:
    """One call. `heard` is what was said to the caller."""

    account: str
    caller: str
    to: str
    status: str = "ringing"
    heard: list[str] = field(default_factory=list)
    sid: str = field(default_factory=lambda: sid("CA"))
    made: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None

    def fields(self) -> dict[str, str]:
        """Return what every webhook about it says."""
        return {
            "AccountSid": self.account,
            "ApiVersion": VERSION,
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Direction": "inbound",
            "From": self.caller,
            "To": self.to,
        }

    def resource(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        made, ended = format_datetime(self.made), format_datetime(self.ended) if self.ended else None
        path = f"/{VERSION}/Accounts/{self.account}/Calls/{self.sid}"
        return {
            "account_sid": self.account,
            "answered_by": None,
            "api_version": VERSION,
            "caller_name": None,
            "date_created": made,
            "date_updated": ended or made,
            "direction": "inbound",
            "duration": str(int((self.ended - self.made).total_seconds())) if self.ended else None,
            "end_time": ended,
            "forwarded_from": None,
            "from": self.caller,
            "from_formatted": self.caller,
            "group_sid": None,
            "parent_call_sid": None,
            "phone_number_sid": None,
            "price": None,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": self.sid,
            "start_time": made,
            "status": self.status,
            "subresource_uris": {"recordings": f"{path}/Recordings.json"},
            "to": self.to,
            "to_formatted": self.to,
            "trunk_sid": None,
            "uri": f"{path}.json",
        }


@dataclass(slots=True)
class RecordingFile:
    """What a caller said."""

    call: PhoneCallRecord
    data: bytes
    seconds: int
    sid: str = field(default_factory=lambda: sid("RE"))
    made: datetime = field(default_factory=lambda: datetime.now(UTC))
    there: bool = True  # whether its sound can be fetched
    gone: bool = False

    def resource(self) -> dict[str, Any]:
        """Return it as the API shows it."""
        made = format_datetime(self.made)
        path = f"/{VERSION}/Accounts/{self.call.account}/Recordings/{self.sid}"
        return {
            "account_sid": self.call.account,
            "api_version": VERSION,
            "call_sid": self.call.sid,
            "channels": 1,
            "conference_sid": None,
            "date_created": made,
            "date_updated": made,
            "duration": str(self.seconds),
            "encryption_details": None,
            "error_code": None,
            "media_url": f"https://api.twilio.com{path}",
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "source": "RecordVerb",
            "start_time": made,
            "status": "completed",
            "subresource_uris": {},
            "uri": f"{path}.json",
        }


class TwilioCalls:
    """The calls of an account. `voice` and `status` are the webhooks that are set at its numbers; made before the server opens."""

    def __init__(self, twilio: Twilio) -> None:
        self._twilio = twilio
        self.voice = ""
        self.status = ""
        self.calls: list[PhoneCallRecord] = []
        self.recordings: list[RecordingFile] = []
        self.answers = False  # whether the telephone that is rung is taken up
        self.silent = False  # whether nobody is told when a recording is there
        self.told: list[tuple[str, int]] = []  # path and answer of each webhook
        twilio.mounts.append(self._mount)

    async def ring(
        self, caller: str, to: str, said: bytes = b"", *, seconds: int = 7, words: str = "", patient: bool = True
    ) -> PhoneCallRecord:
        """Have somebody call, hear what they are told, and speak after the tone; return the call when it is over.

        `said` is the sound, b"" = they say nothing; `words` is what a machine understands; not `patient`: they hang up at once.
        """
        call = PhoneCallRecord(self._twilio.account, caller, to)
        self.calls.append(call)
        url, fields = self.voice, call.fields()
        for _ in range(MAX_DOCUMENTS):
            code, text = await self._tell(url, fields)
            call.status = "in-progress"
            if code != 200 or not patient:
                break
            step = await self._walk(call, url, ElementTree.fromstring(text), said, seconds, words)
            if step is None:
                break
            url, fields = step
        call.status = "completed"
        call.ended = datetime.now(UTC)
        if self.status:
            duration = str(int((call.ended - call.made).total_seconds()))
            await self._tell(self.status, call.fields() | {"CallDuration": duration})
        return call

    async def _walk(
        self, call: PhoneCallRecord, here: str, document: ElementTree.Element, said: bytes, seconds: int, words: str
    ) -> tuple[str, dict[str, str]] | None:
        """Obey a document; return what replaces it, None at its end."""
        for verb in document:
            match verb.tag:
                case "Say":
                    call.heard.append("".join(verb.itertext()))
                case "Hangup":
                    return None
                case "Dial":
                    outcome = "completed" if self.answers else "no-answer"
                    return urljoin(here, verb.attrib["action"]), call.fields() | {"DialCallStatus": outcome}
                case "Record" if said:
                    return await self._record(call, here, verb.attrib, said, seconds, words)
                case "Record":
                    continue  # nothing was said: the next verb
                case _:
                    raise AssertionError(f"a verb that this server does not know: {verb.tag}")
        return None

    async def _record(
        self, call: PhoneCallRecord, here: str, verb: dict[str, str], said: bytes, seconds: int, words: str
    ) -> tuple[str, dict[str, str]]:
        assert "action" in verb, "without an action Twilio asks for the same document for ever"
        recording = RecordingFile(call, said, min(seconds, int(verb.get("maxLength", "3600"))))
        url = f"https://api.twilio.com/{VERSION}/Accounts/{call.account}/Recordings/{recording.sid}"
        about = {"RecordingSid": recording.sid, "RecordingUrl": url, "RecordingDuration": str(recording.seconds)}
        asyncio.get_running_loop().call_later(0.05, self.recordings.append, recording)
        if not self.silent:
            callback = urljoin(here, verb["recordingStatusCallback"])
            self._twilio.later(self._report(callback, call, about, verb, here, words))
        return urljoin(here, verb["action"]), call.fields() | about | {"Digits": "hangup"}

    async def _report(
        self, callback: str, call: PhoneCallRecord, about: dict[str, str], verb: dict[str, str], here: str, words: str
    ) -> None:
        await asyncio.sleep(0.1)
        await self._tell(callback, call.fields() | about | {"RecordingStatus": "completed"})
        if verb.get("transcribe") == "true" and words:
            told = {"TranscriptionSid": sid("TR"), "TranscriptionText": words, "TranscriptionStatus": "completed"}
            await self._tell(urljoin(here, verb["transcribeCallback"]), call.fields() | about | told)

    async def _tell(self, url: str, fields: dict[str, str]) -> tuple[int, str]:
        code, text = await self._twilio.post(url, fields)
        self.told.append((url.rpartition("/channels/")[2], code))
        return code, text

    # -- the API

    def _mount(self, application: web.Application) -> None:
        account = f"/{VERSION}/Accounts/{{account}}"
        application.add_routes(
            [
                web.get(f"{account}/Calls.json", self._list_calls),
                web.get(f"{account}/Calls/{{sid:CA[0-9a-f]{{32}}}}.json", self._get_call),
                web.get(f"{account}/Recordings.json", self._list_recordings),
                web.get(f"{account}/Recordings/{{sid:RE[0-9a-f]{{32}}}}.mp3", self._sound),
                web.delete(f"{account}/Recordings/{{sid:RE[0-9a-f]{{32}}}}.json", self._delete),
            ]
        )

    async def _list_calls(self, request: web.Request) -> web.Response:
        query = request.query
        after = query.get("StartTime>")
        shown = [
            each.resource()
            for each in reversed(self.calls)
            if query.get("To", each.to) == each.to and (after is None or each.made + SECOND >= moment(after))
        ]
        return _page(request, "calls", shown)

    async def _get_call(self, request: web.Request) -> web.Response:
        for each in self.calls:
            if each.sid == request.match_info["sid"]:
                return web.json_response(each.resource())
        raise TwilioRefused(404, 20404, "The requested resource was not found")

    async def _list_recordings(self, request: web.Request) -> web.Response:
        after = request.query.get("DateCreated>")
        kept = [each for each in reversed(self.recordings) if not each.gone]
        shown = [each.resource() for each in kept if after is None or each.made + SECOND >= moment(after)]
        return _page(request, "recordings", shown)

    async def _sound(self, request: web.Request) -> web.Response:
        found = self._named(request)
        if not found.there:
            raise TwilioRefused(404, 20404, "The requested resource was not found")
        return web.Response(body=found.data, content_type="audio/mpeg")

    async def _delete(self, request: web.Request) -> web.Response:
        self._named(request).gone = True
        return web.Response(status=204)

    def _named(self, request: web.Request) -> RecordingFile:
        for each in self.recordings:
            if each.sid == request.match_info["sid"] and not each.gone:
                return each
        raise TwilioRefused(404, 20404, "The requested resource was not found")


def _page(request: web.Request, name: str, every: Sequence[dict[str, Any]]) -> web.Response:
    size, page = int(request.query.get("PageSize", "50")), int(request.query.get("Page", "0"))
    shown = every[page * size : (page + 1) * size]
    return web.json_response({name: shown, **paging(request, page, size, len(every))})
