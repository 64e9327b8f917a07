"""What a patron's own file tells: their conversations as they saw them, read a portion at a time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from bridge.files.names import safe_name
from bridge.privacy.own_data.desk import OwnDataDesk
from bridge.sql.privacy.own_data import KeptConversation
from bridge.sql.privacy.patron_lookup import Held
from bridge.sql.transcripts.lines import TranscriptLine

LEFT_OUT = ("noNotes", "noSteps", "noLooks", "noOthers", "noMarks")


@dataclass(slots=True)
class OwnDataContents:
    """One patron's data. `proved`: their addresses as `channel|address`; `elsewhere`: conversations at other libraries."""

    desk: OwnDataDesk
    held: Sequence[Held]
    proved: Collection[str]
    elsewhere: int = 0
    made_at: float = field(default_factory=time.time)
    _files: dict[str, str] = field(default_factory=dict)  # digest -> its name in the file

    async def conversations(self) -> AsyncIterator[KeptConversation]:
        """Yield what is kept, the oldest conversation first."""
        async for one in self.desk.reader.kept(self.held, self.proved):
            yield one

    async def lines(self, one: KeptConversation) -> AsyncIterator[tuple[TranscriptLine, list[tuple[str, str]]]]:
        """Yield what the patron saw, each line with its files: how they are called, and where they are in here."""
        async for line in self.desk.reader.lines(one):
            found = [(file.digest, safe_name(file.name)) for file in line.attachments]
            if line.original and line.who == "patron":
                found.append((line.original, "message.eml"))
            yield line, [(name, self._place(digest, name)) for digest, name in found]

    def _place(self, digest: str, name: str) -> str:
        return self._files.setdefault(digest, f"files/{len(self._files) + 1}-{name}")

    @property
    def files(self) -> Mapping[str, str]:
        """The files of the lines that were read so far: digest to its name in the file."""
        return self._files

    @property
    def addresses(self) -> list[str]:
        """The proved addresses as their networks write them; what only a browser is known by is none for people."""
        return sorted(
            {place.partition("|")[2] for place in self.proved if not self.desk.private(place.partition("|")[0])}
        )
