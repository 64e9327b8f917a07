"""Cases: long texts, files, and everything hostile that the network can carry."""

from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256

import pytest

from bridge.channels.inbound.validate import MAX_TEXT
from bridge.contract.adapter import TooLarge
from bridge.contract.message import Attachment
from bridge.testing.rig import Heard, SentFile, soon
from bridge.testing.scene import Scene

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cfc000000301010018dd8db00000000049454e44ae426082"
)


async def _chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


class LimitCases:
    """See the module."""

    async def test_a_long_answer_arrives_whole(self, scene: Scene) -> None:
        """In parts where the network has a limit: each fits, none is cut in a word, the order is kept, one outcome.

        Look at `max_text` (is it what the network really takes?) and at order inside send.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        limit = scene.can.max_text
        words = [f"word{number}" for number in range((limit or 8000) * 5 // 2 // 8)]
        delivery = await scene.ring.answer(message, " ".join(words))
        parts: list[Heard] = []
        while sum(len(part.text.split()) for part in parts) < len(words):
            parts.append(await scene.heard(patron))
        assert " ".join(part.text for part in parts).split() == words
        assert limit == 0 or all(len(part.text) <= limit for part in parts)
        assert len(parts) == 1 or limit
        await scene.hears_nothing(patron)
        if scene.can.fanout:
            return
        assert await scene.outcome(delivery) in ("sent", "delivered", "read")

    async def test_a_text_beyond_all_measure_hurts_nobody(self, scene: Scene) -> None:
        """It is refused, by the network or by us, and the next one is served. Look at what TooLarge does to the session."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        await soon("a patron writes far too much", patron.say("x" * (MAX_TEXT + 1)))
        other = await scene.patron("bob")
        await scene.talk(other)
        assert all(len(message.text) <= MAX_TEXT for message in scene.ring.messages())

    async def test_a_file_comes_in(self, scene: Scene) -> None:
        """Kept by digest, its type sniffed and not believed. Look at how the body is streamed into ports.blobs."""
        await scene.begin()
        patron = await scene.patron("ada")
        if not scene.rig.max_file:
            await scene.hello(patron)
            assert not scene.ring.messages()[-1].attachments
            return
        await soon("a patron sends a file", patron.say("a picture", [SentFile("holiday.exe", PNG)]))
        message = await scene.ring.message("a picture")
        assert [each.digest for each in message.attachments] == [sha256(PNG).hexdigest()]
        assert [each.media_type for each in message.attachments] == ["image/png"]
        path = await scene.ring.blobs.path(message.attachments[0].digest)
        assert path is not None
        assert path.read_bytes() == PNG

    async def test_a_file_goes_out(self, scene: Scene) -> None:
        """Whole, under its name; refused with a reason where the network has no files. Look at `max_media`."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        file = await scene.ring.blobs.save(_chunks(PNG), "plan.png", 1 << 20)
        delivery = await scene.ring.answer(message, "the plan", attachments=(file,))
        if not scene.can.max_media:
            receipt = await scene.ring.reached(delivery, "failed")
            assert receipt.reason == "no-attachments"
            return
        heard = await scene.heard(patron)
        files = list(heard.files)
        while not files:
            files += (await scene.heard(patron)).files
        assert files[0].data == PNG
        assert files[0].name == "plan.png"

    async def test_a_file_that_is_too_large_fails_visibly(self, scene: Scene) -> None:
        """The daemon refuses it before the network must. Look at `max_media`."""
        await scene.begin()
        patron = await scene.patron("ada")
        if not scene.can.max_media:
            with pytest.raises(TooLarge):
                await scene.ring.blobs.save(_chunks(PNG), "plan.png", 10)
            return
        message = await scene.hello(patron)
        large = Attachment(digest="0" * 64, media_type="image/png", size=scene.can.max_media + 1, name="huge.png")
        delivery = await scene.ring.answer(message, "the plan", attachments=(large,))
        if scene.can.fanout:
            await scene.heard(patron)  # shown without its file or as a link: the adapter's page decides
            return
        receipt = await scene.ring.reached(delivery, "failed")
        assert receipt.reason == "attachment-too-large"
        await scene.hears_nothing(patron)

    async def test_hostile_input_hurts_nobody_else(self, scene: Scene) -> None:
        """Ordinary people are served meanwhile and afterwards. Look at parsing, limits, and tasks that die of one frame."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        sent = await soon("hostile input is sent", scene.rig.hostile())
        await scene.talk(patron)
        health = scene.ring.health()
        assert health.bugs == 0, f"the adapter failed on one of {[each[:80] for each in sent]}"
        assert all(len(message.text) <= MAX_TEXT for message in scene.ring.messages())
