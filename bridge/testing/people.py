"""Cases: presence, typing, read marks, librarians at their own client."""

from __future__ import annotations

import asyncio
import time

import pytest

from bridge.channels.signals import SignalBoard
from bridge.contract.adapter import ChannelDesk, Signal, Undeclared
from bridge.contract.message import Action, Claim, Delivery, Presence, Rating, Recall, TranscriptWish, derive
from bridge.testing.rig import NotOffered, soon
from bridge.testing.scene import Scene, persistently
from bridge.testing.timeline import conversation

CALL = "https://desk.example/call/#main.kq3B.c1.patron..c2VhbA"
ADDRESS = "jane@elsewhere.example"


class PeopleCases:
    """See the module."""

    async def test_the_desk_is_shown_as_it_is(self, scene: Scene) -> None:
        """Open, closed, and open again, where the network shows presence. Look at ports.desk and when it is read."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        closed = ChannelDesk(
            open=False, online=False, next_opening=int(time.time() * 1000) + 3_600_000, library="Central"
        )
        for desk in (closed, ChannelDesk(open=True, online=True, library="Central"), closed):
            scene.ring.show(desk)
            await soon("the desk is shown", patron.sees_desk(desk))

    async def test_typing_is_told_both_ways(self, scene: Scene) -> None:
        """Undeclared: telling and listening are refused. Look at ports.signals."""
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        if not scene.can.typing:
            with pytest.raises(NotOffered):
                await patron.type()
            with pytest.raises(Undeclared):
                await scene.ring.signals().tell(Signal(kind="typing", address=patron.address))
            return
        assert scene.ring.board is not None
        heard = asyncio.create_task(_typing(scene.ring.board, patron.address))
        signal: Signal = await soon("typing reaches the desk", persistently(patron.type, heard))
        assert signal.channel == scene.ring.channel
        assert not signal.librarian
        sign = Signal(
            kind="typing",
            channel=scene.ring.channel,
            address=patron.address,
            conversation=conversation(patron.address),
            librarian="lee",
            name="Lee",
        )
        seen = asyncio.create_task(patron.sees_typing())
        await soon("typing reaches the patron", persistently(lambda: scene.ring.sign(sign), seen))

    async def test_read_marks_reach_the_patron(self, scene: Scene) -> None:
        """Undeclared: the delivery fails with a reason. Look at kind "mark" in send."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        delivery = await scene.ring.answer(message, "", kind="mark", about=message.id)
        if scene.can.marks:
            await soon("the mark is shown", patron.sees_read(message.source))
        elif not scene.can.fanout:
            assert (await scene.ring.reached(delivery, "failed")).reason == "undeclared"
        await scene.talk(patron)

    async def test_a_rating_counts_once(self, scene: Scene) -> None:
        """By the patron's own id, with its step and its words; one that is none hurts nobody. Undeclared: it is refused.

        Look at ports.inlet.rate, and at where the source id comes from.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        if not scene.can.ratings:
            with pytest.raises(NotOffered):
                await patron.rate(3, "", "rating-1")
            with pytest.raises(Undeclared):
                await scene.ring.runner().inlet.rate(_rating(scene.ring.channel, patron.address))
            return
        scene.ring.show(ChannelDesk(open=True, online=True, library="Central", rate_s=3600, rateable=True))
        await soon("a patron rates", patron.rate(3, "Thank you", "rating-1"))
        await scene.ring.until(scene.ring.ratings, "the rating")
        for score, comment, source in (
            (3, "Thank you", "rating-1"),
            (9, "no such step", "rating-2"),
            (1, "", "rating-3"),
        ):
            await soon("a patron rates again", patron.rate(score, comment, source))
        await scene.ring.until(lambda: len(scene.ring.ratings()) > 1, "the later rating")
        await scene.talk(patron)
        told = [(each.sender, each.score, each.comment, each.source) for each in scene.ring.ratings()]
        assert told == [(patron.address, 3, "Thank you", "rating-1"), (patron.address, 1, "", "rating-3")]

    async def test_a_wish_for_the_transcript_counts_once(self, scene: Scene) -> None:
        """By the patron's own id; an address that is none hurts nobody. Undeclared: it is refused.

        Look at ports.inlet.mail_transcript, and at where the source id comes from.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        await scene.talk(patron)
        if not scene.can.takeaway:
            with pytest.raises(NotOffered):
                await patron.wants_transcript(ADDRESS, "transcript-1")
            with pytest.raises(Undeclared):
                await scene.ring.runner().inlet.mail_transcript(_request(scene.ring.channel, patron.address))
            return
        scene.ring.show(ChannelDesk(open=True, online=True, library="Central", mails=True, mailable=True))
        for address, source in (
            (ADDRESS, "transcript-1"),
            (ADDRESS, "transcript-1"),
            (f"{ADDRESS}, {ADDRESS}", "transcript-2"),
            (f"{ADDRESS}\r\nBcc: {ADDRESS}", "transcript-3"),
            (ADDRESS, "transcript-4"),
        ):
            await soon("a patron wants the transcript", patron.wants_transcript(address, source))
        await scene.ring.until(lambda: len(scene.ring.transcript_requests()) > 1, "the later wish")
        await scene.talk(patron)
        told = [(each.sender, each.address, each.source) for each in scene.ring.transcript_requests()]
        assert told == [(patron.address, ADDRESS, "transcript-1"), (patron.address, ADDRESS, "transcript-4")]

    async def test_patrons_fetch_what_is_kept_of_them(self, scene: Scene) -> None:
        """Their own and nobody else's. Undeclared: the adapter gets no port for it.

        Look at ports.own_data, and at what proves the sender.
        """
        if not scene.can.own_data:
            return
        await scene.begin()
        patron, other = await scene.patron("ada"), await scene.patron("bob")
        message, alien = await scene.hello(patron), await scene.hello(other)
        found = await patron.own_data()
        assert message.text.encode() in found
        assert alien.text.encode() not in found

    async def test_a_transcript_reaches_its_address(self, scene: Scene) -> None:
        """With the words of the patron's own talk and nobody else's. Undeclared: the delivery fails with a reason.

        Look at the event "transcript" in send, and at ports.transcript.
        """
        await scene.begin()
        patron, other = await scene.patron("ada"), await scene.patron("bob")
        message, alien = await scene.hello(patron), await scene.hello(other)
        about = f"{scene.ring.channel}|{patron.address}"
        kind = {"kind": "notice", "event": "transcript", "automatic": True, "author": "", "reply": ""}
        delivery = await scene.ring.answer(message, "As you asked:", about=about, **kind)
        if not scene.can.transcripts:
            if not scene.can.fanout:
                assert (await scene.ring.reached(delivery, "failed")).reason == "undeclared"
            return
        heard = await scene.heard(patron)
        assert heard.text.startswith("As you asked:")
        assert message.text in heard.text
        assert alien.text not in heard.text

    async def test_librarians_serve_from_their_own_client(self, scene: Scene) -> None:
        """An offer goes out, the claim comes back as an action, once. Undeclared: both are refused."""
        await scene.begin()
        offer = Delivery(
            id=derive("offer"),
            channel=scene.ring.channel,
            conversation=derive("staff"),
            to="lee",
            kind="offer",
            at=int(time.time() * 1000),
            text="A patron asks for a book",
        )
        if not scene.can.staff:
            inlet = scene.ring.runner().inlet
            with pytest.raises(Undeclared):
                await inlet.act(Action(id="a", by="lee", deed=Claim(conversation="c")))
            with pytest.raises(Undeclared):
                await inlet.presence(Presence(process="p", connection="c", librarian="lee", up=True))
            if not scene.can.fanout:
                await scene.ring.put([offer])
                assert (await scene.ring.reached(offer, "failed")).reason == "undeclared"
            return
        address = await scene.rig.staff("lee")
        await scene.ring.until(scene.ring.presences, "the librarian's presence")
        await scene.ring.put([_to(offer, address)])
        shown = await soon("the offer is shown", scene.rig.staff_hears("lee"))
        assert "book" in shown.text
        await soon("the librarian claims", scene.rig.staff_claims("lee", shown))
        await scene.ring.until(scene.ring.actions, "the claim")
        action = scene.ring.actions()[0]
        assert isinstance(action.deed, Claim)
        assert action.deed.conversation == offer.conversation
        assert action.via == scene.ring.channel

    async def test_a_call_is_offered_in_words_and_refused(self, scene: Scene) -> None:
        """Every patron reads the words, with the link in them as it is. Where calls are declared, their page lets them refuse.

        Undeclared: it is refused. Look at notices in send, and at ports.inlet.refuse_call.
        """
        if scene.can.partners:
            return  # its patrons are desks: the core offers them no calls
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        words = f"Ana offers to talk with you. To begin, open this page within 2 minutes: {CALL}"
        offer = await scene.ring.answer(message, words, kind="notice", event="call-offered")
        heard = await scene.heard(patron)
        assert CALL in heard.text
        if not scene.can.calls:
            with pytest.raises(NotOffered):
                await patron.refuse_call(heard)
            with pytest.raises(Undeclared):
                await scene.ring.runner().inlet.refuse_call(patron.address, offer.id)
            return
        await soon("the patron refuses", patron.refuse_call(heard))
        await scene.ring.until(scene.ring.call_answers, "the refusal")
        (given,) = scene.ring.call_answers()
        assert (given.sender, given.channel, given.line, given.answer) == (
            patron.address,
            scene.ring.channel,
            offer.id,
            "refuse",
        )

    async def test_a_home_desk_is_told_and_takes_back(self, scene: Scene) -> None:
        """Who has its conversation and how that ended, in order with the answers; and it takes it back, once or twice.

        Undeclared: it is refused. Look at notices in send, and at ports.inlet.recall.
        """
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        if not scene.can.partners:
            with pytest.raises(NotOffered):
                await patron.recall()
            with pytest.raises(NotOffered):
                await patron.told()
            with pytest.raises(Undeclared):
                await scene.ring.runner().inlet.recall(Recall(id="r", channel=scene.ring.channel, sender="x"))
            return
        for event, about in (("partner-claimed", ""), ("partner-waiting", "")):
            await scene.ring.answer(message, "", kind="notice", event=event, about=about)
            assert await soon("home is told", patron.told()) == event
        await scene.ring.answer(message, "Good morning")
        await scene.hears(patron, "Good morning")
        await soon("home takes it back", patron.recall())
        await scene.ring.until(scene.ring.recalls, "the recall")
        assert {(each.sender, each.channel) for each in scene.ring.recalls()} == {(patron.address, scene.ring.channel)}
        late = await scene.ring.answer(message, "Too late")
        assert (await scene.ring.reached(late, "failed")).reason == "partner-not-yours"
        await scene.hears_nothing(patron)

    async def test_staff_only_words_never_reach_a_patron(self, scene: Scene) -> None:
        """An offer addressed to a patron's address is not shown to them by accident of routing. Look at kind in send."""
        await scene.begin()
        patron = await scene.patron("ada")
        message = await scene.hello(patron)
        if not scene.can.staff and not scene.can.fanout:
            delivery = await scene.ring.answer(message, "staff only", kind="line")
            assert (await scene.ring.reached(delivery, "failed")).reason == "undeclared"
        await scene.ring.answer(message, "for everybody")
        await scene.hears(patron, "for everybody")
        await scene.hears_nothing(patron)


def _rating(channel: str, sender: str) -> Rating:
    return Rating(id="", channel=channel, sender=sender, source="rating-1", score=3)


def _request(channel: str, sender: str) -> TranscriptWish:
    return TranscriptWish(id="", channel=channel, sender=sender, source="transcript-1", address=ADDRESS)


async def _typing(board: SignalBoard, address: str) -> Signal:
    async for signal in board.listen():
        if signal.kind == "typing" and signal.address == address and not signal.librarian:
            return signal
    raise AssertionError("the board ended")


def _to(offer: Delivery, address: str) -> Delivery:
    return Delivery(
        id=offer.id,
        channel=offer.channel,
        conversation=offer.conversation,
        to=address,
        kind=offer.kind,
        at=offer.at,
        text=offer.text,
    )
