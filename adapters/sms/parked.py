"""`deskbridge parked-texts`: texts to numbers that no channel names; when, to which number, from whom. No words are shown."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.sms.numbers import shown
from adapters.sms.parking import Parking
from bridge.contract.command import ChannelAccess


async def parked_texts(channels: Sequence[ChannelAccess], words: Sequence[str]) -> int:
    """Print a line for each parked text, oldest first in each channel: 0 when nothing is parked, 1 when something is."""
    if words:
        print(
            f"parked-texts: what is {words[0]!r}? It takes no words; --config names the configuration", file=sys.stderr
        )
        return 2
    found = []
    for channel in channels:
        if channel.kind == "sms":
            for text in await Parking(channel.memory).parked():
                at = datetime.fromtimestamp(text.at / 1000, UTC).isoformat(" ", "minutes")
                found.append(f"{at}  {channel.name:<12}  to {shown(text.to)}  from {shown(text.sender)}  {text.sid}")
    print("\n".join(found) if found else "nothing is parked")
    return 1 if found else 0
