"""What became of a delivery: only ever forward, also when receipts come early, late, twice or for nothing we know."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest

from bridge.contract.message import Receipt, Stage, delivery_id
from routing.deliveries import RANK
from routing.events import Progressed
from routing.state import DELIVERY_WINDOW, State
from tests.routing.play import Play, tables

TALKING = """
    > ana comes
    > pat@sms: Hi
    > ana claims pat@sms
    > ana says pat@sms: Hello
"""

STAGES: list[Stage] = ["uncertain", "sent", "delivered", "read"]


def talking() -> Play:
    return Play().script(TALKING)


def test_forward_only() -> None:
    talking().script(
        """
        > receipt pat@sms sent
        < progressed stage=sent
        > receipt pat@sms sent
        < nothing
        > receipt pat@sms read
        < progressed stage=read
        > receipt pat@sms delivered
        > receipt pat@sms failed
        < nothing
        """
    )


@pytest.mark.parametrize("order", list(permutations(STAGES)), ids="-".join)
def test_any_order_ends_at_the_furthest(order: tuple[Stage, ...]) -> None:
    play = talking()
    name = play.last_delivery("pat@sms")
    for stage in order:
        play.give(Receipt(delivery=name, stage=stage))
    assert play.state.deliveries[name].stage == "read"
    told = [event.stage for event in play.drop() if hasattr(event, "stage")]
    assert told == sorted(told, key=lambda stage: RANK[stage])


def test_failed_then_delivered_after_all() -> None:
    talking().script(
        """
        > receipt pat@sms failed reason=unreachable
        < progressed stage=failed reason=unreachable
        > receipt pat@sms sent
        < nothing
        > receipt pat@sms delivered
        < progressed stage=delivered
        """
    )


IN_PARTS = (
    Receipt(delivery="", stage="failed", reason="refused", partial=True),
    Receipt(delivery="", stage="delivered"),
)


@pytest.mark.parametrize(
    ("order", "reason"), [(IN_PARTS, "refused"), (IN_PARTS[::-1], "in-part")], ids=["first", "last"]
)
def test_a_part_that_failed_is_the_last_word(order: tuple[Receipt, ...], reason: str) -> None:
    play = talking()
    name = play.last_delivery("pat@sms")
    for receipt in order:
        play.give(msgspec.structs.replace(receipt, delivery=name))
    assert play.state.deliveries[name].stage == "failed"
    assert [event.reason for event in play.drop() if isinstance(event, Progressed) and event.stage == "failed"] == [
        reason
    ]


def test_a_part_that_failed_early_is_the_last_word_too() -> None:
    play = Play().script("> ana comes\n> pat@sms: Hi\n> ana claims pat@sms")
    coming = delivery_id(f"action-{play._n}", 0)
    for receipt in IN_PARTS:
        play.give(msgspec.structs.replace(receipt, delivery=coming))
    play._n -= 2
    play.script("> ana says pat@sms: Hello\n< said; progressed stage=failed partial=True")


def test_an_early_receipt_is_parked_and_applied() -> None:
    play = Play().script("> ana comes\n> pat@sms: Hi\n> ana claims pat@sms")
    coming = delivery_id(f"action-{play._n}", 0)
    play.give(Receipt(delivery=coming, stage="sent", network_id="SM1"))
    play.give(Receipt(delivery=coming, stage="delivered"))
    play.give(Receipt(delivery=coming, stage="sent"))
    assert [type(event).__name__ for event in play.drop()][-2:] == ["Parked", "Parked"]
    play._n -= 3
    play.script("> ana says pat@sms: Hello\n< said; progressed stage=delivered")
    assert not play.state.parked


def test_old_deliveries_and_parked_receipts_are_let_go() -> None:
    play = talking()
    name = play.last_delivery("pat@sms")
    play.give(Receipt(delivery="unheard-of", stage="sent"))
    play.now += DELIVERY_WINDOW + 1
    play.script("> ana says pat@sms: Are you there?\n< said")
    assert name not in play.state.deliveries
    play.give(Receipt(delivery="another", stage="sent"))
    assert list(play.state.parked) == ["another"]


def test_the_number_kept_is_bounded_alike_after_a_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("routing.state.DELIVERIES_KEPT", 3)
    play = talking().script(
        "> ana says pat@sms: 2\n> ana says pat@sms: 3\n> ana says pat@sms: 4\n> ana says pat@sms: 5"
    )
    assert len(play.state.deliveries) <= 4
    play.state = State.of(tables(play.state))
    play.script("> ana says pat@sms: 6")
    assert len(play.state.deliveries) <= 4


def test_a_patron_who_takes_an_answer_is_there() -> None:
    play = Play().script("> ana comes\n> pat contact=jane@example.org: Hi\n> ana says pat: Hello\n> +29min")
    play.script("> ana claims pat\n> receipt pat read")
    assert play.of("pat").state == "closed" or play.of("pat").patron_at == play.now


def test_read_marks_go_where_the_channel_shows_them() -> None:
    Play().script("> ana comes\n> pat: Hi\n> ana claims pat").script(
        "> ana reads pat\n< read-up-to kind=mark channel=web\n> ana reads pat\n< done\n> ben reads pat\n< done"
    )
    talking().script("> ana reads pat@sms\n< read-up-to delivery=None".replace(" delivery=None", ""))
