"""The voicemail of an account: what webhooks tell of calls, and what Twilio's lists say that no webhook told.

We make the address of a recording ourselves, from our account and the recording's id; an address in a webhook is never fetched.
Nothing is deleted at Twilio before it is durable here. A call without a recording counts as missed a while after its end. It is
told once, whether the webhook or the list comes first.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from adapters.sms.codec import milliseconds
from adapters.sms.media import MAX_IN
from adapters.sms.twilio_api import TwilioApi
from adapters.sms.voice import calls
from adapters.sms.voice.calls import CALLS, CallEnd, PhoneCall
from adapters.sms.voice.config import VoiceConfig
from bridge.contract.adapter import Busy, MessageIntake, Ports, TooLarge, Unavailable
from bridge.contract.memory import MemoryRow

FETCHES = 3  # looks at a recording whose sound cannot be had, before it comes in without
KNOWN = 20_000
HELD_BACK = 10_000  # calls that wait whether a recording comes

log = structlog.get_logger("adapters.sms")


class VoiceMailbox:
    """See the module. `account` is the session's, None between sessions."""

    def __init__(
        self,
        config: VoiceConfig,
        ports: Ports,
        ours: tuple[str, ...],
        account: Callable[[], TwilioApi | None],
    ) -> None:
        self._config = config
        self._ports = ports
        self._ours = frozenset(ours)
        self._account = account
        self._fetches: dict[str, int] = {}
        self._taken: OrderedDict[str, None] = OrderedDict()  # recordings that are durable
        self._waiting: OrderedDict[str, tuple[PhoneCall, float]] = OrderedDict()  # calls that are over, and since when
        self._fetching: set[str] = set()  # calls whose recording is known and not here yet
        self._looking = asyncio.Lock()

    def is_ours(self, call: PhoneCall) -> bool:
        """Whether a call went to one of our numbers."""
        return call.to in self._ours

    async def watch(self) -> None:
        """Tell calls as missed when their time has come, for ever."""
        while True:
            await asyncio.sleep(min(5.0, max(0.1, self._config.missed_after_s / 4)))
            now = time.monotonic()
            for id, (call, since) in list(self._waiting.items()):
                if now - since >= self._config.missed_after_s:
                    with suppress(Busy):
                        await self.missed(call, self._ports.inlet)
                        self._waiting.pop(id, None)

    # -- what webhooks tell

    async def ended(self, call: PhoneCall) -> None:
        """Note that a call is over; it is missed unless a recording comes or somebody had taken it."""
        self._waiting[call.sid] = (call, time.monotonic())
        while len(self._waiting) > HELD_BACK:
            self._waiting.popitem(last=False)  # the list of calls finds it

    async def answered(self, call: PhoneCall) -> None:
        """Note that somebody took a call. Raises Busy."""
        await self._settle(call.sid, "answered")

    async def recorded(self, call: PhoneCall, recording: str, seconds: int, intake: MessageIntake) -> None:
        """Make a recording durable. Raises Busy."""
        account = self._there()
        if recording not in self._taken:
            self._fetching.add(call.sid)
            message = await self._heard(account, call, recording, seconds)
            try:
                await intake.receive(message)
            except (TooLarge, ValueError) as error:
                log.warning("a recording cannot be taken in", channel=self._ports.channel, why=type(error).__name__)
            await self._settle(call.sid, "recorded")
            self._taken[recording] = None
            self._fetches.pop(recording, None)
            while len(self._taken) > KNOWN:
                self._taken.popitem(last=False)
        if self._config.delete_recordings:
            await account.delete_recording(recording)

    async def _heard(self, account: TwilioApi, call: PhoneCall, recording: str, seconds: int) -> Any:
        """Fetch a recording; one that cannot be had for a while comes in without its sound. Raises Busy."""
        channel = self._ports.channel
        name = f"voicemail-{recording[2:10]}.mp3"
        try:
            async with account.file(account.recording(recording), MAX_IN) as (_, chunks):
                file = await self._ports.blobs.save(chunks, name, MAX_IN)
        except (LookupError, Unavailable) as error:
            count = self._fetches[recording] = self._fetches.get(recording, 0) + 1
            if count < FETCHES:
                raise Busy(f"a recording cannot be had now: {error}") from None
            return calls.without_sound(channel, call, recording)
        except (TooLarge, ValueError):
            return calls.without_sound(channel, call, recording)
        return calls.voicemail(channel, call, recording, seconds, file)

    async def written(self, call: PhoneCall, fields: Mapping[str, str]) -> None:
        """Take in a machine's words for a recording. Raises Busy."""
        if fields.get("TranscriptionStatus") != "completed":
            return
        id, words = fields.get("TranscriptionSid", ""), fields.get("TranscriptionText", "")
        message = calls.transcript(self._ports.channel, call, id, words)
        if message is not None:
            with suppress(TooLarge, ValueError):
                await self._ports.inlet.receive(message)

    async def missed(self, call: PhoneCall, intake: MessageIntake) -> None:
        """Tell a call as missed, unless something became of it. Raises Busy."""
        if call.sid in self._fetching or await self._ports.memory.rows(CALLS, [call.sid]):
            return
        try:
            await intake.receive(calls.missed(self._ports.channel, call))
        except (TooLarge, ValueError) as error:
            log.warning("a call cannot be told", channel=self._ports.channel, why=type(error).__name__)
        await self._settle(call.sid, "missed")

    async def _settle(self, call: str, end: CallEnd) -> None:
        self._waiting.pop(call, None)
        await self._ports.memory.put(CALLS, [MemoryRow(call, end.encode())])
        self._fetching.discard(call)

    # -- what the lists say

    async def look(self, since: int, intake: MessageIntake) -> bool:
        """Take in the recordings and missed calls since then (ms) that no webhook told; False where some must be looked at again.

        Raises Unavailable, BadCredentials, Busy.
        """
        async with self._looking:
            account = self._there()
            whole = True
            async for call, recording, seconds in self._recordings(account, since):
                try:
                    await self.recorded(call, recording, seconds, intake)
                except Busy:
                    if not self._fetches.get(recording):
                        raise
                    whole = False
            for call in await self._over(account, since):
                await self.missed(call, intake)
            return whole

    async def _recordings(self, account: TwilioApi, since: int) -> AsyncIterator[tuple[PhoneCall, str, int]]:
        found = await account.recordings(since)
        for each in sorted(found, key=lambda one: milliseconds(one.date_created)):
            if each.status != "completed" or not calls.is_recording(each.sid or ""):
                continue
            if each.sid in self._taken and not self._config.delete_recordings:
                continue
            with suppress(ValueError):  # a recording of something else
                call = calls.listed(await account.call(each.call_sid))
                if self.is_ours(call):
                    yield call, each.sid, int(each.duration or 0)

    async def _over(self, account: TwilioApi, since: int) -> list[PhoneCall]:
        """Return the calls that are over for a while, oldest first."""
        found: list[PhoneCall] = []
        late = time.time() * 1000 - self._config.missed_after_s * 1000
        for to in sorted(self._ours):
            for each in await account.calls(to, since):
                ended = milliseconds(each.end_time or each.date_updated)
                if each.status in calls.OVER and each.direction == "inbound" and ended <= late:
                    with suppress(ValueError):
                        found.append(calls.listed(each))
        return sorted(found, key=lambda call: call.at)

    def _there(self) -> TwilioApi:
        account = self._account()
        if account is None:
            raise Busy("the session is over")
        return account
