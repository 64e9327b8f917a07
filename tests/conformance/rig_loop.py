"""The loop network as a rig: it lives in memory, so the wire is the network's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

from adapters.loop.adapter import AskingLoop, LoopAdapter, LoopConfig, PlainLoop
from adapters.loop.network import LoopLetter, Network, Sign
from bridge.contract.adapter import Adapter, ChannelDesk
from bridge.contract.message import Stage, message_id
from bridge.testing import Heard, NetworkPatron, NotOffered, Offer, Rig, SentFile

_names = count(1)
PASSWORD = "open-sesame-4711"


class LoopPatron(NetworkPatron):
    """A person on the loop network."""

    def __init__(self, rig: LoopRig, name: str) -> None:
        self.address = f"{name}@loop"
        self._rig = rig
        self._inbox = rig.network.inbox(self.address)

    async def say(self, text: str, files: Sequence[SentFile] = ()) -> str:
        source = f"n{len(self._rig.network.letters)}"
        self._rig.network.post(self.address, source, text, tuple((file.name, file.data) for file in files))
        return source

    async def repeat(self, source: str) -> None:
        self._rig.network.push(self._letter(source))

    async def acknowledged(self, source: str) -> bool:
        return self._letter(source).number in self._rig.network.acknowledged

    async def hear(self) -> Heard:
        parcel = await self._inbox.shown.get()
        return Heard(parcel.text, tuple(SentFile(name, data) for name, data in parcel.files), parcel.id, parcel.kind)

    async def confirm(self, heard: Heard, stage: Stage) -> None:
        if self._rig.capabilities.receipts != "read":
            raise NotOffered
        self._rig.network.push(Sign("read" if stage == "read" else "delivered", self.address, heard.id))

    async def type(self) -> None:
        if not self._rig.capabilities.typing:
            raise NotOffered
        self._rig.network.push(Sign("typing", self.address))

    async def sees_typing(self) -> None:
        await self._rig.seen(lambda: self._inbox.typing > 0)

    async def sees_read(self, source: str) -> None:
        mark = message_id("here", self.address, source)
        await self._rig.seen(lambda: mark in self._inbox.marks)

    async def rate(self, score: int, comment: str, source: str) -> None:
        if not self._rig.capabilities.ratings:
            raise NotOffered
        self._rig.network.push(Sign("rated", self.address, source, score, comment))

    async def wants_transcript(self, address: str, source: str) -> None:
        if not self._rig.capabilities.takeaway:
            raise NotOffered
        self._rig.network.push(Sign("wants", self.address, source, text=address))

    async def refuse_call(self, offer: Heard) -> None:
        if not self._rig.capabilities.calls:
            raise NotOffered
        self._rig.network.push(Sign("refused-call", self.address, offer.id))

    async def sees_desk(self, desk: ChannelDesk) -> None:
        await self._rig.seen(lambda: self._rig.network.presence == desk)

    async def close(self) -> None:
        pass

    def _letter(self, source: str) -> LoopLetter:
        letters = self._rig.network.letters
        return next(each for each in letters if (each.sender, each.source) == (self.address, source))


class LoopRig(Rig):
    """The network with all its talents."""

    adapter: ClassVar[type[Adapter]] = LoopAdapter
    keeps = True
    drops_duplicates: ClassVar[bool] = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.name = f"loop-{next(_names)}"
        self.secrets = (PASSWORD,)
        self.network = Network(self.name, drops_duplicates=self.drops_duplicates)
        self.network.accounts["library"] = PASSWORD

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        self.network.vanish()

    def config(self) -> Any:
        return LoopConfig(network=self.name, password=PASSWORD, patience_s=1.5, beat_s=0.5)

    def refused(self) -> Any:
        return LoopConfig(network=self.name, password="wrong")

    def misconfigured(self) -> Any:
        return LoopConfig(network="there is no such network", password=PASSWORD)

    async def patron(self, name: str) -> NetworkPatron:
        return LoopPatron(self, name)

    async def hostile(self) -> Sequence[bytes]:
        texts = [
            "\x00\x01\x1b[2J",
            "\ud800 half a pair",
            "<svg onload=alert(1)>",
            "‮txt.exe",
            "a" * 200_000,
            "",
            "{}" * 9999,
        ]
        for number, text in enumerate(texts):
            self.network.post("mallory@loop", f"hostile-{number}", text)
        self.network.post("mallory\x00@loop", "nul", "an address with NUL")
        self.network.post("", "nobody", "no address")
        self.network.post("mallory@loop", "", "no source")
        self.network.push(Sign("delivered", "mallory@loop", "no such delivery"))
        self.network.push(Sign("claim", "mallory@loop", "no such conversation"))
        return [text.encode("utf-8", "replace") for text in texts]

    async def staff(self, librarian: str) -> str:
        self.network.push(Sign("came", librarian))
        return librarian

    async def staff_hears(self, librarian: str) -> Offer:
        parcel = await self.network.inbox(librarian).shown.get()
        return Offer(parcel.text, parcel.about)

    async def staff_claims(self, librarian: str, offer: Offer) -> None:
        self.network.push(Sign("claim", librarian, offer.conversation))

    async def cut(self) -> None:
        self.network.wire.cut = True
        self.network.break_links()

    async def freeze(self) -> None:
        self.network.wire.flowing.clear()

    async def deafen(self) -> None:
        self.network.wire.deaf = True

    async def mute(self) -> None:
        self.network.wire.mute = True

    async def slow(self, seconds: float) -> None:
        self.network.wire.delay = seconds

    async def heal(self) -> None:
        self.network.wire.heal()

    async def seen(self, asked: Callable[[], bool]) -> None:
        await self.network.until(asked)


class AskingRig(LoopRig):
    """The network that does not drop duplicates, but can be asked."""

    adapter = AskingLoop
    drops_duplicates = False


class PlainRig(LoopRig):
    """The network that neither drops duplicates nor answers questions."""

    adapter = PlainLoop
    drops_duplicates = False
