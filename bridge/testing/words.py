"""Cases: words in and out, once each, in order, as they were written."""

from __future__ import annotations

import asyncio

from bridge.contract.formatting import plain
from bridge.testing.rig import soon
from bridge.testing.scene import QUIET_S, Scene

SCRIPTS = (
    "Wo finde ich „Die Verwandlung“? Größe, Straße, Ärger",
    "Где найти книгу «Мастер и Маргарита»?",
    "أين أجد كتاب ألف ليلة وليلة؟",
    "איפה הספר?",
    "《红楼梦》在哪里？ 吾輩は猫である",
    "हिन्दी की किताबें कहाँ हैं?",
    "ห้องสมุดเปิดกี่โมง",
    "Zażółć gęślą jaźń, e\u0301 decomposed",
    "family \U0001f469\u200d\U0001f469\u200d\U0001f467 flag \U0001f1fa\U0001f1e6 hand \U0001f44d\U0001f3fd",
    "𝔐athematical 𠜎 and 🜁 beyond the first plane",
)
MARKUP = (
    "<b>bold?</b> &amp; <script>alert(1)</script>",
    "*stars* _lines_ `ticks` https://example.org/?a=1&b=2#c",
    "100 % {curly} $HOME %s \\n ';-- DROP",
)


class WordCases:
    """See the module."""

    async def test_a_question_comes_in_and_its_answer_goes_out(self, scene: Scene) -> None:
        """If this fails, look at the connection first: config, up(), then receive and send."""
        await scene.begin()
        await scene.talk(await scene.patron("ada"))

    async def test_any_script_arrives_as_it_was_written(self, scene: Scene) -> None:
        """Both ways. Look at encodings, at normalisation, and at limits counted in bytes or UTF-16 units."""
        await scene.begin()
        patron = await scene.patron("ada")
        for text in SCRIPTS:
            await soon("a patron writes", patron.say(text))
            message = await scene.ring.message(text)
            await scene.ring.answer(message, text)
            await scene.hears(patron, text)

    async def test_markup_stays_text(self, scene: Scene) -> None:
        """Nothing is interpreted, escaped twice or dropped, in either direction. Look at the codec."""
        await scene.begin()
        patron = await scene.patron("ada")
        for text in MARKUP:
            await soon("a patron writes", patron.say(text))
            await scene.ring.answer(await scene.ring.message(text), text)
            await scene.hears(patron, text)

    async def test_formatting_arrives_as_the_network_shows_it(self, scene: Scene) -> None:
        """Undeclared: plain words and nothing else. Declared: no word is lost. Look at Capabilities.formatting."""
        await scene.begin()
        patron = await scene.patron("ada")
        text = "**Yes.** See [our hours](https://library.example/hours)."
        await scene.ring.answer(await scene.hello(patron), text)
        heard = await scene.heard(patron)
        if scene.can.formatting:
            assert all(word in heard.text for word in ("Yes.", "our hours", "https://library.example/hours"))
        else:
            assert heard.text == plain(text)

    async def test_one_conversation_keeps_its_order(self, scene: Scene) -> None:
        """Thirty lines each way at full speed. Look for tasks per message, and for receive called out of source order."""
        await scene.begin()
        patron = await scene.patron("ada")
        first = await scene.hello(patron)
        lines = [f"line {number}" for number in range(30)]
        for line in lines:
            await soon("a patron writes", patron.say(line))
        came = await scene.ring.texts(31, sender=patron.address)
        assert came == [first.text, *lines]
        await scene.ring.answers(first, lines)
        await scene.hears(patron, *lines)

    async def test_many_conversations_go_on_at_once(self, scene: Scene) -> None:
        """Each patron hears their own answers only, in order. Look at the reply token and at state shared between sends."""
        await scene.begin()
        patrons = [await scene.patron(f"patron{letter}") for letter in "abcdefgh"]
        messages = [await scene.hello(patron) for patron in patrons]
        texts = [[f"for {patron.address}: {number}" for number in range(3)] for patron in patrons]
        for message, answers in zip(messages, texts, strict=True):
            await scene.ring.answers(message, answers)
        await asyncio.gather(*(scene.hears(patron, *answers) for patron, answers in zip(patrons, texts, strict=True)))

    async def test_what_its_source_repeats_comes_in_once(self, scene: Scene) -> None:
        """Sources redeliver what was not acknowledged in time. Look at Message.source: it must be the network's id."""
        await scene.begin()
        patron = await scene.patron("ada")
        source = await soon("a patron writes", patron.say("only once"))
        await scene.ring.message("only once")
        for _ in range(3):
            await soon("the source repeats", patron.repeat(source))
        await scene.hello(patron)
        texts = [message.text for message in scene.ring.messages()]
        assert texts.count("only once") == 1

    async def test_a_repeat_is_acknowledged_too(self, scene: Scene) -> None:
        """Else its source never stops. Look at what happens when receive returns False."""
        await scene.begin()
        patron = await scene.patron("ada")
        source = await soon("a patron writes", patron.say("once more"))
        assert await scene.acknowledged(patron, source)
        await soon("the source repeats", patron.repeat(source))
        assert await scene.acknowledged(patron, source)

    async def test_nothing_is_acknowledged_before_it_is_durable(self, scene: Scene) -> None:
        """The store is frozen: no acknowledgement; it goes on: message and acknowledgement. Look at acks before receive."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        await scene.talk(patron)
        scene.ring.freeze()
        source = await soon("a patron writes", patron.say("is this kept?"))
        assert not await scene.acknowledged(patron, source, within=QUIET_S)
        scene.ring.thaw()
        if not await scene.acknowledged(patron, source, within=5.0):
            await soon("the source repeats", patron.repeat(source))
        await scene.ring.message("is this kept?")
        assert await scene.acknowledged(patron, source)
        await scene.hello(patron)
        assert [message.text for message in scene.ring.messages()].count("is this kept?") == 1

    async def test_when_memory_is_full_nothing_is_acknowledged_or_lost(self, scene: Scene) -> None:
        """Busy: the message stays with its source and comes in when there is room. Look at how Busy is answered."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        await scene.talk(patron)
        await scene.ring.fill()
        source = await soon("a patron writes", patron.say("is there room?"))
        assert not await scene.acknowledged(patron, source, within=QUIET_S)
        await scene.ring.relieve()
        if not await scene.acknowledged(patron, source, within=5.0):
            await soon("the source repeats", patron.repeat(source))
        await scene.ring.message("is there room?")
        assert await scene.acknowledged(patron, source)
        await scene.hello(patron)
        assert [message.text for message in scene.ring.messages()].count("is there room?") == 1

    async def test_the_reply_token_survives_a_restart(self, scene: Scene) -> None:
        """An answer needs only what the Delivery carries. Look at state that the adapter keeps in memory."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        await scene.ring.stop()
        await scene.again()
        await scene.ring.answer(message, "after the restart")
        await scene.hears(patron, "after the restart")
