"""What statistics are made of, written by a whole house: the queue a question entered, every hop, the queue and the person that
answered; who was never answered stays apart. And whoever comes to the desk gets the oldest question first.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from bridge.contract.message import Claim, Close, Presence, Say, SetAvailability, Transfer
from routing.events import Offered
from tests.journeys.indoors import Indoors, browsing, indoors, until


def rows_of(house: Indoors, query: str) -> list[dict[str, Any]]:
    """Read the archive's file with a program that shares no code with the house."""
    with sqlite3.connect(f"file:{house.data / 'archive.sqlite'}?mode=ro", uri=True) as sql:
        sql.row_factory = sqlite3.Row
        return [dict(row) for row in sql.execute(query)]


async def ask(house: Indoors, sender: str, channel: str = "web") -> str:
    """Let a patron ask; return his conversation."""
    await house.hand_in(house.words(sender, f"{sender} asks", channel))
    return str(await until(lambda: house.talk(sender, channel), "it is open"))


async def test_queue_entered_hops_and_queue_answered_are_recorded(tmp_path: Path) -> None:
    async with indoors(tmp_path) as house:
        moved, unanswered = await ask(house, "moved"), await ask(house, "unanswered")
        here = Presence(process=house.desk.services.process, connection="page", librarian="ben", up=True)
        await house.hand_in(here, house.deed("ben", SetAvailability(queues=("north/law",))))
        for by, deed in (
            ("ana", Claim(conversation=moved)),
            ("ana", Transfer(conversation=moved, queue="north/law", note="a contract")),
            ("ben", Claim(conversation=moved)),
            ("ben", Say(conversation=moved, text="Paragraph three.")),
            ("ben", Close(conversation=moved)),
            ("ana", Close(conversation=unanswered, code="lost_call")),
        ):
            await house.hand_in(house.deed(by, deed))
        await until(lambda: house.state.conversations[unanswered].state == "closed", "both are closed")
        await house.quiet()
        counted = {row["id"]: row for row in rows_of(house, "SELECT * FROM conversation")}
        one, other = counted[moved], counted[unanswered]
        assert (one["queue_entered"], one["answered_queue"], one["answered_by"]) == (
            "north/reference",
            "north/law",
            "ben",
        )
        assert one["opened_at"] <= one["claimed_at"] <= one["first_answer_at"] <= one["closed_at"]
        hops = rows_of(
            house, f"SELECT kind, queue, librarian FROM hop WHERE conversation = '{moved}' ORDER BY at, rowid"
        )
        assert (hops[0]["kind"], hops[0]["queue"]) == ("entered", "north/reference")
        assert [(hop["kind"], hop["librarian"]) for hop in hops if hop["librarian"]][-1][1] == "ben"
        assert any(hop["queue"] == "north/law" for hop in hops)
        assert (other["queue_entered"], other["code"]) == ("north/reference", "lost_call")
        assert (other["answered_by"], other["answered_queue"], other["first_answer_at"]) == (None, None, None)


async def test_who_comes_to_the_desk_gets_the_oldest_first(tmp_path: Path) -> None:
    async with indoors(tmp_path) as house:
        waiting = [await ask(house, f"waits{n}", "turn") for n in range(8)]
        order: list[str] = []
        house.desk.replica.on_entries.append(
            lambda entries: order.extend(
                event.conversation
                for entry in entries
                for step in entry.steps
                for event in step.events
                if isinstance(event, Offered)
            )
        )
        ana = await house.librarian("ana")
        async with browsing(ana):
            await ana.connected.wait()
            await ana.attend("north/turn")
            await until(lambda: len(order) >= len(waiting), "all are offered")
        assert order[: len(waiting)] == waiting
