"""Cases: what became of a delivery, and what is done when nobody knows."""

from __future__ import annotations

from contextlib import suppress

import pytest

from bridge.channels.outbound.fit import unfit
from bridge.contract.adapter import Undeclared
from bridge.contract.message import Delivery, Stage, derive
from bridge.testing.rig import NotOffered, soon
from bridge.testing.scene import Scene

GOOD = ("sent", "delivered", "read")


class DoubtCases:
    """See the module."""

    async def test_every_answer_is_settled_once(self, scene: Scene) -> None:
        """One outcome each, and nothing stays pending. Look at what send returns. (Fan-out settles nothing.)"""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        made = await scene.ring.answers(message, ["first", "second"])
        await scene.hears(patron, "first", "second")
        if scene.can.fanout:
            return
        for delivery in made:
            assert await scene.outcome(delivery) in GOOD
        assert await scene.ring.unsettled() == []

    async def test_a_daemon_killed_between_submission_and_settling_doubles_nothing(self, scene: Scene) -> None:
        """The patron has one copy; the desk learns that they have it, or that nobody knows. Look at `idempotent` and `lookup`:

        idempotent: the network must drop the second copy by our id. lookup: it must find the first one.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        scene.ring.hold_settling()
        delivery = await scene.ring.answer(message, "the only copy")
        await scene.hears(patron, "the only copy")
        await scene.ring.crash()
        await scene.again()
        if not scene.can.fanout:
            certain = scene.can.idempotent or scene.can.lookup
            receipt = await scene.ring.reached(delivery, *(GOOD if certain else (*GOOD, "uncertain")))
            assert receipt.reason or receipt.stage != "uncertain"
        await scene.talk(patron)
        await scene.hears_nothing(patron)

    async def test_a_library_writes_first_where_that_is_declared(self, scene: Scene) -> None:
        """To somebody who has never written: shown once, also when the daemon dies before it is settled; their answer comes back.

        Look at what send needs `reply` for. Undeclared: the core is told so, and begins nothing there.
        """
        if not scene.can.answers:
            assert scene.ring.status(scene.rig.config()).answers == ()
            return
        await scene.begin()
        patron = await scene.patron("ada")
        scene.ring.hold_settling()
        (first,) = await scene.ring.begins(patron.address, "Your book is here", title="Your book")
        await scene.hears(patron, "Your book is here")
        await scene.ring.crash()
        await scene.again()
        certain = scene.can.idempotent or scene.can.lookup
        await scene.ring.reached(first, *(GOOD if certain else (*GOOD, "uncertain")))
        await scene.hears_nothing(patron)
        await scene.talk(patron)

    async def test_copies_go_out_where_they_are_declared(self, scene: Scene) -> None:
        """Each named recipient is shown it once. Look at the envelope. Undeclared: such a delivery is refused before it is sent."""
        if not scene.can.cc:
            copied = Delivery(id="x", channel="c", conversation="c", to="a", kind="text", at=0, cc=("b@example.org",))
            refused = unfit(copied, scene.can)
            assert refused is not None
            assert refused.reason == "undeclared"
            return
        await scene.begin()
        people = [await scene.patron(name) for name in ("ada", "bob", "cem")]
        ada, bob, cem = people
        await scene.ring.begins(ada.address, "For all three", title="News", cc=(bob.address,), bcc=(cem.address,))
        for patron in people:
            await scene.hears(patron, "For all three")
        await scene.hears_nothing(cem)

    async def test_an_answer_into_a_frozen_wire_is_never_doubled(self, scene: Scene) -> None:
        """Shown once, or not at all and the desk knows of the doubt. Look at time-outs in send: they are Uncertain."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        await scene.rig.freeze()
        delivery = await scene.ring.answer(message, "is anybody there?")
        await soon("the adapter notices", scene.rig.noticed(scene.ring))
        await scene.rig.heal()
        stage = "sent" if scene.can.fanout else (await scene.ring.reached(delivery)).stage
        assert stage != "uncertain" or not (scene.can.idempotent or scene.can.lookup)
        await scene.ring.answer(await scene.hello(patron), "the end")
        shown = [(await scene.heard(patron)).text]
        while shown[-1] != "the end":
            shown.append((await scene.heard(patron)).text)
        copies = shown.count("is anybody there?")
        assert copies <= 1
        assert copies == 1 or stage in ("uncertain", "failed")
        assert copies == 0 or stage != "failed"

    async def test_an_answer_whose_acknowledgement_is_lost_is_never_doubled(self, scene: Scene) -> None:
        """It arrived, and nobody told us: shown once. Look at Retry in send: it is for what certainly never arrived."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        await scene.rig.mute()
        delivery = await scene.ring.answer(message, "you have this already")
        await soon("the adapter notices", scene.rig.noticed(scene.ring))
        await scene.rig.heal()
        if not scene.can.fanout:
            certain = scene.can.idempotent or scene.can.lookup
            await scene.ring.reached(delivery, *(GOOD if certain else (*GOOD, "uncertain")))
        await scene.ring.answer(await scene.hello(patron), "the end")
        await scene.hears(patron, "you have this already", "the end")
        await scene.hears_nothing(patron)

    async def test_lookup_tells_what_arrived(self, scene: Scene) -> None:
        """True for what arrived, never for what did not. Undeclared: there is nothing to ask."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        delivery = await scene.ring.answer(message, "find me")
        await scene.hears(patron, "find me")
        if not scene.can.lookup:
            return
        lookup = scene.ring.runner().adapter.lookup  # type: ignore[attr-defined]  # declared, so it is there
        assert await lookup(delivery) is True
        never = Delivery(
            id=derive("never"), channel=delivery.channel, conversation="", to=delivery.to, kind="text", at=0
        )
        assert await lookup(never) is not True

    async def test_receipts_are_reported_as_far_as_declared(self, scene: Scene) -> None:
        """Delivered, where the network knows it, and read reach the desk; repeats count once. Undeclared: it is refused.

        Look at how the network's id is matched to the delivery's, also after a restart.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        delivery = await scene.ring.answer(await scene.hello(patron), "did you get this?")
        heard = await scene.heard(patron)
        stages: tuple[Stage, ...] = ("delivered", "read")
        reported = max(0, ("none", "sent", "delivered", "read").index(scene.can.receipts) - 1)
        for stage in stages[:reported]:
            try:
                for _ in range(2):
                    await soon(f"the network reports {stage}", patron.confirm(heard, stage))
            except NotOffered:
                assert stage != scene.can.receipts  # some networks know "read" alone
                continue
            await scene.ring.reached(delivery, stage)
            assert [each.stage for each in scene.ring.receipts(delivery)].count(stage) == 1
        if scene.can.receipts != "read":
            with pytest.raises(Undeclared):
                await scene.ring.runner().inlet.receipt(delivery.id, "read")
        if scene.can.receipts in ("none", "sent"):
            with pytest.raises(NotOffered):
                await patron.confirm(heard, "delivered")

    async def test_receipts_may_come_early_and_backwards(self, scene: Scene) -> None:
        """Before the outcome of send is settled, and read before delivered: nothing breaks. Look for state by delivery."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        if scene.can.receipts != "read":
            await scene.talk(patron)
            return
        scene.ring.hold_settling()
        delivery = await scene.ring.answer(message, "early bird")
        heard = await scene.heard(patron)
        await soon("the network reports read", patron.confirm(heard, "read"))
        await scene.ring.reached(delivery, "read")
        with suppress(NotOffered):  # some networks know "read" alone
            await soon("the network reports delivered", patron.confirm(heard, "delivered"))
        scene.ring.release_settling()
        if not scene.can.fanout:
            await scene.ring.reached(delivery, "sent", "delivered")
        await scene.talk(patron)
