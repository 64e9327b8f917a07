"""A librarian offers the patron a call: who may, who hears of it, how long it lasts, and what becomes of the silence meanwhile."""

from __future__ import annotations

from msgspec.structs import replace

from bridge.contract.message import Action, CallAnswer, CallKind, OfferCall, SetCall
from routing.calls import LIVE_OFFER_MS, MOST_CALL_MS, SLOW_OFFER_MS
from routing.events import CallAccepted, CallEnded, CallOffered, Noticed, Refused, deliveries
from tests.routing.play import IM, MAIL, SMS, WEB, Play

LINK = "https://desk.example/call/#pass"
TALKING = "> ana comes p1.a\n> ana serves north/ask\n> ben comes p1.b\n> {who} name=Pat: Hi\n> ana claims {who}"


def talking(who: str = "pat") -> Play:
    return Play(channels=(replace(WEB, calls=True), SMS, MAIL, IM)).script(TALKING.format(who=who))


def offer(play: Play, *kinds: CallKind, by: str = "ana", who: str = "pat", call: str = "c1") -> None:
    play.drop()
    play.act(by, OfferCall(conversation=play.id_of(who), call=call, kinds=kinds or ("voice",), link=LINK))


def answer(play: Play, what: str, who: str = "pat", **fields: str) -> None:
    given = {"call": "c1", "conversation": play.id_of(who)} | fields
    play.drop()
    play.give(CallAnswer(id=f"answer-{play.now}-{what}", answer=what, **given))  # type: ignore[arg-type]  # its own words


def ended(play: Play) -> list[tuple[str, int]]:
    return [(event.reason, event.seconds) for event in play.drop() if isinstance(event, CallEnded)]


def test_the_patron_gets_words_and_the_link_by_the_channel_they_use() -> None:
    for who in ("pat", "pat@sms", "pat@mail"):
        play = talking(who)
        offer(play, "patron-screen", "voice", who=who)
        (event,) = [one for one in play.drop() if isinstance(one, CallOffered)]
        (sent,) = deliveries(play.log[-1])
        assert sent == event.delivery
        assert (sent.channel, sent.kind, sent.event) == (who.partition("@")[2] or "web", "notice", "call-offered")
        assert LINK in sent.text
        assert "look at your screen" in sent.text
        assert event.until == play.now + (LIVE_OFFER_MS if who == "pat" else SLOW_OFFER_MS)


def test_only_those_who_answer_offer_it_and_one_at_a_time() -> None:
    play = talking()
    for by, kinds, why in (("ben", ("voice",), "not-yours"), ("ana", ("meeting", "voice"), "empty")):
        offer(play, *kinds, by=by)
        assert [event.reason for event in play.drop() if isinstance(event, Refused)] == [why]
    offer(play, "voice")
    offer(play, "video", call="c2")
    assert [event.reason for event in play.drop() if isinstance(event, Refused)] == ["call-goes-on"]


def test_a_call_is_accepted_once_and_the_silence_counts_from_its_end() -> None:
    play = talking()
    play.script("> ana says pat: Let us talk")
    offer(play, "voice")
    answer(play, "accept", session="w1")
    assert [event.session for event in play.drop() if isinstance(event, CallAccepted)] == ["w1"]
    answer(play, "accept", session="w2")
    assert play.drop() == []
    call = play.of("pat").call
    assert call is not None
    assert call.session == "w1"
    play.wait(1_800_000)
    assert play.drop() == []
    answer(play, "end")
    assert [type(event) for event in play.events] == [CallEnded, Noticed]
    assert ended(play) == [("ended", 1800)]
    play.wait(149_000)
    assert play.drop() == []
    play.wait(92_000)
    assert [event.delivery.event for event in play.drop() if isinstance(event, Noticed)] == ["still-there"]


def test_it_ends_by_each_way_there_is() -> None:
    def began(accepted: bool) -> Play:
        play = talking()
        offer(play, "voice")
        if accepted:
            answer(play, "accept")
        play.drop()
        return play

    play = began(False)
    play.wait(LIVE_OFFER_MS)
    assert ended(play) == [("unanswered", 0)]
    play = began(False)
    line = play.of("pat").call
    assert line is not None
    answer(play, "refuse", call="", conversation="", channel="web", sender="pat", line="another")
    assert ended(play) == []
    answer(play, "refuse", call="", conversation="", channel="web", sender="joe", line=line.line)
    assert ended(play) == []
    answer(play, "refuse", call="", conversation="", channel="web", sender="pat", line=line.line)
    assert ended(play) == [("refused", 0)]
    play = began(True)
    answer(play, "refuse")
    assert ended(play) == []
    play.wait(MOST_CALL_MS)
    assert ended(play) == [("ended", 4 * 3600)]
    for script, reason in (("closes pat", "ended"), ("releases pat", "left"), ("transfers pat to ben", "")):
        play = began(True)
        play.script(f"> ana {script}")
        assert [one for one, _ in ended(play)] == [reason] * bool(reason)
    play.script("> ben accepts pat")
    assert [one for one, _ in ended(play)] == ["left"]


def test_a_meeting_is_told_of_by_its_librarian() -> None:
    play = talking("pat@sms")
    it = play.id_of("pat@sms")
    offer(play, "meeting", who="pat@sms")
    play.act("ana", SetCall(conversation=it, call="c1", to="accepted"))
    play.wait(60_000)
    play.act("ana", SetCall(conversation=it, call="c1", to="ended"))
    assert ended(play) == [("ended", 60)]
    offer(play, "meeting", who="pat@sms")
    play.act("ana", SetCall(conversation=it, call="c1", to="ended"))
    assert ended(play) == [("taken-back", 0)]
    assert play.give(Action(id="late", by="ana", deed=SetCall(conversation=it, call="c1", to="ended"))).events[
        -1
    ] == Refused(action="late", by="ana", reason="call-over", conversation=it)
