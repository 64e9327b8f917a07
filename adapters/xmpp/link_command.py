"""`deskbridge xmpp-link CHANNEL LIBRARIAN`: print a code by which a librarian links a messenger of their own.

Who may read the configuration and the archive may make codes: a code is signed with the channel's secret.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from adapters.xmpp import staff
from bridge.contract.command import ChannelAccess


async def xmpp_link(channels: Sequence[ChannelAccess], words: Sequence[str]) -> int:
    """Print a code; 2 when it cannot be made."""
    known = {channel.name: channel for channel in channels if channel.kind == "xmpp-component"}
    if len(words) != 2 or words[0] not in known or not words[1] or ":" in words[1]:
        names = ", ".join(known) or "there is none"
        print(f"xmpp-link: name a channel of kind xmpp-component ({names}) and a librarian", file=sys.stderr)
        return 2
    print(staff.code(staff.link_key(known[words[0]].secret), words[1], time.time()))
    return 0
