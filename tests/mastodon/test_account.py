"""The library's account at a server: what the first look takes in, and what it leaves."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bridge.testing.rig import soon
from tests.conformance.rig_mastodon import MastodonRig
from tests.conformance.scenes import opened


async def test_the_first_look_leaves_what_is_older_than_it_may_be(tmp_path: Path) -> None:
    """Not only the first of the old mentions, and nothing that is new."""
    async with opened(MastodonRig, tmp_path) as scene:
        rig = scene.rig
        assert isinstance(rig, MastodonRig)
        ada = await rig.patron("ada")
        for text in ("last year", "last month", "last week"):
            source = await ada.say(text)
            old = "update statuses set created_at = '2020-01-01 00:00:00.000000' where id = ?"
            await asyncio.to_thread(rig.server.change, old, (int(source),))
        await ada.say("just now")
        await scene.begin()
        await soon("what is new comes in", scene.ring.message("just now"))
        assert [each.text for each in scene.ring.messages()] == ["just now"]
