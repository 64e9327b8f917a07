"""`deskbridge parked-texts [DATA]`: texts to numbers that no channel names; when, to which number, from whom. No words are shown.

DATA is the data folder of the configuration, /var/lib/deskbridge unless given.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from adapters.sms.numbers import shown
from adapters.sms.parking import Parking

DATA = "/var/lib/deskbridge"


async def rows(files: Sequence[Path]) -> list[str]:
    """Return a line for each parked text, oldest first in each channel."""
    found = []
    for file in files:
        for text in await Parking(file.parent).parked():
            at = datetime.fromtimestamp(text.at / 1000, UTC).isoformat(" ", "minutes")
            found.append(f"{at}  {file.parent.name:<12}  to {shown(text.to)}  from {shown(text.sender)}  {text.sid}")
    return found


def main(words: Sequence[str]) -> int:
    """The verb: 0 when nothing is parked, 1 when something is, 2 when there is no such folder."""
    data = Path(words[0] if words else DATA)
    if not data.is_dir():
        print(f"there is no folder {data}", file=sys.stderr)
        return 2
    found = asyncio.run(rows(sorted(data.glob("channels/*/parked"))))
    print("\n".join(found) if found else "nothing is parked")
    return 1 if found else 0
