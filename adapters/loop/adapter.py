"""The loop adapter: the whole contract against a network in memory. Copy it when you write your own.

What to look at
- `__init__` keeps and checks; nothing is opened. `run` is one session, and closes what it opened however it ends.
- Reading never waits for the store: one task reads the link, another hands letters in, in their order. It acknowledges each
  only after `receive` has returned. So answers to `replay` and `send` get through while letters wait.
- Busy ends the session: letters behind it must not overtake, and the network keeps what was not acknowledged.
- A link that is silent is asked (`_beat`), for a frozen peer closes nothing. One that stays silent ends the session, and with
  it all that waits for an answer. A time limit for each submission would cost as much as submitting does.
- `send` knows three things apart: it never left (Retry), it was refused (Rejected), nobody knows (Uncertain).

Three classes share the code, for the three ways in which doubt is resolved; the entry point is LoopAdapter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import msgspec

from adapters.loop import codec
from adapters.loop.network import LoopLetter, LoopLink, LoopLinkLost, LoopSignInRefused, Network, Sign
from bridge.contract.adapter import (
    BadCredentials,
    Busy,
    Capabilities,
    MessageIntake,
    Misconfigured,
    Outcome,
    Ports,
    Rejected,
    Retry,
    Sent,
    Signal,
    TooLarge,
    Unavailable,
    Uncertain,
)
from bridge.contract.message import Delivery, Presence

MAX_FILE = 1 << 20


class Password(str):
    """A string that no repr shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Password(…)"


class LoopConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`network`: the name of a network in this process. `patience_s`: how long it may take to answer when it is asked; a
    submission has no limit of its own, since a network that stays silent at a beat ends the session."""

    network: str
    account: str = "library"
    password: str = ""
    patience_s: float = 10.0
    beat_s: float = 15.0

    def __repr__(self) -> str:
        return f"LoopConfig(network={self.network!r}, account={self.account!r})"


class PlainLoop:
    """The least: it receives and sends. The network drops no duplicates and answers no questions."""

    name: ClassVar[str] = "loop"
    Config: ClassVar[type[LoopConfig]] = LoopConfig
    capabilities: ClassVar[Capabilities] = Capabilities(check=True, label="Loop")

    def __init__(self, config: LoopConfig, ports: Ports) -> None:
        """Keep config and ports. Raises Misconfigured for what cannot work."""
        if config.patience_s <= 0 or config.beat_s <= 0:
            raise Misconfigured("patience_s and beat_s must be more than 0")
        self._config = config
        self._ports = ports
        self._link: LoopLink | None = None
        self._letters: asyncio.Queue[LoopLetter] = asyncio.Queue()

    # -- the session

    async def run(self) -> None:
        """Hold one session."""
        self._link = await self._connected()
        self._letters = asyncio.Queue()
        try:
            await self._ports.inlet.up()
            await self._serve()
        except* LoopLinkLost as lost:
            raise Unavailable(str(lost.exceptions[0])) from None
        finally:
            self._link.close()
            self._link = None

    async def check(self) -> None:
        """Sign in and leave again. Raises Unavailable, BadCredentials, Misconfigured."""
        (await self._connected()).close()

    async def _connected(self) -> LoopLink:
        network = Network.named(self._config.network)
        if network is None:
            raise Misconfigured(f"there is no network {self._config.network!r} in this process")
        try:
            async with asyncio.timeout(self._config.patience_s):
                return await network.connect(
                    self._config.account, self._config.password, redeliver=not self.capabilities.replay
                )
        except LoopSignInRefused as error:
            raise BadCredentials(str(error)) from None
        except (LoopLinkLost, TimeoutError) as error:
            raise Unavailable(f"the network cannot be reached: {error}") from None

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read())
            group.create_task(self._hand_in())
            group.create_task(self._beat())
            group.create_task(self._show_desk())
            if self.capabilities.typing:
                group.create_task(self._show_typing())

    async def _read(self) -> None:
        while True:
            frame = await self._there().next()
            if isinstance(frame, LoopLetter):
                self._letters.put_nowait(frame)
            else:
                await self._sign(frame)

    async def _hand_in(self) -> None:
        while True:
            await self._receive(await self._letters.get(), self._ports.inlet)

    async def _receive(self, letter: LoopLetter, intake: MessageIntake) -> None:
        """Hand a letter in and acknowledge it. One that can never be taken is acknowledged too, or it would come for ever."""
        try:
            attachments = [await self._ports.blobs.save(_chunks(data), name, MAX_FILE) for name, data in letter.files]
            message = codec.message(self._ports.channel, letter, attachments)
            await intake.receive(message, {"letters": str(letter.number)})
        except Busy as error:
            raise Unavailable(f"the desk takes nothing in now: {error}") from None
        except (TooLarge, ValueError):
            await intake.advance({"letters": str(letter.number)})
        await self._there().acknowledge(letter.number)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._config.beat_s)
            try:
                async with asyncio.timeout(self._config.patience_s):
                    await self._there().ping()
            except TimeoutError:
                raise Unavailable("the network has fallen silent") from None

    # -- signs

    async def _sign(self, sign: Sign) -> None:
        can, inlet = self.capabilities, self._ports.inlet
        match sign.kind:
            case "delivered" | "read" if can.receipts == "read":
                await inlet.receipt(sign.about, sign.kind)
            case "typing" if can.typing:
                await self._ports.signals.tell(Signal(kind="typing", address=sign.sender))
            case "rated" if can.ratings:
                with suppress(TooLarge, ValueError):  # it can never be taken
                    await inlet.rate(codec.rating(self._ports.channel, sign))
            case "wants" if can.takeaway:
                with suppress(ValueError):  # it can never be taken
                    await inlet.mail_transcript(codec.request(self._ports.channel, sign))
            case "refused-call" if can.calls:
                await inlet.refuse_call(sign.sender, sign.about)
            case "claim" if can.staff:
                await inlet.act(codec.action(sign))
            case "came" | "went" if can.staff:
                await inlet.presence(
                    Presence(
                        process=self._ports.process,
                        connection=sign.sender,
                        librarian=sign.sender,
                        up=sign.kind == "came",
                    )
                )
            case _:
                pass

    async def _show_desk(self) -> None:
        async for desk in self._ports.desk(""):
            await self._there().show(desk)

    async def _show_typing(self) -> None:
        async for signal in self._ports.signals.listen(self._ports.channel):
            if signal.kind == "typing":
                await self._there().type_to(signal.address)

    # -- sending

    async def send(self, delivery: Delivery) -> Outcome:
        """Submit one delivery."""
        link = self._link
        if link is None or link.closed:
            return Retry("no-session")
        if delivery.event == "transcript":
            try:
                delivery = await self._with_transcript(delivery)
            except Busy:
                return Retry("no-transcript-yet")
        files = []
        for attachment in delivery.attachments:
            path = await self._ports.blobs.path(attachment.digest)
            if path is None:
                return Rejected("attachment-gone")
            files.append((attachment.name, await asyncio.to_thread(Path.read_bytes, path)))
        try:
            answer = await link.submit(codec.parcel(delivery, files))
        except LoopLinkLost:
            return Uncertain("link-lost")
        match answer.verdict:
            case "taken":
                return Sent(network_id=delivery.id)
            case "refused":
                return Rejected(answer.reason)
            case "later":
                return Retry(answer.reason)

    async def _with_transcript(self, delivery: Delivery) -> Delivery:
        """Return a delivery that carries the words it is about. Raises Busy."""
        assert self._ports.transcript is not None  # it is declared
        return msgspec.structs.replace(delivery, text=f"{delivery.text}\n\n{await self._ports.transcript(delivery)}")

    def _there(self) -> LoopLink:
        if self._link is None:
            raise LoopLinkLost("the session is over")
        return self._link


class AskingLoop(PlainLoop):
    """A network that can be asked whether a parcel arrived, and takes short texts only."""

    capabilities: ClassVar[Capabilities] = Capabilities(lookup=True, check=True, max_text=160, live=True, label="Loop")

    async def lookup(self, delivery: Delivery) -> bool | None:
        """Ask the network."""
        try:
            async with asyncio.timeout(self._config.patience_s):
                return await self._there().has(delivery.id)
        except (LoopLinkLost, TimeoutError):
            return None


class LoopAdapter(PlainLoop):
    """Everything that the contract knows."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        max_text=4000,
        max_media=MAX_FILE,
        receipts="read",
        formatting=True,
        idempotent=True,
        replay=True,
        staff=True,
        live=True,
        marks=True,
        typing=True,
        ratings=True,
        takeaway=True,
        calls=True,
        transcripts=True,
        check=True,
        label="Loop",
    )

    async def replay(self, cursor: Mapping[str, str], missed: MessageIntake) -> None:
        """Hand in the letters since the cursor, oldest first."""
        try:
            for letter in await self._there().letters(int(cursor.get("letters", "0"))):
                await self._receive(letter, missed)
        except LoopLinkLost as lost:
            raise Unavailable(str(lost)) from None


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1 << 16):
        yield data[start : start + (1 << 16)]
