"""The addresses that Twilio calls when somebody phones.

    /voice            a new call: what is to be done with it
    /voice/after      the library's telephone was rung
    /voice/done       the caller has spoken
    /voice/recording  the recording can be fetched
    /voice/words      what a machine understood of it
    /voice/status     the call is over

Each request is signed as those about texts are. The answer comes at once, since a person holds the line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from aiohttp import web

from adapters.sms.voice import calls, documents
from adapters.sms.voice.calls import PhoneCall
from adapters.sms.voice.config import VoiceConfig
from adapters.sms.voice.mailbox import VoiceMailbox
from adapters.sms.webhooks import Webhooks
from bridge.contract.adapter import Busy, Ports


class VoiceHooks:
    """The HTTP side. `is_open` says whether the library is open now."""

    def __init__(
        self,
        config: VoiceConfig,
        ports: Ports,
        mailbox: VoiceMailbox,
        webhooks: Webhooks,
        here: str,
        is_open: Callable[[], bool],
    ) -> None:
        self._config = config
        self._ports = ports
        self._mailbox = mailbox
        self._webhooks = webhooks
        self._here = here
        self._is_open = is_open
        if ports.routes is not None:
            for path, handler in (
                ("/voice", self.begin),
                ("/voice/after", self.after),
                ("/voice/done", self.done),
                ("/voice/recording", self.recording),
                ("/voice/words", self.words),
                ("/voice/status", self.status),
            ):
                ports.routes.add_post(path, handler)

    async def begin(self, request: web.Request) -> web.Response:
        """Say what is to be done with a new call."""
        await self._call(request)
        is_open = self._is_open()
        if is_open and self._config.ring:
            return _document(documents.ringing(self._config, self._here))
        return _document(documents.recording(self._config, self._here, open_now=is_open))

    async def after(self, request: web.Request) -> web.Response:
        """Go on after the library's telephone was rung: somebody took the call, or voicemail does."""
        call, fields = await self._call(request)
        if fields.get("DialCallStatus") != "completed":
            return _document(documents.recording(self._config, self._here, open_now=True))
        try:
            await self._mailbox.answered(call)
        except Busy:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"}) from None
        return _document(documents.over())

    async def done(self, request: web.Request) -> web.Response:
        """Thank. The recording cannot be had yet."""
        await self._call(request)
        return _document(documents.thanks(self._config))

    async def recording(self, request: web.Request) -> web.Response:
        """Take in a recording that can be had now."""
        call, fields = await self._call(request)
        id, length = fields.get("RecordingSid", ""), fields.get("RecordingDuration", "")
        if not calls.is_recording(id):
            raise web.HTTPBadRequest
        if fields.get("RecordingStatus") == "completed":
            seconds = int(length) if length.isascii() and length.isdigit() and len(length) < 6 else 0
            try:
                await self._mailbox.recorded(call, id, seconds, self._ports.inlet)
            except Busy:
                raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"}) from None
        return web.Response(status=204)

    async def words(self, request: web.Request) -> web.Response:
        """Take in what a machine understood."""
        call, fields = await self._call(request)
        try:
            await self._mailbox.written(call, fields)
        except Busy:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "10"}) from None
        return web.Response(status=204)

    async def status(self, request: web.Request) -> web.Response:
        """Note the end of a call."""
        call, fields = await self._call(request)
        if fields.get("CallStatus") in calls.OVER:
            await self._mailbox.ended(call)
        return web.Response(status=204)

    async def _call(self, request: web.Request) -> tuple[PhoneCall, Mapping[str, str]]:
        """Return the call of a signed request; 400 for what is none, 404 for one to a number that is not ours."""
        fields = await self._webhooks.authentic(request)
        try:
            call = calls.webhook(fields, int(time.time() * 1000))
        except ValueError:
            raise web.HTTPBadRequest from None
        if not self._mailbox.is_ours(call):
            raise web.HTTPNotFound
        return call, fields


def _document(xml: str) -> web.Response:
    return web.Response(text=xml, content_type="text/xml")
