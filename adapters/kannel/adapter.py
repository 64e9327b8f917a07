"""Texts through Kannel: it calls us with what patrons text, we post to its smsbox what librarians answer.

Kannel keeps a text until we answered 200, and brings it again under the same id; so nothing is listed or replayed. It drops no
duplicates of ours and cannot be asked, so a submission without an answer stays uncertain. Its reports name the delivery in
an address of ours, so one that comes later settles the doubt.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar

import aiohttp

from adapters.kannel import codec, numbers
from adapters.kannel.codec import CarriedText
from adapters.kannel.config import KannelConfig
from adapters.kannel.hooks import Hooks
from bridge.contract.adapter import (
    BadCredentials,
    Busy,
    Capabilities,
    Misconfigured,
    Outcome,
    Ports,
    Rejected,
    Retry,
    Unavailable,
    Uncertain,
)
from bridge.contract.message import Delivery, Stage
from bridge.contract.opt_outs import OPT_OUTS, OptOuts, command
from bridge.contract.segments import plain

MAX_TEXT = 670  # ten parts of 16 bits a character: `max-messages = 10`
ANSWER = 1_000  # bytes of smsbox's answer that we read


class KannelAdapter:
    """One number behind a Kannel. See the module."""

    name: ClassVar[str] = "kannel"
    Config: ClassVar[type[KannelConfig]] = KannelConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=MAX_TEXT,
        receipts="delivered",
        check=True,
        segments=True,
        label="Text (Kannel)",
        icon="phone",
        answers=("phone",),
        remembers=(OPT_OUTS,),
    )

    def __init__(self, config: KannelConfig, ports: Ports) -> None:
        """Keep config and ports. Raises Misconfigured for what cannot work."""
        config.check()
        self._config = config
        self._ports = ports
        self._base = (config.hook_url or ports.public_url).rstrip("/")
        if ports.routes is None:
            raise Misconfigured("Kannel brings texts by HTTP: the channel needs the HTTP side")
        self._opt_outs = OptOuts(ports.memory)
        self._hooks = Hooks(config, ports, self._arrived, self._reported)
        self._session: aiohttp.ClientSession | None = None
        self._refused = asyncio.Event()

    # -- the session

    async def run(self) -> None:
        """Hold one session."""
        self._refused.clear()
        async with aiohttp.ClientSession() as session:
            await self._ask(session)
            self._session = session
            try:
                await self._ports.inlet.up()
                await self._beat(session)
            finally:
                self._session = None

    async def check(self) -> None:
        """Ask smsbox whether it lets us in; nothing is sent. Raises Unavailable, BadCredentials, Misconfigured."""
        async with aiohttp.ClientSession() as session:
            await self._ask(session)

    async def _beat(self, session: aiohttp.ClientSession) -> None:
        while True:
            try:
                async with asyncio.timeout(self._config.beat_s):
                    await self._refused.wait()
            except TimeoutError:
                pass
            await self._ask(session)
            self._refused.clear()

    async def _ask(self, session: aiohttp.ClientSession) -> None:
        """Post a text to nobody: smsbox looks at the password first, and then misses the receiver."""
        try:
            status, said = await self._post(session, b"", {})
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"smsbox cannot be reached: {type(error).__name__}") from None
        if status == 403:
            raise BadCredentials(f"smsbox refuses user {self._config.username}")
        if status == 404:
            raise Misconfigured("url is not smsbox's sendsms")
        if status != 400 or "receiver" not in said:
            raise Unavailable(f"smsbox answers {status}")

    async def _post(self, session: aiohttp.ClientSession, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        signed = {
            "X-Kannel-Username": self._config.username,
            "X-Kannel-Password": self._config.password,
            "Content-Type": "text/plain; charset=UTF-8",
            "X-Kannel-Charset": "UTF-8",
        }
        async with (
            asyncio.timeout(self._config.patience_s),
            session.post(self._config.url, data=body, headers=signed | headers, allow_redirects=False) as answer,
        ):
            return answer.status, (await answer.content.read(ANSWER)).decode("utf-8", "replace")

    # -- what Kannel brings

    async def _arrived(self, text: CarriedText) -> None:
        """Make a text durable. Raises Busy, TooLarge, ValueError."""
        marks = await self._opt_outs.obey(text.id, self._config.number, text.sender, text.at, command(text.text))
        await self._ports.inlet.receive(codec.message(self._ports.channel, text, marks))

    async def _reported(self, delivery: str, stage: Stage, reason: str, detail: str) -> None:
        await self._ports.inlet.receipt(delivery, stage, reason=reason, detail=detail)

    # -- sending

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery."""
        session = self._session
        if session is None:
            return Retry("no-session")
        if not numbers.answerable(delivery.to):
            return Rejected("no-such-address")
        try:
            if await self._opt_outs.opted_out(self._config.number, delivery.to):
                return Rejected("opted-out")
        except Busy:
            return Retry("try-later")
        if delivery.attachments:
            return Rejected("media-refused")
        text = plain(delivery.text) if self._config.plain else delivery.text
        if not text:
            return Rejected("empty")
        return await self._submit(session, text, self._headers(delivery, text))

    async def _submit(self, session: aiohttp.ClientSession, text: str, headers: dict[str, str]) -> Outcome:
        try:
            outcome = codec.outcome(*await self._post(session, text.encode("utf-8", "replace"), headers))
        except aiohttp.ClientConnectorError:
            return Retry("unavailable")
        except (aiohttp.ClientError, OSError, RuntimeError) as error:  # RuntimeError: the session was closed meanwhile
            return Uncertain("timeout" if isinstance(error, TimeoutError) else "link-lost")
        if outcome == Retry("credentials"):
            self._refused.set()
        return outcome

    def _headers(self, delivery: Delivery, text: str) -> dict[str, str]:
        ours = delivery.reply if numbers.answerable(delivery.reply) else self._config.number
        headers = {"X-Kannel-To": delivery.to, "X-Kannel-From": ours, "X-Kannel-Coding": codec.coding(text)}
        if self._config.smsc:
            headers["X-Kannel-SMSC"] = self._config.smsc
        if self._base:
            headers["X-Kannel-DLR-Mask"] = str(codec.REPORTS)
            headers["X-Kannel-DLR-Url"] = self._hooks.report_url(self._base, delivery.id)
        return headers
