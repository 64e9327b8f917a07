"""What patrons of a case would find in the archive: their messages, their answers and their ratings, in order."""

from __future__ import annotations

import time

from bridge.contract.adapter import HistoryLine
from bridge.contract.message import Delivery, Message, Rating, derive


def conversation(sender: str) -> str:
    """Return the id of the one conversation that the suite keeps for each address."""
    return derive("conversation", sender)


class Timeline:
    """The lines of everybody, each with its patron's address."""

    def __init__(self) -> None:
        self._lines: list[tuple[str, HistoryLine]] = []

    async def after(self, sender: str, position: str) -> list[HistoryLine]:
        """Return a patron's lines after a position. Raises LookupError for a position that is none."""
        if position and position not in (line.position for _, line in self._lines):
            raise LookupError("reset")
        return [line for address, line in self._lines if address == sender and line.position > position]

    def add(self, each: Message | Rating | Delivery) -> None:
        """Add what a patron wrote or was sent; a mark is no line."""
        position = f"{len(self._lines):012}"
        match each:
            case Message():
                self._lines.append((each.sender, _message(each, position)))
            case Rating():
                self._lines.append((each.sender, _rating(each, position)))
            case Delivery(kind="text" | "notice"):
                self._lines.append((each.to, _delivery(each, position)))
            case _:
                pass


def _message(each: Message, position: str) -> HistoryLine:
    return HistoryLine(
        id=each.id,
        position=position,
        conversation=conversation(each.sender),
        who="patron",
        text=each.text,
        at=each.sent_at,
        source=each.source,
        attachments=each.attachments,
        stage="received",
    )


def _rating(each: Rating, position: str) -> HistoryLine:
    return HistoryLine(
        id=each.id,
        position=position,
        conversation=conversation(each.sender),
        who="patron",
        text=each.comment,
        at=int(time.time() * 1000),
        event=f"rated:{each.score}",
    )


def _delivery(each: Delivery, position: str) -> HistoryLine:
    return HistoryLine(
        id=each.id,
        position=position,
        conversation=each.conversation,
        who="desk" if each.kind == "notice" else "librarian",
        text=each.text,
        at=each.at,
        author=each.author,
        attachments=each.attachments,
        event=each.event,
    )
