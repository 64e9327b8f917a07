"""Scripts of my own: kept, offered beside the library's, and seen by nobody else; what an editor offers for choice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
THANKS = {"key": "thanks", "title": "Thanks", "text": "Thank you, {patron}.", "folder": "Endings"}


async def keep(client: Any, scripts: list[dict[str, str]], edition: str) -> tuple[int, Any]:
    status, said = await client.put("/scripts", {"edition": edition, "scripts": scripts})
    return int(status), said


async def test_my_scripts_are_offered_to_me_alone(desk: Desk, browsers: Browsers) -> None:
    ana, cora = await browsers.of("ana"), await browsers.of("cora")
    conversation = await desk.patron("scripted", "hello")
    _, mine = await ana.get("/scripts")
    status, kept = await keep(ana, [THANKS], mine["edition"])
    assert (status, kept["scripts"]) == (200, [THANKS | {"own": True}])
    assert (await ana.get("/scripts"))[1] == kept
    for client, own in ((ana, ["thanks"]), (cora, [])):
        _, view = await client.get(f"/conversations/{conversation}")
        assert [one["key"] for one in view["scripts"] if one["own"]] == own
        assert [one["key"] for one in view["scripts"] if not one["own"]] == ["hours"]
    assert (await cora.get("/scripts"))[1]["scripts"] == []


async def test_scripts_that_another_window_saved_are_not_overwritten(browsers: Browsers) -> None:
    ben = await browsers.of("ben")
    _, first = await ben.get("/scripts")
    assert (await keep(ben, [THANKS], first["edition"]))[0] == 200
    status, said = await keep(ben, [], first["edition"])
    assert (status, said["reason"]) == (409, "outdated")
    assert (await ben.get("/scripts"))[1]["scripts"] == [THANKS | {"own": True}]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"text": "About {isbn}."}, "scripts[1].text"),
        ({"title": " "}, "scripts[1].title"),
        ({"key": "goodbye"}, "scripts[1].key"),
        ({"key": "two words"}, "scripts[1].key"),
    ],
)
async def test_a_script_that_cannot_be_names_its_field(browsers: Browsers, changed: dict[str, str], field: str) -> None:
    dora = await browsers.of("dora")
    _, mine = await dora.get("/scripts")
    status, said = await keep(dora, [THANKS | changed], mine["edition"])
    assert (status, [one["field"] for one in said["faults"]]) == (422, [field])


async def test_an_editor_is_offered_teams_of_all_libraries_and_the_sentences_of_the_desk(browsers: Browsers) -> None:
    cora = await browsers.of("cora")
    _, offered = await cora.get("/organisation/north/choices")
    assert {one["id"] for one in offered["teams"]} == {"north/desk", "south/desk"}
    greeting = next(one for one in offered["sentences"] if one["key"] == "notice.greeting")
    assert "{librarian}" in greeting["text"]
    assert "greeting" in offered["moments"]
    assert (await cora.get("/organisation/south/choices"))[0] == 404
    assert (await (await browsers.of("ana")).get("/organisation/north/choices"))[0] == 403
