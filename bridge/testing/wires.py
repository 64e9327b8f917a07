"""Cases: wires that break, freeze, go deaf or slow, and daemons that were away."""

from __future__ import annotations

import asyncio

from bridge.testing.rig import soon
from bridge.testing.scene import QUIET_S, Scene


class WireCases:
    """See the module."""

    async def test_what_was_written_while_the_daemon_was_down_comes_in(self, scene: Scene) -> None:
        """Once each and in order, before what is written afterwards. Look at the cursor and at replay.

        Where neither network nor client keeps anything, what is written after the restart comes in, and nothing twice.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        before = await scene.ring.texts(1, sender=patron.address)
        await scene.ring.stop()
        missed = [f"while you were away {number}" for number in range(20)] if scene.rig.keeps else []
        for text in missed:
            await soon("a patron writes", patron.say(text))
        await scene.again()
        await soon("a patron writes", patron.say("and now"))
        came = await scene.ring.texts(len(before) + len(missed) + 1, sender=patron.address)
        assert came == [*before, *missed, "and now"]

    async def test_a_replay_that_breaks_off_loses_nothing(self, scene: Scene) -> None:
        """What comes live meanwhile waits, and goes in behind what was missed. Look at a cursor that is not given with receive.

        Undeclared: there is nothing to break off.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        before = await scene.ring.texts(1, sender=patron.address)
        if not scene.can.replay:
            return
        await scene.ring.stop()
        missed = [f"while you were away {number}" for number in range(3)] if scene.rig.keeps else []
        for text in missed:
            await soon("a patron writes", patron.say(text))
        broken = asyncio.Event()
        await scene.again(lambda: scene.ring.break_replay(broken))
        writing = asyncio.create_task(patron.say("and now"))
        await asyncio.wait([writing], timeout=QUIET_S)
        assert "and now" not in await scene.ring.texts(1, sender=patron.address)
        broken.set()
        await soon("a patron writes", writing)
        came = await scene.ring.texts(len(before) + len(missed) + 1, sender=patron.address)
        assert came == [*before, *missed, "and now"]

    async def test_a_restart_brings_nothing_twice(self, scene: Scene) -> None:
        """Neither in nor out, however often. Look at ids made of anything but the network's own."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        for number in range(3):
            await scene.ring.stop()
            await scene.again()
            await scene.talk(patron)
            assert len(scene.ring.messages()) == number + 2
        await scene.hears_nothing(patron)

    async def test_the_cursor_is_kept_where_there_is_a_replay(self, scene: Scene) -> None:
        """It must be given with receive; else every restart asks for everything. Look at receive's second argument."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        first = await scene.ring.cursor()
        assert bool(first) or not scene.can.replay
        await scene.talk(patron)
        assert not scene.can.replay or await scene.ring.cursor() != first

    async def test_after_a_cut_both_directions_work_again(self, scene: Scene) -> None:
        """By themselves, and nothing is lost or doubled. Look at what ends the session, and at what run leaves open."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        await scene.rig.cut()
        await scene.rig.heal()
        await scene.talk(patron)
        await scene.hears_nothing(patron)
        assert len(scene.ring.messages()) == 2

    async def test_answers_given_while_the_wire_is_cut_go_out_later(self, scene: Scene) -> None:
        """In order, once. Look at send: what never left must be Retry, not Uncertain and not Rejected."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        await scene.rig.cut()
        await soon("the adapter notices", scene.rig.noticed(scene.ring))
        await scene.ring.answers(message, ["one", "two", "three"])
        await scene.rig.heal()
        await scene.hears(patron, "one", "two", "three")
        await scene.hears_nothing(patron)

    async def test_a_frozen_peer_is_noticed(self, scene: Scene) -> None:
        """A peer that falls silent closes nothing: the adapter must ask, and give up in time. Look at its heartbeat."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        await scene.rig.freeze()
        await soon("the adapter notices", scene.rig.noticed(scene.ring))
        await scene.rig.heal()
        await scene.talk(patron)

    async def test_a_wire_that_carries_one_way_only_is_survived(self, scene: Scene) -> None:
        """What the adapter sends is lost while it still hears. Look at acknowledgements that are taken for granted."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        await scene.rig.deafen()
        delivery = await scene.ring.answer(message, "into the void")
        await soon("the adapter notices", scene.rig.noticed(scene.ring))
        await scene.rig.heal()
        certain = scene.can.idempotent or scene.can.lookup or scene.can.fanout
        if not certain:
            receipt = await scene.ring.reached(delivery)
            certain = receipt.stage in ("sent", "delivered", "read")
        if certain:
            await scene.hears(patron, "into the void")
        await scene.talk(patron)
        await scene.hears_nothing(patron)

    async def test_after_a_failover_that_lost_answers_new_ones_arrive(self, scene: Scene) -> None:
        """The store goes on from an earlier place than was read. Fan-out: look at Rewound, and at a place that is kept."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        for number in range(3):
            delivery = await scene.ring.answer(message, f"before {number}")
            await scene.hears(patron, f"before {number}")
            assert scene.can.fanout or await scene.outcome(delivery) in ("sent", "delivered", "read")
        await scene.ring.rewind()
        for text in ("after the failover", "and later"):
            await scene.ring.answer(message, text)
            await scene.hears(patron, text)

    async def test_a_slow_wire_keeps_order(self, scene: Scene) -> None:
        """A second of delay breaks nothing. Look at time-outs that are too short, and at answers matched by arrival."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        await scene.rig.slow(0.2)
        lines = [f"slowly {number}" for number in range(5)]
        await scene.ring.answers(message, lines)
        await scene.hears(patron, *lines)
        for line in lines:
            await soon("a patron writes", patron.say(line))
        assert (await scene.ring.texts(6, sender=patron.address))[1:] == lines
        await scene.rig.heal()
        await scene.hears_nothing(patron)
