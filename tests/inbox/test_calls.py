"""A meeting is offered, comes, and ends, as librarians see it; and who may do what about a call."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Client, Desk, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _edit(client: Client, desk: Desk, address: str) -> tuple[int, Any]:
    _, found = await client.get("/organisation/north")
    status, said = await client.put(
        "/organisation/north", found | {"library": found["library"] | {"meeting_url": address}}
    )
    if status == 200:
        await until(lambda: desk.services.replica.state.roster.library("north").meeting_url == address, "the edit")
    return status, said


async def _lines(client: Client, conversation: str) -> list[dict[str, Any]]:
    return list((await client.get(f"/conversations/{conversation}"))[1]["lines"])


async def test_a_meeting_from_its_address_to_its_end(desk: Desk, browsers: Browsers) -> None:
    cora, ana = await browsers.of("cora"), await browsers.of("ana")
    for wrong in (
        "http://meet.example/{room}",
        "https://{room}.example/",
        "https://meet.example/{name}",
        "https://a b/",
    ):
        status, said = await _edit(cora, desk, wrong)
        assert status == 422, wrong
        assert "meeting_url" in str(said)
    conversation = await desk.patron("meets", "Can we talk?", name="Jane")
    await ana.deed(conversation, "claim")
    assert (await ana.post(f"/conversations/{conversation}/call_offer", {"kinds": ["meeting"]}))[0] == 422
    assert (await _edit(cora, desk, "https://meet.example/north-{room}"))[0] == 200
    assert (await ana.get(f"/conversations/{conversation}"))[1]["calls"] == ["meeting"]
    for kinds in (["voice"], ["meeting", "voice"]):
        assert (await ana.post(f"/conversations/{conversation}/call_offer", {"kinds": kinds}))[0] == 422
    offered = await ana.deed(conversation, "call_offer", {"kinds": ["meeting"]})
    call = offered["row"]["call"]
    room = call["link"].removeprefix("https://meet.example/north-")
    assert (len(room), call["by"], call["can_change"]) == (24, "ana", True)
    (line,) = [one for one in await _lines(ana, conversation) if one["event"] == "meeting-offered"]
    assert call["link"] in line["text"]
    (seen,) = [one for one in await desk.services.reader.patron_history("web", "meets", "") if "meeting" in one.event]
    assert seen.text == line["text"]
    status, _ = await ana.post(f"/conversations/{conversation}/call_window", {"call": call["id"]})
    assert status == 409
    await ana.deed(conversation, "call_set", {"call": call["id"], "to": "accepted"})
    ended = await ana.deed(conversation, "call_set", {"call": call["id"], "to": "ended"})
    assert ended["row"]["call"] is None
    told = [
        (one["event"], one["details"].get("how")) for one in await _lines(ana, conversation) if "call" in one["event"]
    ]
    assert told == [("call-accepted", "meeting"), ("call-ended", "ended")]


async def test_others_neither_learn_the_room_nor_end_the_call(desk: Desk, browsers: Browsers) -> None:
    cora, ana, ben, dora = [await browsers.of(name) for name in ("cora", "ana", "ben", "dora")]
    assert (await _edit(cora, desk, "https://meet.example/{room}"))[0] == 200
    conversation = await desk.patron("shy", "Can we talk?")
    await ana.deed(conversation, "claim")
    call = (await ana.deed(conversation, "call_offer", {"kinds": ["meeting"]}))["row"]["call"]
    shown = (await ben.get(f"/conversations/{conversation}"))[1]["row"]["call"]
    assert (shown["link"], shown["can_change"]) == ("", False)
    for body in ({"call": call["id"], "to": "ended"}, {"call": call["id"], "to": "accepted"}):
        assert (await ben.post(f"/conversations/{conversation}/call_set", body))[0] == 409
        assert (await dora.post(f"/conversations/{conversation}/call_set", body))[0] == 404
    assert (await ben.post(f"/conversations/{conversation}/call_offer", {"kinds": ["meeting"]}))[0] == 409
    assert (await dora.post(f"/conversations/{conversation}/call_offer", {"kinds": ["meeting"]}))[0] == 404
    assert desk.services.replica.state.conversations[conversation].call is not None
