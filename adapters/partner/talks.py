"""The conversations that are passed between us and partners, at hand. The book keeps them; one session holds them all."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.contract.partners import PartnerBook, PartnerTalk, Way


class Talks:
    """What the book knows of conversations. `load` before all else; only one process may hold them."""

    def __init__(self, book: PartnerBook) -> None:
        self._book = book
        self._held: dict[tuple[str, Way, str], PartnerTalk] = {}
        self._open: dict[tuple[str, Way, str], None] = {}

    async def load(self) -> None:
        """Read all of them. Raises Busy."""
        self._held.clear()
        self._open.clear()
        for partner in await self._book.all():
            for way in ("lent", "held"):
                for talk in await self._book.talks(partner.id, way):
                    self._place(talk)

    def get(self, partner: str, way: Way, conversation: str) -> PartnerTalk | None:
        """Return one of them."""
        return self._held.get((partner, way, conversation))

    def open(self, way: Way) -> list[PartnerTalk]:
        """Return those in which the helper may act."""
        return [self._held[key] for key in self._open if key[1] == way]

    def all(self, way: Way) -> Iterator[PartnerTalk]:
        """Iterate over all that went one way."""
        return (talk for key, talk in [*self._held.items()] if key[1] == way)

    async def keep(self, talk: PartnerTalk) -> None:
        """Remember one as it is now, durably. Raises Busy."""
        if self._held.get(_key(talk)) != talk:
            await self._book.keep(talk)
            self._place(talk)

    async def drop(self, talk: PartnerTalk) -> None:
        """Forget one. Raises Busy."""
        await self._book.drop(talk)
        self._held.pop(_key(talk), None)
        self._open.pop(_key(talk), None)

    def _place(self, talk: PartnerTalk) -> None:
        key = _key(talk)
        self._held[key] = talk
        if talk.open:
            self._open[key] = None
        else:
            self._open.pop(key, None)


def _key(talk: PartnerTalk) -> tuple[str, Way, str]:
    return talk.partner, talk.way, talk.conversation
