"""Where the files of patrons' own data come from, for one consortium: for an address that was proved, or for a coordinator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.contract.adapter import Blobs
from bridge.pages.languages import chosen
from bridge.privacy.own_data.contents import OwnDataContents
from bridge.privacy.own_data.desk import OwnDataDesk
from bridge.privacy.own_data.package import OwnDataPackage
from bridge.privacy.own_data.words import spoken
from bridge.sql.privacy.own_data import OwnDataReader
from bridge.sql.privacy.patron_lookup import Held
from routing.records import at_key
from routing.state import State


@dataclass(frozen=True, slots=True)
class OwnDataSource:
    """One consortium's patrons' files."""

    reader: OwnDataReader
    state: Callable[[], State]
    blobs: Blobs

    async def at_address(
        self, channel: str, address: str, library: str = "", *, asked: str = "", accepted: str = ""
    ) -> OwnDataPackage:
        """Return the file for the patron who proved an address: of one library's conversations, or of all.

        `asked`, `accepted`: the language that they chose, and their browser's header.
        """
        found = await self.reader.held_of(channel, address)
        given = [one for one in found if library in ("", one.library)]
        home = library or (given[-1].library if given else "")
        language = chosen(asked, accepted, self.state().roster.library(home).language)
        proved = {at_key(channel, address)}
        return self._package(home, language, given, proved, len(found) - len(given))

    def of_patron(self, home: str, held: Sequence[Held], elsewhere: int, language: str) -> OwnDataPackage:
        """Return the file of a patron whom a coordinator of `home` knows, with all that is theirs in `held`."""
        own = self.state().roster.library(home).language
        proved = {place for one in held for place in one.places}
        return self._package(home, chosen(language, "", own), held, proved, elsewhere)

    def _package(
        self, home: str, language: str, held: Sequence[Held], proved: set[str], elsewhere: int
    ) -> OwnDataPackage:
        desk = OwnDataDesk(reader=self.reader, state=self.state, home=home, language=spoken(language))
        return OwnDataPackage(OwnDataContents(desk, held, proved, elsewhere), self.blobs)
