"""A kind of channel that nobody has heard of: its adapter's own facts reach the page, and no table names its kind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bridge.channels.plugins import kinds, load
from bridge.contract.message import ChannelStatus, Message
from bridge.inbox.views.aliases import name
from routing.alike import alias_number
from tests.inbox.conftest import Browsers
from tests.inbox.desk import Desk, until

UI = Path(__file__).parents[2] / "ui"
PIGEON = ChannelStatus(
    channel="loft",
    kind="pigeon-component",
    queue="north/reference",
    up=True,
    label="Pigeon post",
    icon="mail",
    private=True,
)


@pytest.mark.asyncio(loop_scope="module")
async def test_an_invented_kind_is_shown_by_what_its_adapter_declares(desk: Desk, browsers: Browsers) -> None:
    asked = Message(channel="loft", sender="cage-77-nobody-knows", source="1", text="Coo?", id="a-pigeon")
    await desk.services.gathering.ingest([PIGEON, asked])
    await until(lambda: any(one.channel == "loft" for one in desk.services.replica.state.conversations.values()))
    ana = await browsers.of("ana")
    _, organisation = await ana.get("/organisation")
    (shown,) = (one for one in organisation["channels"] if one["channel"] == "loft")
    assert (shown["label"], shown["icon"], shown["kind"]) == ("Pigeon post", "mail", "pigeon-component")
    (row,) = (one for one in await ana.rows("waiting") if one["channel"] == "loft")
    assert (row["patron"], row["alias"]) == (name(row["id"], "en"), alias_number(row["id"]) + 1)
    _, view = await ana.get(f"/conversations/{row['id']}")
    assert [one["address"] for one in view["patron"]["addresses"]] == [""]
    assert "cage-77" not in json.dumps([row, view])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_status_of_an_older_release_is_shown_by_its_kind(desk: Desk, browsers: Browsers) -> None:
    await desk.services.gathering.ingest([ChannelStatus(channel="old", kind="fax", queue="north/reference", up=False)])
    await until(lambda: "old" in desk.services.replica.state.channels)
    ana = await browsers.of("ana")
    _, organisation = await ana.get("/organisation")
    (shown,) = (one for one in organisation["channels"] if one["channel"] == "old")
    assert (shown["label"], shown["icon"]) == ("fax", "chat")


def test_every_installed_kind_has_a_label() -> None:
    assert {kind for kind in kinds() if not load(kind).capabilities.label} == set()


def test_the_pages_and_the_views_name_no_kind() -> None:
    """Except in words for people: a string that is the name of an installed kind and nothing else.

    Ways to ask ("walk_up", "email") are what is counted, whatever the channel.
    """
    found = [kind for kind in kinds() if kind != "loop"]
    named = re.compile("|".join(rf"""["'`]{re.escape(kind)}["'`]""" for kind in found))
    sources = [
        *(UI / "inbox/src").rglob("*.ts"),
        *(UI / "inbox/src").rglob("*.svelte"),
        *(UI.parent / "bridge/inbox").rglob("*.py"),
    ]
    assert len(sources) > 60
    lines = ((path.name, line) for path in sources for line in path.read_text().splitlines() if '"walk_up"' not in line)
    assert [(name, line) for name, line in lines if named.search(line)] == []
    words = json.loads((UI.parent / "bridge/words/inbox.en.json").read_text())
    assert [key for key in words if key.startswith("channel.")] == []
