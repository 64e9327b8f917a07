"""The suite's desk as a channel to partners sees it: a book in a file, and the suite's own people and offers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.contract.partners import Colleague, LentTalk, PartnerBook, PassedLine, PeerDesk
from bridge.sql.archive import Archive

if TYPE_CHECKING:
    from bridge.testing.ring import Ring

LEE = "lee"  # the librarian who stands for the partner


class SuitePartnerDesk:
    """`bridge.contract.partners.PartnerPorts` over a ring: every offer of the suite's is with Lee."""

    def __init__(self, ring: Ring, archive: Archive) -> None:
        self.book: PartnerBook = archive.partners(ring.channel)
        self._ring = ring
        self.archive = archive

    @classmethod
    async def open(cls, ring: Ring, file: Path) -> SuitePartnerDesk:
        """Open the book."""
        return cls(ring, await Archive.open(f"sqlite:///{file}"))

    async def close(self) -> None:
        """Close the book."""
        await self.archive.close()

    def desk(self) -> PeerDesk:
        """See `PartnerPorts`."""
        desk = self._ring.desk
        return PeerDesk(open=desk.open, staffed=desk.online, busy=bool(desk.busy))

    def colleague(self, address: str) -> Colleague | None:
        """See `PartnerPorts`."""
        return Colleague(librarian=LEE, queues=("central/desk",), answers=("central/desk",))

    def ready(self) -> bool:
        """See `PartnerPorts`."""
        return True

    async def caught_up(self) -> None:
        """See `PartnerPorts`."""

    def lent(self, conversation: str) -> LentTalk | None:
        """See `PartnerPorts`."""
        if not any(each.conversation == conversation for each in self._ring.deliveries):
            return None
        return LentTalk(
            with_=frozenset({LEE}),
            owner="",
            transfer=False,
            guest="",
            closed=False,
            code="",
            asked_at=0,
            live=True,
            name="",
            library="Central",
            language="en",
            policy_url="",
            retention_days=90,
        )

    async def lines(self, conversation: str, after: str) -> Sequence[PassedLine]:
        """See `PartnerPorts`."""
        found = [
            PassedLine(id=each.id, position=f"{n:06}", who="patron", text=each.text, at=each.at)
            for n, each in enumerate(self._ring.deliveries, 1)
            if each.conversation == conversation and each.kind == "offer"
        ]
        return [line for line in found if line.position > after]

    async def forgotten(self, conversations: Collection[str]) -> Collection[str]:
        """See `PartnerPorts`."""
        return ()
