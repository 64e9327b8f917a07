"""The channels on which staff practise: four for each consortium, by one line of the configuration and no other key.

[training]
practice = true
"""

from __future__ import annotations

from bridge.app.config import ChannelConfig, Config
from bridge.training.scenario import MANNERS


def with_practice(config: Config, consortium: str) -> list[ChannelConfig]:
    """Return all channels, with those of practice for one consortium, but for kinds that it configures itself."""
    found = list(config.channels)
    if not config.practice:
        return found
    own = {one.kind for one in found if one.consortium == consortium}
    kinds = [kind for manners in MANNERS if (kind := f"practice-{manners}") not in own]
    behind = "" if consortium == "main" else f"-{consortium}"  # a channel's name is its address, too
    return [*found, *(ChannelConfig(name=one + behind, kind=one, queue="", consortium=consortium) for one in kinds)]
