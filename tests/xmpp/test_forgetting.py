"""A patron who asks to be forgotten is on no list of buddies of a component any more."""

from __future__ import annotations

from dataclasses import replace

from adapters.xmpp.buddy_list import BUDDIES, LINKED, BuddyList
from adapters.xmpp.component import XmppComponent
from adapters.xmpp.config import ComponentConfig
from bridge.app.cli import unconnected
from bridge.contract.memory import MAX_KEY, MemoryRow
from bridge.testing.memory import ProcessMemory


async def test_a_buddy_who_asks_is_forgotten_though_no_session_stands() -> None:
    memory = ProcessMemory()
    kept = BuddyList(memory, BUDDIES)
    kept.add("ada@patrons.example")
    kept.add("bo@patrons.example")
    kept.add("x" * MAX_KEY + "@patrons.example")
    await kept.save()
    config = ComponentConfig(jid="law@ask.library.example", secret="s")
    component = XmppComponent(config, replace(unconnected("law"), memory=memory))
    await component.forget({"ada@patrons.example", "nobody@patrons.example"})
    assert [row.key for row in await memory.rows(BUDDIES)] == ["bo@patrons.example"]


def test_files_of_an_earlier_version_are_read() -> None:
    assert BUDDIES.read is not None
    assert list(BUDDIES.read('["ádá@patrons.example", ""]\n["cut'.encode(), 7)) == [
        MemoryRow("ádá@patrons.example", b'""', 7)
    ]
    assert LINKED.read is not None
    assert list(LINKED.read(b'["ben@staff.example", "ben"]\n', 7)) == [MemoryRow("ben@staff.example", b'"ben"', 7)]
