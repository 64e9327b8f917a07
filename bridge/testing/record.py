"""What came in, as a case asks about it: messages, receipts, statuses, and waiting for one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import msgspec

from bridge.contract.message import (
    Action,
    CallAnswer,
    ChannelStatus,
    Delivery,
    Message,
    PatronSign,
    Presence,
    Rating,
    Recall,
    Receipt,
    TranscriptWish,
)
from bridge.testing import rig

if TYPE_CHECKING:
    from routing.events import Input

T = TypeVar("T")


class InputRecord:
    """All inputs so far, in the stream's order."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.position = "0-0"  # of the last of them in the stream
        self._changed = asyncio.Condition()

    async def add(self, inputs: Sequence[Input], position: str) -> None:
        """Write down what came, up to a position in the stream, and wake those who wait for it."""
        async with self._changed:
            self.inputs += inputs
            self.position = position
            self._changed.notify_all()

    def messages(self) -> list[Message]:
        """Return all patrons' messages so far, in the stream's order."""
        return [each for each in self.inputs if isinstance(each, Message)]

    def ratings(self) -> list[Rating]:
        """Return all patrons' ratings so far."""
        return [each for each in self.inputs if isinstance(each, Rating)]

    def transcript_requests(self) -> list[TranscriptWish]:
        """Return all patrons' wishes for their transcripts so far."""
        return [each for each in self.inputs if isinstance(each, TranscriptWish)]

    def call_answers(self) -> list[CallAnswer]:
        """Return all that patrons said to offers of calls so far."""
        return [each for each in self.inputs if isinstance(each, CallAnswer)]

    def actions(self) -> list[Action]:
        """Return all librarians' actions so far."""
        return [each for each in self.inputs if isinstance(each, Action)]

    def recalls(self) -> list[Recall]:
        """Return all conversations so far that their home took back."""
        return [each for each in self.inputs if isinstance(each, Recall)]

    def presences(self) -> list[Presence]:
        """Return all comings and goings of librarians so far."""
        return [each for each in self.inputs if isinstance(each, Presence)]

    def receipts(self, delivery: Delivery) -> list[Receipt]:
        """Return what was said about a delivery so far."""
        return [each for each in self.inputs if isinstance(each, Receipt) and each.delivery == delivery.id]

    def signs(self, sender: str) -> list[bool]:
        """Return what was said of a patron so far: that they are here, or have left."""
        return [each.here for each in self.inputs if isinstance(each, PatronSign) and each.sender == sender]

    def ended(self, sender: str) -> bool:
        """Say whether a patron ended the conversation themselves."""
        return any(each.ended for each in self.inputs if isinstance(each, PatronSign) and each.sender == sender)

    def statuses(self) -> list[ChannelStatus]:
        """Return what was said about the channel so far."""
        return [each for each in self.inputs if isinstance(each, ChannelStatus)]

    async def until(self, asked: Callable[[], T], what: str, *, deadline: float | None = None) -> T:
        """Return what `asked` returns, once that is true, looking again after every input."""
        deadline = deadline or rig.DEADLINE_S
        try:
            async with asyncio.timeout(deadline), self._changed:
                while not (found := asked()):
                    await self._changed.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"did not happen within {deadline:g} s: {what}; came in: {self._story()}") from None

    async def message(self, text: str, *, deadline: float | None = None) -> Message:
        """Return the first message with this text."""

        def found() -> Message | None:
            return next((message for message in self.messages() if message.text == text), None)

        message = await self.until(found, f"a message {text[:60]!r}", deadline=deadline)
        assert message is not None
        return message

    async def texts(self, count: int, *, sender: str = "", deadline: float | None = None) -> list[str]:
        """Return the texts of one sender's messages, or of everybody's, once there are at least `count`."""

        def enough() -> list[str]:
            texts = [message.text for message in self.messages() if sender in ("", message.sender)]
            return texts if len(texts) >= count else []

        return await self.until(enough, f"{count} messages", deadline=deadline)

    async def up(self, *, deadline: float | None = None) -> None:
        """Return once the channel's last word is that it works."""
        await self.until(lambda: bool(self.statuses()) and self.statuses()[-1].up, "channel up", deadline=deadline)

    async def down(self, reason: str = "", *, deadline: float | None = None) -> str:
        """Return the reason once the channel's last word is that it does not work (for that reason, if given)."""

        def why() -> str:
            last = self.statuses()[-1] if self.statuses() else None
            counts = last is not None and not last.up and last.reason not in ("starting", "stopped")
            return last.reason if counts and last is not None and reason in ("", last.reason) else ""

        return await self.until(why, f"channel down {reason}", deadline=deadline)

    async def reached(self, delivery: Delivery, *stages: str, deadline: float | None = None) -> Receipt:
        """Return the first receipt of a delivery with one of these stages (none given: any)."""

        def found() -> Receipt | None:
            return next((each for each in self.receipts(delivery) if not stages or each.stage in stages), None)

        receipt = await self.until(found, f"delivery {' or '.join(stages) or 'settled'}", deadline=deadline)
        assert receipt is not None
        return receipt

    def _story(self) -> str:
        kinds: dict[str, int] = {}
        for each in self.inputs:
            kinds[type(each).__name__] = kinds.get(type(each).__name__, 0) + 1
        last = [msgspec.to_builtins(each) for each in self.statuses()[-2:]]
        return f"{kinds}, last statuses {last}"
