"""Texting as a network: the local server that answers like Twilio, with its API behind a wire that can be hurt.

Webhooks go straight to the desk, as they come by another way than the API's in the world too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

import aiohttp
from twilio.request_validator import RequestValidator

from adapters.sms.adapter import SmsAdapter
from adapters.sms.config import SmsConfig
from bridge.contract.adapter import Adapter, ChannelDesk
from bridge.contract.message import Stage
from bridge.testing.proxy import Proxy
from bridge.testing.rig import Heard, NetworkPatron, Rig, SentFile
from bridge.testing.ring import Ring
from bridge.testing.twilio import Twilio

OURS = "+15005550100"


class TextPatron(NetworkPatron):
    """A person with a telephone."""

    def __init__(self, twilio: Twilio, name: str) -> None:
        self.address = f"+1415555{int.from_bytes(name.encode()) % 10_000:04}"
        self._twilio = twilio
        self._handset = twilio.handset(self.address)

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        return self._twilio.text(self.address, text, [(file.name, file.data) for file in files]).sid

    async def repeat(self, source: str) -> None:
        await self._twilio.call(self._twilio.find(source))

    async def acknowledged(self, source: str) -> bool:
        return 200 <= self._twilio.find(source).answered < 300

    async def hear(self) -> Heard:
        shown = await self._handset.arriving.get()
        return Heard(shown.text, tuple(SentFile(media.name, media.data) for media in shown.media), shown.sid)

    async def confirm(self, heard: Heard, stage: Stage) -> None:
        await self._twilio.report(self._twilio.find(heard.id), stage)

    async def sees_desk(self, desk: ChannelDesk) -> None:
        """A telephone shows no presence."""

    async def close(self) -> None:
        """There is no connection to close."""


class SmsRig(Rig):
    """An account with one number."""

    adapter: ClassVar[type[Adapter]] = SmsAdapter
    keeps = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.twilio = Twilio([OURS])
        self.secrets = (self.twilio.token,)

    async def start(self) -> None:
        await self.twilio.open()
        self.wire = await Proxy("127.0.0.1", self.twilio.port).open()
        self.twilio.base = f"http://127.0.0.1:{self.wire.port}"

    async def stop(self) -> None:
        if self.wire is not None:
            await self.wire.close()
        await self.twilio.close()

    async def meet(self, ring: Ring) -> None:
        await super().meet(ring)
        self.twilio.inbound = f"{ring.url}/channels/{ring.channel}/inbound"

    def config(self) -> SmsConfig:
        return self._config(self.twilio.token)

    def refused(self) -> SmsConfig:
        return self._config("0" * 32)

    def misconfigured(self) -> SmsConfig:
        return SmsConfig(account_sid=self.twilio.account, auth_token="x", numbers=("the library's number",))

    def _config(self, token: str) -> SmsConfig:
        return SmsConfig(
            account_sid=self.twilio.account,
            auth_token=token,
            numbers=(OURS,),
            api=self.twilio.base,
            rate=10_000,
            look_s=0.5,
            patience_s=3.0,
            grace_s=1.0,
            settle_s=1.0,
        )

    async def patron(self, name: str) -> TextPatron:
        return TextPatron(self.twilio, name)

    async def arrived(self, delivery: str) -> bool:
        return any(record.callback.endswith(f"delivery={delivery}") for record in self.twilio.records)

    async def hostile(self) -> Sequence[bytes]:
        account, url = self.twilio.account, self.twilio.inbound
        signer = RequestValidator(self.twilio.token)
        base = {"AccountSid": account, "MessageSid": "SM" + "0" * 32, "From": "+14155550199", "To": OURS, "Body": "x"}
        forms = [
            base | {"From": "\x00"},
            base | {"MessageSid": "../../etc/passwd"},
            base | {"MessageSid": "SM" + "1" * 32, "NumMedia": "99999999999", "MediaUrl0": "http://169.254.169.254/"},
            base | {"MessageSid": "SM" + "2" * 32, "Body": "<script>alert(1)</script>\x00\u202e" + "x" * 50_000},
            base | {"MessageSid": "SM" + "3" * 32, "To": "+15005550199"},
            base | {"MessageSid": "SM" + "4" * 32, "NumMedia": "-1", "OptOutType": "STOP\r\n"},
            base | {"MessageSid": "SM" + "5" * 32, "From": "LIBRARY"},
            {"AccountSid": account},
        ]
        sent = [urlencode(form).encode() for form in forms]
        raw = [
            b"",
            b"\xff\xfe",
            b"AccountSid=" + account.encode(),
            b"&" * 5000,
            b"{",
            b"[" * 50_000,
            b'{"AccountSid": {}}',
        ]
        async with aiohttp.ClientSession() as session:
            for form, body in zip(forms, sent, strict=True):
                signature = signer.compute_signature(url, form)
                await self._throw(session, url, body, signature)
                await self._throw(session, url.replace("/inbound", "/status"), body, signature)
            for body in raw:
                for kind in ("application/x-www-form-urlencoded", "application/json", "text/plain"):
                    await self._throw(session, url, body, "x" * 28, kind)
            flood = [session.get(url.replace("inbound", f"media/{'A' * number}/x")) for number in range(20)]
            for answer in await asyncio.gather(*flood):
                assert answer.status == 404
                answer.release()
        return [*sent, *raw]

    async def _throw(
        self,
        session: aiohttp.ClientSession,
        url: str,
        body: bytes,
        signature: str,
        kind: str = "application/x-www-form-urlencoded",
    ) -> None:
        headers = {"X-Twilio-Signature": signature, "Content-Type": kind}
        async with session.post(url, data=body, headers=headers) as answer:
            assert answer.status < 500, body[:100]
            await answer.read()
